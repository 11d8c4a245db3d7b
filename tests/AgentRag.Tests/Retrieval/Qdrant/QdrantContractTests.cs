using System.Globalization;
using AgentRag.Documents;
using AgentRag.Indexing;
using AgentRag.Retrieval;
using AgentRag.Retrieval.Qdrant;
using Xunit;

namespace AgentRag.Tests.Retrieval.Qdrant;

/// <summary>
/// What a Qdrant server and AgentRag do together. Against the in-process server; with AGENTRAG_QDRANT_URL set (and AGENTRAG_QDRANT_API_KEY, where
/// needed) against a live one, in collections of their own that are deleted afterwards.
/// </summary>
public sealed class QdrantContractTests : IAsyncLifetime
{
    private static readonly string? LiveUrl = Environment.GetEnvironmentVariable("AGENTRAG_QDRANT_URL");

    private readonly InProcessQdrant? _server = string.IsNullOrEmpty(LiveUrl) ? new() : null;
    private readonly List<QdrantIndex> _opened = [];
    private QdrantOptions _options = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        _options = new QdrantOptions
        {
            Url = _server?.Url ?? new Uri(LiveUrl!),
            ApiKey = _server is null ? Environment.GetEnvironmentVariable("AGENTRAG_QDRANT_API_KEY") : null,
            Collection = $"agentrag-test-{Guid.NewGuid():N}",
            BatchSize = 4,
        };
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        if (_opened.Count > 0)
        {
            await _opened[0].DeleteCollectionAsync(CancellationToken.None);
        }

        _opened.ForEach(index => index.Dispose());
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_passage_comes_back_with_all_its_fields()
    {
        var passage = new Passage
        {
            Id = "handbook#1f",
            DocumentId = "handbook",
            Title = "Handbook \"of\" müde 猫",
            HeadingPath = ["Part <one>", "§ 2"],
            Source = "docs/handbook.md",
            Start = 12,
            End = 57,
            Text = "A line.\nAnother line with \t a tab, 日本 and 😀.",
            ContentHash = "ab",
            TokenCount = 9,
            Metadata = new Dictionary<string, IReadOnlyList<string>> { ["author"] = ["Ada Venn"], ["tags"] = ["a=b", "日本"] },
        };
        var index = await UploadedAsync([passage]);

        Assert.Equivalent(passage, await index.FindAsync("handbook#1f", Cancellation), strict: true);
        Assert.Equivalent(new[] { passage }, await index.ReadAsync(cancellationToken: Cancellation).ToListAsync(Cancellation), strict: true);
        Assert.Null(await index.FindAsync("handbook#20", Cancellation));
    }

    [Fact]
    public async Task Ranking_and_scores_are_those_of_the_local_index()
    {
        var passages = RandomPassages(count: 60, seed: 7);
        var local = Bm25Index.Build(passages);
        var index = await CreateAsync(QdrantCollectionOptions.For(local) with { ShardNumber = 1 });
        await new QdrantUploader(index).UploadAsync(passages, cancellationToken: Cancellation);
        var retriever = new QdrantRetriever(index);
        foreach (var query in (string[])["word3 word17", "word1 word1 word40 word55", "word2"])
        {
            var expected = await new Bm25Retriever(local).RetrieveAsync(new(query, 1000), Cancellation);
            var actual = await retriever.RetrieveAsync(new(query, 1000), Cancellation);

            Assert.NotEmpty(actual);
            Assert.Equal(Enumerable.Range(1, actual.Count), actual.Select(passage => passage.Rank));
            var scores = actual.ToDictionary(passage => passage.Passage.Id, passage => passage.Score);
            Assert.Equal(expected.Select(passage => passage.Passage.Id).Order(), scores.Keys.Order());
            Assert.All(expected, passage => Assert.Equal(passage.Score, scores[passage.Passage.Id], tolerance: 1e-5));
        }

        Assert.Equal("qdrant-bm25", retriever.Name);
    }

