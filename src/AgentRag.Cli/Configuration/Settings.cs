using System.Collections;
using System.CommandLine;
using AgentRag.Answering;
using AgentRag.Models;

namespace AgentRag.Cli.Configuration;

/// <summary>Everything in effect for one command, each value with its source.</summary>
internal sealed record Settings
{
    public const string KeyVariable = "AGENTRAG_API_KEY";

    public required Setting<ModelName> Model { get; init; }

    public required Setting<string?> BaseUrl { get; init; }

    /// <summary>The key for the model; null when none is set, or the model needs none.</summary>
    public required ApiKey? ApiKey { get; init; }

    /// <summary>The variables in which the key is looked for: what a message tells the user to set.</summary>
    public required string ApiKeyVariables { get; init; }

    public required Setting<string> Index { get; init; }

    public required Setting<string?> Prompts { get; init; }

    public required Setting<DemonstrationSource> Demonstrations { get; init; }

    public required Setting<RetrieverName> Retriever { get; init; }

    public required Setting<string> Strategy { get; init; }

    public required Setting<int> K { get; init; }

    public required Setting<int> M { get; init; }

    public required Setting<int> N { get; init; }

    public required Setting<long> Budget { get; init; }

    public required Setting<int> ContextWindow { get; init; }

    public required Setting<int> ReservedAnswerTokens { get; init; }

    public required Setting<string> Tokenizer { get; init; }

    public required Setting<string> Vocabularies { get; init; }

    public required Setting<IReadOnlyList<string>> Roots { get; init; }

    /// <summary>The file that was read; null when there is none.</summary>
    public string? File { get; init; }

    public InferenceParameters Parameters => new(K.Value, M.Value, N.Value);

    public TokenBudgetOptions Bounds => new()
    {
        MaxEffectiveContextTokens = Budget.Value,
        ContextWindowTokens = ContextWindow.Value,
        ReservedAnswerTokens = ReservedAnswerTokens.Value,
    };

    /// <summary>Reads the settings of a command from its flags, the environment and the file.</summary>
    /// <exception cref="AgentRagException">Some value cannot be used; the message names its source.</exception>
    public static Settings Read(ParseResult flags) => Read(flags, ProcessEnvironment());

    /// <summary>Reads the settings from given variables.</summary>
    public static Settings Read(ParseResult flags, IReadOnlyDictionary<string, string> environment)
    {
        var file = SettingsFile.Load(flags.GetValue(SettingKeys.Config), [.. SettingKeys.All.Select(key => key.Name)]);
        return From(new SettingSources(flags, environment, file));
    }

    /// <summary>The settings of a command that takes none: neither the environment nor a file is looked at.</summary>
    public static Settings Defaults(ParseResult flags) => From(new SettingSources(flags, new Dictionary<string, string>(), file: null));

    private static Settings From(SettingSources sources)
    {
        var (environment, file) = (sources.Environment, sources.File);
        var model = SettingKeys.Model.Read(sources);
        var baseUrl = SettingKeys.BaseUrl.Read(sources);
        var variables = KeyVariables(model.Value, SettingKeys.ApiKeyEnvironment.Read(sources).Value);
        var key = variables
            .Select(variable => environment.GetValueOrDefault(variable) is { Length: > 0 } secret ? new ApiKey(secret.Trim(), variable) : null)
            .FirstOrDefault(found => found is not null);
        if (key is not null && file is { IsNamed: false } && baseUrl.Source.StartsWith(file.Path, StringComparison.Ordinal))
        {
            RefuseStrangeHost(baseUrl.Value!, file, key);
        }

        return new Settings
        {
            Model = model,
            BaseUrl = baseUrl,
            ApiKey = key,
            ApiKeyVariables = string.Join(" or ", variables),
            Index = SettingKeys.Index.Read(sources),
            Prompts = SettingKeys.Prompts.Read(sources),
            Demonstrations = SettingKeys.Demonstrations.Read(sources),
            Retriever = SettingKeys.Retriever.Read(sources),
            Strategy = SettingKeys.Strategy.Read(sources),
            K = SettingKeys.K.Read(sources),
            M = SettingKeys.M.Read(sources),
            N = SettingKeys.N.Read(sources),
            Budget = SettingKeys.Budget.Read(sources),
            ContextWindow = SettingKeys.ContextWindow.Read(sources),
            ReservedAnswerTokens = SettingKeys.ReservedAnswerTokens.Read(sources),
            Tokenizer = SettingKeys.Tokenizer.Read(sources),
            Vocabularies = SettingKeys.Vocabularies.Read(sources),
            Roots = SettingKeys.Roots.Read(sources),
            File = file?.Path,
        };
    }

    private static Dictionary<string, string> ProcessEnvironment() => Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
        .ToDictionary(entry => (string)entry.Key, entry => entry.Value as string ?? "", StringComparer.Ordinal);

    private static string[] KeyVariables(ModelName model, string? named) => model.Provider switch
    {
        ModelName.ExtractiveProvider or ModelName.GgufProvider => [],
        _ when named is not null => [named],
        ModelName.AnthropicProvider => [KeyVariable, "ANTHROPIC_API_KEY"],
        _ => [KeyVariable, "OPENAI_API_KEY"],
    };

    // Somebody else's folder may hold an agentrag.json: it must not choose by itself where the user's key is sent.
    private static void RefuseStrangeHost(string baseUrl, SettingsFile file, ApiKey key)
    {
        if (Uri.TryCreate(baseUrl, UriKind.Absolute, out var url)
            && (url.IsLoopback || url.Host is "api.openai.com" or "api.anthropic.com"))
        {
            return;
        }

        throw new AgentRagException(
            $"{file.Path} in this folder would send your key (from {key.Variable}) to {url?.Host ?? "its base URL"}: " +
            $"if that is right, say so with --config {file.Path}, or set {SettingKeys.BaseUrl.Variable}.");
    }
}
