using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using AgentRag.Retrieval.Remote;

namespace AgentRag.Retrieval.Qdrant;

/// <summary>Where a Qdrant collection is, and how it is written to and read from. The text form holds no key.</summary>
public sealed record QdrantOptions
{
    /// <summary>Where Qdrant listens when nothing is configured.</summary>
    public static readonly Uri DefaultUrl = new("http://127.0.0.1:6333");

    /// <summary>The server's URL; <c>https</c> for TLS. A path, as behind a proxy, is kept. Default this machine, port 6333.</summary>
    public Uri Url { get; init; } = DefaultUrl;

    /// <summary>The collection's name: 1 to 255 characters, none of them of <c>&lt; &gt; : " / \ | ? *</c>.</summary>
    public required string Collection { get; init; }

    /// <summary>The key, sent as header <c>api-key</c>, or null for a server that needs none. Never part of a message, of the text form, or of JSON.</summary>
    [JsonIgnore]
    public string? ApiKey { get; init; }

    /// <summary>Name of the setting that the user keeps the key in, used in messages. Default <c>QDRANT_API_KEY</c>.</summary>
    public string ApiKeySetting { get; init; } = "QDRANT_API_KEY";

    /// <summary>Whether the key would travel unencrypted beyond this machine, as a server in a closed network may want it: worth a warning, no error.</summary>
    public bool SendsKeyInTheClear => !string.IsNullOrEmpty(ApiKey) && Url is { IsAbsoluteUri: true, Scheme: "http", IsLoopback: false };

    /// <summary>Passages in one write, in [1, 1000]. Default 128: about 1 MB with vectors, far below the server's limit of 32 MB.</summary>
    public int BatchSize { get; init; } = 128;

    /// <summary>How many replicas must agree on a read: <c>majority</c>, <c>quorum</c>, <c>all</c> or a number ≥ 1. Null for the server's default, one.</summary>
    public string? ReadConsistency { get; init; }

    /// <summary>In which order the replicas apply writes. Null for the server's default, weak.</summary>
    public QdrantWriteOrdering? WriteOrdering { get; init; }

    /// <summary>Time-outs and retries.</summary>
    public RemoteRequestOptions Requests { get; init; } = new();

    /// <summary>Returns these options if they are consistent.</summary>
    /// <exception cref="AgentRagException">Some value is out of range; the message names all of them.</exception>
    public QdrantOptions Validated()
    {
        List<string> problems = [.. RemoteEndpoint.Problems(Url, ApiKey), .. Requests.Problems()];
        Require(
            Collection is { Length: >= 1 and <= 255 } && !Collection.Any(c => char.IsControl(c) || "<>:\"/\\|?*".Contains(c, StringComparison.Ordinal)) && Collection is not ("." or ".."),
            $"Collection is '{Collection}', must be a name of 1 to 255 characters without < > : \" / \\ | ? *");
        Require(BatchSize is >= 1 and <= 1000, $"BatchSize is {BatchSize}, must be in [1, 1000]");
        Require(
            ReadConsistency is null or "majority" or "quorum" or "all"
            || (int.TryParse(ReadConsistency, NumberStyles.None, CultureInfo.InvariantCulture, out var replicas) && replicas >= 1),
            $"ReadConsistency is '{ReadConsistency}', must be majority, quorum, all or a number of at least 1");
        Require(WriteOrdering is null || Enum.IsDefined(WriteOrdering.Value), $"WriteOrdering is {WriteOrdering}, must be Weak, Medium or Strong");
        return problems.Count == 0 ? this : throw new AgentRagException($"Qdrant: {string.Join("; ", problems)}.");

        void Require(bool holds, string problem) => problems.AddRange(holds ? [] : [problem]);
    }

    internal RemoteEndpoint Endpoint() => new()
    {
        Subject = "Qdrant",
        Url = Url,
        ApiKey = ApiKey,
        ApiKeySetting = ApiKeySetting,
        KeyHeader = "api-key",
        StartHint = "Start it, for instance with 'docker run -p 6333:6333 qdrant/qdrant'",
        Advice = status => status switch
        {
            System.Net.HttpStatusCode.NotFound => $"upload passages into collection '{Collection}' first, or check its name and the URL.",
            System.Net.HttpStatusCode.RequestEntityTooLarge => $"lower BatchSize ({BatchSize}).",
            _ => $"it does not accept this request for collection '{Collection}'. AgentRag needs Qdrant 1.16 or later.",
        },
    };

    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append($"Url = {(Url is { IsAbsoluteUri: true } ? RemoteEndpoint.Display(Url) : Url)}, Collection = {Collection}, ApiKey = ")
            .Append(string.IsNullOrEmpty(ApiKey) ? "not set" : "set")
            .Append($", BatchSize = {BatchSize}, ReadConsistency = {ReadConsistency}, WriteOrdering = {WriteOrdering}, Requests = {Requests}");
        return true;
    }
}

/// <summary>In which order the replicas of a cluster apply writes.</summary>
public enum QdrantWriteOrdering
{
    /// <summary>No order; the fastest.</summary>
    Weak,

    /// <summary>Through one replica, which may change.</summary>
    Medium,

    /// <summary>Through the shard's permanent leader; writes fail while it is away.</summary>
    Strong,
}
