using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using AgentRag.Allocation.Routing;
using AgentRag.Answering;
using AgentRag.Answering.Assistants;
using AgentRag.Caching;
using AgentRag.Cli.Configuration;
using AgentRag.Cli.Output;
using AgentRag.Decoding.Chat;
using AgentRag.Demonstrations;
using AgentRag.Evaluation;
using AgentRag.Fitting;
using AgentRag.Indexing;
using AgentRag.Models;
using AgentRag.Plugin;
using AgentRag.Prompting;
using AgentRag.Retrieval;
using AgentRag.Retrieval.Fusion;
using AgentRag.Tokens;
using AgentRag.Tokens.Calibration;
using AgentRag.Tokens.Vocabularies;
using Microsoft.Extensions.AI;

namespace AgentRag.Cli;

/// <summary>Makes what a command works with out of its settings. The index is opened when the first query needs it.</summary>
/// <remarks>Not for concurrent use; what it makes is.</remarks>
internal sealed class Composition : IDisposable
{
    /// <summary>The file by which a folder is known as an index.</summary>
    public const string IndexFile = "index.json";

    private static readonly string VectorsFile = Path.Combine("vectors", "vectors.json");

    private readonly Settings _settings;
    private readonly IProgress<string>? _warnings;
    private readonly RetrieverSource _retrievers;
    private readonly ChatModelSource _models;
    private Lazy<Bm25Index> _index;
    private LazyRetriever _retriever;
    private ITokenCounter? _counter;
    private IChatClient? _model;
    private TokenCalibration? _calibration;
    private ResultCache? _cache;
    private string _indexVersion;
    private (byte[] Manifest, PluginContext Context)? _plugin;
    private Bm25Index? _demonstrationIndex;

    /// <param name="settings">The settings.</param>
    /// <param name="warnings">Told what went wrong without stopping the work; or null.</param>
    public Composition(Settings settings, IProgress<string>? warnings = null)
    {
        (_settings, _warnings, _retrievers) = (settings, warnings, new(settings, () => Counter, () => Model, warnings));
        _models = new(settings, () => Counter, () => _retrievers.Embedder);
        Reopen();
    }

    /// <summary>Counts tokens, as the setting says.</summary>
    /// <exception cref="AgentRagException">The tokenizer cannot be opened.</exception>
    public ITokenCounter Counter => _counter ??= CounterOf(_settings);

    /// <summary>Whether estimates of tokens learn from what the model reports. Default true; a run that is measured counts every question alike.</summary>
    public bool CalibratesTokens { get; init; } = true;

    /// <summary>Where what was learned is kept from one command to the next. Default: below the user's <see cref="StateFolder"/>.</summary>
    public string CalibrationFolder { get; init; } = StateFolder.Calibrations;

    /// <summary>The user's index.</summary>
    /// <exception cref="AgentRagException">There is none, or it cannot be used.</exception>
    public Bm25Index Index => _index.Value;

    /// <summary>Whether the index folder holds an index, of whatever kind.</summary>
    public bool HasIndex => IsIndex(_settings.Index.Value);

    /// <summary>Ranks the passages of the user's index; its first query opens it.</summary>
    public IRetriever IndexRetriever => _retriever;

    /// <summary>Keeps rankings and replies; null when it is off.</summary>
    /// <exception cref="AgentRagException">Its folder cannot be used.</exception>
    public ResultCache? Cache => _settings.Cache.Value == CacheReuses.Off ? null : _cache ??= new ResultCache(DiskCache.Open(_settings.Cache.Value));

    /// <summary>The model's client.</summary>
    /// <exception cref="AgentRagException">The model cannot be made: no key, a wrong URL.</exception>
    public IChatClient Model => _model ??= CreateModel();

    /// <summary>The bounds of a question. A model in this process says itself how large its window is, unless the user does.</summary>
    /// <exception cref="AgentRagException">The model cannot be made.</exception>
    public TokenBudgetOptions Bounds => _settings.ContextWindow.IsDefault && _settings.Model.Value.Provider == ModelName.GgufProvider && Model.GetService<LocalChatClient>() is { } local
        ? _settings.Bounds with { ContextWindowTokens = local.ContextTokens }
        : _settings.Bounds;

