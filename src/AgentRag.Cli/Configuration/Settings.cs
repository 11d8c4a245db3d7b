using System.Collections;
using System.CommandLine;
using AgentRag.Answering;
using AgentRag.Demonstrations;
using AgentRag.Models;
using AgentRag.Retrieval.Fusion;
using AgentRag.Retrieval.Reranking;

namespace AgentRag.Cli.Configuration;

/// <summary>Everything in effect for one command, each value with its source.</summary>
internal sealed record Settings
{
    public const string KeyVariable = "AGENTRAG_API_KEY";

    public const string DraftKeyVariable = "AGENTRAG_DRAFT_API_KEY";
    public const string JudgeKeyVariable = "AGENTRAG_JUDGE_API_KEY";

    public static readonly IReadOnlyList<string> EmbeddingsKeyVariables = ["AGENTRAG_EMBEDDINGS_API_KEY", "OPENAI_API_KEY"];
    public static readonly IReadOnlyList<string> RerankKeyVariables = ["AGENTRAG_RERANK_API_KEY", "RERANK_API_KEY"];
    public static readonly IReadOnlyList<string> QdrantKeyVariables = ["AGENTRAG_QDRANT_API_KEY", "QDRANT_API_KEY"];

    public required Setting<ModelName> Model { get; init; }

    public required Setting<string?> BaseUrl { get; init; }

    /// <summary>The key for the model; null when none is set, or the model needs none.</summary>
    public required ApiKey? ApiKey { get; init; }

    /// <summary>The variables in which the key is looked for: what a message tells the user to set.</summary>
    public required string ApiKeyVariables { get; init; }

    public required Setting<string> Index { get; init; }

    public required Setting<string?> Prompts { get; init; }

    public required Setting<DemonstrationSource> Demonstrations { get; init; }

    public Setting<DemonstrationSelection> DemonstrationSelection => field ??= SettingKeys.DemonstrationSelection.Read(Sources);

    public Setting<int?> DemonstrationK => field ??= SettingKeys.DemonstrationK.Read(Sources);

    public required Setting<int> DemonstrationSeed { get; init; }

    public required Setting<RetrieverName> Retriever { get; init; }

    /// <summary>The embedding model; null when none is configured.</summary>
    public required Setting<EmbeddingSource?> Embeddings { get; init; }

    /// <summary>The embedding model's server, which may be the chat model's; null for the provider's own.</summary>
    public required Setting<string?> EmbeddingsBaseUrl { get; init; }

    public required ApiKey? EmbeddingsKey { get; init; }

    public Setting<FusionMethod> Fusion => field ??= SettingKeys.Fusion.Read(Sources);

    public required Setting<IReadOnlyList<double>?> FusionWeights { get; init; }

    public required Setting<double> RrfK { get; init; }

    public required Setting<RerankSource> Rerank { get; init; }

    public required ApiKey? RerankKey { get; init; }

    public required Setting<string?> RerankModel { get; init; }

    public Setting<RerankForm> RerankForm => field ??= SettingKeys.RerankForm.Read(Sources);

    public required Setting<Uri?> Qdrant { get; init; }

    public required ApiKey? QdrantKey { get; init; }

    public required Setting<string> QdrantCollection { get; init; }

    public required Setting<string> Strategy { get; init; }

    public required Setting<int> K { get; init; }

    public required Setting<int> M { get; init; }

    public required Setting<int> N { get; init; }

    public required Setting<long> Budget { get; init; }

    public required Setting<int> ContextWindow { get; init; }

    public required Setting<int> ReservedAnswerTokens { get; init; }

    public required Setting<string?> AllocationModel { get; init; }

    public AnsweringSettings Answering => field ??= AnsweringSettings.Read(Sources);

    public StrategySettings Asking => field ??= StrategySettings.Read(Sources);

    public PredictionSettings Predictions { get => field ??= ReadPredictions(); init; }

    public required Setting<string> Cache { get; init; }

    public required Setting<CacheReuse> CacheReuse { get; init; }

    public required Setting<double> CacheSimilarity { get; init; }

    public required Setting<string> Tokenizer { get; init; }

