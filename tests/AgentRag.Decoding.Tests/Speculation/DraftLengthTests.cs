using AgentRag.Decoding.Speculation;
using Xunit;

namespace AgentRag.Decoding.Tests.Speculation;

public sealed class DraftLengthTests
{
    [Fact]
    public void Cheap_drafts_that_are_always_taken_are_made_as_many_as_may_be() => Assert.Equal(16, Settled(draft: 0, perToken: 0.01, alone: 1, acceptance: 1));

    [Fact]
    public void Drafts_as_dear_as_the_target_switch_speculation_off() => Assert.Equal(0, Settled(draft: 1, perToken: 0.5, alone: 1, acceptance: 0.9));

    [Fact]
    public void Drafts_that_are_never_taken_switch_speculation_off() => Assert.Equal(0, Settled(draft: 0.05, perToken: 0.1, alone: 1, acceptance: 0));

    [Fact]
    public void In_between_the_number_of_most_tokens_per_second_wins()
    {
        // Half of the drafts are taken; a draft costs 0.05 and each token of a run 0.1 beside 0.9: with g drafts (2 - 0.5^g) / (1 + 0.15 g),
        // which is 1.3043 for 1, 1.3462 for 2, 1.2931 for 3.
        Assert.Equal(2, Settled(draft: 0.05, perToken: 0.1, alone: 0.9, acceptance: 0.5));
    }

    [Fact]
    public void Speculation_that_is_off_is_tried_again_and_comes_back_when_it_pays()
    {
        var length = DraftLength.Measured(16);
        for (var round = 0; round < 200; round++)
        {
            Record(length, draft: 0.05, perToken: 0.05, alone: 1, acceptance: 0);
        }

        var off = 0;
        for (var round = 0; round < 330; round++)
        {
            off += Record(length, draft: 0.05, perToken: 0.05, alone: 1, acceptance: 0) == 0 ? 1 : 0;
        }

        Assert.Equal(320, off, 1.0); // one round of 33 is a trial
        var drafted = 0;
        for (var round = 0; round < 400; round++)
        {
            drafted += Record(length, draft: 0.05, perToken: 0.05, alone: 1, acceptance: 1);
        }

        Assert.True(drafted > 1_000);
    }

    [Fact]
    public void A_fixed_number_stays() => Assert.Equal(7, DraftLength.Fixed(7).Next());

    // The number that is chosen most often once there are measurements: acceptance is drawn, so the estimate sways.
    private static int Settled(double draft, double perToken, double alone, double acceptance)
    {
        var length = DraftLength.Measured(16);
        var random = new Random(1);
        var chosen = new int[17];
        for (var round = 0; round < 3_000; round++)
        {
            chosen[Record(length, draft, perToken, alone, acceptance, random)]++;
        }

        return Array.IndexOf(chosen, chosen.Max());
    }

    private static int Record(DraftLength length, double draft, double perToken, double alone, double acceptance, Random? random = null)
    {
        var (drafts, accepted) = (length.Next(), 0);
        while (accepted < drafts && (random?.NextDouble() ?? 0.5) < acceptance)
        {
            accepted++;
        }

        length.Record(drafts, accepted, TimeSpan.FromSeconds(draft * drafts), TimeSpan.FromSeconds(alone + (perToken * (drafts + 1))));
        return drafts;
    }
}
