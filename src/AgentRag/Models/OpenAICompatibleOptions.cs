using System.Text;
using System.Text.Json.Serialization;

namespace AgentRag.Models;

/// <summary>Where a model behind the OpenAI wire format is, and how patiently it is asked.</summary>
/// <remarks>Serves chat and embeddings: OpenAI, Azure (<c>/openai/v1</c>), vLLM, Ollama, llama.cpp, LM Studio. The text form holds no key.</remarks>
public sealed record OpenAICompatibleOptions
{
    /// <summary>The base URL of OpenAI itself.</summary>
    public static readonly Uri DefaultBaseUrl = new("https://api.openai.com/v1");

    /// <summary>The URL that <c>/chat/completions</c>, <c>/embeddings</c> and <c>/models</c> are appended to. Default OpenAI's own.</summary>
    /// <remarks>A query such as <c>?api-version=preview</c> is kept on every request.</remarks>
    public Uri BaseUrl { get; init; } = DefaultBaseUrl;

    /// <summary>The model's name on that server (on Azure, the deployment's name); not empty.</summary>
    public required string Model { get; init; }

    /// <summary>The key, or null for a server that needs none. Never part of a message, of the text form, or of JSON.</summary>
    [JsonIgnore]
    public string? ApiKey { get; init; }

    /// <summary>Name of the setting that the user keeps the key in, used in messages. Default <c>OPENAI_API_KEY</c>.</summary>
    public string ApiKeySetting { get; init; } = "OPENAI_API_KEY";

    /// <summary>Which header carries the key. Default: by host.</summary>
    public ApiKeyHeader ApiKeyHeader { get; init; } = ApiKeyHeader.ByHost;

    /// <summary>Which field carries the cap on output tokens. Default: by host, and the other one if the server refuses the first.</summary>
    public MaxTokensField MaxTokensField { get; init; } = MaxTokensField.ByHost;

    /// <summary>How the model is held to the form of a reply. Default: by a JSON schema, and weaker where the server refuses.</summary>
    public StepControl StepControl { get; init; } = StepControl.Auto;

    /// <summary>Longest time for one attempt; in a stream, for each wait for the next piece. Default 100 s, as in HttpClient. Not retried.</summary>
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(100);

    /// <summary>Longest time for a request with its retries; in a stream, up to the first piece. Longer than one attempt. Default 5 min.</summary>
    public TimeSpan OverallTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Attempts after the first, in [0, 20], on status 408, 429, 5xx and lost connections. Default 3.</summary>
    public int MaxRetries { get; init; } = 3;

    /// <summary>Mean wait before the first retry; it doubles from retry to retry, with jitter. Default 1 s.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait before a retry. A server that asks for more by <c>Retry-After</c> is not asked again. Default 30 s.</summary>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Seed of the jitter of the waits. Default 0. It has no influence on any answer.</summary>
    public int JitterSeed { get; init; }

    /// <summary>Texts in one embedding request, in [1, 2048]. Default 64: small enough for local servers.</summary>
    public int EmbeddingBatchSize { get; init; } = 64;

    /// <summary>Length of the embedding vectors that is asked for, > 0, or null for the model's own. Default null.</summary>
    public int? EmbeddingDimensions { get; init; }

