using AgentRag.Decoding.Sampling;
using AgentRag.Decoding.Speculation;
using Xunit;

namespace AgentRag.Decoding.Tests.Speculation;

public sealed class LookupDrafterTests
{
    [Fact]
    public void A_prediction_is_proposed_from_its_beginning_and_gone_on_with()
    {
        var drafter = new LookupDrafter([1, 2, 3, 4, 5, 6], [], isPrediction: true);
        Assert.Equal([1, 2, 3], Proposed(drafter, 3));
        drafter.Confirm([1, 2, 3, 4], 3);
        Assert.Equal([5, 6], Proposed(drafter, 3));
    }

    [Fact]
    public void After_a_token_that_is_not_predicted_it_goes_on_where_two_tokens_match_again()
    {
        var drafter = new LookupDrafter([1, 2, 3, 4, 5, 6, 7], [], isPrediction: true);
        drafter.Confirm([1, 9], 1);
        Assert.Equal([], Proposed(drafter, 3));
        drafter.Confirm([4], 0);
        Assert.Equal([], Proposed(drafter, 3));
        drafter.Confirm([5], 0);
        Assert.Equal([6, 7], Proposed(drafter, 3));
    }

    [Fact]
    public void Of_several_matches_the_longest_is_taken_and_of_equal_ones_the_last()
    {
        //                                 0  1  2  3  4  5  6  7  8  9 10
        var drafter = new LookupDrafter([8, 1, 2, 50, 9, 1, 2, 60, 1, 2, 70], [8, 1, 2], isPrediction: false);
        Assert.Equal([50], Proposed(drafter, 1)); // 8 1 2 matches three tokens
        drafter = new LookupDrafter([8, 1, 2, 50, 9, 1, 2, 60, 1, 2, 70], [3, 1, 2], isPrediction: false);
        Assert.Equal([60, 1, 2, 70], Proposed(new LookupDrafter([8, 1, 2, 50, 9, 1, 2, 60, 1, 2, 70], [9, 1, 2], isPrediction: false), 9));
        Assert.Equal([70], Proposed(drafter, 3));
    }

    [Fact]
    public void A_match_at_the_end_of_the_text_proposes_nothing() => Assert.Equal([], Proposed(new LookupDrafter([5, 6, 1, 2], [1, 2], isPrediction: false), 3));

    private static int[] Proposed(LookupDrafter drafter, int most)
    {
        var drafts = new Drafts(100);
        drafter.Draft(most, drafts, new TokenHistory([]), default);
        for (var i = 0; i < drafts.Tokens.Count; i++)
        {
            Assert.Equal(1, drafts.Row(i)[drafts.Tokens[i]]);
        }

        return [.. drafts.Tokens];
    }
}
