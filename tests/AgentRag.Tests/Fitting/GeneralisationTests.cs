using AgentRag.Allocation.Simulation;
using AgentRag.Evaluation;
using AgentRag.Fitting;
using Xunit;

namespace AgentRag.Tests.Fitting;

public sealed class GeneralisationTests
{
    private static readonly string[] Metrics = [ObservationMetrics.ExactMatch, ObservationMetrics.F1, ObservationMetrics.Accuracy];

    // The paper's table 3: EM/F1/Acc on Bamboogle, HotpotQA, MuSiQue, 2Wiki.
    private static readonly GeneralisationTable Table3 = Table(
        ["Bamboogle", "HotpotQA", "MuSiQue", "2Wiki"],
        [49.6, 58.8, 51.2, 46.3, 60.2, 51.4, 14.9, 24.7, 16.9, 46.5, 53.7, 51.6],
        [64.0, 75.6, 68.0, 47.8, 63.3, 55.3, 19.3, 32.5, 29.3, 60.8, 72.4, 74.9],
        [65.6, 75.6, 68.8, 48.7, 63.3, 55.3, 22.2, 34.3, 30.5, 65.7, 75.2, 76.4]);

    // The paper's table 4: EM/F1/Acc in the mean over the data sets.
    private static readonly GeneralisationTable Table4 = Table(
        ["16k -> 32k", "32k -> 128k", "128k -> 1M", "1M -> 5M"],
        [37.4, 47.6, 40.4, 39.0, 49.5, 42.2, 39.3, 49.3, 42.8, 44.5, 55.4, 49.8],
        [37.4, 48.2, 41.0, 41.2, 52.0, 45.4, 48.0, 60.9, 56.9, 47.9, 59.8, 55.2],
        [39.2, 49.8, 42.7, 46.9, 59.0, 55.1, 50.5, 62.1, 57.7, 51.7, 62.6, 58.1]);

    [Fact]
    public void The_aggregates_of_table_3_follow_from_its_cells()
    {
        Assert.Equal(0.966, Table3.MeanPredictToOracle, tolerance: 5e-4);
        Assert.Equal(0.973, Table3.SumPredictToOracle, tolerance: 5e-4);
        Assert.Equal(0.763, Table3.MeanBaselineToOracle, tolerance: 5e-4);
        Assert.Equal(("MuSiQue", ObservationMetrics.ExactMatch), (Table3.Worst!.Column, Table3.Worst.Metric));
        Assert.Equal(0.869, Table3.Worst.Predict / Table3.Worst.Oracle, tolerance: 5e-4);
    }

    [Theory]
    [InlineData("16k -> 32k", 3.9)]
    [InlineData("32k -> 128k", 13.9)]
    [InlineData("128k -> 1M", 2.8)]
    [InlineData("1M -> 5M", 5.6)]
    public void The_gaps_of_table_4_follow_from_its_cells(string step, double percent) => Assert.Equal(percent, 100 * Table4.MeanGap(step), tolerance: 0.06);

    [Fact]
    public void The_choice_for_a_data_set_left_out_counts_by_what_was_measured_there()
    {
        // On d and e more of everything helps. On f, whose probes look like those of d, more than 5 passages hurt, which a model that never saw f cannot know.
        List<Observation> observations =
        [
            .. new[] { "d", "e" }.SelectMany(set => TestObservations.Grid(set, "drag", [0, 1, 5, 20, 50], [0, 1, 8], [1], (k, m, _) => Rising(set, k, m))),
            .. TestObservations.Grid("f", "drag", [0, 1, 5, 20, 50], [0, 1, 8], [1], (k, m, _) => k <= 5 ? Rising("d", k, m) : 0.25 - (0.001 * m)),
        ];
        var model = ModelFitter.Fit(observations).Model;
        var table = Generalisation.LeaveOneDomainOut(observations, model, 24_000);
        Assert.Equal(["d", "e", "f"], table.Columns);
        var cell = table.Cells.Single(cell => cell.Column == "f");
        Assert.Equal(["f: drag k=20, m=8, n=1"], cell.Choices); // 20 · 9 · 130 = 23,400 tokens; 50 passages with 8 demonstrations are too many
        Assert.Equal(0.242, cell.Predict, tolerance: 1e-9);
        Assert.Equal(Rising("d", 5, 8), cell.Oracle, tolerance: 1e-9);
        Assert.Equal(0.242, cell.Baseline!.Value, tolerance: 1e-9); // 8 demonstrations, as many passages as fit: the same
        // What gold passages reach is no choice that anything could have made.
        var gold = Generalisation.LeaveOneDomainOut([.. observations, TestObservations.Of("f", "gold-passages", 2, 0, 1, 0.9)], model, 24_000);
        Assert.Equal(cell.Oracle, gold.Cells.Single(one => one.Column == "f").Oracle);
    }

