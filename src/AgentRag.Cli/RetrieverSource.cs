using System.Diagnostics.CodeAnalysis;
using AgentRag.Caching;
using AgentRag.Cli.Configuration;
using AgentRag.Decoding.Chat;
using AgentRag.Indexing;
using AgentRag.Indexing.Vectors;
using AgentRag.Models;
using AgentRag.Prompting;
using AgentRag.Retrieval;
using AgentRag.Retrieval.Dense;
using AgentRag.Retrieval.Fusion;
using AgentRag.Retrieval.Linked;
using AgentRag.Retrieval.Qdrant;
using AgentRag.Retrieval.Reranking;
using AgentRag.Tokens;
using Microsoft.Extensions.AI;

namespace AgentRag.Cli;

/// <summary>Makes the retriever that the settings name, and the embedding model, the servers and the reranker that it needs.</summary>
/// <param name="settings">The settings.</param>
/// <param name="counter">Makes the token counter of this run.</param>
/// <param name="model">The chat model, for reranking.</param>
/// <param name="warnings">Told why an order was kept that should have been made better; or null.</param>
internal sealed class RetrieverSource(Settings settings, Func<ITokenCounter> counter, Func<IChatClient> model, IProgress<string>? warnings) : IDisposable
{
    private const int LocalBatchSize = 16;

    private readonly List<IDisposable> _owned = [];
    private readonly Lock _lock = new();
    private IEmbeddingGenerator<string, Embedding<float>>? _embedder;

    /// <summary>What the retriever is called before it is opened.</summary>
    public string Name =>
        (settings.Retriever.Value switch
        {
            RetrieverName.Auto => settings.Embeddings.Value is null || !HasVectors() ? "linked" : "hybrid",
            RetrieverName.Qdrant => settings.Embeddings.Value is null ? "qdrant-bm25" : "qdrant-hybrid",
            var named => named.Text(),
        })
        + (settings.Rerank.Value.IsNone ? "" : settings.Rerank.Value.IsModel ? "+chat" : "+http");

    // What cannot be opened says why when it is searched.
    private bool HasVectors()
    {
        try
        {
            return VectorStore.OpenIfAny(settings.Index.Value) is { Count: > 0 };
        }
        catch (AgentRagException)
        {
            return true;
        }
    }

    /// <summary>The embedding model; null when none is configured.</summary>
    /// <exception cref="AgentRagException">Its settings are out of range, or its files cannot be used.</exception>
    public IEmbeddingGenerator<string, Embedding<float>>? Embedder
    {
        get
        {
            if (settings.Embeddings.Value is not { } source)
            {
                return null;
            }

            // A server embeds passages and questions at the same time.
            lock (_lock)
            {
                return _embedder ??= OpenEmbedder(source);
            }
        }
    }

    /// <summary>The embedding model, if it runs in this process.</summary>
    public ILocalEmbeddings? LocalEmbedder => Embedder as ILocalEmbeddings;

    /// <summary>Texts that go into one request at most. One of a model in this process takes long, and what a killed run loses is counted in requests.</summary>
    public int EmbeddingBatchSize => settings.Embeddings.Value is { IsLocal: false } server ? EmbeddingOptions(server).EmbeddingBatchSize : LocalBatchSize;

    /// <summary>Where the collection is.</summary>
    /// <exception cref="AgentRagException">No server is configured.</exception>
    public static QdrantOptions QdrantOptions(Settings settings) => new()
    {
        Url = settings.Qdrant.Value ?? throw new AgentRagException($"No Qdrant server is configured: name it with --qdrant URL, such as --qdrant {AgentRag.Retrieval.Qdrant.QdrantOptions.DefaultUrl}"),
        Collection = settings.QdrantCollection.Value,
        ApiKey = settings.QdrantKey?.Reveal(),
        ApiKeySetting = settings.QdrantKey?.Variable ?? string.Join(" or ", Settings.QdrantKeyVariables),
    };

