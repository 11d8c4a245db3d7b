using AgentRag.Evaluation.Runs;
using AgentRag.Indexing;
using AgentRag.Retrieval;
using AgentRag.Retrieval.Linked;
using AgentRag.Tests.Fakes;
using AgentRag.Tests.Retrieval;
using Xunit;

namespace AgentRag.Tests.Evaluation.Runs;

/// <summary>One retrieval serves a grid because a shorter ranking is the beginning of a longer one: this is what holds the retrievers to it.</summary>
public sealed class SharedRetrieverTests
{
    [Fact]
    public async Task A_shorter_ranking_of_bm25_is_the_beginning_of_a_longer_one()
    {
        var corpus = new RandomCorpus(8, 200);
        await HoldsAsync(new Bm25Retriever(Bm25Index.Build(corpus.Passages(2_000))), Enumerable.Range(0, 40).Select(_ => corpus.Query()));
    }

    [Fact]
    public async Task A_shorter_ranking_of_linked_retrieval_is_the_beginning_of_a_longer_one_up_to_100_passages()
    {
        // Names that lead from passage to passage, over a few words that many passages share: more than the 100 candidates match each query.
        var random = new Random(4);
        var index = Bm25Index.Build(Enumerable.Range(0, 800).Select(i => TestPassages.Passage(
            $"d{i}",
            $"The {Word()} {Word()} of Person {random.Next(800)} was built near Place {random.Next(300)} by {Word()} {Word()}.",
            i % 3 == 0 ? $"Place {i / 3}" : $"Person {i}")));
        var retriever = new LinkedRetriever(index, LinksGraph.Build(index));
        var queries = Enumerable.Range(0, 60).Select(_ => $"Which {Word()} {Word()} of Person {random.Next(800)} is near the {Word()} of Place {random.Next(300)}?").ToList();
        await HoldsAsync(retriever, queries);
        await SharesAsync(retriever, queries[0], [5, 100, 101, 150, 400]);

        string Word() => $"{(char)('a' + random.Next(6))}ord";
    }

    [Fact]
    public async Task What_is_shared_equals_what_is_retrieved_alone()
    {
        var corpus = new RandomCorpus(9, 100);
        await SharesAsync(new Bm25Retriever(Bm25Index.Build(corpus.Passages(500))), corpus.Query(), [0, 1, 7, 50, 60]);
    }

    [Fact]
    public async Task Gold_retrieval_brings_all_passages_of_the_supporting_documents_in_their_order()
    {
        var corpus = new RandomCorpus(10, 50);
        var index = Bm25Index.Build(corpus.Passages(90)); // three passages for each document
        var gold = new GoldRetriever(
            index,
            [
                new() { Id = "1", Question = "Q?", Answers = ["a"], Supporting = ["d7", "d2"] },
                new() { Id = "2", Question = "R?", Answers = ["a"], Supporting = ["nowhere", "d1"] },
                new() { Id = "3", Question = "S?", Answers = ["a"] },
            ]);

        Assert.Equal((2, 1, 6), (gold.Labelled, gold.Missing, gold.MaxPassages));
        Assert.Equal(["d7", "d7", "d7", "d2", "d2", "d2"], (await gold.RetrieveAsync(new("Q?", 6))).Select(ranked => ranked.Passage.DocumentId));
        Assert.Equal(3, (await gold.RetrieveAsync(new("R?", 6))).Count);
        Assert.Empty(await gold.RetrieveAsync(new("S?", 6)));
        Assert.Empty(await gold.RetrieveAsync(new("unknown", 6)));
    }

    private static async Task SharesAsync(IRetriever retriever, string query, int[] ks)
    {
        var shared = new SharedRetriever(retriever, ks.Max());
        foreach (var k in ks)
        {
            Assert.Equal(
                (await retriever.RetrieveAsync(new(query, k))).Select(ranked => (ranked.Passage.Id, ranked.Rank, ranked.Score)),
                (await shared.RetrieveAsync(new(query, k))).Select(ranked => (ranked.Passage.Id, ranked.Rank, ranked.Score)));
        }
    }

    private static async Task HoldsAsync(IRetriever retriever, IEnumerable<string> queries)
    {
        var stable = SharedRetriever.StableUpTo(retriever);
        var deepest = 0;
        foreach (var query in queries)
        {
            var longest = await retriever.RetrieveAsync(new(query, stable));
            deepest = Math.Max(deepest, longest.Count);
            foreach (var k in new[] { 1, 2, 3, 5, 10, 20, 50, 99, 100, 101, 200, 400 }.Where(k => k < stable))
            {
                Assert.Equal(
                    longest.Take(k).Select(ranked => (ranked.Passage.Id, ranked.Rank, ranked.Score)),
                    (await retriever.RetrieveAsync(new(query, k))).Select(ranked => (ranked.Passage.Id, ranked.Rank, ranked.Score)));
            }
        }

        Assert.True(deepest > Math.Min(stable - 1, 400), $"The deepest ranking had {deepest} passages.");
    }
}