    /// <summary>Makes what answering works with.</summary>
    /// <exception cref="AgentRagException">A setting cannot be used: model, key, prompts, demonstrations.</exception>
    public async Task<AnsweringContext> AnsweringAsync(CancellationToken cancellationToken)
    {
        return new AnsweringContext
        {
            Retriever = _retriever,
            Model = Model,
            TokenCounter = CountsByModel && Model.GetService<ITokenCounter>() is { } exact ? exact
                : Calibration is { } calibration ? new LearningTokenCounter(Counter, calibration)
                : Counter,
            Prices = _settings.Answering.PriceTable,
            Layout = _settings.Asking.PromptLayout,
            DocumentLanguage = _settings.Asking.DocumentLanguage.Value,
            Prompts = PromptLibrary.Load(_settings.Prompts.Value),
            Demonstrations = await DemonstrationsAsync(cancellationToken),
        };
    }

    /// <summary>Makes the answerer of a strategy, or of the assistant that the settings name instead.</summary>
    /// <param name="strategy">One of <see cref="Strategies.Names"/>.</param>
    /// <param name="context">What it works with.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="AgentRagException">There is no such strategy or assistant, or a strategy that measures the index finds none.</exception>
    public async Task<IAnswerer> AnswererAsync(string strategy, AnsweringContext context, CancellationToken cancellationToken)
    {
        var asking = _settings.Asking;
        if (asking.Assistant.Value is { } assistant)
        {
            return _settings.Strategy.IsDefault
                ? Reusing(new AssistantAnswerer(context, Assistant.Load(assistant)), context)
                : throw new AgentRagException($"--assistant {assistant} answers in its own way: leave out the strategy '{strategy}' (from {_settings.Strategy.Source}).");
        }

        if (strategy is not (RoutedAnswerer.Name or EscalatingAnswerer.Name))
        {
            return Reusing(Strategies.Create(strategy, context), context);
        }

        return Reusing(Strategies.Create(strategy, context, await RoutingAsync(context, cancellationToken)), context);
    }

    /// <summary>Makes what strategies that choose among others work with: measures prompts and counts passages.</summary>
    /// <param name="context">What answering works with.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="AgentRagException">There is no index, or it cannot be used.</exception>
    public async Task<RoutingOptions> RoutingAsync(AnsweringContext context, CancellationToken cancellationToken)
    {
        var (index, asking) = (SearchedIndex, _settings.Asking);
        return new RoutingOptions
        {
            Sizes = await PromptCosts.MeasureAsync(context, index, DemonstrationIndex, Cache, cancellationToken),
            MaxK = Math.Min(await PassageCountAsync(index, cancellationToken), RetrievalQuery.MaxK),
            MaxM = context.Demonstrations.Count,
            AsksModelForComplexity = asking.ComplexityByModel.Value,
            AsksModelForQuality = asking.QualityByModel.Value,
            QualityThreshold = asking.QualityThreshold.Value,
        };
    }

    // A collection in Qdrant can be searched from a machine that has no index.
    private Bm25Index? SearchedIndex => _settings.Retriever.Value == RetrieverName.Qdrant && !HasIndex ? null : Index;

    /// <summary>Counts the passages that are searched, of the index or of the collection in Qdrant.</summary>
    /// <exception cref="AgentRagException">What is searched cannot be used.</exception>
    public Task<int> PassageCountAsync(CancellationToken cancellationToken) => PassageCountAsync(SearchedIndex, cancellationToken);

    private async Task<int> PassageCountAsync(Bm25Index? index, CancellationToken cancellationToken) =>
        index?.PassageCount ?? await _retrievers.CountInQdrantAsync(cancellationToken);

    /// <summary>Lets an answerer also give answers of similar questions, if that is what the cache is for.</summary>
    /// <exception cref="AgentRagException">The cache cannot be used.</exception>
    public IAnswerer Reusing(IAnswerer answerer, AnsweringContext context)
    {
        if (Cache is not { } cache || _settings.CacheReuse.Value != CacheReuse.Semantic)
        {
            return answerer;
        }

        var scope = Json.Line(new
        {
            Index = _indexVersion,
            Model = $"{_settings.Model.Value}",
            BaseUrl = _settings.BaseUrl.Value,
            context.Retriever.Name,
            Retrieval = new
            {
                Embeddings = $"{_settings.Embeddings.Value}",
                EmbeddingsUrl = _settings.EmbeddingsBaseUrl.Value,
                Fusion = _settings.Fusion.Value,
                Weights = _settings.FusionWeights.Value,
                RrfK = _settings.RrfK.Value,
                Rerank = $"{_settings.Rerank.Value}",
                RerankModel = _settings.RerankModel.Value,
                Qdrant = _settings.Qdrant.Value,
                Collection = _settings.QdrantCollection.Value,
            },
            Tokens = context.TokenCounter.Name,
            StepControl = _settings.Answering.StepControl.Value,
            Asking = _settings.Asking.Rows.Select(row => row.Value),
            Assistant = _settings.Asking.Assistant.Value is { } assistant ? Assistant.Load(assistant).Template.ContentHash : null,
            Prompts = Enum.GetValues<PromptName>().Select(name => context.Prompts.Get(name).ContentHash),
            Demonstrations = context.Demonstrations.Pool.Select(shown => new { shown.Id, shown.Question, shown.Answer, shown.Steps }),
            _settings.DemonstrationOptions.Selection,
            _settings.DemonstrationOptions.Seed,
            _settings.DemonstrationOptions.K,
        });
        return new SimilarQuestionAnswerer(answerer, cache, new LexicalSimilarity(), scope, new() { Threshold = _settings.CacheSimilarity.Value });
    }