    [Fact]
    public void Length_extrapolation_fits_to_the_smaller_budget_alone()
    {
        // Up to 2,000 tokens passages help and demonstrations do not; beyond, the other way round. Fitted to the smaller ones, the choice is many passages.
        var observations = TestObservations.Grid("d", "drag", [0, 1, 2, 4, 8, 20, 40], [0, 1, 2, 8], [1], (k, m, _) =>
            k * (m + 1) * 130 <= 1900 ? 0.2 + (0.05 * Math.Log(k + 1)) + (0.001 * m) : 0.3 + (0.02 * m) - (0.001 * k)).ToList();
        var model = ModelFitter.Fit(observations).Model;
        var cell = Assert.Single(Generalisation.LengthExtrapolation(observations, model, [2_000, 6_000]).Cells);
        Assert.Equal("2k -> 6k", cell.Column);
        Assert.Equal(observations.Where(one => one.MaxEffectiveContextTokens <= 6_000).Max(one => one.Value), cell.Oracle);
        Assert.StartsWith("d: drag k=40, m=0", Assert.Single(cell.Choices), StringComparison.Ordinal);
        Assert.Equal(0.3 - 0.04, cell.Predict, tolerance: 1e-9);
        Assert.Equal(0.3 + 0.16 - 0.004, cell.Baseline!.Value, tolerance: 1e-9); // m = 8 with k = 4: 4,780 tokens
    }

    [Fact]
    public void A_step_to_which_nothing_longer_was_measured_is_left_out()
    {
        var observations = Simulator.Run(new SimulationRequest { Questions = 30, K = [0, 1, 5], M = [0, 1], N = [1, 2] });
        Assert.Empty(Generalisation.LengthExtrapolation(observations, ModelFitter.Fit(observations).Model, [1_000_000, 5_000_000]).Cells);
    }

    [Fact]
    public void On_a_simulated_model_the_choice_beats_the_rule_of_eight_demonstrations()
    {
        var observations = Simulator.Run(new SimulationRequest { Questions = 100, N = [1, 2, 3, 4] });
        var table = Generalisation.LeaveOneDomainOut(observations, ModelFitter.Fit(observations).Model, 200_000);
        Assert.Equal(12, table.Cells.Count); // four data sets, three metrics
        Assert.All(table.Cells, cell => Assert.True(cell.Predict <= cell.Oracle && cell.Baseline <= cell.Oracle));
        Assert.True(table.MeanPredictToOracle > table.MeanBaselineToOracle);
        Assert.InRange(table.MeanPredictToOracle, 0.8, 1);
    }

    private static double Rising(string set, int k, int m) => 0.2 + ((set == "d" ? 0.03 : 0.05) * Math.Log(k + 1)) + (0.06 * Math.Log(m + 1));

    private static GeneralisationTable Table(string[] columns, double[] baseline, double[] predict, double[] oracle) => new("", [.. columns.SelectMany((column, c) => Metrics.Select(
        (metric, i) => new GeneralisationCell(column, metric, baseline[(3 * c) + i] / 100, predict[(3 * c) + i] / 100, oracle[(3 * c) + i] / 100)))]);
}