    /// <summary>Says when the key of the collection would travel unencrypted.</summary>
    public static void WarnOfKeyInTheClear(QdrantOptions options, IProgress<string>? warnings)
    {
        if (options.SendsKeyInTheClear)
        {
            warnings?.Report($"The key from {options.ApiKeySetting} goes to {options.Url.Host} unencrypted: use https:// in --qdrant where the server has TLS.");
        }
    }

    /// <summary>Opens the retriever.</summary>
    /// <param name="index">The index; asked for only by retrievers that search it.</param>
    /// <param name="bm25">Parameters of the lexical part; null for the defaults.</param>
    /// <param name="cache">Keeps what the index ranks; null to keep nothing. A collection in Qdrant and a reranker are asked each time: they do not tell when they
    /// change, and an order that could not be made better must not be kept.</param>
    /// <param name="cancellationToken">Ends the requests.</param>
    /// <exception cref="AgentRagException">It cannot be made of these settings, or the index, its vectors or the collection cannot be used.</exception>
    public async Task<RetrieverChoice> OpenAsync(Func<Bm25Index> index, Bm25Options? bm25, ResultCache? cache, CancellationToken cancellationToken)
    {
        var first = settings.Retriever.Value == RetrieverName.Qdrant ? await QdrantAsync(cancellationToken)
            : cache is not null ? Cached(bm25, cache)
            : OverIndex(index(), bm25);
        return settings.Rerank.Value.IsNone
            ? first
            : new(new RerankingRetriever(first.Retriever, Reranker(), warnings: warnings), $"{first.Reason}; reranked by {settings.Rerank.Value}");
    }

    /// <summary>Counts the passages of the collection.</summary>
    public async Task<int> CountInQdrantAsync(CancellationToken cancellationToken)
    {
        using var collection = await QdrantIndex.OpenAsync(QdrantOptions(settings), cancellationToken: cancellationToken);
        return (int)Math.Min(int.MaxValue, await collection.CountAsync(cancellationToken: cancellationToken));
    }

    public void Dispose()
    {
        _owned.ForEach(owned => owned.Dispose());
        _embedder?.Dispose();
    }

    private IEmbeddingGenerator<string, Embedding<float>> OpenEmbedder(EmbeddingSource source) => source.Provider switch
    {
        EmbeddingSource.Gguf => new LocalEmbeddingGenerator(source.Name),
        EmbeddingSource.Bert => new EncoderEmbeddingGenerator(source.Name),
        _ => new OpenAICompatibleEmbeddingGenerator(EmbeddingOptions(source)),
    };

    private OpenAICompatibleOptions EmbeddingOptions(EmbeddingSource source) => new ChatModelOptions
    {
        BaseUrl = settings.EmbeddingsBaseUrl.Value,
        ApiKey = settings.EmbeddingsKey?.Reveal(),
        ApiKeySetting = settings.EmbeddingsKey?.Variable ?? string.Join(" or ", Settings.EmbeddingsKeyVariables),
    }.ForOpenAI(source.AsServerModel());

    private FusionOptions FusionOptions => new() { Method = settings.Fusion.Value, Weights = settings.FusionWeights.Value, RankConstant = settings.RrfK.Value };

    private RetrieverChoice OverIndex(Bm25Index index, Bm25Options? bm25) => settings.Retriever.Value switch
    {
        RetrieverName.Bm25 => new RetrieverChoice(new Bm25Retriever(index, bm25), "bm25: words alone"),
        RetrieverName.Linked => new(Linked(index, bm25), "linked: words and links"),
        RetrieverName.Dense => Dense(index),
        RetrieverName.Hybrid => Hybrid(index, bm25),
        _ => Auto(index, bm25),
    };

    // With an index of its own: one that was opened before could be of another version than the one found now.
    private RetrieverChoice Cached(Bm25Options? bm25, ResultCache cache)
    {
        RetrieverChoice? choice = null;
        var caching = CachingRetriever.Open(
            settings.Index.Value,
            () => (choice = OverIndex(Bm25Index.Open(settings.Index.Value, counter().Name), bm25)).Retriever,
            cache,
            Output.Json.Line(new { Bm25 = bm25, Embeddings = $"{settings.Embeddings.Value}", Url = settings.EmbeddingsBaseUrl.Value, Fusion = FusionOptions }));
        return choice! with { Retriever = caching };
    }

