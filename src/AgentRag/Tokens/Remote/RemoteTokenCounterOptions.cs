namespace AgentRag.Tokens.Remote;

/// <summary>Servers that count tokens.</summary>
public enum RemoteTokenizer
{
    /// <summary>llama.cpp's server: <c>POST /tokenize</c>.</summary>
    LlamaCpp,

    /// <summary>vLLM: <c>POST /tokenize</c>.</summary>
    Vllm,

    /// <summary>Anthropic: <c>POST /v1/messages/count_tokens</c>.</summary>
    Anthropic,
}

/// <summary>Which server counts, and how patiently it is asked.</summary>
public sealed record RemoteTokenCounterOptions
{
    /// <summary>The kind of server.</summary>
    public required RemoteTokenizer Tokenizer { get; init; }

    /// <summary>The server's address; a closing <c>/v1</c>, as models' base URLs have it, is left out.</summary>
    public required Uri BaseUrl { get; init; }

    /// <summary>The model's name; needed by vLLM and Anthropic.</summary>
    public string? Model { get; init; }

    /// <summary>The key, if the server wants one. It stands in no message.</summary>
    public string? ApiKey { get; init; }

    /// <summary>Longest time for one count. Default 5 s: a count holds up the whole answer.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a server that failed is left alone, and texts are estimated. Default 30 s.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Texts whose counts are remembered, at least this many and at most twice. Default 4,096.</summary>
    public int RememberedTexts { get; init; } = 4_096;

    /// <summary>Returns these options if they are consistent.</summary>
    /// <exception cref="AgentRagException">Some value is out of range; the message names all of them.</exception>
    public RemoteTokenCounterOptions Validated()
    {
        List<string> problems = [];
        Require(BaseUrl is { IsAbsoluteUri: true, Scheme: "http" or "https", UserInfo: "" }, "BaseUrl must begin with http:// or https:// and hold no user name");
        Require(Tokenizer == RemoteTokenizer.LlamaCpp || !string.IsNullOrEmpty(Model), $"Model is needed by {Tokenizer}");
        Require(ApiKey is null || ApiKey.All(c => c is > ' ' and < (char)127), "ApiKey holds blanks, line ends or characters outside ASCII, which no header can carry");
        Require(Timeout > TimeSpan.Zero && Timeout <= TimeSpan.FromHours(1), $"Timeout is {Timeout}, must be in (0, 1 h]");
        Require(Pause >= TimeSpan.Zero, $"Pause is {Pause}, must not be negative");
        Require(RememberedTexts >= 1, $"RememberedTexts is {RememberedTexts}, must be at least 1");
        return problems.Count == 0 ? this : throw new AgentRagException($"Token counting by a server: {string.Join("; ", problems)}.");

        void Require(bool holds, string problem) => problems.AddRange(holds ? [] : [problem]);
    }
}
