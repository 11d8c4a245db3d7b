using AgentRag.Decoding.Speculation;
using AgentRag.Models;

namespace AgentRag.Cli.Configuration;

/// <summary>When a drafter's answer goes to the model as predicted output.</summary>
internal enum PredictedOutputs
{
    /// <summary>Never.</summary>
    Off,

    /// <summary>Where the server is known to take it, and in this process.</summary>
    Auto,

    /// <summary>Always: the user knows that the server takes it.</summary>
    On,
}

/// <summary>The settings of predicted outputs: RAPID's drafter before any model that takes its drafts.</summary>
internal sealed record PredictionSettings
{
    public static readonly SettingKey<PredictedOutputs> ModeKey = new(
        "predictedOutputs", "off|auto|on",
        "Let a drafter that reads only the parts of a long prompt that belong to the question write first, and hand that to the model as predicted output: the same answers, " +
        "faster where the draft is right. Drafters' requests are no part of --budget, and servers bill rejected tokens. auto: where the server is known to take it (OpenAI, gguf: " +
        "models); on: also at the server of --base-url, such as 'agentrag serve-model'. Default: off.",
        PredictedOutputs.Off, ParseMode);

    public static readonly SettingKey<ModelName?> DraftModelKey = new(
        "draftModel", "MODEL", "The model that drafts, openai:NAME, anthropic:NAME or gguf:FILE. Default: --model itself. " +
        $"Key: {Settings.DraftKeyVariable}; without it the model's at the model's server, and elsewhere OPENAI_API_KEY or ANTHROPIC_API_KEY.", null,
        text => ModelName.Parse(text) is { Provider: not ModelName.ExtractiveProvider } model ? model : throw new AgentRagException("the model 'extractive' cannot draft: name a language model."))
    { FromFolder = SettingPath.OrModel };

    public static readonly SettingKey<string?> DraftBaseUrlKey = new(
        "draftBaseUrl", "URL", "The server of --draft-model. Default: --base-url for a model of the same provider, else the provider's own.", null, SettingText.Text);

    public static readonly SettingKey<int> DraftTokensKey = new(
        "draftTokens", "TOKENS", $"What the drafter reads of a prompt at least; shorter prompts get no draft (default: {DraftContextOptions.DefaultLeastTokens:N0}; of very long prompts, one part in {DraftContextOptions.DefaultShortens}).",
        DraftContextOptions.DefaultLeastTokens, SettingText.WindowTokens);

    public static IReadOnlyList<SettingKey> All { get; } = [ModeKey, DraftModelKey, DraftBaseUrlKey, DraftTokensKey];

    public required Setting<PredictedOutputs> Mode { get; init; }

    public required Setting<ModelName?> DraftModel { get; init; }

    public required Setting<string?> DraftBaseUrl { get; init; }

    public required Setting<int> DraftTokens { get; init; }

    /// <summary>The key for the drafting model; null when none is set, or it needs none.</summary>
    public ApiKey? DraftKey { get; init; }

    /// <summary>What a drafter reads.</summary>
    public DraftContextOptions DraftContext => new() { LeastTokens = DraftTokens.Value };

    /// <summary>What <c>doctor</c> shows.</summary>
    public IEnumerable<(string Name, string Value, string Source)> Rows =>
    [
        (ModeKey.Name, $"{Mode.Value}".ToLowerInvariant(), Mode.Source),
        (DraftModelKey.Name, DraftModel.Value?.ToString() ?? "the model", DraftModel.Source),
        (DraftBaseUrlKey.Name, DraftBaseUrl.Value is { } url ? SettingText.WithoutSecrets(url) : "the provider's own", DraftBaseUrl.Source),
        ("draftKey", DraftKey is null ? "not set" : "set", DraftKey is { } key ? $"from {key.Variable}" : ""),
        (DraftTokensKey.Name, $"{DraftTokens.Value}", DraftTokens.Source),
    ];

    /// <summary>These settings with nothing drafted.</summary>
    public PredictionSettings WithoutDrafts() => this with { Mode = new(PredictedOutputs.Off, Setting<PredictedOutputs>.Default) };

    /// <summary>Reads them; the server of a drafter of the model's own provider is the model's.</summary>
    /// <exception cref="AgentRagException">A value cannot be used, or a drafter's server is named without the drafter.</exception>
    public static PredictionSettings Read(SettingSources sources, ModelName model, Setting<string?> baseUrl)
    {
        var (draft, url) = (DraftModelKey.Read(sources), DraftBaseUrlKey.Read(sources));
        if (draft.Value is null && !url.IsDefault)
        {
            throw new AgentRagException($"{url.Source} names the server of a drafting model, and none is named: add {DraftModelKey.Option.Name}, or leave the server out.");
        }

        return new()
        {
            Mode = ModeKey.Read(sources),
            DraftModel = draft,
            DraftBaseUrl = url.IsDefault && draft.Value?.Provider == model.Provider ? baseUrl : url,
            DraftTokens = DraftTokensKey.Read(sources),
        };
    }

    private static PredictedOutputs ParseMode(string text) => text.Trim().ToLowerInvariant() switch
    {
        "off" or "false" => PredictedOutputs.Off,
        "auto" => PredictedOutputs.Auto,
        "on" or "true" => PredictedOutputs.On,
        _ => throw new AgentRagException($"'{text}' is none of off, auto and on."),
    };
}
