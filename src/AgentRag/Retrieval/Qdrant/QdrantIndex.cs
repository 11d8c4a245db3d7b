using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgentRag.Documents;
using AgentRag.Models;
using AgentRag.Retrieval.Remote;
using Microsoft.Extensions.AI;

namespace AgentRag.Retrieval.Qdrant;

/// <summary>A collection of passages in Qdrant: make it, open it, read and delete passages.</summary>
/// <remarks>
/// Over the REST API of Qdrant 1.16 or later. <see cref="QdrantUploader"/> writes passages, <see cref="QdrantRetriever"/> ranks them. The passages have
/// the ids they have in the local index. Safe for concurrent use.
/// </remarks>
public sealed class QdrantIndex : IDisposable
{
    private const int PageSize = 256;

    private readonly RemoteConnection _connection;

    private QdrantIndex(RemoteConnection connection, QdrantOptions options, QdrantSettings settings, int? dimensions, IEmbeddingGenerator<string, Embedding<float>>? embedder)
    {
        (_connection, Options, Settings, Dimensions, Embedder) = (connection, options, settings, dimensions, embedder);
        Sparse = new SparseBm25(settings);
    }

    /// <summary>Where the collection is.</summary>
    public QdrantOptions Options { get; }

    /// <summary>Numbers in a dense vector; null when the collection has none and is searched by BM25 alone.</summary>
    public int? Dimensions { get; }

    /// <summary>The embedding model that the dense vectors came from; null without dense vectors.</summary>
    public string? EmbeddingModel => Settings.EmbeddingModel;

    internal QdrantSettings Settings { get; }

    internal IEmbeddingGenerator<string, Embedding<float>>? Embedder { get; }

    internal SparseBm25 Sparse { get; }

    internal RemoteFaults Faults => _connection.Faults;

    internal string Where => WhereOf(Options, _connection);

