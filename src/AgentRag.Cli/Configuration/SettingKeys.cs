using System.CommandLine;
using AgentRag.Allocation.Routing;
using AgentRag.Answering;
using AgentRag.Demonstrations;
using AgentRag.Models;
using AgentRag.Retrieval.Fusion;
using AgentRag.Retrieval.Reranking;
using AgentRag.Tokens.Vocabularies;

namespace AgentRag.Cli.Configuration;

/// <summary>All settings.</summary>
internal static class SettingKeys
{
    private static readonly TokenBudgetOptions Budgets = new();

    public static readonly Option<string?> Config = new("--config")
    {
        HelpName = "FILE",
        Description = $"Read settings from FILE instead of {SettingsFile.DefaultName} in the working directory.",
        Recursive = true,
    };

    public static readonly SettingKey<ModelName> Model = new(
        "model", "MODEL", "extractive (default: offline, no key), openai:NAME (any OpenAI-compatible server), anthropic:NAME or gguf:FILE (run in this process).",
        ModelName.Extractive, ModelName.Parse)
    { FromFolder = SettingPath.OrModel };

    public static readonly SettingKey<string?> BaseUrl = new(
        "baseUrl", "URL", "The model's server, such as http://127.0.0.1:11434/v1. Default: the provider's own.", null, SettingText.Text);

    public static readonly SettingKey<string?> ApiKeyEnvironment = new(
        "apiKeyEnvironment", "NAME", "Name of the variable that holds the key. Default: AGENTRAG_API_KEY, then OPENAI_API_KEY or ANTHROPIC_API_KEY.", null, SettingText.Text);

    public static readonly SettingKey<string> Index = new("index", "DIR", "Folder of the index (default: .agentrag).", ".agentrag", SettingText.Text)
    { FromFolder = SettingPath.One };

    public static readonly SettingKey<string?> Prompts = new(
        "prompts", "DIR", "Folder with prompts that replace the shipped ones of the same file name.", null, SettingText.Text)
    { FromFolder = SettingPath.One };

    public static readonly SettingKey<DemonstrationSource> Demonstrations = new(
        "demonstrations", "FILE", "Worked examples over your own documents (labelled questions, JSON Lines), or none. Default: 20 shipped examples over an invented world.",
        DemonstrationSource.Shipped, DemonstrationSource.Parse)
    { FromFolder = SettingPath.OrNone };

    public static readonly SettingKey<DemonstrationSelection> DemonstrationSelection = new(
        "demonstrationSelection", "NAME", "Which worked examples a question gets: fixed (default: the first m), random, nearest or diverse.",
        AgentRag.Demonstrations.DemonstrationSelection.Fixed, SettingText.Selection);

    public static readonly SettingKey<int?> DemonstrationK = new(
        "demonstrationK", "K", "Passages that a worked example shows for each of its queries, at most (default: as --k).", null, text => SettingText.Count(text));

    public static readonly SettingKey<int> DemonstrationSeed = new("demonstrationSeed", "N", "Seed of --demonstration-selection random (default: 1).", 1, SettingText.Count);

    public static readonly SettingKey<RetrieverName> Retriever = new(
        "retriever", "NAME",
        "linked (words, and links between passages by the names they share), bm25 (words alone), dense (vectors alone), hybrid (linked and dense, fused) or qdrant. " +
        "Default: auto, which is hybrid where --embeddings is set and the index has vectors, else linked.",
        RetrieverName.Auto, RetrieverNames.Parse);

    public static readonly SettingKey<EmbeddingSource?> Embeddings = new(
        "embeddings", "MODEL",
        "Embedding model: openai:NAME (any OpenAI-compatible server), or run in this process gguf:FILE or bert:FOLDER (a BERT or RoBERTa encoder as Hugging Face has it, " +
        "with safetensors: all-MiniLM, bge, e5). Vectors are bound to the files' content. Default: none.",
        null, EmbeddingSource.Parse)
    { FromFolder = SettingPath.OrModel };

    public static readonly SettingKey<string?> EmbeddingsBaseUrl = new(
        "embeddingsBaseUrl", "URL", "The embedding model's server. Default: that of an openai: chat model (--base-url), else OpenAI's.", null, SettingText.Text);

    public static readonly SettingKey<FusionMethod> Fusion = new(
        "fusion", "NAME", "How hybrid makes one ranking of two: rrf (default: reciprocal ranks), min-max or z-score (weighted scores).", FusionMethod.ReciprocalRank, SettingText.Fusion);

