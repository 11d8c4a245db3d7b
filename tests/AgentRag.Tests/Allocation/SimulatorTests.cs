using AgentRag.Allocation.Simulation;
using AgentRag.Answering;
using AgentRag.Evaluation;
using Xunit;

namespace AgentRag.Tests.Allocation;

public sealed class SimulatorTests
{
    private static readonly SimulationRequest Small = new() { Questions = 50, K = [0, 1, 5, 20], M = [0, 2], N = [1, 3] };

    [Fact]
    public void Every_observation_is_sound_and_labelled_as_simulated()
    {
        var observations = Simulator.Run(Small);
        // Four sets, three metrics, 8 configurations of DRAG and 16 of IterDRAG.
        Assert.Equal(4 * 3 * 24, observations.Count);
        Assert.All(observations, observation =>
        {
            observation.Validated();
            Assert.True(observation.IsSimulated);
            Assert.StartsWith("simulated-", observation.DataSet, StringComparison.Ordinal);
            Assert.Equal("simulator", observation.Fingerprints.Model);
        });
    }

    [Fact]
    public void Equal_requests_give_equal_observations_and_another_seed_gives_others()
    {
        Assert.Equal(Simulator.Run(Small), Simulator.Run(Small));
        Assert.NotEqual(Simulator.Run(Small).Select(one => one.Value), Simulator.Run(Small with { Seed = 2 }).Select(one => one.Value));
    }

    [Fact]
    public void A_configuration_gives_the_same_whatever_else_is_simulated()
    {
        var alone = Simulator.Run(Small with { DataSets = [SimulatedDataSet.Defaults[2]], Strategies = ["iterdrag"], K = [5], M = [2], N = [3] });
        Assert.Equal(alone, Simulator.Run(Small).Where(one => one.DataSet == "simulated-bridge" && one.Strategy == "iterdrag" && one.Parameters == new InferenceParameters(5, 2, 3)));
    }

    [Fact]
    public void The_documented_behaviour_shows_in_the_values()
    {
        var many = Small with { Questions = 2000, K = [0, 1, 20], N = [1, 5], DataSets = [SimulatedDataSet.Defaults[0], SimulatedDataSet.Defaults[3]] };
        var values = Simulator.Run(many).Where(one => one.Metric == ObservationMetrics.Accuracy).ToDictionary(one => (one.DataSet, one.Strategy, one.Parameters), one => one.Value);

        Assert.True(Of("chain", "iterdrag", 20, 2, 5) > Of("chain", "drag", 20, 2, 1) + 0.1); // many hops: step by step is better
        Assert.True(Of("onehop", "drag", 20, 2, 1) > Of("onehop", "iterdrag", 20, 0, 1)); // one hop: it is not
        Assert.True(Of("onehop", "drag", 20, 0, 1) > Of("onehop", "drag", 1, 0, 1) && Of("onehop", "drag", 1, 0, 1) > Of("onehop", "drag", 0, 0, 1));
        Assert.True(Of("chain", "iterdrag", 20, 2, 5) > Of("chain", "iterdrag", 20, 0, 5)); // demonstrations teach the steps
        // One-hop questions with nothing retrieved are answered from memory: 0.35 for one fact, and 1.2 facts in the mean.
        Assert.InRange(Of("onehop", "drag", 0, 0, 1), 0.25, 0.35);

        double Of(string set, string strategy, int k, int m, int n) => values[($"simulated-{set}", strategy, new(k, m, n))];
    }

    [Fact]
    public void With_a_model_that_is_distracted_more_passages_are_worse_in_the_end()
    {
        var observations = Simulator.Run(new SimulationRequest
        {
            Questions = 1000,
            Strategies = ["drag"],
            DataSets = [SimulatedDataSet.Defaults[0]],
            K = [1, 5, 20, 100, 500, 1000],
            M = [0],
            Model = new() { Distraction = 0.15, Middle = 0.6 },
        });
        var curve = observations.Where(one => one.Metric == ObservationMetrics.Accuracy).Select(one => one.Value).ToList();
        Assert.True(curve.Max() > curve[0] + 0.05 && curve.Max() > curve[^1] + 0.05, string.Join(" ", curve));
    }

    [Fact]
    public void Standard_errors_are_those_of_the_questions()
    {
        var one = Simulator.Run(Small).First(observation => observation.Metric == ObservationMetrics.Accuracy && observation.Value is > 0.2 and < 0.8);
        Assert.Equal(Math.Sqrt(one.Value * (1 - one.Value) / 49), one.StandardError!.Value, tolerance: 1e-9); // a share: √(p (1 − p) / (n − 1))
    }

    [Fact]
    public void A_request_out_of_range_names_what_is_wrong() => Assert.Equal(
        "Simulation: Questions is 0, must be at least 1; Strategies are of zero-shot, many-shot, rag, drag, iterdrag.",
        Assert.Throws<AgentRagException>(() => Simulator.Run(Small with { Questions = 0, Strategies = ["other"] })).Message);
}
