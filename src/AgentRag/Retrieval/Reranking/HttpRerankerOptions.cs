using System.Text;
using System.Text.Json.Serialization;
using AgentRag.Retrieval.Remote;

namespace AgentRag.Retrieval.Reranking;

/// <summary>Where a reranking server is, and how it is asked. The text form holds no key.</summary>
public sealed record HttpRerankerOptions
{
    /// <summary>
    /// The endpoint's whole URL, such as <c>https://api.cohere.com/v2/rerank</c>, <c>https://api.jina.ai/v1/rerank</c> or <c>http://127.0.0.1:8080/rerank</c>.
    /// </summary>
    public required Uri Url { get; init; }

    /// <summary>The model's name; null for a server that serves one and needs no name.</summary>
    public string? Model { get; init; }

    /// <summary>What the server's requests and replies look like. Default: as Cohere's.</summary>
    public RerankForm Form { get; init; } = RerankForm.Documents;

    /// <summary>The key, sent as bearer token, or null for a server that needs none. Never part of a message, of the text form, or of JSON.</summary>
    [JsonIgnore]
    public string? ApiKey { get; init; }

    /// <summary>Name of the setting that the user keeps the key in, used in messages. Default <c>RERANK_API_KEY</c>.</summary>
    public string ApiKeySetting { get; init; } = "RERANK_API_KEY";

    /// <summary>Passages in one request, in [1, 1000]. Default 32, the largest batch that text-embeddings-inference takes unless told otherwise.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Time-outs and retries.</summary>
    public RemoteRequestOptions Requests { get; init; } = new();

    /// <summary>Returns these options if they are consistent.</summary>
    /// <exception cref="AgentRagException">Some value is out of range; the message names all of them.</exception>
    public HttpRerankerOptions Validated()
    {
        List<string> problems = [.. RemoteEndpoint.Problems(Url, ApiKey), .. Requests.Problems()];
        Require(Model is null || !string.IsNullOrWhiteSpace(Model), "Model is blank, must name a model of the server or be left out");
        Require(Enum.IsDefined(Form), $"Form is {Form}, must be Documents or Texts");
        Require(BatchSize is >= 1 and <= 1000, $"BatchSize is {BatchSize}, must be in [1, 1000]");
        return problems.Count == 0 ? this : throw new AgentRagException($"Reranker: {string.Join("; ", problems)}.");

        void Require(bool holds, string problem) => problems.AddRange(holds ? [] : [problem]);
    }

    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append($"Url = {(Url is { IsAbsoluteUri: true } ? RemoteEndpoint.Display(Url) : Url)}, Model = {Model}, Form = {Form}, ApiKey = ")
            .Append(string.IsNullOrEmpty(ApiKey) ? "not set" : "set")
            .Append($", BatchSize = {BatchSize}, Requests = {Requests}");
        return true;
    }
}

/// <summary>What the requests and replies of a reranking server look like.</summary>
public enum RerankForm
{
    /// <summary>Cohere, Jina, vLLM, llama.cpp: <c>{model, query, documents, top_n}</c>, answered by <c>{results: [{index, relevance_score}]}</c>.</summary>
    Documents,

    /// <summary>text-embeddings-inference: <c>{query, texts}</c>, answered by <c>[{index, score}]</c>.</summary>
    Texts,
}