    /// <summary>Loads the worked examples.</summary>
    /// <exception cref="AgentRagException">Their file cannot be read.</exception>
    public async Task<DemonstrationStore> DemonstrationsAsync(CancellationToken cancellationToken)
    {
        var source = _settings.Demonstrations.Value;
        if (source.IsNone)
        {
            return DemonstrationStore.Empty;
        }

        if (source.File is { } file)
        {
            return DemonstrationStore.From(await DemonstrationFile.LoadAsync(file, cancellationToken), _retriever, _settings.DemonstrationOptions);
        }

        _demonstrationIndex ??= await DemoWorld.IndexAsync(Counter, cancellationToken);
        return DemonstrationStore.From(
            await DemonstrationFile.LoadAsync(DemoWorld.Demonstrations, cancellationToken), new Bm25Retriever(_demonstrationIndex), _settings.DemonstrationOptions);
    }

    /// <summary>Loads what ranks parameters: the user's allocation model, or the published coefficients.</summary>
    /// <exception cref="AgentRagException">The model's file cannot be used.</exception>
    public async Task<AllocationModel> AllocationModelAsync(CancellationToken cancellationToken) => _settings.AllocationModel.Value is { } file
        ? await AllocationModelFile.LoadAsync(file, cancellationToken)
        : AllocationModel.Published;

    /// <summary>Opens the retriever that the settings name.</summary>
    /// <param name="bm25">Parameters of its lexical part; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the requests.</param>
    /// <exception cref="AgentRagException">It cannot be made of these settings, or what it searches cannot be used.</exception>
    public Task<RetrieverChoice> RetrieverAsync(Bm25Options? bm25, CancellationToken cancellationToken) => _retrievers.OpenAsync(() => _index.Value, bm25, cache: null, cancellationToken);

    /// <summary>The embedding model; null when none is configured.</summary>
    public IEmbeddingGenerator<string, Embedding<float>>? Embedder => _retrievers.Embedder;

    /// <summary>Texts that go into one request to it at most.</summary>
    public int EmbeddingBatchSize => _retrievers.EmbeddingBatchSize;

    /// <summary>Makes what the tools work with; opens the index. What was made before is handed out again as long as the index on disk is the same.</summary>
    /// <exception cref="AgentRagException">There is no index, it cannot be used, or a setting cannot be used.</exception>
    public async Task<PluginContext> PluginAsync(CancellationToken cancellationToken)
    {
        // Read before the index is: a writer in between costs one opening more, and is never missed.
        var manifest = await ReadManifestAsync(cancellationToken);
        if (_plugin is { } plugin && plugin.Manifest.AsSpan().SequenceEqual(manifest))
        {
            return plugin.Context;
        }

        Reopen();

        // Opened first: where there is none, every call asks anew, and must fail fast.
        var index = SearchedIndex;
        var answering = await AnsweringAsync(cancellationToken);
        var allocationModel = await AllocationModelAsync(cancellationToken);
        var context = new PluginContext
        {
            Answering = answering,
            Index = index,
            AllocationModel = allocationModel,
            AllocationWarnings = allocationModel.IsFitted ? allocationModel.MismatchesWith(ObservationFingerprints.Of(answering, index)) : [],
            PassageCount = await PassageCountAsync(index, cancellationToken),
            Sizes = await PromptCosts.MeasureAsync(answering, index, DemonstrationIndex, Cache, cancellationToken),
            Budget = Bounds.Validated(),
            StopRules = _settings.Answering.StopRules,
            Answerer = (strategy, answering) => Reusing(Answerers.Create(strategy, answering), answering),
        };
        _plugin = (manifest, context);
        return context;
    }

    /// <summary>The index that demonstrations take their passages from, once they are loaded; null when there are none.</summary>
    public Bm25Index? DemonstrationIndex =>
        _settings.Demonstrations.Value is { File: not null } ? (HasIndex ? Index : null) : _demonstrationIndex;

