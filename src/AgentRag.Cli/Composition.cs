using System.Diagnostics.CodeAnalysis;
using AgentRag.Answering;
using AgentRag.Cli.Configuration;
using AgentRag.Decoding.Chat;
using AgentRag.Demonstrations;
using AgentRag.Documents;
using AgentRag.Indexing;
using AgentRag.Models;
using AgentRag.Models.Extractive;
using AgentRag.Plugin;
using AgentRag.Prompting;
using AgentRag.Retrieval;
using AgentRag.Tokens;
using AgentRag.Tokens.Vocabularies;
using Microsoft.Extensions.AI;

namespace AgentRag.Cli;

/// <summary>Makes what a command works with out of its settings. The index is opened when the first query needs it.</summary>
/// <remarks>Not for concurrent use; what it makes is.</remarks>
internal sealed class Composition : IDisposable
{
    /// <summary>The file by which a folder is known as an index.</summary>
    public const string IndexFile = "index.json";

    private readonly Settings _settings;
    private Lazy<Bm25Index> _index;
    private LazyRetriever _retriever;
    private ITokenCounter? _counter;
    private IChatClient? _model;
    private (byte[] Manifest, PluginContext Context)? _plugin;
    private Bm25Index? _demonstrationIndex;

    public Composition(Settings settings)
    {
        _settings = settings;
        Reopen();
    }

    /// <summary>Counts tokens, as the setting says.</summary>
    /// <exception cref="AgentRagException">The tokenizer cannot be opened.</exception>
    public ITokenCounter Counter => _counter ??= CounterOf(_settings);

    /// <summary>The user's index.</summary>
    /// <exception cref="AgentRagException">There is none, or it cannot be used.</exception>
    public Bm25Index Index => _index.Value;

    /// <summary>Whether the index folder holds an index, of whatever kind.</summary>
    public bool HasIndex => IsIndex(_settings.Index.Value);

    /// <summary>The model's client.</summary>
    /// <exception cref="AgentRagException">The model cannot be made: no key, a wrong URL.</exception>
    public IChatClient Model => _model ??= CreateModel();

    /// <summary>Makes what answering works with.</summary>
    /// <exception cref="AgentRagException">A setting cannot be used: model, key, prompts, demonstrations.</exception>
    public async Task<AnsweringContext> AnsweringAsync(CancellationToken cancellationToken)
    {
        return new AnsweringContext
        {
            Retriever = _retriever,
            Model = Model,
            TokenCounter = Counter,
            Prompts = PromptLibrary.Load(_settings.Prompts.Value),
            Demonstrations = await DemonstrationsAsync(cancellationToken),
        };
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
            return DemonstrationStore.From(await LabelledQuestionFile.LoadAsync(file, cancellationToken), _retriever);
        }

        _demonstrationIndex ??= await DemoWorld.IndexAsync(Counter, cancellationToken);
        return DemonstrationStore.From(await LabelledQuestionFile.LoadAsync(DemoWorld.Demonstrations, cancellationToken), new Bm25Retriever(_demonstrationIndex));
    }

    /// <summary>Makes a retriever over the index, with the given parameters of BM25 or its defaults.</summary>
    public IRetriever Retriever(double? k1, double? b)
    {
        var defaults = new Bm25Options();
        return Open(_index, new Bm25Options { K1 = k1 ?? defaults.K1, B = b ?? defaults.B });
    }

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
        var answering = await AnsweringAsync(cancellationToken);
        var context = new PluginContext
        {
            Answering = answering,
            PassageCount = Index.PassageCount,
            Sizes = await PromptCosts.MeasureAsync(answering, Index, DemonstrationIndex, cancellationToken),
            Budget = _settings.Bounds.Validated(),
        };
        _plugin = (manifest, context);
        return context;
    }

    /// <summary>The index that demonstrations take their passages from, once they are loaded; null when there are none.</summary>
    public Bm25Index? DemonstrationIndex =>
        _settings.Demonstrations.Value is { File: not null } ? (HasIndex ? Index : null) : _demonstrationIndex;

    /// <summary>Opens the token counter that the settings name.</summary>
    /// <exception cref="AgentRagException">It cannot be opened.</exception>
    public static ITokenCounter CounterOf(Settings settings) => TokenCounters.Open(settings.Tokenizer.Value, settings.Vocabularies.Value);

    /// <summary>Whether a folder holds an index, of whatever version.</summary>
    public static bool IsIndex(string directory) => File.Exists(Path.Combine(directory, IndexFile));

    /// <summary>The settings of the model, its key included.</summary>
    public static ChatModelOptions ModelOptions(Settings settings) => new()
    {
        BaseUrl = settings.BaseUrl.Value,
        ApiKey = settings.ApiKey?.Reveal(),
        ApiKeySetting = settings.ApiKey?.Variable ?? settings.ApiKeyVariables,
    };

    public void Dispose() => _model?.Dispose();

    [MemberNotNull(nameof(_index), nameof(_retriever))]
    private void Reopen()
    {
        // The retriever keeps to its own index: a call under way must not see half of another.
        var index = new Lazy<Bm25Index>(() => Bm25Index.Open(_settings.Index.Value, Counter.Name), LazyThreadSafetyMode.PublicationOnly);
        (_index, _retriever) = (index, new LazyRetriever(_settings.Retriever.Value == RetrieverName.Linked ? "linked" : "bm25", () => Open(index, bm25: null)));
    }

    private IRetriever Open(Lazy<Bm25Index> index, Bm25Options? bm25) => _settings.Retriever.Value.Open(() => index.Value, _settings.Index.Value, Counter.Name, bm25);

    // Its bytes name the segments and their checksums, so they differ whenever the index does.
    private async Task<byte[]> ReadManifestAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllBytesAsync(Path.Combine(_settings.Index.Value, IndexFile), cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Opening says what is wrong.
            return [];
        }
    }

    private IChatClient CreateModel() => ChatModels.Create(
        _settings.Model.Value,
        ModelOptions(_settings),
        new Dictionary<string, Func<ModelName, ChatModelOptions, IChatClient>>(StringComparer.Ordinal)
        {
            [ModelName.ExtractiveProvider] = (_, _) => new ExtractiveChatClient(Counter),
            [ModelName.AnthropicProvider] = AnthropicModel.Create,
            [ModelName.GgufProvider] = (model, _) => new LocalChatClient(model.Name),
        });
}