    /// <summary>Makes a collection, or opens an existing one that is just like it.</summary>
    /// <param name="options">Where it is.</param>
    /// <param name="collection">What it is made with; null for the defaults.</param>
    /// <param name="embedder">Makes the dense vectors, or null for BM25 alone; stays the caller's. It is asked once for the length of its vectors if it does not name it.</param>
    /// <param name="httpClient">The HTTP client to use, which stays the caller's; null for one of its own.</param>
    /// <param name="timeProvider">The clock of time-outs and back-off; null for the system's.</param>
    /// <param name="cancellationToken">Ends the requests.</param>
    /// <returns>The collection, ready for an upload.</returns>
    /// <exception cref="AgentRagException">An option is out of range, the server fails, or a collection of the name was made with something else.</exception>
    public static async Task<QdrantIndex> CreateAsync(
        QdrantOptions options,
        QdrantCollectionOptions? collection = null,
        IEmbeddingGenerator<string, Embedding<float>>? embedder = null,
        HttpClient? httpClient = null,
        TimeProvider? timeProvider = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var wanted = (collection ?? new()).Validated();
        var connection = new RemoteConnection(options.Validated().Endpoint(), options.Requests, httpClient, timeProvider);
        try
        {
            int? length = embedder is null ? null : await DimensionsAsync(embedder, cancellationToken).ConfigureAwait(false);
            using var before = await DescribeAsync(connection, options, cancellationToken).ConfigureAwait(false);
            if (before is null)
            {
                QdrantSettings fresh = new()
                {
                    Analyzer = wanted.Analyzer,
                    Bm25 = wanted.Bm25,
                    MeanPassageTerms = wanted.MeanPassageTerms,
                    EmbeddingModel = embedder is null ? null : ModelOf(embedder),
                };
                await MakeAsync(connection, options, QdrantCollection.Body(fresh, length, wanted), cancellationToken).ConfigureAwait(false);
            }

            // Read back also what was just made: another run may have been first, and an old server drops the metadata.
            using var made = before is null ? await DescribeAsync(connection, options, cancellationToken).ConfigureAwait(false) : null;
            var description = (before ?? made ?? throw connection.Faults.Malformed($"collection '{options.Collection}' is not there after it was made")).RootElement;
            var config = Config(connection, description);
            var where = WhereOf(options, connection);
            var (settings, dimensions) = QdrantCollection.Read(where, config);
            QdrantCollection.RequireModel(where, settings, dimensions, embedder is null ? null : ModelOf(embedder), length);
            QdrantCollection.RequireSame(where, config, settings, wanted);
            await IndexFieldsAsync(connection, options, description, cancellationToken).ConfigureAwait(false);
            return new QdrantIndex(connection, options, settings, dimensions, embedder);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Opens a collection.</summary>
    /// <param name="options">Where it is.</param>
    /// <param name="embedder">Embeds queries with the model that the collection was made with, or null to search by BM25 alone; stays the caller's.</param>
    /// <param name="httpClient">The HTTP client to use, which stays the caller's; null for one of its own.</param>
    /// <param name="timeProvider">The clock of time-outs and back-off; null for the system's.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <returns>The collection, ready for queries.</returns>
    /// <exception cref="AgentRagException">The server fails, the collection is missing, or it was made by another program or with another embedding model.</exception>
    public static async Task<QdrantIndex> OpenAsync(
        QdrantOptions options,
        IEmbeddingGenerator<string, Embedding<float>>? embedder = null,
        HttpClient? httpClient = null,
        TimeProvider? timeProvider = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var connection = new RemoteConnection(options.Validated().Endpoint(), options.Requests, httpClient, timeProvider);
        try
        {
            var where = WhereOf(options, connection);
            using var description = await DescribeAsync(connection, options, cancellationToken).ConfigureAwait(false)
                ?? throw new AgentRagException($"{where} does not exist: upload passages into it first, or check its name and the URL.");
            var (settings, dimensions) = QdrantCollection.Read(where, Config(connection, description.RootElement));
            if (embedder is not null)
            {
                // The true length of its vectors shows with the first query; asking for it here would cost a request.
                var length = embedder.GetService<EmbeddingGeneratorMetadata>()?.DefaultModelDimensions ?? dimensions;
                QdrantCollection.RequireModel(where, settings, dimensions, ModelOf(embedder), length);
            }

            return new QdrantIndex(connection, options, settings, dimensions, embedder);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Counts the passages.</summary>
    /// <param name="filter">Which ones; null for all.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <returns>How many there are, ≥ 0.</returns>
    /// <exception cref="AgentRagException">The server fails.</exception>
    public Task<long> CountAsync(QdrantFilter? filter = null, CancellationToken cancellationToken = default) => CountAsync(filter?.ToJson(), cancellationToken);

    /// <summary>Finds a passage.</summary>
    /// <param name="passageId">Its id.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <returns>The passage, or null when the collection does not hold it.</returns>
    /// <exception cref="AgentRagException">The server fails.</exception>
    public async Task<Passage?> FindAsync(string passageId, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(passageId);
        using var json = await RetrieveAsync([passageId], QdrantPoint.PassageFields, cancellationToken).ConfigureAwait(false);
        return json.RootElement.Items("result").Select(PassageOf).FirstOrDefault();
    }

    /// <summary>Reads the passages page by page, in the server's order.</summary>
    /// <param name="filter">Which ones; null for all.</param>
    /// <param name="cancellationToken">Ends the requests.</param>
    /// <returns>The passages; changes while reading may or may not show.</returns>
    /// <exception cref="AgentRagException">The server fails.</exception>
    public async IAsyncEnumerable<Passage> ReadAsync(QdrantFilter? filter = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var point in ScrollAsync(QdrantPoint.PassageFields, filter, cancellationToken).ConfigureAwait(false))
        {
            yield return PassageOf(point);
        }
    }

    /// <summary>Deletes the passages of a file with all its rows, or of a folder with all that lies below it.</summary>
    /// <param name="source">The file or folder, as in <see cref="Passage.Source"/>; whole names are compared, as in <see cref="QdrantFilter.SourcePrefixes"/>.</param>
    /// <param name="cancellationToken">Ends the requests.</param>
    /// <returns>How many passages there were.</returns>
    /// <exception cref="AgentRagException">The server fails.</exception>
    public Task<long> DeleteBySourceAsync(string source, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(source);
        return DeleteAsync(new QdrantFilter { SourcePrefixes = [source] }.ToJson()!, cancellationToken);
    }

    /// <summary>Deletes the passages of a document.</summary>
    /// <param name="documentId">The document.</param>
    /// <param name="cancellationToken">Ends the requests.</param>
    /// <returns>How many passages there were.</returns>
    /// <exception cref="AgentRagException">The server fails.</exception>
    public Task<long> DeleteDocumentAsync(string documentId, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(documentId);
        return DeleteAsync(new QdrantFilter { DocumentIds = [documentId] }.ToJson()!, cancellationToken);
    }

    /// <summary>Deletes the passages of a document that it no longer has; call it after the upload of the ones it has.</summary>
    /// <param name="documentId">The document.</param>
    /// <param name="currentPassageIds">Ids of the passages that stay.</param>
    /// <param name="cancellationToken">Ends the requests.</param>
    /// <returns>How many passages were out of date.</returns>
    /// <exception cref="AgentRagException">The server fails.</exception>
    public Task<long> DeleteStaleAsync(string documentId, IReadOnlyCollection<string> currentPassageIds, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(documentId);
        ArgumentNullException.ThrowIfNull(currentPassageIds);
        var filter = new QdrantFilter { DocumentIds = [documentId] }.ToJson()!;
        filter["must_not"] = new JsonArray(new JsonObject { ["has_id"] = Ids(currentPassageIds) });
        return DeleteAsync(filter, cancellationToken);
    }

    /// <summary>Deletes the passages that are not wanted any more. Reads the ids of all.</summary>
    /// <param name="isWanted">Whether the passage with an id stays.</param>
    /// <param name="cancellationToken">Ends the requests.</param>
    /// <returns>How many were deleted.</returns>
    /// <exception cref="AgentRagException">The server fails.</exception>
    public async Task<long> DeleteUnlessAsync(Func<string, bool> isWanted, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(isWanted);
        List<string> unwanted = [];
        await foreach (var point in ScrollAsync([QdrantPoint.PassageId], filter: null, cancellationToken).ConfigureAwait(false))
        {
            var id = point.Field("payload")?.Text(QdrantPoint.PassageId) ?? throw NoPassage(point);
            if (!isWanted(id))
            {
                unwanted.Add(id);
            }
        }

        foreach (var batch in unwanted.Chunk(Options.BatchSize))
        {
            using var json = await SendAsync(HttpMethod.Post, "points/delete", new JsonObject { ["points"] = Ids(batch) }, Write, cancellationToken).ConfigureAwait(false);
        }

        return unwanted.Count;
    }

    /// <summary>Deletes the collection with all its passages.</summary>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <returns>Ends when it is gone.</returns>
    /// <exception cref="AgentRagException">The server fails.</exception>
    public async Task DeleteCollectionAsync(CancellationToken cancellationToken = default)
    {
        using var json = await SendAsync(HttpMethod.Delete, "", (JsonObject?)null, [], cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Closes its connections, unless the HTTP client was given by the caller.</summary>
    public void Dispose() => _connection.Dispose();

    internal (string Name, string? Value)[] Read => [("consistency", Options.ReadConsistency)];

    // Waiting makes an upload that has returned readable, and lets a resumed one see what is there.
    internal (string Name, string? Value)[] Write =>
        [("wait", "true"), ("ordering", Options.WriteOrdering?.ToString().ToLowerInvariant())];

    /// <summary>Asks for points by passage id; ids that are not there are left out.</summary>
    internal Task<JsonDocument> RetrieveAsync(IEnumerable<string> passageIds, IReadOnlyList<string> fields, CancellationToken cancellationToken) => SendAsync(
        HttpMethod.Post,
        "points",
        new JsonObject { ["ids"] = Ids(passageIds), ["with_payload"] = Names(fields), ["with_vector"] = false },
        Read,
        cancellationToken);

    internal Task<JsonDocument> SendAsync(HttpMethod method, string path, JsonObject? body, (string, string?)[] query, CancellationToken cancellationToken) =>
        _connection.SendAsync(method, ResourceOf(Options, path, query), body, cancellationToken);

    internal Task<JsonDocument> SendAsync(HttpMethod method, string path, byte[] body, (string, string?)[] query, CancellationToken cancellationToken) =>
        _connection.SendAsync(method, ResourceOf(Options, path, query), body, cancellationToken);

    internal Passage PassageOf(JsonElement point) => QdrantPoint.Read(point.Field("payload") ?? default) ?? throw NoPassage(point);

    /// <summary>Embeds texts and checks the vectors.</summary>
    internal async Task<IReadOnlyList<ReadOnlyMemory<float>>> EmbedAsync(IReadOnlyList<string> texts, CancellationToken cancellationToken)
    {
        var vectors = await Embedder!.GenerateAsync(texts, cancellationToken: cancellationToken).ConfigureAwait(false);
        if (vectors.Count != texts.Count)
        {
            throw new AgentRagException($"Embedding model '{ModelOf(Embedder)}' made {vectors.Count} vectors for {texts.Count} texts: its log should say why.");
        }

        if (vectors.FirstOrDefault(vector => vector.Vector.Length != Dimensions) is { } odd)
        {
            throw new AgentRagException(
                $"{Where} holds dense vectors of {Dimensions} numbers, embedding model '{ModelOf(Embedder)}' makes {odd.Vector.Length}: "
                + "use the model and length it was made with, or upload into another collection.");
        }

        if (vectors.Any(vector => vector.Vector.Span.ContainsAnyExceptInRange(float.MinValue, float.MaxValue)))
        {
            throw new AgentRagException($"Embedding model '{ModelOf(Embedder)}' made a vector with a number that is not finite: its log should say why.");
        }

        return [.. vectors.Select(vector => vector.Vector)];
    }

    internal static JsonArray Ids(IEnumerable<string> passageIds) => new([.. passageIds.Select(id => JsonValue.Create(QdrantPointId.Of(id).ToString()))]);

    internal static void Add(JsonObject body, string name, JsonNode? value)
    {
        if (value is not null)
        {
            body[name] = value;
        }
    }

    private AgentRagException NoPassage(JsonElement point) => new(
        $"{Where} holds point {point.Field("id")?.ToString() ?? "without an id"}, which is no passage: something else wrote into it. Delete the collection and upload anew.");

    /// <summary>Reads the points page by page, in the server's order; each is valid until the next is asked for.</summary>
    private async IAsyncEnumerable<JsonElement> ScrollAsync(
        IReadOnlyList<string> fields, QdrantFilter? filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        JsonNode? offset = null;
        do
        {
            JsonObject body = new() { ["limit"] = PageSize, ["with_payload"] = Names(fields), ["with_vector"] = false };
            Add(body, "filter", filter?.ToJson());
            Add(body, "offset", offset);
            using var json = await SendAsync(HttpMethod.Post, "points/scroll", body, Read, cancellationToken).ConfigureAwait(false);
            var page = json.RootElement.Field("result") ?? throw Faults.Malformed("it has no result");
            foreach (var point in page.Items("points"))
            {
                yield return point;
            }

            offset = page.Field("next_page_offset") is { } next ? JsonNode.Parse(next.GetRawText()) : null;
        }
        while (offset is not null);
    }

    private static JsonArray Names(IReadOnlyList<string> fields) => new([.. fields.Select(field => JsonValue.Create(field))]);

    private static string WhereOf(QdrantOptions options, RemoteConnection connection) => $"Collection '{options.Collection}' at {connection.DisplayUrl}";

    private static string ResourceOf(QdrantOptions options, string path, (string Name, string? Value)[] query)
    {
        var pairs = query.Where(pair => pair.Value is not null).Select(pair => $"{pair.Name}={Uri.EscapeDataString(pair.Value!)}").ToList();
        return $"collections/{Uri.EscapeDataString(options.Collection)}{(path.Length > 0 ? "/" : "")}{path}{(pairs.Count > 0 ? "?" : "")}{string.Join('&', pairs)}";
    }

    private static string ModelOf(IEmbeddingGenerator<string, Embedding<float>> embedder) =>
        embedder.GetService<EmbeddingGeneratorMetadata>() is { } metadata ? metadata.DefaultModelId ?? metadata.ProviderName ?? "unnamed" : "unnamed";

    private static async Task<int> DimensionsAsync(IEmbeddingGenerator<string, Embedding<float>> embedder, CancellationToken cancellationToken) =>
        embedder.GetService<EmbeddingGeneratorMetadata>()?.DefaultModelDimensions
        ?? (await embedder.GenerateAsync(["length"], cancellationToken: cancellationToken).ConfigureAwait(false))[0].Vector.Length;

    private static JsonElement Config(RemoteConnection connection, JsonElement description) =>
        description.Field("result")?.Field("config") ?? throw connection.Faults.Malformed("a collection's description has no config");

    /// <summary>The server's description of the collection; null when there is none.</summary>
    private static async Task<JsonDocument?> DescribeAsync(RemoteConnection connection, QdrantOptions options, CancellationToken cancellationToken)
    {
        try
        {
            return await connection.SendAsync(HttpMethod.Get, ResourceOf(options, "", []), (JsonObject?)null, cancellationToken).ConfigureAwait(false);
        }
        catch (AgentRagException fault) when (fault.InnerException is ModelHttpException { Status: HttpStatusCode.NotFound, ServerMessage: { } words }
            && words.Contains(options.Collection, StringComparison.Ordinal))
        {
            // A 404 that does not speak of the collection comes from something that is no Qdrant.
            return null;
        }
    }

    private static async Task MakeAsync(RemoteConnection connection, QdrantOptions options, JsonObject body, CancellationToken cancellationToken)
    {
        try
        {
            using var json = await connection.SendAsync(HttpMethod.Put, ResourceOf(options, "", []), body, cancellationToken).ConfigureAwait(false);
        }
        catch (AgentRagException fault) when (fault.InnerException is ModelHttpException { Status: HttpStatusCode.Conflict })
        {
            // Another run, or an attempt of this one whose reply was lost, made it: what it made is checked next.
        }
    }

    private static async Task IndexFieldsAsync(RemoteConnection connection, QdrantOptions options, JsonElement description, CancellationToken cancellationToken)
    {
        var present = description.Field("result")?.Field("payload_schema");
        foreach (var field in QdrantCollection.IndexedFields.Where(field => present?.Field(field) is null))
        {
            JsonObject body = new() { ["field_name"] = field, ["field_schema"] = "keyword" };
            using var json = await connection.SendAsync(HttpMethod.Put, ResourceOf(options, "index", [("wait", "true")]), body, cancellationToken)
                .ConfigureAwait(false);
        }
    }

    private async Task<long> CountAsync(JsonObject? filter, CancellationToken cancellationToken)
    {
        JsonObject body = new() { ["exact"] = true };
        Add(body, "filter", filter);
        using var json = await SendAsync(HttpMethod.Post, "points/count", body, Read, cancellationToken).ConfigureAwait(false);
        return json.RootElement.Field("result")?.Integer("count") ?? throw Faults.Malformed("it has no count");
    }

    private async Task<long> DeleteAsync(JsonObject filter, CancellationToken cancellationToken)
    {
        var count = await CountAsync((JsonObject)filter.DeepClone(), cancellationToken).ConfigureAwait(false);
        using var json = await SendAsync(HttpMethod.Post, "points/delete", new JsonObject { ["filter"] = filter }, Write, cancellationToken).ConfigureAwait(false);
        return count;
    }
}
