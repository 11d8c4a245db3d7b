using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgentRag.Models;
using AgentRag.Retrieval.Remote;

namespace AgentRag.Retrieval.Reranking;

/// <summary>Reranks with a cross-encoder behind a <c>/rerank</c> endpoint.</summary>
/// <remarks>
/// The server reads title, headings and text of each passage and scores each alone, so batches can be compared; equal scores keep their order. Safe for
/// concurrent use.
/// </remarks>
public sealed class HttpReranker : IReranker, IDisposable
{
    private readonly HttpRerankerOptions _options;
    private readonly RemoteConnection _connection;

    /// <summary>Makes a reranker; no request is sent yet.</summary>
    /// <param name="options">Where the server is, and how it is asked.</param>
    /// <param name="httpClient">The HTTP client to use, which stays the caller's; null for one of its own.</param>
    /// <param name="timeProvider">The clock of time-outs and back-off; null for the system's.</param>
    /// <exception cref="AgentRagException">An option is out of range.</exception>
    public HttpReranker(HttpRerankerOptions options, HttpClient? httpClient = null, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options.Validated();
        RemoteEndpoint endpoint = new()
        {
            Subject = "Reranker",
            Url = options.Url,
            ApiKey = options.ApiKey,
            ApiKeySetting = options.ApiKeySetting,
            KeyHeader = "Authorization",
            KeyPrefix = "Bearer ",
            Advice = status => status == HttpStatusCode.NotFound
                ? "is this the endpoint's whole URL (most end in /rerank), and is the model's name right?"
                : $"does it speak the form {options.Form}, and take {options.BatchSize} passages at a time (BatchSize)?",
        };
        _connection = new RemoteConnection(endpoint, options.Requests, httpClient, timeProvider);
    }

    /// <inheritdoc/>
    public string Name => "http";

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RankedPassage>> RerankAsync(
        string query, IReadOnlyList<RankedPassage> passages, int topK, CancellationToken cancellationToken = default)
    {
        Reranked.Check(query, passages, topK);
        List<(RankedPassage Passage, double Score)> scored = [];
        foreach (var batch in topK == 0 ? [] : passages.Chunk(_options.BatchSize))
        {
            var wanted = Math.Min(topK, batch.Length);
            using var json = await _connection.SendAsync(HttpMethod.Post, "", Body(query, batch, wanted), cancellationToken).ConfigureAwait(false);
            scored.AddRange(Scores(json.RootElement, batch.Length, wanted).Select(score => (batch[score.Index], score.Score)));
        }

        return Reranked.From(Name, scored.OrderByDescending(item => item.Score).ThenBy(item => item.Passage.Rank).Take(topK));
    }

    /// <summary>Closes its connections, unless the HTTP client was given by the caller.</summary>
    public void Dispose() => _connection.Dispose();

    private JsonObject Body(string query, RankedPassage[] batch, int wanted)
    {
        JsonArray texts = [.. batch.Select(passage => JsonValue.Create(PassageText.Of(passage.Passage)))];
        JsonObject body = _options.Form == RerankForm.Texts
            ? new() { ["query"] = query, ["texts"] = texts, ["truncate"] = true }
            : new() { ["query"] = query, ["documents"] = texts, ["top_n"] = wanted };
        if (_options.Model is not null)
        {
            body["model"] = _options.Model;
        }

        return body;
    }

    private List<(int Index, double Score)> Scores(JsonElement json, int count, int wanted)
    {
        var items = json.ValueKind == JsonValueKind.Array ? json.EnumerateArray() : json.Items("results");
        List<(int Index, double Score)> scores = [];
        HashSet<long> seen = [];
        foreach (var item in items)
        {
            var index = item.Integer("index") ?? throw _connection.Faults.Malformed("a result has no index");
            if (index < 0 || index >= count || !seen.Add(index))
            {
                throw _connection.Faults.Malformed($"the index {index} of a result is out of range or there twice, for {count} passages");
            }

            var score = item.Field("relevance_score") ?? item.Field("score");
            scores.Add(score is { ValueKind: JsonValueKind.Number } number
                ? ((int)index, number.GetDouble())
                : throw _connection.Faults.Malformed($"the result of index {index} has no score"));
        }

        return scores.Count >= wanted ? scores : throw _connection.Faults.Malformed($"it has {scores.Count} results where {wanted} were asked for");
    }
}
