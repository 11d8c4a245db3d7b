using AgentRag.Allocation;
using AgentRag.Allocation.Simulation;
using AgentRag.Answering;
using AgentRag.Evaluation;
using AgentRag.Fitting;
using Xunit;

namespace AgentRag.Tests.Allocation;

public sealed class FittedAllocationTests
{
    // Accuracy is 0.5 + 0.1 z on the one data set; z = log(k + ε) / 2 - 2, or as measured.
    private static readonly PerformanceEquation Equation = new() { A = new(0.5, 0, 0), B = ParameterWeights.Zero, C = -2 };

    [Fact]
    public void The_best_measured_configuration_within_the_budget_is_recommended()
    {
        var allocation = Allocate(Model(0.01, ("drag", 1, 0, 0.30), ("drag", 20, 0, 0.50), ("drag", 5, 0, 0.42), ("drag", 50, 0, 0.60)), budget: 4_000);
        Assert.Equal((new InferenceParameters(20, 0, 1), AllocationBasis.Measured), (allocation.Recommended.Parameters, allocation.Recommended.Basis));
        Assert.Equal(0.50, allocation.Recommended.Measured!.Value);
    }

    [Fact]
    public void Between_measured_configurations_a_better_prediction_is_taken()
    {
        // k = 10 is predicted at z = log(10.01) / 2 - 2 = -0.848, which is 0.415; the best measured value that fits is 0.30.
        var allocation = Allocate(Model(1, ("drag", 1, 0, 0.30), ("drag", 20, 0, 0.80)), budget: 2_000);
        Assert.Equal((new InferenceParameters(10, 0, 1), AllocationBasis.Interpolated), (allocation.Recommended.Parameters, allocation.Recommended.Basis));
        Assert.Equal(0.415, allocation.Recommended.Predicted!.Value, tolerance: 5e-4);
    }

    [Fact]
    public void Between_measured_configurations_a_worse_prediction_is_not_taken() =>
        Assert.Equal(new InferenceParameters(1, 0, 1), Allocate(Model(0.001, ("drag", 1, 0, 0.45), ("drag", 20, 0, 0.80)), budget: 2_000).Recommended.Parameters);

    [Fact]
    public void Beyond_what_was_measured_a_better_prediction_is_not_taken_but_told()
    {
        // k = 20 is predicted at 0.450 and 95 % of measurements in 0.450 ± 0.2; measured is 0.38 for k = 5.
        var allocation = Allocate(Model(1, ("drag", 0, 0, 0.10), ("drag", 5, 0, 0.38)), budget: 4_000);
        Assert.Equal(new InferenceParameters(5, 0, 1), allocation.Recommended.Parameters);
        Assert.Equal((20, AllocationBasis.Extrapolated), (allocation.WorthMeasuring!.Parameters.K, allocation.WorthMeasuring.Basis));
    }

    [Fact]
    public void Beyond_what_was_measured_a_prediction_is_taken_when_all_of_its_interval_is_better()
    {
        var allocation = Allocate(Model(0.0001, ("drag", 0, 0, 0.10), ("drag", 5, 0, 0.15)), budget: 4_000);
        Assert.Equal((new InferenceParameters(20, 0, 1), AllocationBasis.Extrapolated), (allocation.Recommended.Parameters, allocation.Recommended.Basis));
        Assert.Null(allocation.WorthMeasuring);
    }

    [Fact]
    public void Where_each_was_measured_large_but_never_together_both_large_is_beyond_what_was_measured()
    {
        var model = Model(0.01, ("drag", 0, 0, 0.10), ("drag", 50, 0, 0.40), ("drag", 1, 8, 0.20));
        var both = Allocate(model, budget: 100_000).Explanation.Candidates.Single(candidate => candidate.Configuration.Parameters == new InferenceParameters(20, 4, 1));
        var one = Allocate(model, budget: 100_000).Explanation.Candidates.Single(candidate => candidate.Configuration.Parameters == new InferenceParameters(20, 0, 1));
        Assert.Equal((AllocationBasis.Extrapolated, AllocationBasis.Interpolated), (both.Configuration.Basis, one.Configuration.Basis));
    }