    private RetrieverChoice Auto(Bm25Index index, Bm25Options? bm25) => settings.Embeddings.Value is null
        ? new(Linked(index, bm25), "linked: words and links; no embedding model is configured")
        : RetrieverChoice.Make(Linked(index, bm25), index, VectorStore.OpenIfAny(settings.Index.Value), Embedder, FusionOptions);

    private RetrieverChoice Hybrid(Bm25Index index, Bm25Options? bm25)
    {
        RequireEmbeddings();
        var choice = RetrieverChoice.Make(Linked(index, bm25), index, VectorStore.Open(settings.Index.Value), Embedder, FusionOptions);
        return choice.Retriever is HybridRetriever ? choice : throw NoVectors();
    }

    private RetrieverChoice Dense(Bm25Index index)
    {
        RequireEmbeddings();
        var retriever = new DenseRetriever(index, VectorStore.Open(settings.Index.Value), Embedder!);
        return retriever.PassagesWithVector == 0 ? throw NoVectors() : new(retriever, $"dense: {settings.Embeddings.Value!.Name} over {retriever.PassagesWithVector} of {index.PassageCount} passages");
    }

    private async Task<RetrieverChoice> QdrantAsync(CancellationToken cancellationToken)
    {
        var options = QdrantOptions(settings);
        WarnOfKeyInTheClear(options, warnings);
        var collection = await QdrantIndex.OpenAsync(options, Embedder, cancellationToken: cancellationToken);
        _owned.Add(collection);
        var retriever = new QdrantRetriever(collection, new() { RrfK = (int)Math.Round(settings.RrfK.Value) });
        return new(retriever, $"{retriever.Name}: collection '{options.Collection}' at {SettingText.WithoutSecrets(options.Url.OriginalString)}");
    }

    // The links that fit the index at hand; where a writer has replaced both meanwhile, both are opened anew.
    private LinkedRetriever Linked(Bm25Index index, Bm25Options? bm25) => LinksIndex.GraphOf(settings.Index.Value, index) is { } graph
        ? new(index, graph, bm25: bm25)
        : LinkedRetriever.Open(settings.Index.Value, counter().Name, bm25: bm25);

    private IReranker Reranker()
    {
        if (settings.Rerank.Value.Url is { } url)
        {
            var server = new HttpReranker(new HttpRerankerOptions
            {
                Url = url,
                Model = settings.RerankModel.Value,
                Form = settings.RerankForm.Value,
                ApiKey = settings.RerankKey?.Reveal(),
                ApiKeySetting = settings.RerankKey?.Variable ?? string.Join(" or ", Settings.RerankKeyVariables),
            });
            _owned.Add(server);
            return server;
        }

        if (settings.Model.Value.Provider == ModelName.ExtractiveProvider)
        {
            throw new AgentRagException("The model 'extractive' cannot rerank: set a language model with --model openai:NAME, or the URL of a reranking server with --rerank URL.");
        }

        var prompt = PromptLibrary.Load(settings.Prompts.Value).Get(PromptName.Rerank);
        return new ChatReranker(model(), Listwise(prompt));
    }

    private RerankPrompt Listwise(PromptTemplate template)
    {
        // Prompts put passages of low rank first; here the first is number 1.
        var prompt = new RerankPrompt((query, passages) => template.Render(
            new PromptContent { Question = query, Passages = [.. passages.Select((passage, i) => new NumberedPassage(i + 1, 0, passages.Count - i, passage))] },
            counter()).Messages);
        return template.MaxAnswerTokens is { } most ? prompt with { MaxOutputTokens = most } : prompt;
    }

    [MemberNotNull(nameof(Embedder))]
    private void RequireEmbeddings()
    {
        if (Embedder is null)
        {
            throw new AgentRagException($"Retriever '{settings.Retriever.Value.Text()}' needs an embedding model: set the one the index was embedded with, --embeddings openai:NAME.");
        }
    }

    private AgentRagException NoVectors() => new(
        $"No passage of index '{settings.Index.Value}' has a vector yet: make them with 'agentrag index --embeddings {settings.Embeddings.Value}'.");
}
