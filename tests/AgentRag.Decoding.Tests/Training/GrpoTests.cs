using AgentRag.Decoding.Refrag;
using AgentRag.Decoding.Sampling;
using AgentRag.Decoding.Training;
using Xunit;

namespace AgentRag.Decoding.Tests.Training;

public sealed class GrpoTests
{
    [Fact]
    public void Advantages_of_a_group_have_mean_zero_and_spread_one()
    {
        var advantages = Grpo.Advantages([1, 2, 4, 9]);
        Assert.Equal(0, advantages.Sum(), 1e-9);
        Assert.Equal(4, advantages.Sum(advantage => advantage * advantage), 1e-9);
        Assert.Equal(-3 / Math.Sqrt(9.5), advantages[0], 1e-9); // mean 4, squares 9 4 0 25: spread sqrt(38 / 4)
        Assert.Equal([0, 0], Grpo.Advantages([3, 3]));
    }

    [Theory]
    [InlineData(1.0, 2, 2, 2)] // nothing has changed yet
    [InlineData(1.1, 2, 2.2, 2.2)] // within 1 +- 0.2
    [InlineData(1.5, 2, 2.4, 0)] // likelier than 1.2 times, and good: enough
    [InlineData(0.5, 2, 1, 1)] // good, and less likely: not clipped, it is to come back
    [InlineData(0.5, -2, -1.6, 0)] // bad, and less likely than 0.8 times: enough
    [InlineData(1.5, -2, -3, -3)] // bad, and likelier: not clipped
    public void The_clipped_objective_and_its_slope_are_the_values_worked_by_hand(double ratio, double advantage, double value, double slope)
    {
        var (now, before) = (Math.Log(0.3 * ratio), Math.Log(0.3));
        Assert.Equal((value, slope), Rounded(Grpo.Clipped(now, before, advantage, 0.2)));
        var (up, down) = (Grpo.Clipped(now + 1e-6, before, advantage, 0.2).Value, Grpo.Clipped(now - 1e-6, before, advantage, 0.2).Value);
        Assert.Equal(slope, (up - down) / 2e-6, 1e-4);

        static (double, double) Rounded((double Value, double Slope) pair) => (Math.Round(pair.Value, 9), Math.Round(pair.Slope, 9));
    }

    [Fact]
    public void Slopes_of_picks_probabilities_are_those_of_differences()
    {
        float[] scores = [0.3f, -0.7f, 1.2f, 0];
        int[] picks = [2, 0, 3];
        double[] weights = [0.5, -1, 2];
        var slopes = new float[4];
        Expansion.AddSlopes(scores, picks, weights, slopes);
        for (var chunk = 0; chunk < 4; chunk++)
        {
            var (up, down) = ((float[])scores.Clone(), (float[])scores.Clone());
            (up[chunk], down[chunk]) = (scores[chunk] + 0.01f, scores[chunk] - 0.01f);
            Assert.Equal((Sum(up) - Sum(down)) / 0.02, slopes[chunk], 1e-3);
        }

        double Sum(float[] at) => Expansion.LogProbabilities(at, picks).Select((logarithm, pick) => logarithm * weights[pick]).Sum();
    }

    [Fact]
    public void Gradients_through_the_policy_are_those_of_differences()
    {
        var (_, adapter) = TapeTests.Models();
        var random = new SeededNumbers(4);
        var (chunks, question) = (new Node(5, adapter.Width), new Node(1, adapter.Width));
        foreach (ref var value in chunks.Value.AsSpan())
        {
            value = (float)random.NextNormal();
        }

        foreach (ref var value in question.Value.AsSpan())
        {
            value = (float)random.NextNormal();
        }

        int[] picks = [3, 1];
        double[] weights = [1, 0.5];
        var gradients = new Gradients();
        var tape = new Tape(gradients, RefragAdapter.IsPolicy);
        var scores = adapter.Score(tape, chunks, question);
        Expansion.AddSlopes(scores.Value, picks, weights, scores.Gradient);
        tape.Backward();
        foreach (var parameter in adapter.Parameters.All.Where(RefragAdapter.IsPolicy))
        {
            Assert.True(gradients.Has(parameter), parameter.Name);
            for (var check = 0; check < 4; check++)
            {
                var i = random.Next(parameter.Value.Length);
                var expected = TapeTests.Difference(parameter, i, () => Sum(adapter.Score(new Tape(), chunks, question).Value));
                Assert.True(Math.Abs(expected - gradients.Of(parameter)[i]) < 2e-3 + (0.02 * Math.Abs(expected)), $"{parameter.Name}[{i}]: {expected} and {gradients.Of(parameter)[i]}");
            }
        }

        double Sum(float[] at) => Expansion.LogProbabilities(at, picks).Select((logarithm, pick) => logarithm * weights[pick]).Sum();
    }

    // A trainer that has trained all before still has arrays for all gradients: weight decay must not reach what is not trained now.
    [Fact]
    public void The_policys_steps_change_the_policy_alone_whatever_was_trained_before()
    {
        var (decoder, adapter) = TapeTests.Models();
        var trainer = new RefragTrainer(decoder, adapter, 2);
        trainer.Step(new AdamW(0.01, 10), [TapeTests.Text(2).Example(note => note == 0), TapeTests.Text(2, 1).Example(_ => true)], _ => true);
        var others = decoder.Parameters.All.Concat(adapter.Parameters.All.Where(parameter => !RefragAdapter.IsPolicy(parameter))).ToList();
        var before = others.Select(parameter => (float[])parameter.Value.Clone()).ToList();
        var policy = (float[])adapter.Parameters["policy.input"].Value.Clone();
        trainer.PolicyStep(new AdamW(0.01, 10), [TapeTests.Text(4).Example(_ => true)], new GrpoOptions { ExpandedShare = 0.25 }, new SeededNumbers(1));
        Assert.All(others.Zip(before), pair => Assert.Equal(pair.Second, pair.First.Value));
        Assert.NotEqual(policy, adapter.Parameters["policy.input"].Value);
    }
}