    public required Setting<string> Vocabularies { get; init; }

    public required Setting<IReadOnlyList<string>> Roots { get; init; }

    /// <summary>The file that was read; null when there is none.</summary>
    public string? File => Sources.File?.Path;

    /// <summary>Where they were read.</summary>
    public required SettingSources Sources { get; init; }

    public InferenceParameters Parameters => new(K.Value, M.Value, N.Value);

    public DemonstrationOptions DemonstrationOptions => new()
    {
        Selection = DemonstrationSelection.Value,
        K = DemonstrationK.Value,
        Seed = DemonstrationSeed.Value,
    };

    public TokenBudgetOptions Bounds => new()
    {
        MaxEffectiveContextTokens = Budget.Value,
        ContextWindowTokens = ContextWindow.Value,
        ReservedAnswerTokens = ReservedAnswerTokens.Value,
        Deadline = Answering.Deadline.Value,
        MaxCalls = Answering.MaxCalls.Value,
        MaxCost = Answering.MaxCost.Value,
    };

    /// <summary>These settings with a cache only if it was named by the flag: what is measured must not be faster than it is because of a setting forgotten.</summary>
    public Settings WithCacheByFlagAlone() => this with
    {
        Cache = Cache.Source == SettingKeys.Cache.Option.Name ? Cache : new(CacheReuses.Off, Setting<string>.Default),
        CacheReuse = CacheReuse.Source == SettingKeys.Reuse.Option.Name ? CacheReuse : new(Configuration.CacheReuse.Exact, Setting<CacheReuse>.Default),
    };

    /// <summary>Reads the settings of a command from its flags, the environment and the file.</summary>
    /// <exception cref="AgentRagException">Some value cannot be used; the message names its source.</exception>
    public static Settings Read(ParseResult flags) => Read(flags, ProcessEnvironment());

    /// <summary>Reads the settings from given variables.</summary>
    public static Settings Read(ParseResult flags, IReadOnlyDictionary<string, string> environment)
    {
        var file = SettingsFile.Load(flags.GetValue(SettingKeys.Config), SettingKeys.All);
        return From(new SettingSources(flags, environment, file));
    }

    /// <summary>Where the settings of a command come from.</summary>
    /// <exception cref="AgentRagException">The settings file cannot be read.</exception>
    public static SettingSources SourcesOf(ParseResult flags) => new(flags, ProcessEnvironment(), SettingsFile.Load(flags.GetValue(SettingKeys.Config), SettingKeys.All));

    /// <summary>The settings of a command that takes none: neither the environment nor a file is looked at.</summary>
    public static Settings Defaults(ParseResult flags) => From(new SettingSources(flags, new Dictionary<string, string>(), file: null));

    /// <summary>Reads the settings with another chat model in place of the one they name: its key is found, and its server checked, as its own. Nothing is drafted for it.</summary>
    /// <exception cref="AgentRagException">Some value cannot be used; the message names its source.</exception>
    public static Settings Read(ParseResult flags, Setting<ModelName> model, Setting<string?>? baseUrl) => Read(flags, ProcessEnvironment(), model, baseUrl);

    /// <summary>Reads the settings with another chat model from given variables.</summary>
    public static Settings Read(ParseResult flags, IReadOnlyDictionary<string, string> environment, Setting<ModelName> model, Setting<string?>? baseUrl)
    {
        var file = SettingsFile.Load(flags.GetValue(SettingKeys.Config), SettingKeys.All);
        var settings = From(new SettingSources(flags, environment, file), model, baseUrl);
        return settings with { Predictions = settings.Predictions.WithoutDrafts() };
    }