    /// <summary>Returns these options if they are consistent.</summary>
    /// <exception cref="AgentRagException">Some value is out of range; the message names all of them.</exception>
    public OpenAICompatibleOptions Validated()
    {
        List<string> problems = [];
        Require(
            BaseUrl is { IsAbsoluteUri: true, Scheme: "http" or "https" },
            $"BaseUrl is '{(BaseUrl is { IsAbsoluteUri: true } ? Display(BaseUrl) : BaseUrl?.OriginalString)}', must begin with http:// or https://");
        Require(
            BaseUrl is not { IsAbsoluteUri: true } || BaseUrl.UserInfo.Length == 0,
            "BaseUrl holds a user name or password, which would show in messages: use ApiKey");
        Require(!string.IsNullOrWhiteSpace(Model), "Model is empty, must name a model of the server");
        Require(
            ApiKey is null || ApiKey.All(c => c is > ' ' and < (char)127),
            "ApiKey holds blanks, line ends or characters outside ASCII, which no header can carry");
        Require(InRange(AttemptTimeout), $"AttemptTimeout is {AttemptTimeout}, must be in [10 ms, 24 h]");
        Require(
            InRange(OverallTimeout) && OverallTimeout > AttemptTimeout,
            $"OverallTimeout is {OverallTimeout}, must be longer than AttemptTimeout ({AttemptTimeout}) and at most 24 h");
        Require(MaxRetries is >= 0 and <= 20, $"MaxRetries is {MaxRetries}, must be in [0, 20]");
        Require(
            MaxRetryDelay > TimeSpan.Zero && MaxRetryDelay <= TimeSpan.FromHours(24), $"MaxRetryDelay is {MaxRetryDelay}, must be in (0, 24 h]");
        Require(
            RetryDelay > TimeSpan.Zero && RetryDelay <= MaxRetryDelay, $"RetryDelay is {RetryDelay}, must be in (0, MaxRetryDelay = {MaxRetryDelay}]");
        Require(EmbeddingBatchSize is >= 1 and <= 2048, $"EmbeddingBatchSize is {EmbeddingBatchSize}, must be in [1, 2048]");
        Require(EmbeddingDimensions is null or >= 1, $"EmbeddingDimensions is {EmbeddingDimensions}, must be at least 1");
        return problems.Count == 0 ? this : throw new AgentRagException($"Model endpoint: {string.Join("; ", problems)}.");

        void Require(bool holds, string problem) => problems.AddRange(holds ? [] : [problem]);

        static bool InRange(TimeSpan time) => time >= TimeSpan.FromMilliseconds(10) && time <= TimeSpan.FromHours(24);
    }

    /// <summary>The base URL as messages show it: no query, no closing slash, no user name.</summary>
    internal string DisplayUrl => Display(BaseUrl);

    /// <summary>Whether the base URL is OpenAI's own service.</summary>
    internal bool IsOpenAI => IsHost("api.openai.com");

    /// <summary>Whether the base URL is a service of Azure, also in its sovereign clouds.</summary>
    internal bool IsAzure => BaseUrl.Host.Contains(".openai.azure.", StringComparison.OrdinalIgnoreCase)
        || BaseUrl.Host.Contains(".cognitiveservices.azure.", StringComparison.OrdinalIgnoreCase)
        || IsHost("services.ai.azure.com");

    /// <summary>The provider's name in the words of the GenAI telemetry conventions.</summary>
    internal string ProviderName => IsAzure ? "azure.ai.openai" : "openai";

    /// <summary>The URL of one resource, such as <c>chat/completions</c>.</summary>
    internal Uri UrlOf(string resource) => new($"{BaseUrl.GetLeftPart(UriPartial.Path).TrimEnd('/')}/{resource}{BaseUrl.Query}");

    private static string Display(Uri url) =>
        url.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped).TrimEnd('/');

    private bool IsHost(string name) =>
        BaseUrl.Host.Equals(name, StringComparison.OrdinalIgnoreCase) || BaseUrl.Host.EndsWith($".{name}", StringComparison.OrdinalIgnoreCase);

    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append($"BaseUrl = {(BaseUrl is { IsAbsoluteUri: true } ? DisplayUrl : BaseUrl)}, Model = {Model}, ApiKey = ")
            .Append(string.IsNullOrEmpty(ApiKey) ? "not set" : "set")
            .Append($", MaxTokensField = {MaxTokensField}, StepControl = {StepControl}, AttemptTimeout = {AttemptTimeout}, OverallTimeout = {OverallTimeout}")
            .Append($", MaxRetries = {MaxRetries}");
        return true;
    }
}

/// <summary>Which HTTP header carries the key.</summary>
public enum ApiKeyHeader
{
    /// <summary><c>api-key</c> for Azure hosts, <c>Authorization</c> for all others.</summary>
    ByHost,

    /// <summary><c>Authorization: Bearer …</c>.</summary>
    AuthorizationBearer,

    /// <summary><c>api-key: …</c>.</summary>
    ApiKey,
}

/// <summary>Which field of a chat request caps the output tokens.</summary>
public enum MaxTokensField
{
    /// <summary><c>max_completion_tokens</c> for OpenAI and Azure hosts, <c>max_tokens</c> for all others; the other one after a refusal.</summary>
    ByHost,

    /// <summary>Always <c>max_tokens</c>.</summary>
    MaxTokens,

    /// <summary>Always <c>max_completion_tokens</c>, which counts reasoning too.</summary>
    MaxCompletionTokens,
}
