using AgentRag.Decoding.Sampling;
using AgentRag.Decoding.Speculation;
using AgentRag.Decoding.Tests.Generation;
using Xunit;

namespace AgentRag.Decoding.Tests.Speculation;

public sealed class ContextDrafterTests
{
    // 0 is followed by 1 for all but certain, 1 by 2, 2 by anything; 3 ends the text.
    private static readonly double[][] Chain = [[0, 1, 0, 0], [0, 0.1, 0.9, 0], [0.25, 0.25, 0.25, 0.25], [0, 0, 0, 1]];

    [Theory]
    [InlineData(0.1, new[] { 1, 2, 0, 1 })] // 2's likeliest has 0.25: enough
    [InlineData(0.5, new[] { 1, 2 })]
    [InlineData(0.95, new[] { 1 })]
    public void Drafting_stops_where_the_drafter_doubts(double least, int[] expected) => Assert.Equal(expected, Drafted(Chain, least, most: 4).Tokens);

    [Fact]
    public void Nothing_is_drafted_behind_the_end_of_the_text()
    {
        double[][] ending = [[0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0], [0, 0, 0, 1]];
        Assert.Equal([1, 3], Drafted(ending, least: 0, most: 4).Tokens);
    }

    [Fact]
    public void Each_draft_stands_with_the_distribution_it_came_from_and_the_history_is_left_as_it_was()
    {
        var history = new TokenHistory([0]);
        history.Add(2);
        var drafts = Drafted(Chain, least: 0.5, most: 4, history);
        Assert.Equal([0, 1, 0, 0], drafts.Row(0).ToArray().Select(p => MathF.Round(p, 4)));
        Assert.Equal([0, 0.1f, 0.9f, 0], drafts.Row(1).ToArray().Select(p => MathF.Round(p, 4)));
        Assert.Equal([(2, 1)], history.Generated.Select(pair => (pair.Key, pair.Value)));
    }

    private static Drafts Drafted(double[][] table, double least, int most, TokenHistory? history = null)
    {
        var drafts = new Drafts(4);
        var drafter = new ContextDrafter(
            new MarkovContext(table), 0, new TokenSampler(new SamplingOptions { Temperature = 1 }, 4), new ContextDrafterOptions { TakesLikeliest = true, LeastConfidence = least, EndTokens = new HashSet<int> { 3 } });
        drafter.Draft(most, drafts, history ?? new TokenHistory([0]), TestContext.Current.CancellationToken);
        return drafts;
    }
}
