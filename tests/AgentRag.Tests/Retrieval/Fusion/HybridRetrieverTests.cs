using AgentRag.Retrieval;
using AgentRag.Retrieval.Fusion;
using AgentRag.Tests.Fakes;
using Xunit;

namespace AgentRag.Tests.Retrieval.Fusion;

public sealed class HybridRetrieverTests
{
    // Two rankings: a 10, b 6, c 2 and c 0.9, d 0.8, a 0.4.
    private readonly ScoredRetriever _first = new("first", ("a", 10), ("b", 6), ("c", 2));
    private readonly ScoredRetriever _second = new("second", ("c", 0.9), ("d", 0.8), ("a", 0.4));

    [Fact]
    public async Task Reciprocal_ranks_equal_the_values_worked_by_hand()
    {
        var found = await RetrieveAsync(new());

        // a 1/61 + 1/63, c 1/63 + 1/61: equal, so the first retriever's order decides; b and d 1/62 each.
        Assert.Equal(["a", "c", "b", "d"], Ids(found));
        AssertScores([0.0322665, 0.0322665, 0.0161290, 0.0161290], found);
        Assert.Equal([1, 2, 3, 4], found.Select(passage => passage.Rank));
    }

    [Fact]
    public async Task Weights_and_the_rank_constant_count()
    {
        var found = await RetrieveAsync(new() { RankConstant = 1, Weights = [1, 3] });

        // a 1/2 + 3/4, b 1/3, c 1/4 + 3/2, d 3/3.
        Assert.Equal(["c", "a", "d", "b"], Ids(found));
        AssertScores([1.75, 1.25, 1, 0.333333], found);
    }

    [Fact]
    public async Task Scores_brought_to_0_and_1_equal_the_values_worked_by_hand()
    {
        var found = await RetrieveAsync(new() { Method = FusionMethod.MinMaxScore, Weights = [3, 1] });

        // a 0.75 x 1 + 0.25 x 0, b 0.75 x 0.5, c 0.25 x 1, d 0.25 x 0.8.
        Assert.Equal(["a", "b", "c", "d"], Ids(found));
        AssertScores([0.75, 0.375, 0.25, 0.2], found);
    }

    [Fact]
    public async Task Z_scores_equal_the_values_worked_by_hand()
    {
        var found = await RetrieveAsync(new() { Method = FusionMethod.ZScore });

        // First: mean 6, deviation sqrt(32/3) = 3.265986: a 1.224745, b 0, c -1.224745, missing -1.224745.
        // Second: mean 0.7, deviation sqrt(0.14/3) = 0.216025: c 0.925820, d 0.462910, a -1.388730, missing -1.388730.
        Assert.Equal(["a", "c", "d", "b"], Ids(found));
        AssertScores([-0.081993, -0.149462, -0.380917, -0.694365], found);
    }

    [Theory]
    [InlineData(FusionMethod.MinMaxScore, 1, 0)]
    [InlineData(FusionMethod.ZScore, 0, 0)]
    public async Task Equal_scores_are_all_the_best_or_all_the_mean(FusionMethod method, double listed, double other)
    {
        var found = await new HybridRetriever([new ScoredRetriever("equal", ("a", 5), ("b", 5)), new ScoredRetriever("none")], new() { Method = method, Weights = [1, 1] })
            .RetrieveAsync(new("q", 10));
        Assert.Equal(["a", "b"], Ids(found));
        AssertScores([(listed + other) / 2, (listed + other) / 2], found);
    }

    [Fact]
    public async Task An_explanation_shows_every_leg_with_rank_score_and_contribution_which_add_up()
    {
        var found = await RetrieveAsync(new(), explain: true);
        var b = found.Single(passage => passage.Passage.DocumentId == "b").Explanation!;
        Assert.Equal("reciprocal rank fusion with k 60", b.Description);
        Assert.Equal(["first: rank 2, score 6.0000, weight 1.00", "second: not among its 3, weight 1.00"], b.Parts.Select(part => part.Description));
        Assert.Equal([1 / 62.0, 0], b.Parts.Select(part => part.Value));
        Assert.Equal("first's own reason", Assert.Single(b.Parts[0].Parts).Description);
        Assert.All(found, passage => Assert.Equal(passage.Score, passage.Explanation!.Parts.Sum(part => part.Value), precision: 12));
        Assert.All(await RetrieveAsync(new()), passage => Assert.Null(passage.Explanation));
    }

    [Fact]
    public async Task Each_retriever_is_asked_deeply_and_with_the_same_filter()
    {
        var filter = new PassageFilter { SourcePrefixes = ["docs"] };
        var hybrid = new HybridRetriever([_first, _second], new() { Depth = 20 });
        Assert.Single(await hybrid.RetrieveAsync(new("q", 1) { Filter = filter }));
        await hybrid.RetrieveAsync(new("q", 30));
        Assert.Equal([(20, filter), (30, null)], _first.Queries.Select(query => (query.K, query.Filter)));
        Assert.Equal([(20, filter), (30, null)], _second.Queries.Select(query => (query.K, query.Filter)));
        Assert.Empty(await hybrid.RetrieveAsync(new("q", 0)));
    }

    [Fact]
    public async Task Three_rankings_can_be_fused()
    {
        var found = await new HybridRetriever([_first, _second, new ScoredRetriever("third", ("d", 1))], new() { RankConstant = 1 }).RetrieveAsync(new("q", 2));

        // a 1/2 + 1/4, b 1/3, c 1/4 + 1/2, d 1/3 + 1/2.
        Assert.Equal(["d", "a"], Ids(found));
    }

    [Fact]
    public void Options_out_of_range_are_named_in_one_message_and_one_retriever_is_not_enough()
    {
        Assert.Equal(
            "Fusion: RankConstant is 0, must be greater than 0; Weights are 1, must be 2 numbers greater than 0; Depth is 0, must be in [1, 1000].",
            Assert.Throws<AgentRagException>(() => new HybridRetriever([_first, _second], new() { RankConstant = 0, Weights = [1], Depth = 0 })).Message);
        Assert.Throws<ArgumentException>(() => new HybridRetriever([_first]));
    }

    private Task<IReadOnlyList<RankedPassage>> RetrieveAsync(FusionOptions options, bool explain = false) =>
        new HybridRetriever([_first, _second], options).RetrieveAsync(new("q", 10) { Explain = explain });

    private static IEnumerable<string> Ids(IEnumerable<RankedPassage> found) => found.Select(passage => passage.Passage.DocumentId);

    private static void AssertScores(double[] expected, IEnumerable<RankedPassage> found) =>
        Assert.Equal(expected, found.Select(passage => passage.Score), (a, b) => Math.Abs(a - b) < 1e-5);

    private sealed class ScoredRetriever(string name, params (string Id, double Score)[] ranking) : IRetriever
    {
        public List<RetrievalQuery> Queries { get; } = [];

        public string Name => name;

        public Task<IReadOnlyList<RankedPassage>> RetrieveAsync(RetrievalQuery query, CancellationToken cancellationToken = default)
        {
            Queries.Add(query);
            return Task.FromResult<IReadOnlyList<RankedPassage>>(
            [
                .. ranking.Take(query.K).Select((entry, i) => new RankedPassage(
                    TestPassages.Passage(entry.Id, entry.Id), i + 1, entry.Score, query.Explain ? new(entry.Score, $"{name}'s own reason", []) : null)),
            ]);
        }
    }
}