    [Fact]
    public async Task With_an_embedder_both_legs_are_fused_by_reciprocal_rank()
    {
        // BM25 for "red fox" (idf of fox above that of red): A has both words, B the rarer, C the other.
        // Dense vectors of 3 numbers, worked out below, put C first, then A; D has no word of the query and comes through the dense leg alone.
        var (a, b, c, d) = (Passage("a", "red fox"), Passage("b", "fox"), Passage("c", "red red"), Passage("d", "green"));
        FixedEmbedder embedder = new()
        {
            ["red fox?"] = [1, 0, 0],
            [Embedded(a)] = [0.8f, 0.6f, 0],
            [Embedded(b)] = [0, 0, 1],
            [Embedded(c)] = [1, 0, 0],
            [Embedded(d)] = [0.6f, 0.8f, 0],
        };
        var index = await CreateAsync(embedder: embedder);
        await new QdrantUploader(index).UploadAsync([a, b, c, d], cancellationToken: Cancellation);
        var retriever = new QdrantRetriever(index);

        var ranked = await retriever.RetrieveAsync(new("red fox?", 4) { Explain = true }, Cancellation);

        // Ranks: BM25 a 1, b or c 2 and 3; dense c 1, a 2, d 3, b 4. Qdrant's k = 2 from position 0 is 1 / (1 + rank).
        Assert.Equal("qdrant-hybrid", retriever.Name);
        Assert.Equal("a#0", ranked[0].Passage.Id);
        Assert.Equal((1.0 / 2) + (1.0 / 3), ranked[0].Score, tolerance: 1e-6);
        Assert.Equal(1.0 / 4, ranked.Single(passage => passage.Passage.DocumentId == "d").Score, tolerance: 1e-6);
        Assert.All(ranked, passage => Assert.Equal(passage.Score, passage.Explanation!.Parts.Sum(part => part.Value), tolerance: 1e-6));
        Assert.Equal(["BM25 rank 1", "dense rank 2"], ranked[0].Explanation!.Parts.Select(part => part.Description));
        Assert.Equal(0.8, ranked[0].Explanation!.Parts[1].Parts[0].Value, tolerance: 1e-6);
        Assert.Equal("reciprocal rank fusion by Qdrant, k 1", ranked[0].Explanation!.Description);

        var patient = await new QdrantRetriever(index, new() { RrfK = 60 }).RetrieveAsync(new("red fox?", 1), Cancellation);
        Assert.Equal((1.0 / 61) + (1.0 / 62), patient.Single().Score, tolerance: 1e-6);
    }

    [Fact]
    public async Task A_collection_with_dense_vectors_can_be_searched_by_bm25_alone()
    {
        await UploadedAsync(Animals(), new WordEmbedder(8));
        var index = await OpenAsync();

        Assert.Equal(8, index.Dimensions);
        Assert.Equal("words", index.EmbeddingModel);
        var ranked = await new QdrantRetriever(index).RetrieveAsync(new("heron", 10), Cancellation);
        Assert.Equal(["b#0"], ranked.Select(passage => passage.Passage.Id));
    }

    [Fact]
    public async Task The_explanation_of_a_bm25_score_has_one_part_per_term()
    {
        var local = Bm25Index.Build(Animals());
        var index = await CreateAsync(QdrantCollectionOptions.For(local) with { ShardNumber = 1 });
        await new QdrantUploader(index).UploadAsync(Animals(), cancellationToken: Cancellation);

        var best = (await new QdrantRetriever(index).RetrieveAsync(new("otter otter river", 1) { Explain = true }, Cancellation)).Single();
        var expected = (await new Bm25Retriever(local).RetrieveAsync(new("otter otter river", 1) { Explain = true }, Cancellation)).Single();

        Assert.Equal("BM25 with k1 0.9, b 0.4, idf by Qdrant", best.Explanation!.Description);
        Assert.Equal(["'otter', 2 times in the query", "'river'"], best.Explanation.Parts.Select(part => part.Description).Order());
        Assert.Equal(best.Score, best.Explanation.Parts.Sum(part => part.Value), tolerance: 1e-5);
        Assert.Equal(expected.Explanation!.Parts.Select(part => part.Value).Order(), best.Explanation.Parts.Select(part => part.Value).Order(), new Within(1e-5));
    }

