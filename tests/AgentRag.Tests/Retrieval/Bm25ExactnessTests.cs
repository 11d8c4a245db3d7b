using AgentRag.Indexing;
using AgentRag.Retrieval;
using AgentRag.Retrieval.Lexical;
using AgentRag.Tests.Fakes;
using Xunit;

namespace AgentRag.Tests.Retrieval;

public sealed class Bm25ExactnessTests
{
    private static readonly int[] Ks = [1, 2, 10, 100, 1000];

    [Theory]
    [InlineData(1, 40, 20), InlineData(2, 700, 300), InlineData(3, 3_000, 30), InlineData(4, 20_000, 3_000), InlineData(5, 40_000, 100)]
    public void Results_and_scores_are_those_of_the_plain_formula(int seed, int passages, int vocabulary)
    {
        var corpus = new RandomCorpus(seed, vocabulary);
        var index = Bm25Index.Build(corpus.Passages(passages), AnalyzerOptions.Plain);
        RequireEqual(index, corpus, queries: 12);
    }

    [Theory]
    [InlineData(0.4, 0.9), InlineData(2.5, 0.0), InlineData(0.01, 1.0)]
    public void They_are_so_for_other_parameters_than_the_usual(double k1, double b)
    {
        var corpus = new RandomCorpus(6, 500);
        RequireEqual(Bm25Index.Build(corpus.Passages(4_000), AnalyzerOptions.Plain), corpus, queries: 8, new() { K1 = k1, B = b });
    }

    [Fact]
    public async Task They_are_so_over_several_segments_with_deletions()
    {
        using var folder = new TemporaryFolder();
        var corpus = new RandomCorpus(7, 400);
        for (var file = 0; file < 30; file++)
        {
            folder.Write($"in/{file:D2}.jsonl", corpus.JsonLines($"f{file}", 60));
        }

        var indexer = new Indexer(new WordCounter()) { MaxPostingsInMemory = 4_000 };
        var request = new IndexRequest { Paths = [folder["in"]], IndexDirectory = folder["index"], Analyzer = AnalyzerOptions.Plain };
        await indexer.RunAsync(request);
        var first = Bm25Index.Open(folder["index"]);
        Assert.InRange(first.Segments.Length, 2, 8);
        RequireEqual(first, corpus, queries: 6);

        folder.Write("in/03.jsonl", corpus.JsonLines("f3", 20));
        folder.Write("in/30.jsonl", corpus.JsonLines("f30", 40));
        File.Delete(folder["in/17.jsonl"]);
        var result = await indexer.RunAsync(request);
        Assert.Equal((1, 1, 1, 28), (result.AddedFiles, result.ChangedFiles, result.RemovedFiles, result.UnchangedFiles));
        var second = Bm25Index.Open(folder["index"]);
        Assert.Contains(second.Segments, segment => segment.Deletions is not null);
        Assert.Equal((28 * 60) + 60, second.DocumentCount);
        RequireEqual(second, corpus, queries: 6);
        RequireEqual(first, corpus, queries: 2);

        // What changed piece by piece scores like what is indexed at once.
        await new Indexer(new WordCounter()).RunAsync(request with { IndexDirectory = folder["fresh"] });
        var fresh = new Bm25Retriever(Bm25Index.Open(folder["fresh"]));
        var updated = new Bm25Retriever(second);
        for (var i = 0; i < 10; i++)
        {
            var query = new RetrievalQuery(corpus.Query(), 1000);
            var expected = (await fresh.RetrieveAsync(query)).Select(ranked => (ranked.Score, ranked.Passage.Id)).OrderByDescending(ranked => ranked).ToList();
            var actual = (await updated.RetrieveAsync(query)).Select(ranked => (ranked.Score, ranked.Passage.Id)).OrderByDescending(ranked => ranked).ToList();
            Assert.Equal(expected.Select(ranked => ranked.Score), actual.Select(ranked => ranked.Score));
            Assert.True(expected.Count == 1000 || expected.SequenceEqual(actual));
        }
    }