    public static readonly SettingKey<IReadOnlyList<double>?> FusionWeights = new(
        "fusionWeights", "W,W", "Weights of words and vectors in the fusion, such as 1,2 (default: 1,1).", null, SettingText.Weights);

    public static readonly SettingKey<double> RrfK = new("rrfK", "K", "The constant of reciprocal rank fusion (default: 60).", new FusionOptions().RankConstant, SettingText.Positive);

    public static readonly SettingKey<RerankSource> Rerank = new(
        "rerank", "URL|model",
        "Put the passages found into a better order: by a /rerank endpoint (its whole URL), or by the chat model (model; its requests are not part of --budget). Default: none.",
        RerankSource.None, RerankSource.Parse);

    public static readonly SettingKey<string?> RerankModel = new("rerankModel", "NAME", "The model's name at the reranking server, where it wants one.", null, SettingText.Text);

    public static readonly SettingKey<RerankForm> RerankForm = new(
        "rerankForm", "NAME", "documents (default: Cohere, Jina, vLLM, llama.cpp) or texts (text-embeddings-inference).", AgentRag.Retrieval.Reranking.RerankForm.Documents,
        SettingText.RerankForm);

    public static readonly SettingKey<Uri?> Qdrant = new(
        "qdrant", "URL", "A Qdrant server, such as http://127.0.0.1:6333: 'index' uploads there, --retriever qdrant searches there. Key: QDRANT_API_KEY.", null, SettingText.WebAddress);

    public static readonly SettingKey<string> QdrantCollection = new("qdrantCollection", "NAME", "The collection in Qdrant (default: agentrag).", "agentrag", SettingText.Text);

    public static readonly SettingKey<string> Strategy = new(
        "strategy", "NAME", $"{string.Join(", ", Strategies.Names)} (default: {IterDragAnswerer.Name}).", IterDragAnswerer.Name, SettingText.Text);

    public static readonly SettingKey<int> K = new("k", "K", "Passages per retrieval, 0 to 1000 (default: 5).", 5, SettingText.Count);

    public static readonly SettingKey<int> M = new("m", "M", "Demonstrations, 0 to 256 (default: 2).", 2, SettingText.Count);

    public static readonly SettingKey<int> N = new("n", "N", "Iterations at most, 1 to 32 (default: 5).", 5, SettingText.Count);

    public static readonly SettingKey<long> Budget = new(
        "budget", "TOKENS",
        $"Most input tokens over all requests of a question: 4096, 4,096, 32k (k is 1,000), 1M (default: {Budgets.MaxEffectiveContextTokens:N0}).",
        Budgets.MaxEffectiveContextTokens, SettingText.Tokens);

    public static readonly SettingKey<int> ContextWindow = new(
        "contextWindow", "TOKENS", $"The model's context window (default: {Budgets.ContextWindowTokens:N0}; a gguf: model's own, at most 32,768).", Budgets.ContextWindowTokens, SettingText.WindowTokens);

    public static readonly SettingKey<int> ReservedAnswerTokens = new(
        "reservedAnswerTokens", "TOKENS", $"Kept free for each answer (default: {Budgets.ReservedAnswerTokens:N0}).", Budgets.ReservedAnswerTokens, SettingText.WindowTokens);

    public static readonly SettingKey<string> Cache = new(
        "cache", "DIR", "Folder that keeps rankings and replies, or off (default). 'evaluate' takes it from the flag alone, as a cache falsifies times.", CacheReuses.Off, SettingText.Text)
    { FromFolder = SettingPath.OrOff };

    public static readonly SettingKey<CacheReuse> Reuse = new(
        "cacheReuse", "LEVEL", "What the cache may give again: exact (default: the same request), intermediate (answers to the same sub-query) or semantic (answers to nearly the same question).",
        CacheReuse.Exact, CacheReuses.Parse);

    public static readonly SettingKey<double> Similarity = new(
        "cacheSimilarity", "X", "How alike questions must be for --cache-reuse semantic, above 0 to 1 (default: 0.95); 'agentrag cache measure' says what it costs.",
        new SimilarQuestionOptions().Threshold, CacheReuses.ParseSimilarity);