    private static Settings From(SettingSources sources, Setting<ModelName>? otherModel = null, Setting<string?>? otherBaseUrl = null)
    {
        var (environment, file) = (sources.Environment, sources.File);
        var model = otherModel ?? SettingKeys.Model.Read(sources);
        var baseUrl = otherBaseUrl ?? SettingKeys.BaseUrl.Read(sources);
        var variables = otherModel is not null && IsElsewhere(sources, model.Value, baseUrl) ? OwnKeyVariables(model.Value, JudgeKeyVariable)
            : KeyVariables(model.Value, SettingKeys.ApiKeyEnvironment.Read(sources).Value);
        var key = FindKey(environment, variables);
        if (model.Value.Provider is ModelName.OpenAIProvider or ModelName.AnthropicProvider && baseUrl.Value is { } chatServer)
        {
            RefuseStrangeHost(chatServer, baseUrl.Source, file, SettingKeys.BaseUrl, "api.openai.com", "api.anthropic.com");
        }

        var embeddings = SettingKeys.Embeddings.Read(sources);
        var ownUrl = SettingKeys.EmbeddingsBaseUrl.Read(sources);
        var isShared = ownUrl.IsDefault && model.Value.Provider == ModelName.OpenAIProvider && !baseUrl.IsDefault;
        var embeddingsUrl = isShared ? baseUrl : ownUrl;
        var (rerank, qdrant) = (SettingKeys.Rerank.Read(sources), SettingKeys.Qdrant.Read(sources));
        if (embeddings.Value is { IsLocal: false } && embeddingsUrl.Value is { } embeddingsHost)
        {
            RefuseStrangeHost(embeddingsHost, embeddingsUrl.Source, file, SettingKeys.EmbeddingsBaseUrl, "api.openai.com");
        }

        if (rerank.Value.Url is { } reranker)
        {
            RefuseStrangeHost(reranker.OriginalString, rerank.Source, file, SettingKeys.Rerank, "api.cohere.com", "api.jina.ai");
        }

        if (qdrant.Value is { } server)
        {
            RefuseStrangeHost(server.OriginalString, qdrant.Source, file, SettingKeys.Qdrant);
        }

        var settings = new Settings
        {
            Embeddings = embeddings,
            EmbeddingsBaseUrl = embeddingsUrl,
            EmbeddingsKey = embeddings.Value is not { IsLocal: false } ? null : FindKey(environment, EmbeddingsKeyVariables) ?? (isShared ? key : null),
            FusionWeights = SettingKeys.FusionWeights.Read(sources),
            RrfK = SettingKeys.RrfK.Read(sources),
            Rerank = rerank,
            RerankKey = rerank.Value.Url is null ? null : FindKey(environment, RerankKeyVariables),
            RerankModel = SettingKeys.RerankModel.Read(sources),
            Qdrant = qdrant,
            QdrantKey = qdrant.Value is null ? null : FindKey(environment, QdrantKeyVariables),
            QdrantCollection = SettingKeys.QdrantCollection.Read(sources),
            Model = model,
            BaseUrl = baseUrl,
            ApiKey = key,
            ApiKeyVariables = string.Join(" or ", variables),
            Index = SettingKeys.Index.Read(sources),
            Prompts = SettingKeys.Prompts.Read(sources),
            Demonstrations = SettingKeys.Demonstrations.Read(sources),
            DemonstrationSeed = SettingKeys.DemonstrationSeed.Read(sources),
            Retriever = SettingKeys.Retriever.Read(sources),
            Strategy = SettingKeys.Strategy.Read(sources),
            K = SettingKeys.K.Read(sources),
            M = SettingKeys.M.Read(sources),
            N = SettingKeys.N.Read(sources),
            Budget = SettingKeys.Budget.Read(sources),
            ContextWindow = SettingKeys.ContextWindow.Read(sources),
            ReservedAnswerTokens = SettingKeys.ReservedAnswerTokens.Read(sources),
            Cache = SettingKeys.Cache.Read(sources),
            CacheReuse = SettingKeys.Reuse.Read(sources),
            CacheSimilarity = SettingKeys.Similarity.Read(sources),
            AllocationModel = SettingKeys.AllocationModel.Read(sources),
            Tokenizer = SettingKeys.Tokenizer.Read(sources),
            Vocabularies = SettingKeys.Vocabularies.Read(sources),
            Roots = SettingKeys.Roots.Read(sources),
            Sources = sources,
        };

        // A server that starts needs none of these, and their types would be compiled for it: they are read when they are used, or now, if one is set and may be wrong.
        if (sources.HasAny([SettingKeys.DemonstrationSelection, SettingKeys.DemonstrationK, SettingKeys.Fusion, SettingKeys.RerankForm]))
        {
            _ = (settings.DemonstrationSelection, settings.DemonstrationK, settings.Fusion, settings.RerankForm);
        }

        if (sources.HasAny(AnsweringSettings.All))
        {
            _ = settings.Answering;
        }

        if (sources.HasAny(StrategySettings.All))
        {
            _ = settings.Asking;
        }

        if (sources.HasAny(PredictionSettings.All))
        {
            _ = settings.Predictions;
        }

        return settings;
    }