    [Fact]
    public async Task Filters_keep_to_sources_below_a_path_and_to_documents()
    {
        var index = await UploadedAsync(
        [
            Passage("a", "otter", "docs/river/a.md") with { Metadata = Labels("odd", "1") }, Passage("b", "otter", "docs/river.md") with { Metadata = Labels("even", "2") },
            Passage("c", "otter", "docs/riverside/c.md") with { Metadata = Labels("odd", "4") }, Passage("f", "otter", "more/f.md") with { Metadata = Labels("even", "4") },
            Passage("d", "otter", "data/rows.jsonl:1"), Passage("e", "otter", "data/rows.jsonl:12"),
        ]);

        Assert.Equal(["a"], await FoundAsync(new() { SourcePrefixes = ["docs/river/"] }));
        Assert.Equal(["a", "b", "c"], await FoundAsync(new() { SourcePrefixes = ["docs"] }));
        Assert.Equal(["d", "e"], await FoundAsync(new() { SourcePrefixes = ["data/rows.jsonl"] }));
        Assert.Equal(["d"], await FoundAsync(new() { SourcePrefixes = ["data/rows.jsonl:1"] }));
        Assert.Equal(["b", "e"], await FoundAsync(new() { DocumentIds = ["e", "b", "none"] }));
        Assert.Equal(["e"], await FoundAsync(new() { DocumentIds = ["e", "b"], SourcePrefixes = ["data", "docs/riverside"] }));
        Assert.Equal(2, await index.CountAsync(new() { SourcePrefixes = ["data"] }, Cancellation));

        // A query's own filter counts beside the retriever's, and an empty set lets nothing pass.
        var retriever = new QdrantRetriever(index, new() { Filter = new() { SourcePrefixes = ["docs"] } });
        Assert.Equal(["b"], await AskedAsync(new() { DocumentIds = ["b", "d"] }));
        Assert.Equal(["a"], await AskedAsync(new() { SourcePrefixes = ["docs/river", "data"] }));
        Assert.Equal(["a", "b", "c"], await AskedAsync(new() { SourcePrefixes = [""] }));
        Assert.Empty(await AskedAsync(new() { DocumentIds = [] }));
        Assert.Equal(["a", "c"], await AskedAsync(new() { Metadata = new Dictionary<string, IReadOnlyCollection<string>> { ["Kind"] = ["odd"] } }));
        Assert.Equal(["b", "c"], await AskedAsync(new() { Metadata = new Dictionary<string, IReadOnlyCollection<string>> { ["kind"] = ["odd", "even"], ["n"] = ["2", "4"] } }));
        Assert.Equal(2, await index.CountAsync(new() { Metadata = new Dictionary<string, IReadOnlyCollection<string>> { ["kind"] = ["even"] } }, Cancellation));

        static Dictionary<string, IReadOnlyList<string>> Labels(string kind, string number) => new() { ["kind"] = [kind], ["n"] = ["0", number] };

        async Task<IEnumerable<string>> AskedAsync(PassageFilter filter) =>
            (await retriever.RetrieveAsync(new("otter", 10) { Filter = filter }, Cancellation)).Select(found => found.Passage.DocumentId).Order(StringComparer.Ordinal);

        async Task<IEnumerable<string>> FoundAsync(QdrantFilter filter) =>
            (await new QdrantRetriever(index, new() { Filter = filter }).RetrieveAsync(new("otter", 10), Cancellation)).Select(passage => passage.Passage.DocumentId).Order();
    }

