using AgentRag.Documents;
using AgentRag.Indexing;
using AgentRag.Retrieval;
using AgentRag.Retrieval.Fusion;
using AgentRag.Retrieval.Linked;
using AgentRag.Retrieval.Reranking;
using AgentRag.Tests.Fakes;
using AgentRag.Tests.Indexing;
using Xunit;

namespace AgentRag.Tests.Retrieval;

public sealed class PassageFilterTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public async Task A_filtered_ranking_is_the_unfiltered_one_without_what_does_not_pass(int seed)
    {
        var (random, corpus) = (new Random(seed), new RandomCorpus(seed, 200));
        var passages = corpus.Passages(random.Next(1, 1_000)).Select(passage => passage with { Metadata = Labels(passage.DocumentId) }).ToList();
        var retriever = new Bm25Retriever(Bm25Index.Build(passages, AnalyzerOptions.Plain));
        for (var run = 0; run < 40; run++)
        {
            var filter = Filter(random, passages);
            var query = corpus.Query();
            var all = await retriever.RetrieveAsync(new(query, 1000), Cancellation);
            var k = random.Next(0, 60);

            var filtered = await retriever.RetrieveAsync(new(query, k) { Filter = filter }, Cancellation);

            Assert.Equal(
                all.Where(ranked => Passes(filter, ranked.Passage)).Take(k).Select(ranked => (ranked.Passage.Id, ranked.Score)),
                filtered.Select(ranked => (ranked.Passage.Id, ranked.Score)));
            Assert.All(filtered, ranked => Assert.Equivalent(Labels(ranked.Passage.DocumentId), ranked.Passage.Metadata, strict: true));
        }
    }

    [Fact]
    public async Task Metadata_comes_back_from_disk_and_survives_updates_and_merges()
    {
        using var folder = new TemporaryFolder();
        for (var i = 0; i < 12; i++)
        {
            folder.Write($"in/{i:D2}.md", $"---\nauthor: {(i % 2 == 0 ? "Ada" : "Bo")}\ntags: [all, n{i}]\n---\nword of {i}");
            await new Indexer(new WordCounter()).RunAsync(new() { Paths = [folder["in"]], IndexDirectory = folder["index"] }, cancellationToken: Cancellation);
        }

        folder.Write("in/03.md", "---\nauthor: Cy\n---\nword of three");
        File.Delete(folder["in/04.md"]);
        await new Indexer(new WordCounter()).RunAsync(new() { IndexDirectory = folder["index"] }, cancellationToken: Cancellation);

        var index = Bm25Index.Open(folder["index"]);
        index.Verify();
        Assert.InRange(index.Segments.Length, 2, 8);
        Assert.Equal(["00", "02", "06", "08", "10"], await FoundAsync(("author", ["Ada"])));
        Assert.Equal(["07"], await FoundAsync(("AUTHOR", ["Cy", "Bo"]), ("tags", ["n7", "n8", "nothing"])));
        Assert.Equal(["03"], await FoundAsync(("author", ["Cy"])));
        Assert.Empty(await FoundAsync(("author", ["ada"])));
        Assert.Empty(await FoundAsync(("author", [])));
        Assert.Empty(await FoundAsync(("unknown", ["x"])));

        async Task<IEnumerable<string>> FoundAsync(params (string Name, string[] Values)[] fields)
        {
            var filter = new PassageFilter { Metadata = fields.ToDictionary(field => field.Name, field => (IReadOnlyCollection<string>)field.Values) };
            var ranked = await new Bm25Retriever(index).RetrieveAsync(new("word", 20) { Filter = filter }, Cancellation);
            return ranked.Select(passage => passage.Passage.DocumentId).Order(StringComparer.Ordinal);
        }
    }

    [Fact]
    public async Task Linked_retrieval_neither_returns_nor_follows_what_does_not_pass()
    {
        // From the film over its director to the director's brother; without the director, nothing leads to the brother, who shares no word with the question.
        var index = LinksGraphTests.Index(
            ("film", "Blind Man's Eyes", "A silent drama by John Ince."), ("director", "John Ince", "The brother of Thomas Ince."), ("brother", "Thomas Ince", "He owned a yacht."),
            ("noise", "Date Night", "A drama about eyes."));
        var retriever = new LinkedRetriever(index, LinksGraph.Build(index));

        Assert.Equal(["film", "director", "noise", "brother"], await FoundAsync(null));
        Assert.Equal(["film", "noise"], await FoundAsync(new() { DocumentIds = ["film", "brother", "noise"] }));
        Assert.Equal(["director", "brother"], await FoundAsync(new() { DocumentIds = ["director", "brother"] }, "Who is the brother of John Ince?"));
        Assert.Empty(await FoundAsync(new() { DocumentIds = [] }));

        var explained = await retriever.RetrieveAsync(
            new("Which drama has eyes?", 10) { Explain = true, Filter = new() { DocumentIds = ["director", "noise"] } }, Cancellation);
        Assert.DoesNotContain("Blind", string.Concat(explained.Select(passage => Describe(passage.Explanation!))), StringComparison.Ordinal);

        async Task<IEnumerable<string>> FoundAsync(PassageFilter? filter, string question = "Blind Man's Eyes drama") =>
            (await retriever.RetrieveAsync(new(question, 10) { Filter = filter }, Cancellation)).Select(passage => passage.Passage.DocumentId);

        static string Describe(ScoreExplanation explanation) => explanation.Description + string.Concat(explanation.Parts.Select(Describe));
    }

    [Fact]
    public async Task Every_retriever_that_wraps_others_passes_the_filter_on()
    {
        var filter = new PassageFilter { DocumentIds = ["b"] };
        var inner = new ListRetriever(TestPassages.Passage("a", "one"));

        await new RerankingRetriever(inner, new NoReranker()).RetrieveAsync(new("one", 3) { Filter = filter }, Cancellation);
        await new HybridRetriever([inner, inner]).RetrieveAsync(new("one", 3) { Filter = filter }, Cancellation);

        Assert.Equal(3, inner.Queries.Count);
        Assert.All(inner.Queries, query => Assert.Same(filter, query.Filter));
    }

    private static Dictionary<string, IReadOnlyList<string>> Labels(string documentId)
    {
        var number = int.Parse(documentId[1..], System.Globalization.CultureInfo.InvariantCulture);
        return number % 3 == 0 ? [] : new(StringComparer.Ordinal) { ["year"] = [$"{number % 5}"], ["tags"] = [$"t{number % 2}", $"t{number % 7}x"] };
    }

    private static PassageFilter Filter(Random random, List<Passage> passages) => new()
    {
        SourcePrefixes = random.Next(2) == 0 ? null : [.. Enumerable.Range(0, random.Next(0, 4)).Select(_ => random.Next(4) == 0 ? "docs" : passages[random.Next(passages.Count)].Source)],
        DocumentIds = random.Next(2) == 0 ? null : [.. Enumerable.Range(0, random.Next(0, 200)).Select(_ => passages[random.Next(passages.Count)].DocumentId), "unknown"],
        Metadata = random.Next(3) switch
        {
            0 => null,
            1 => new Dictionary<string, IReadOnlyCollection<string>> { ["Year"] = [.. Enumerable.Range(0, random.Next(0, 3)).Select(_ => $"{random.Next(6)}")] },
            _ => new Dictionary<string, IReadOnlyCollection<string>> { ["year"] = ["1", "2", "3"], ["tags"] = ["t0", "t3x"] },
        },
    };

    private static bool Passes(PassageFilter filter, Passage passage) =>
        (filter.SourcePrefixes is null || filter.SourcePrefixes.Any(prefix => prefix == "docs" || passage.Source == prefix))
        && (filter.DocumentIds is null || filter.DocumentIds.Contains(passage.DocumentId))
        && (filter.Metadata is null || filter.Metadata.All(field =>
            Labels(passage.DocumentId).TryGetValue(field.Key.ToLowerInvariant(), out var values) && values.Any(field.Value.Contains)));

    private sealed class NoReranker : IReranker
    {
        public string Name => "none";

        public Task<IReadOnlyList<RankedPassage>> RerankAsync(string query, IReadOnlyList<RankedPassage> passages, int topK, CancellationToken cancellationToken = default) =>
            Task.FromResult<IReadOnlyList<RankedPassage>>([.. passages.Take(topK)]);
    }
}