    /// <summary>Opens the token counter that the settings name.</summary>
    /// <exception cref="AgentRagException">It cannot be opened.</exception>
    public static ITokenCounter CounterOf(Settings settings) => settings.Tokenizer.Value is var name && name.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)
        ? LocalTokenCounter.Open(name)
        : TokenCounters.Open(name, settings.Vocabularies.Value);

    /// <summary>Whether a folder holds an index, of whatever version.</summary>
    public static bool IsIndex(string directory) => File.Exists(Path.Combine(directory, IndexFile));

    /// <summary>The settings of the model, its key included.</summary>
    public static ChatModelOptions ModelOptions(Settings settings) => new()
    {
        BaseUrl = settings.BaseUrl.Value,
        ApiKey = settings.ApiKey?.Reveal(),
        StepControl = settings.Answering.StepControl.Value,
        ApiKeySetting = settings.ApiKey?.Variable ?? settings.ApiKeyVariables,
    };

    public void Dispose()
    {
        _model?.Dispose();
        _models.Dispose();
        _retrievers.Dispose();
    }

    [MemberNotNull(nameof(_index), nameof(_retriever), nameof(_indexVersion))]
    private void Reopen()
    {
        // Before the index is opened: what a newer one answers is then kept under a version that is past, and never the other way round.
        _indexVersion = _settings.Cache.Value != CacheReuses.Off && HasIndex ? IndexVersion.Of(_settings.Index.Value) : "none";

        // The retriever keeps to its own index: a call under way must not see half of another.
        var index = new Lazy<Bm25Index>(() => Bm25Index.Open(_settings.Index.Value, Counter.Name), LazyThreadSafetyMode.PublicationOnly);
        _index = index;
        _retriever = new LazyRetriever(() => _retrievers.Name, async token => (await _retrievers.OpenAsync(() => index.Value, bm25: null, Cache, token)).Retriever);
    }

    // Their bytes name all files of the index and of its vectors, with checksums, so they differ whenever one of the two does.
    private async Task<byte[]> ReadManifestAsync(CancellationToken cancellationToken) =>
    [
        .. await ReadAsync(IndexFile, cancellationToken),
        .. _settings.Embeddings.Value is null ? [] : await ReadAsync(VectorsFile, cancellationToken),
    ];

    private async Task<byte[]> ReadAsync(string file, CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllBytesAsync(Path.Combine(_settings.Index.Value, file), cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Opening says what is wrong.
            return [];
        }
    }

    // A model file has its own tokenizer. Passages stay measured as the index has it: its default suits every model.
    private bool CountsByModel => _settings.Tokenizer.IsDefault && _settings.Model.Value.Provider == ModelName.GgufProvider;

    // The offline model reports what this counter counts: there is nothing to learn. A vocabulary counts exactly.
    private TokenCalibration? Calibration => CalibratesTokens && !CountsByModel && _settings.Tokenizer.Value == TokenCounters.Estimate && _settings.Model.Value.Provider != ModelName.ExtractiveProvider
        ? _calibration ??= OpenCalibration()
        : null;

    private TokenCalibration OpenCalibration()
    {
        // The same name on another server may be another model.
        var model = _settings.BaseUrl.Value is { } url ? $"{_settings.Model.Value} at {url}" : $"{_settings.Model.Value}";
        try
        {
            // The address may stand in the file, a key in its query may not.
            var name = _settings.BaseUrl.Value is { } address ? $"{_settings.Model.Value} at {SettingText.WithoutSecrets(address)}" : model;
            return TokenCalibration.Open(Path.Combine(CalibrationFolder, $"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(model)))[..16]}.json"), name, Counter.Name);
        }
        catch (AgentRagException e)
        {
            // What was learned makes estimates better; without it they are as good as on the first day.
            _warnings?.Report(e.Message);
            return new TokenCalibration();
        }
    }

    private IChatClient CreateModel() => Cache is not { } cache ? CreateUncachedModel() : CachedModel(CreateUncachedModel(), cache);

    private IChatClient CachedModel(IChatClient model, ResultCache cache)
    {
        // Reused answers stand outside, so that none of them gets among the exact replies.
        var exact = new CachingChatClient(model, cache, new() { Settings = $"{_settings.Answering.StepControl.Value} {_settings.Model.Value}" });
        return _settings.CacheReuse.Value == CacheReuse.Exact ? exact : new IntermediateAnswerClient(exact, cache, () => _indexVersion);
    }

    private IChatClient CreateUncachedModel() => Calibration is { } calibration ? new CalibratingChatClient(_models.Create(), Counter, calibration) : _models.Create();
}
