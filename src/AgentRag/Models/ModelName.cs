namespace AgentRag.Models;

/// <summary>The setting that chooses a model: <c>extractive</c>, <c>openai:&lt;name&gt;</c>, <c>anthropic:&lt;name&gt;</c> or <c>gguf:&lt;file&gt;</c>.</summary>
/// <remarks>A value: two names are equal when provider and name are. The name is kept as it was written, colons and slashes included.</remarks>
public sealed record ModelName
{
    /// <summary>The provider of the offline model.</summary>
    public const string ExtractiveProvider = "extractive";

    /// <summary>The provider for every OpenAI-compatible endpoint.</summary>
    public const string OpenAIProvider = "openai";

    /// <summary>The provider for Anthropic's endpoint.</summary>
    public const string AnthropicProvider = "anthropic";

    /// <summary>The provider of model files run in this process.</summary>
    public const string GgufProvider = "gguf";

    /// <summary>The offline model, which needs no key and no server.</summary>
    public static readonly ModelName Extractive = new(ExtractiveProvider, ExtractiveProvider);

    private ModelName(string provider, string name) => (Provider, Name) = (provider, name);

    /// <summary>One of <c>extractive</c>, <c>openai</c>, <c>anthropic</c>, <c>gguf</c>.</summary>
    public string Provider { get; }

    /// <summary>The model's name at its provider; for the offline model, <c>extractive</c>.</summary>
    public string Name { get; }

    /// <summary>Reads a model setting.</summary>
    /// <param name="text">The setting, such as <c>openai:gpt-5-mini</c> or <c>openai:qwen3:8b</c>; the provider in any case.</param>
    /// <returns>The name.</returns>
    /// <exception cref="AgentRagException">It is none of the allowed forms; the message lists them.</exception>
    public static ModelName Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var setting = text.Trim();
        var colon = setting.IndexOf(':', StringComparison.Ordinal);
        var provider = (colon < 0 ? setting : setting[..colon]).Trim().ToLowerInvariant();
        var name = colon < 0 ? "" : setting[(colon + 1)..].Trim();
        return (provider, name) switch
        {
            (ExtractiveProvider, "") when colon < 0 => Extractive,
            (OpenAIProvider or AnthropicProvider or GgufProvider, { Length: > 0 }) => new ModelName(provider, name),
            _ => throw new AgentRagException($"Model '{setting}' is not understood: expected {Allowed}.{Suggestion(provider, name, setting)}"),
        };
    }

    /// <summary>The setting that this name is read from.</summary>
    public override string ToString() => Provider == ExtractiveProvider ? ExtractiveProvider : $"{Provider}:{Name}";

    private const string Allowed = "extractive, openai:<name> (any OpenAI-compatible server, see --base-url), anthropic:<name> or gguf:<file>";

    private static string Suggestion(string provider, string name, string setting) => provider switch
    {
        "" => "",
        ExtractiveProvider => " The model 'extractive' has no further name.",
        GgufProvider => " Add the model file after 'gguf:'.",
        OpenAIProvider or AnthropicProvider when name.Length == 0 => $" Add the model's name after '{provider}:'.",
        _ => $" Did you mean 'openai:{setting}'?",
    };
}