    [Fact]
    public void Queries_are_repeated_rather_than_answered_wrongly_when_the_bounds_are_far_apart()
    {
        // Two lengths, 1 and 4,000: passages of one class differ so much that the first threshold is too high for some query.
        var corpus = new RandomCorpus(8, 60);
        var random = new Random(8);
        var passages = Enumerable.Range(0, 3_000).Select(i => TestPassages.Passage($"p{i}", corpus.Text(random.Next(3) == 0 ? random.Next(200, 900) : 1), title: ""));
        RequireEqual(Bm25Index.Build(passages, AnalyzerOptions.Plain), corpus, queries: 30);
    }

    [Fact]
    public async Task A_filter_leaves_passages_out_and_changes_no_score()
    {
        var corpus = new RandomCorpus(9, 300);
        var index = Bm25Index.Build(corpus.Passages(3_000), AnalyzerOptions.Plain);
        var (retriever, plain) = (new Bm25Retriever(index), PlainBm25.Of(index));
        var some = index.Documents.Where((_, i) => i % 17 == 0).Select(document => document.Id).ToList();
        for (var i = 0; i < 10; i++)
        {
            var query = corpus.Query();
            foreach (var (filter, passes) in new (PassageFilter, Func<AgentRag.Documents.Passage, bool>)[]
            {
                (new() { SourcePrefixes = ["docs/f7.md"] }, passage => passage.Source == "docs/f7.md"),
                (new() { SourcePrefixes = ["docs"] }, _ => true),
                (new() { SourcePrefixes = ["docs/f7"] }, _ => false),
                (new() { DocumentIds = some }, passage => some.Contains(passage.DocumentId)),
                (new() { DocumentIds = some, SourcePrefixes = ["docs/f17.md"] }, passage => some.Contains(passage.DocumentId) && passage.Source == "docs/f17.md"),
            })
            {
                var ranked = await retriever.RetrieveAsync(new(query, 20) { Filter = filter });
                Assert.Equal(plain.Rank(query, 20, passes), ranked.Select(passage => (passage.Passage.Id, passage.Score)));
            }
        }
    }

    [Fact]
    public async Task A_batch_gives_what_its_queries_give_alone()
    {
        var corpus = new RandomCorpus(10, 200);
        var retriever = new Bm25Retriever(Bm25Index.Build(corpus.Passages(500), AnalyzerOptions.Plain));
        List<RetrievalQuery> queries = [.. Enumerable.Range(0, 40).Select(_ => new RetrievalQuery(corpus.Query(), 7))];
        var batch = await retriever.RetrieveManyAsync(queries);
        for (var i = 0; i < queries.Count; i++)
        {
            var alone = await retriever.RetrieveAsync(queries[i]);
            Assert.Equal(alone.Select(ranked => (ranked.Passage.Id, ranked.Score)), batch[i].Select(ranked => (ranked.Passage.Id, ranked.Score)));
        }
    }

    [Fact]
    public void A_search_allocates_nothing_once_its_buffers_have_grown()
    {
        var corpus = new RandomCorpus(11, 2_000);
        var retriever = new Bm25Retriever(Bm25Index.Build(corpus.Passages(20_000), AnalyzerOptions.English));
        List<string> queries = [.. Enumerable.Range(0, 50).Select(_ => corpus.Query())];
        void Search()
        {
            foreach (var query in queries)
            {
                retriever.Rank(query, 1000, filter: null, out _);
            }
        }

        Search();
        Assert.InRange(AllocatedBytes.LeastOf(Search), 0, queries.Count * 64);
    }

    private static void RequireEqual(Bm25Index index, RandomCorpus corpus, int queries, Bm25Options? options = null)
    {
        var plain = PlainBm25.Of(index, options);
        for (var i = 0; i < queries; i++)
        {
            var query = corpus.Query();
            foreach (var level in Enum.GetValues<SimdLevel>().Where(level => level <= SimdLevels.Best))
            {
                var retriever = new Bm25Retriever(index, options) { Simd = level };
                foreach (var k in Ks)
                {
                    var ranked = retriever.RetrieveAsync(new(query, k)).Result;
                    Assert.Equal(plain.Rank(query, k), ranked.Select(passage => (passage.Passage.Id, passage.Score)));
                }
            }
        }
    }
}