    private PredictionSettings ReadPredictions()
    {
        var predictions = PredictionSettings.Read(Sources, Model.Value, BaseUrl);
        if (predictions.DraftModel.Value is not { } draft)
        {
            return predictions;
        }

        var url = predictions.DraftBaseUrl;
        if (url.Value is { } server && url != BaseUrl)
        {
            RefuseStrangeHost(server, url.Source, Sources.File, PredictionSettings.DraftBaseUrlKey, "api.openai.com", "api.anthropic.com");
        }

        // A key belongs to a server: at another one, it is looked for anew, and never where the model's own lies.
        var isSameServer = draft.Provider == Model.Value.Provider && url.Value == BaseUrl.Value;
        var variables = DraftKeyVariables(draft);
        return predictions with { DraftKey = FindKey(Sources.Environment, isSameServer ? variables.Take(1) : variables) ?? (isSameServer ? ApiKey : null) };
    }

    private static Dictionary<string, string> ProcessEnvironment()
    {
        Dictionary<string, string> variables = new(StringComparer.Ordinal);
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            variables[(string)variable.Key] = variable.Value as string ?? "";
        }

        return variables;
    }

    /// <summary>The variables in which a drafting model's key is looked for at a server of its own: <see cref="KeyVariable"/> is none of them, as that key is the model's.</summary>
    public static string[] DraftKeyVariables(ModelName draft) => OwnKeyVariables(draft, DraftKeyVariable);

    private static string[] OwnKeyVariables(ModelName model, string own) => ProviderVariable(model) is { } variable ? [own, variable] : [];

    // Whether a model stands in for one that has a key, at another server than that one's: the key is not for it.
    private static bool IsElsewhere(SettingSources sources, ModelName model, Setting<string?> baseUrl) =>
        SettingKeys.Model.Read(sources).Value is var answering && ProviderVariable(answering) is not null
        && (answering.Provider != model.Provider || SettingKeys.BaseUrl.Read(sources).Value != baseUrl.Value);

    private static string[] KeyVariables(ModelName model, string? named) => ProviderVariable(model) is not { } variable ? []
        : named is not null ? [named]
        : [KeyVariable, variable];

    // Null for a model that needs no key.
    private static string? ProviderVariable(ModelName model) => model.Provider switch
    {
        ModelName.ExtractiveProvider or ModelName.GgufProvider => null,
        ModelName.AnthropicProvider => "ANTHROPIC_API_KEY",
        _ => "OPENAI_API_KEY",
    };

    private static ApiKey? FindKey(IReadOnlyDictionary<string, string> environment, IEnumerable<string> variables) => variables
        .Select(variable => environment.GetValueOrDefault(variable) is { Length: > 0 } secret ? new ApiKey(secret.Trim(), variable) : null)
        .FirstOrDefault(found => found is not null);

    // Somebody else's folder may hold an agentrag.json: it must not choose by itself where the user's documents, and the key with them, are sent.
    private static void RefuseStrangeHost(string address, string source, SettingsFile? file, SettingKey key, params ReadOnlySpan<string> known)
    {
        if (file is not { IsNamed: false } || !source.StartsWith(file.Path, StringComparison.Ordinal)
            || (Uri.TryCreate(address, UriKind.Absolute, out var url) && (url.IsLoopback || known.Contains(url.Host))))
        {
            return;
        }

        throw new AgentRagException(
            $"{file.Path} in this folder would send your documents to {url?.Host ?? "a server"}: " +
            $"if that is right, say so with --config {file.Path}, or set {key.Variable}.");
    }
}