    [Fact]
    public async Task Passages_are_deleted_by_source_by_document_and_when_out_of_date()
    {
        var old = Passage("a", "otter", "docs/a.md") with { Id = "a#old" };
        var index = await UploadedAsync([Passage("a", "otter", "docs/a.md"), old, Passage("b", "otter", "data/rows.jsonl:1"), Passage("c", "otter", "data/rows.jsonl:2"), Passage("d", "otter", "d.md")]);

        Assert.Equal(1, await index.DeleteStaleAsync("a", ["a#0"], Cancellation));
        Assert.Equal(["a#0", "b#0", "c#0", "d#0"], await IdsAsync(index));
        Assert.Equal(2, await index.DeleteBySourceAsync("data/rows.jsonl", Cancellation));
        Assert.Equal(["a#0", "d#0"], await IdsAsync(index));
        Assert.Equal(1, await index.DeleteDocumentAsync("d", Cancellation));
        Assert.Equal(["a#0"], await IdsAsync(index));
        Assert.Equal(0, await index.DeleteDocumentAsync("d", Cancellation));
    }

    [Fact]
    public async Task An_upload_that_was_interrupted_goes_on_where_it_stopped()
    {
        var passages = RandomPassages(count: 10, seed: 1);
        WordEmbedder embedder = new(4) { Before = text => _ = text.EndsWith(passages[8].Text, StringComparison.Ordinal) ? throw new AgentRagException("model gone") : 0 };
        var index = await CreateAsync(embedder: embedder);
        await Assert.ThrowsAsync<AgentRagException>(() => new QdrantUploader(index).UploadAsync(passages, cancellationToken: Cancellation));
        Assert.Equal(8, await index.CountAsync(cancellationToken: Cancellation));

        (embedder.Before, var before) = (_ => { }, embedder.Embedded.Count);
        Progress progress = new();
        var result = await new QdrantUploader(index).UploadAsync(passages, progress, Cancellation);

        Assert.Equal(new QdrantUploadResult(Sent: 2, Unchanged: 8), result);
        Assert.Equal(2, embedder.Embedded.Count - before);
        Assert.Equal([new(4, 10, 0), new(8, 10, 0), new(10, 10, 2)], progress.Reports);
        Assert.Equal(10, await index.CountAsync(cancellationToken: Cancellation));
        Assert.Equal(new QdrantUploadResult(Sent: 0, Unchanged: 10), await new QdrantUploader(index).UploadAsync(passages, cancellationToken: Cancellation));
    }

    [Fact]
    public async Task A_passage_that_changed_in_its_title_alone_is_sent_again()
    {
        var index = await UploadedAsync(Animals());

        var result = await new QdrantUploader(index).UploadAsync(Animals().Select(passage => passage.DocumentId == "b" ? passage with { Title = "Kingfisher" } : passage), cancellationToken: Cancellation);

        Assert.Equal(new QdrantUploadResult(Sent: 1, Unchanged: 3), result);
        Assert.Equal("Kingfisher", (await new QdrantRetriever(index).RetrieveAsync(new("kingfisher", 1), Cancellation)).Single().Passage.Title);
    }

    [Theory]
    [InlineData(false), InlineData(true)]
    public async Task Nothing_to_look_for_finds_nothing(bool dense)
    {
        var index = await UploadedAsync(Animals(), dense ? new WordEmbedder(8) : null);
        var retriever = new QdrantRetriever(index);

        Assert.Empty(await retriever.RetrieveAsync(new("otter", 0), Cancellation));
        // Stop words are no terms; vectors they have.
        Assert.Equal(dense ? 4 : 0, (await retriever.RetrieveAsync(new("the of and", 10) { Explain = true }, Cancellation)).Count);
    }

    [Fact]
    public async Task A_passage_without_terms_is_stored_and_never_matches()
    {
        var index = await UploadedAsync([Passage("a", "…") with { Title = "—" }, Passage("b", "otter")]);

        Assert.Equal("…", (await index.FindAsync("a#0", Cancellation))!.Text);
        Assert.Equal(["b#0"], (await new QdrantRetriever(index).RetrieveAsync(new("otter", 10), Cancellation)).Select(passage => passage.Passage.Id));
    }