    [Fact]
    public void Of_what_fits_nothing_that_was_measured_better_is_ever_passed_over()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var measured = Enumerable.Range(0, 12).Select(_ => ("drag", random.Next(60), random.Next(9), Math.Round(0.1 + (0.8 * random.NextDouble()), 3)))
                .DistinctBy(one => (one.Item2, one.Item3)).ToArray();
            var budget = 1_000 + random.Next(20_000);
            var allocation = Allocate(Model(Math.Pow(10, -3 * random.NextDouble()), measured), budget);
            var best = measured.Where(one => 130 * one.Item2 * (one.Item3 + 1) <= budget).Select(one => one.Item4).DefaultIfEmpty(0).Max();
            var chosen = allocation.Recommended;
            Assert.True(chosen.PlannedTokens <= budget);
            Assert.True(chosen.Basis switch
            {
                AllocationBasis.Measured => chosen.Measured!.Value >= best,
                AllocationBasis.Interpolated => chosen.Predicted!.Value >= best,
                _ => chosen.Predicted!.Prediction.Low >= best,
            }, $"seed {seed}: {chosen} against {best}");
        }
    }

    [Fact]
    public void Where_more_passages_were_measured_worse_no_more_are_predicted()
    {
        // 0.5 at k = 20 and 0.3 at 50, with a standard error of 0.016: worse by far more than chance.
        var model = Model(0.0001, ("drag", 0, 0, 0.1), ("drag", 5, 0, 0.4), ("drag", 20, 0, 0.5), ("drag", 50, 0, 0.3), ("drag", 5, 4, 0.41));
        var allocation = Allocate(model, budget: 1_000_000);
        Assert.Equal([new MeasuredCaps("drag", K: 20, M: null, N: null)], allocation.Caps);
        var capped = allocation.Explanation.Candidates.Where(candidate => candidate.CappedBy is not null).ToList();
        Assert.Equal("k > 20", Assert.Single(capped.Select(candidate => candidate.CappedBy).Distinct()));
        Assert.All(capped, candidate => Assert.True(candidate.Configuration.Parameters.K > 20 && candidate.Configuration.Measured is null));
        Assert.True(allocation.Recommended.Parameters.K <= 20);
        Assert.True(allocation.WorthMeasuring is null or { Parameters.K: <= 20 });
    }

    [Theory]
    [InlineData(new[] { 1, 5, 20 }, new[] { 0.2, 0.4, 0.5 }, null)] // it rises
    [InlineData(new[] { 1, 5, 20 }, new[] { 0.2, 0.5, 0.49 }, null)] // it falls within noise: 0.01 with an error of 0.022
    [InlineData(new[] { 1, 5, 20 }, new[] { 0.2, 0.5, 0.4 }, 5)]
    [InlineData(new[] { 1, 5, 20, 50 }, new[] { 0.2, 0.5, 0.4, 0.55 }, null)] // it recovers
    [InlineData(new[] { 1, 5, 20, 50 }, new[] { 0.2, 0.5, 0.49, 0.4 }, 5)] // all larger are worse, one of them for sure
    public void A_cap_needs_all_larger_values_to_be_worse_and_one_of_them_significantly(int[] ks, double[] values, int? expected) => Assert.Equal(
        expected,
        MeasuredCaps.Of("drag", ks.Zip(values, (k, value) => new ScopedMeasurement("d", "drag", new(k, 0, 1), value, 0.0158, value * 10, 0.158, 1000, 1))).K);

    [Fact]
    public void Caps_compare_configurations_that_differ_in_one_parameter_alone()
    {
        // More passages go with fewer demonstrations here: nothing says which of the two is to blame.
        ScopedMeasurement[] measured = [At(5, 4, 0.6), At(50, 0, 0.2)];
        Assert.False(MeasuredCaps.Of("drag", measured).IsAny);
        Assert.Equal(new MeasuredCaps("drag", 5, null, null), MeasuredCaps.Of("drag", [.. measured, At(50, 4, 0.3)]));

        static ScopedMeasurement At(int k, int m, double value) => new("d", "drag", new(k, m, 1), value, 0.0158, value * 10, 0.158, 1000, 1);
    }

    [Fact]
    public void What_is_no_worse_as_far_as_was_measured_is_told_when_it_is_cheaper()
    {
        // 0.50 and 0.48 with standard errors of 0.0158 each: 0.02 is within 1.645 · 0.0224 = 0.037; 0.45 is not.
        var allocation = Allocate(Model(0.01, ("drag", 5, 0, 0.45), ("drag", 10, 0, 0.48), ("drag", 20, 0, 0.50)), budget: 4_000);
        Assert.Equal(new InferenceParameters(20, 0, 1), allocation.Recommended.Parameters);
        Assert.Equal(new InferenceParameters(10, 0, 1), allocation.CheaperWithinNoise!.Parameters);
    }

    [Fact]
    public void Strategies_compete_by_what_they_reach_and_a_measured_baseline_may_win()
    {
        var model = Model(1, ("drag", 5, 0, 0.40), ("iterdrag", 5, 0, 0.55), ("rag", 5, 0, 0.60), ("rag", 0, 0, 0.1));
        Assert.Equal("rag", Allocate(model, budget: 100_000).Recommended.Strategy);
        Assert.Equal(["rag", "drag", "iterdrag"], Allocate(model, budget: 100_000).Alternatives.Select(one => one.Strategy));
        Assert.Equal(0.55, Allocate(model with { Measured = [.. model.Measured.Where(one => one.Strategy != "rag")] }, budget: 100_000).Recommended.Measured!.Value);
    }

    [Fact]
    public void A_baseline_that_nobody_can_ask_with_is_never_recommended()
    {
        var model = Model(1, ("drag", 5, 0, 0.40), ("drag", 10, 0, 0.45));
        model = model with { Measured = [.. model.Measured, model.Measured[0] with { Strategy = "gold-passages", Value = 0.9 }] };
        Assert.Equal((new InferenceParameters(10, 0, 1), "drag"), (Allocate(model, budget: 1_500).Recommended.Parameters, Allocate(model, budget: 1_500).Recommended.Strategy));
        Assert.DoesNotContain(Allocate(model, budget: 1_500).Explanation.Candidates, candidate => candidate.Configuration.Strategy == "gold-passages");
    }

    [Fact]
    public void A_strategy_that_is_asked_for_is_the_only_one_considered()
    {
        var model = Model(1, ("drag", 5, 0, 0.40), ("iterdrag", 5, 0, 0.55));
        var allocation = BudgetAllocator.Allocate(Request(model, 100_000) with { Strategy = "drag" });
        Assert.Equal(["drag"], allocation.Alternatives.Select(one => one.Strategy));
        Assert.Equal(
            "The allocation model knows nothing of strategy 'rag': it has drag, iterdrag.",
            Assert.Throws<AgentRagException>(() => BudgetAllocator.Allocate(Request(model, 100_000) with { Strategy = "rag" })).Message);
        Assert.Equal("drag", BudgetAllocator.Allocate(Request(AllocationModel.Published, 1_000_000) with { Strategy = "drag" }).Recommended.Strategy);
    }

    [Fact]
    public void A_run_that_was_measured_to_cost_less_than_planned_costs_what_was_measured()
    {
        // Five iterations are planned at 5 · 130 · 41 = 26,650 tokens; the longest question took 9,000, as most end before.
        var model = Model(0.01, ("iterdrag", 5, 0, 0.5)) with { Measured = [new("d", "iterdrag", "accuracy", new(5, 0, 5), 0.5, 0.0158, 1000, 9_000)] };
        Assert.Equal(9_000, Allocate(model, budget: 10_000).Recommended.PlannedTokens);
        // With another index or model it may cost all that is planned: then it does not fit, and nothing else was measured.
        var elsewhere = BudgetAllocator.Allocate(Request(model, 10_000) with { MeasuredTokensHold = false });
        Assert.NotEqual(new InferenceParameters(5, 0, 5), elsewhere.Recommended.Parameters);
        Assert.Equal(26_650, BudgetAllocator.Allocate(Request(model, 30_000) with { MeasuredTokensHold = false }).Recommended.PlannedTokens);
    }

    [Fact]
    public void A_data_set_and_a_metric_can_be_chosen_and_strangers_are_told()
    {
        var scale = new DataSetScale("d", "accuracy", 0.5, 0.1, 10);
        var model = Model(0.01, ("drag", 5, 0, 0.5), ("drag", 20, 0, 0.4)) with { Scales = [scale, scale with { DataSet = "e" }] };
        model = model with { Measured = [.. model.Measured, .. model.Measured.Select(one => one with { DataSet = "e", Value = one.Parameters.K == 5 ? 0.3 : 0.7 })] };
        Assert.Equal(5, Allocate(model, 4_000, "d").Recommended.Parameters.K);
        Assert.Equal(20, Allocate(model, 4_000, "e").Recommended.Parameters.K);
        var mean = Allocate(model, 4_000).Recommended;
        Assert.Equal((20, 0.55, 2000), (mean.Parameters.K, mean.Measured!.Value, mean.Measured.Questions)); // (0.4 + 0.7) / 2
        Assert.Equal(
            "The allocation model knows no data set 'f': it has d, e.", Assert.Throws<AgentRagException>(() => Allocate(model, 4_000, "f")).Message);
        Assert.Equal(
            "The allocation model knows no metric 'f1': it has accuracy.",
            Assert.Throws<AgentRagException>(() => BudgetAllocator.Allocate(Request(model, 4_000) with { Metric = "f1" })).Message);
    }

    [Fact]
    public void Over_several_data_sets_the_mean_of_the_metric_counts_and_not_that_of_the_z_scores()
    {
        // k = 5: 0.50 and 0.50; k = 20: 0.48 and 0.515, which is less in the mean, but -0.2 and +1.5 in z as the second set hardly varies.
        var model = Model(0.01, ("drag", 5, 0, 0.50), ("drag", 20, 0, 0.48));
        model = model with
        {
            Scales = [model.Scales[0], new DataSetScale("e", "accuracy", 0.5, 0.01, 2)],
            Measured = [.. model.Measured, .. model.Measured.Select(one => one with { DataSet = "e", Value = one.Parameters.K == 5 ? 0.50 : 0.515 })],
        };
        var allocation = Allocate(model, 4_000);
        Assert.Equal((5, 0.50), (allocation.Recommended.Parameters.K, allocation.Recommended.Measured!.Value));
        Assert.Equal(allocation.Recommended.Parameters, BudgetAllocator.CheapestFor(Request(model, 4_000), 0.499).Cheapest.Parameters);
    }

    [Fact]
    public void Each_data_set_is_predicted_with_its_own_informativeness()
    {
        // z = (0.5 + 0.5 i) log(k + 0.01) - 2 at k = 10, log 10.01 = 2.3036: i = 0 gives -0.8482, i = 1 gives 0.3036, and nothing measured their mean, 0.5.
        var equation = Equation with { B = new(0.5, 0, 0) };
        var model = Model(0.04, ("drag", 1, 0, 0.30), ("drag", 20, 0, 0.80));
        DataSetScale[] scales = [new("d", "accuracy", 0.5, 0.1, 2), new("e", "accuracy", 0.4, 0.2, 2), new("f", "accuracy", 0.3, 0.1, 2)];
        model = model with
        {
            Strategies = [.. model.Strategies.Select(strategy => strategy with { Equation = equation })],
            Scales = scales,
            Measured = [.. scales.SelectMany(scale => model.Measured.Select(one => one with { DataSet = scale.DataSet }))],
            Informativeness = [new("d", "drag", "accuracy", new(0, 0), 0.1, 0.1), new("e", "drag", "accuracy", new(1, 0), 0.1, 0.1)],
        };
        var predicted = Allocate(model, 4_000).Explanation.Candidates.Single(candidate => candidate.Configuration.Parameters == new InferenceParameters(10, 0, 1)).Configuration;
        // z of the three: -0.8482, 0.3036, -0.2723. (0.5 - 0.0848 + 0.4 + 0.0607 + 0.3 - 0.0272) / 3 = 0.3829; the half width 2 · 0.2 · (0.1 + 0.2 + 0.1) / 3 = 0.0533.
        Assert.Equal(0.3829, predicted.Predicted!.Value, tolerance: 1e-4);
        Assert.Equal(0.3829 - 0.0533, predicted.Predicted.Prediction.Low, tolerance: 1e-4);
        Assert.Equal(-0.2723, predicted.PredictedZ, tolerance: 1e-4);
    }

    [Fact]
    public void The_cheapest_configuration_that_reaches_an_accuracy_is_found()
    {
        var model = Model(0.01, ("drag", 5, 0, 0.50), ("drag", 20, 0, 0.62), ("drag", 50, 0, 0.70));
        var found = BudgetAllocator.CheapestFor(Request(model, long.MaxValue), 0.6);
        Assert.Equal(new InferenceParameters(20, 0, 1), found.Cheapest.Parameters);
        Assert.Equal(new InferenceParameters(50, 0, 1), found.Surest!.Parameters); // 0.62 − 1.96 · 0.0158 = 0.589; 0.70 − 0.031 = 0.669
        Assert.Equal(new InferenceParameters(5, 0, 1), BudgetAllocator.CheapestFor(Request(model, long.MaxValue), 0.45).Cheapest.Parameters);
    }

    [Fact]
    public void An_accuracy_out_of_reach_is_told_with_the_best_that_there_is()
    {
        var model = Model(0.01, ("drag", 5, 0, 0.50), ("drag", 20, 0, 0.62));
        Assert.Equal(
            "Nothing that was measured or can be predicted within 4,000 tokens reaches accuracy 0.9: the best is drag with k=20, m=0, n=1, 0.620 (measured). Raise the budget, " +
            "lower the target, or measure larger configurations.",
            Assert.Throws<AgentRagException>(() => BudgetAllocator.CheapestFor(Request(model, 4_000), 0.9)).Message);
        Assert.StartsWith(
            "Published coefficients rank parameters and predict no accuracy",
            Assert.Throws<AgentRagException>(() => BudgetAllocator.CheapestFor(new AllocationRequest(new(), new()), 0.5)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void From_simulated_runs_to_a_choice_that_holds_on_the_same_questions()
    {
        var observations = Simulator.Run(new SimulationRequest { Questions = 150, N = [1, 2, 4] });
        var model = ModelFitter.Fit(observations).Model;
        foreach (var budget in new[] { 1_000, 8_000, 64_000, 500_000 })
        {
            var allocation = BudgetAllocator.Allocate(Request(model, budget) with { DataSet = "simulated-bridge" });
            var best = observations.Where(one => one is { DataSet: "simulated-bridge", Metric: ObservationMetrics.Accuracy } && one.MaxEffectiveContextTokens <= budget
                && new TokenSizes().Of(one.Strategy, one.Parameters) <= budget).Max(one => one.Value);
            // What was measured at the choice, or would be: the simulator can say.
            var chosen = allocation.Recommended;
            var reached = Simulator.Run(new SimulationRequest
            {
                Questions = 150,
                DataSets = [SimulatedDataSet.Defaults[2]],
                Strategies = [chosen.Strategy],
                K = [chosen.Parameters.K],
                M = [chosen.Parameters.M],
                N = [chosen.Parameters.N],
            }).Single(one => one.Metric == ObservationMetrics.Accuracy).Value;
            Assert.True(reached >= best - 0.08, $"{budget}: {chosen} reaches {reached}, the best that was measured {best}");
        }
    }

    private static BudgetAllocation Allocate(AllocationModel model, long budget, string? dataSet = null) =>
        BudgetAllocator.Allocate(Request(model, budget) with { DataSet = dataSet });

    private static AllocationRequest Request(AllocationModel model, long budget) =>
        new(new() { MaxEffectiveContextTokens = budget, ContextWindowTokens = 2_000_000 }, new TokenSizes()) { Model = model };

    private static AllocationModel Model(double residualVariance, params (string Strategy, int K, int M, double Value)[] measured)
    {
        var uncertainty = new EquationUncertainty
        {
            Parameters = [EquationParameter.Constant],
            Covariance = [[0.0]],
            ResidualVariance = residualVariance,
            IntervalFactor = 2,
        };
        return new AllocationModel
        {
            Source = "a test",
            Strategies = [.. measured.Select(one => one.Strategy).Where(strategy => strategy != "rag").Distinct().Select(strategy => new StrategyModel(strategy, Equation, uncertainty))],
            Scales = [new DataSetScale("d", "accuracy", 0.5, 0.1, measured.Length)],
            Measured = [.. measured.Select(one => new MeasuredPerformance("d", one.Strategy, "accuracy", new(one.K, one.M, 1), one.Value, 0.0158, 1000, 0))],
        };
    }
}
