namespace AgentRag.Cli.Configuration;

/// <summary>Who puts the passages that were found into a better order: nobody, the chat model, or a server.</summary>
internal sealed record RerankSource
{
    private const string NoneText = "none";
    private const string ModelText = "model";

    public static readonly RerankSource None = new();

    /// <summary>Whether the chat model is asked.</summary>
    public bool IsModel { get; private init; }

    /// <summary>The server's endpoint; null when no server is asked.</summary>
    public Uri? Url { get; private init; }

    public bool IsNone => !IsModel && Url is null;

    public static RerankSource Parse(string text) => text.Trim() switch
    {
        NoneText => None,
        ModelText => new RerankSource { IsModel = true },
        var url when SettingText.TryWebAddress(url) is { } address => new RerankSource { Url = address },
        _ => throw new AgentRagException(
            $"'{SettingText.WithoutSecrets(text)}' is no reranker: use model (the chat model), the whole URL of a /rerank endpoint such as http://127.0.0.1:8080/rerank, or none."),
    };

    public override string ToString() => IsModel ? ModelText : Url is null ? NoneText : SettingText.WithoutSecrets(Url.OriginalString);
}