    [Fact]
    public async Task Reading_goes_over_all_pages()
    {
        var passages = RandomPassages(count: 300, seed: 3);
        _options = _options with { BatchSize = 100 };
        var index = await UploadedAsync(passages);

        Assert.Equal(passages.Select(passage => passage.Id).Order(StringComparer.Ordinal), await IdsAsync(index));
    }

    [Fact]
    public async Task Making_a_collection_that_exists_opens_it_and_keeps_its_mean_length()
    {
        var first = await CreateAsync(new() { MeanPassageTerms = 3 });
        await new QdrantUploader(first).UploadAsync(Animals(), cancellationToken: Cancellation);

        var second = await CreateAsync(new() { MeanPassageTerms = 50 });

        Assert.Equal(4, await second.CountAsync(cancellationToken: Cancellation));
        Assert.Equal(3, second.Settings.MeanPassageTerms);
    }

    [Fact]
    public async Task A_collection_made_with_something_else_is_refused_with_both_values()
    {
        await CreateAsync(new() { ReplicationFactor = 1 }, new WordEmbedder(8));
        var where = $"Collection '{_options.Collection}' at {_options.Url.ToString().TrimEnd('/')}";
        const string WayOut = "use the settings it was made with, or upload into another collection, or delete it and upload anew.";

        await FaultAsync(
            $"{where} was made with dense vectors of 8 numbers, this run makes 4 numbers: {WayOut}", () => CreateAsync(embedder: new WordEmbedder(4)));
        await FaultAsync(
            $"{where} was made with embedding model 'words', this run uses 'others': {WayOut}", () => CreateAsync(embedder: new WordEmbedder(8, "others")));
        await FaultAsync(
            $"{where} was made with embedding model 'words', this run uses none; with dense vectors of 8 numbers, this run makes no length: {WayOut}",
            () => CreateAsync());
        await FaultAsync(
            $"{where} was made with analyzer english, this run uses plain; with BM25 with k1 0.9 and b 0.4, this run uses k1 1.2 and b 0.75; "
            + $"with replication factor 1, this run asks for 2: {WayOut}",
            () => CreateAsync(new() { Analyzer = AnalyzerOptions.Plain, Bm25 = new() { K1 = 1.2, B = 0.75 }, ReplicationFactor = 2 }, new WordEmbedder(8)));
        await FaultAsync(
            $"{where} was made with embedding model 'words', this run uses 'others': {WayOut}", () => OpenAsync(new WordEmbedder(8, "others")));
    }

    [Fact]
    public async Task An_embedder_of_another_length_than_it_told_is_refused_by_query_and_upload()
    {
        await UploadedAsync(Animals(), new WordEmbedder(8));
        var index = await OpenAsync(new WordEmbedder(4, tellsDimensions: false));
        var expected = $"Collection '{_options.Collection}' at {_options.Url.ToString().TrimEnd('/')} holds dense vectors of 8 numbers, embedding model 'words' makes 4: "
            + "use the model and length it was made with, or upload into another collection.";

        await FaultAsync(expected, () => new QdrantRetriever(index).RetrieveAsync(new("otter", 1), Cancellation));
        await FaultAsync(expected, () => new QdrantUploader(index).UploadAsync([Passage("new", "text")], cancellationToken: Cancellation));
    }

    [Fact]
    public async Task Uploading_without_the_embedding_model_that_the_collection_needs_is_refused()
    {
        await CreateAsync(embedder: new WordEmbedder(8));
        var index = await OpenAsync();

        await FaultAsync(
            $"Collection '{_options.Collection}' at {_options.Url.ToString().TrimEnd('/')} holds dense vectors of 8 numbers of embedding model 'words' and this run has no "
            + "embedding model: set that one, or upload into another collection.",
            () => new QdrantUploader(index).UploadAsync(Animals(), cancellationToken: Cancellation));
    }

