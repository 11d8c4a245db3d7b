using AgentRag.Answering;
using AgentRag.Evaluation;
using AgentRag.Fitting;
using Xunit;

namespace AgentRag.Tests.Fitting;

public sealed class ProbeGridTests
{
    [Theory]
    [InlineData("drag", 3), InlineData("iterdrag", 3), InlineData("rag", 2), InlineData("many-shot", 2), InlineData("zero-shot", 1)]
    public void A_strategy_is_probed_with_what_it_takes(string strategy, int expected)
    {
        var probes = ProbeGrid.For(strategy);
        Assert.Equal(expected, probes.Count);
        Assert.Equal(new InferenceParameters(0, 0, 1), probes[0]);
        Assert.All(probes, probe => Assert.True(probe.K + probe.M <= 1 && probe.N == 1));
    }

    [Fact]
    public void What_is_missing_is_listed_by_data_set_and_strategy()
    {
        Observation[] observations =
        [
            TestObservations.Of("d", "drag", 0, 0, 1, 0.1), TestObservations.Of("d", "drag", 1, 0, 1, 0.2), TestObservations.Of("d", "drag", 0, 1, 1, 0.2),
            TestObservations.Of("d", "iterdrag", 0, 0, 1, 0.1), TestObservations.Of("d", "iterdrag", 1, 0, 1, 0.1), TestObservations.Of("d", "iterdrag", 5, 1, 1, 0.1),
            // One metric of two: the probe must be run again.
            TestObservations.Of("d", "iterdrag", 1, 0, 1, 0.1, ObservationMetrics.F1), TestObservations.Of("d", "rag", 5, 0, 1, 0.1),
        ];
        Assert.Equal(
            [new("d", "iterdrag", new(0, 0, 1)), new("d", "iterdrag", new(0, 1, 1)), new("d", "rag", new(0, 0, 1)), new("d", "rag", new(1, 0, 1))],
            ProbeGrid.Missing(observations));
    }
}