    public static readonly SettingKey<string?> AllocationModel = new(
        "allocationModel", "FILE", "Allocation model made by 'agentrag fit'. Default: the published coefficients.", null, SettingText.Text)
    { FromFolder = SettingPath.One };

    public static readonly SettingKey<string> Tokenizer = new(
        "tokenizer", "NAME|FILE",
        "How tokens are counted: estimate (default), o200k_base, cl100k_base (see 'agentrag tokenizer'), or a .tiktoken, tokenizer.json or .gguf file. " +
        "An index is bound to it. By default a gguf: model's requests are counted by its own tokenizer.",
        TokenCounters.Estimate, SettingText.Text)
    { FromFolder = SettingPath.OrTokenizer };

    public static readonly SettingKey<string> Vocabularies = new(
        "vocabularies", "DIR", "Folder of the vocabularies that are known by name (default: agentrag/vocabularies in the folder for the user's application data).",
        // Not verified: before the first program wrote something there, the folder does not exist, and the path would be one of the working directory.
        Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "agentrag", "vocabularies"), SettingText.Text)
    { FromFolder = SettingPath.One };

    public static readonly SettingKey<IReadOnlyList<string>> Roots = new(
        "roots", "DIR", "Folders that 'mcp' indexes when it starts.", [], SettingText.Paths)
    { FromFolder = SettingPath.Several };

    /// <summary>The settings that choose worked examples.</summary>
    public static IReadOnlyList<SettingKey> OfDemonstrations { get; } = [Demonstrations, DemonstrationSelection, DemonstrationK, DemonstrationSeed];

    /// <summary>The settings of the cache.</summary>
    public static IReadOnlyList<SettingKey> OfCache { get; } = [Cache, Reuse, Similarity];

    /// <summary>The settings that choose an embedding model.</summary>
    public static IReadOnlyList<SettingKey> OfEmbeddings { get; } = [Embeddings, EmbeddingsBaseUrl];

    /// <summary>The settings that choose a retriever.</summary>
    public static IReadOnlyList<SettingKey> OfRetrieval { get; } =
        [Retriever, .. OfEmbeddings, Fusion, FusionWeights, RrfK, Rerank, RerankModel, RerankForm, Qdrant, QdrantCollection];

    /// <summary>The settings that choose how tokens are counted.</summary>
    public static IReadOnlyList<SettingKey> OfTokens { get; } = [Tokenizer, Vocabularies];

    /// <summary>Every setting, in the order in which they are shown.</summary>
    public static IReadOnlyList<SettingKey> All { get; } =
    [
        Model, BaseUrl, ApiKeyEnvironment, Index, Prompts, .. OfDemonstrations, .. OfRetrieval, Strategy, K, M, N, Budget, ContextWindow, ReservedAnswerTokens,
        AllocationModel, .. StrategySettings.All, .. AnsweringSettings.All, .. PredictionSettings.All, .. OfCache, .. OfTokens, Roots,
    ];

    /// <summary>The settings that choose a model.</summary>
    public static IReadOnlyList<SettingKey> OfModel { get; } = [Model, BaseUrl, ApiKeyEnvironment, Prompts, AnsweringSettings.StepControlKey, .. PredictionSettings.All];

    /// <summary>The settings that bound a question.</summary>
    public static IReadOnlyList<SettingKey> OfBudget { get; } = [Budget, ContextWindow, ReservedAnswerTokens, .. AnsweringSettings.OfBudget, .. OfTokens];

    /// <summary>The settings that answering needs.</summary>
    public static IReadOnlyList<SettingKey> OfAnswering { get; } =
    [
        Strategy, K, M, N, .. StrategySettings.All, .. OfBudget, .. OfModel, Index, .. OfRetrieval, .. OfDemonstrations, .. AnsweringSettings.OfStopRules, .. OfCache,
    ];

    /// <summary>The settings of a server, beside the index that it serves.</summary>
    public static IReadOnlyList<SettingKey> OfServing { get; } =
    [
        .. OfBudget, .. OfModel, .. OfRetrieval, .. OfDemonstrations, AllocationModel, .. AnsweringSettings.OfStopRules,
        .. StrategySettings.OfLayout, StrategySettings.DocumentLanguageKey, .. OfCache,
    ];

    /// <summary>Adds the flags of settings to a command.</summary>
    public static void AddTo(Command command, IEnumerable<SettingKey> keys)
    {
        foreach (var key in keys)
        {
            command.Options.Add(key.Option);
        }
    }
}