    [Fact]
    public async Task A_missing_collection_is_told_with_the_way_out() => await FaultAsync(
        $"Collection '{_options.Collection}' at {_options.Url.ToString().TrimEnd('/')} does not exist: upload passages into it first, or check its name and the URL.",
        () => OpenAsync());

    [Fact]
    public async Task A_collection_that_vanishes_is_told_by_the_server()
    {
        var index = await UploadedAsync(Animals());
        await index.DeleteCollectionAsync(Cancellation);

        await FaultAsync(
            $"Qdrant at {_options.Url.ToString().TrimEnd('/')} answered 404 (\"Not found: Collection `{_options.Collection}` doesn't exist!\"): "
            + $"upload passages into collection '{_options.Collection}' first, or check its name and the URL.",
            () => new QdrantRetriever(index).RetrieveAsync(new("otter", 1), Cancellation));
    }

    private static Passage Passage(string id, string text, string? source = null) => new()
    {
        Id = $"{id}#0",
        DocumentId = id,
        Title = "",
        Source = source ?? $"{id}.md",
        Start = 0,
        End = text.Length,
        Text = text,
        ContentHash = "00",
        TokenCount = 1,
    };

    private static Passage[] Animals() =>
    [
        Passage("a", "The otter swims in the river, and the river is cold."),
        Passage("b", "A heron stands in the reeds."),
        Passage("c", "The river floods the reeds in spring."),
        Passage("d", "Otters sleep in dens; an otter eats fish."),
    ];

    private static Passage[] RandomPassages(int count, int seed)
    {
        // Frequent and rare words: the square of a uniform number leans to the small ones.
        Random random = new(seed);
        return
        [
            .. Enumerable.Range(0, count).Select(i => Passage(
                i.ToString("D3", CultureInfo.InvariantCulture),
                string.Join(' ', Enumerable.Range(0, random.Next(3, 40)).Select(_ => $"word{(int)(Math.Pow(random.NextDouble(), 2) * 60)}")))),
        ];
    }

    private static string Embedded(Passage passage) => $"{passage.Title}\n{passage.Text}";

    private static async Task FaultAsync(string expected, Func<Task> act) => Assert.Equal(expected, (await Assert.ThrowsAsync<AgentRagException>(act)).Message);

    private static async Task<IEnumerable<string>> IdsAsync(QdrantIndex index) =>
        (await index.ReadAsync(cancellationToken: Cancellation).Select(passage => passage.Id).ToListAsync(Cancellation)).Order(StringComparer.Ordinal);

    private async Task<QdrantIndex> CreateAsync(QdrantCollectionOptions? collection = null, Microsoft.Extensions.AI.IEmbeddingGenerator<string, Microsoft.Extensions.AI.Embedding<float>>? embedder = null)
    {
        var index = await QdrantIndex.CreateAsync(_options, collection, embedder, cancellationToken: Cancellation);
        _opened.Add(index);
        return index;
    }

    private async Task<QdrantIndex> OpenAsync(WordEmbedder? embedder = null)
    {
        var index = await QdrantIndex.OpenAsync(_options, embedder, cancellationToken: Cancellation);
        _opened.Add(index);
        return index;
    }

    private async Task<QdrantIndex> UploadedAsync(Passage[] passages, WordEmbedder? embedder = null)
    {
        var index = await CreateAsync(embedder: embedder);
        await new QdrantUploader(index).UploadAsync(passages, cancellationToken: Cancellation);
        return index;
    }

    private sealed class Progress : IProgress<QdrantUploadProgress>
    {
        public List<QdrantUploadProgress> Reports { get; } = [];

        public void Report(QdrantUploadProgress value) => Reports.Add(value);
    }

    private sealed class Within(double tolerance) : IEqualityComparer<double>
    {
        public bool Equals(double x, double y) => Math.Abs(x - y) <= tolerance;

        public int GetHashCode(double obj) => 0;
    }
}
