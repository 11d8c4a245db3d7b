using AgentRag.Tokens;
using AgentRag.Tokens.Calibration;
using Xunit;

namespace AgentRag.Tests.Tokens;

public sealed class TokenCalibrationTests
{
    // A provider with 1.3 tokens for each that is counted, give or take a tenth, 4 for each message and 3 for the request.
    private static long Reported(int counted, int messages, Random random) => (long)Math.Round(counted * (1.2 + (0.2 * random.NextDouble()))) + (4 * messages) + 3;

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3)]
    public void Hardly_any_request_is_under_counted_and_none_by_much_over(int seed)
    {
        var (random, calibration) = (new Random(seed), new TokenCalibration());
        var (under, ratios) = (0, 0.0);
        const int Requests = 4_000;
        for (var i = 0; i < Requests + 99; i++)
        {
            var (counted, messages) = (random.Next(200, 20_000), random.Next(1, 4));
            var reported = Reported(counted, messages, random);
            if (calibration.IsCalibrated)
            {
                var corrected = (int)Math.Ceiling(counted * calibration.Factor) + calibration.ChatTemplate.Of(messages);
                under += corrected < reported ? 1 : 0;
                ratios += (double)corrected / reported;
            }

            Assert.True(calibration.Observe(counted, messages, reported));
        }

        Assert.InRange(under, 0, Requests / 50); // 1 % is promised, on the mean
        Assert.InRange(ratios / Requests, 1.0, 1.12);
    }

    [Fact]
    public void The_untaught_factor_is_one_and_a_few_requests_give_the_worst_with_a_margin()
    {
        var calibration = new TokenCalibration();
        Assert.Equal(1, calibration.Factor);
        Assert.Equal(ChatTemplateTokens.Usual, calibration.ChatTemplate);

        calibration.Observe(1_000, 2, 2_000);
        calibration.Observe(1_000, 2, 1_000);

        Assert.False(calibration.IsCalibrated);
        Assert.InRange(calibration.Factor, 2.1, 2.2);
    }

    [Theory]
    [InlineData(1_000, 49), InlineData(1_000, 21_000), InlineData(0, 10)]
    public void A_report_that_cannot_be_of_the_texts_teaches_nothing(int counted, long reported)
    {
        var calibration = new TokenCalibration();

        Assert.False(calibration.Observe(counted, 1, reported));
        Assert.Equal((0, 1.0), (calibration.Requests, calibration.Factor));
    }

    [Fact]
    public void What_was_learned_is_kept_for_its_model_and_counter_alone()
    {
        using var folder = new TemporaryFolder();
        var (random, path) = (new Random(1), folder["calibration.json"]);
        var calibration = TokenCalibration.Open(path, "m", "estimate");
        for (var i = 0; i < 120; i++)
        {
            calibration.Observe(1_000 + i, 2, Reported(1_000 + i, 2, random));
        }

        calibration.Save();
        var again = TokenCalibration.Open(path, "m", "estimate");

        Assert.Equal((calibration.Factor, calibration.ChatTemplate, 120), (again.Factor, again.ChatTemplate, again.Requests));
        Assert.Contains("this token calibration is of model m and counter estimate; this run needs other and estimate", Assert.Throws<AgentRagException>(
            () => TokenCalibration.Open(path, "other", "estimate")).Message, StringComparison.Ordinal);
    }
}
