using AgentRag.Allocation.Simulation;
using AgentRag.Answering;
using AgentRag.Evaluation;
using AgentRag.Fitting;
using Xunit;

namespace AgentRag.Tests.Fitting;

public sealed class ModelFitterTests
{
    private static readonly int[] Ks = [0, 1, 5, 20, 100];
    private static readonly int[] Ms = [0, 1, 2, 8];

    private static readonly IReadOnlyList<Observation> Simulated = Simulator.Run(new SimulationRequest { Questions = 60, N = [1, 2, 4] });

    [Fact]
    public void Z_scores_and_informativeness_are_the_values_worked_by_hand()
    {
        // Accuracy 0.2, 0.4, 0.6, 0.4 on d: mean 0.4, standard deviation √(0.08 / 4) = 0.141421.
        var data = FitData.Prepare(
            [
                TestObservations.Of("d", "drag", 0, 0, 1, 0.2), TestObservations.Of("d", "drag", 1, 0, 1, 0.4), TestObservations.Of("d", "drag", 5, 1, 1, 0.6),
                TestObservations.Of("d", "drag", 0, 1, 1, 0.4), TestObservations.Of("e", "drag", 0, 0, 1, 0.1), TestObservations.Of("e", "drag", 1, 0, 1, 0.1),
                TestObservations.Of("e", "drag", 0, 1, 1, 0.3),
            ],
            new FitOptions());
        Assert.Equal([-1.414214, 0, 1.414214, 0], data.Rows.Take(4).Select(row => Math.Round(row.Z, 6)));
        Assert.Equal(("d", 0.4), (data.Scales[0].DataSet, Math.Round(data.Scales[0].Mean, 12)));
        Assert.Equal(0.141421, data.Scales[0].StandardDeviation, tolerance: 1e-6);
        Assert.Equal(1.414214, data.Informativeness[0].Value.Document, tolerance: 1e-6); // (0.4 − 0.2) / 0.141421
        Assert.Equal(1.414214, data.Informativeness[0].Value.Demonstration, tolerance: 1e-6);
        Assert.Equal(0, data.Informativeness[1].Value.Document, tolerance: 1e-12);
        Assert.Equal(2.121320, data.Informativeness[1].Value.Demonstration, tolerance: 1e-6); // e: standard deviation 0.094281
        Assert.Equal(Math.Log(5.01), data.Rows[2].Terms.LogK, precision: 12);
        Assert.Equal(1.414214 * Math.Log(5.01), data.Rows[2].Terms.Value(EquationParameter.DocumentK), tolerance: 1e-5);
    }

    [Fact]
    public void Observations_without_noise_are_predicted_exactly()
    {
        // A straight line in the logarithms, which no link can improve on; i is what the probes then give.
        List<Observation> observations =
        [
            .. TestObservations.Grid("d", "iterdrag", Ks, Ms, [1, 3, 5], (k, m, n) => 0.5 + (0.03 * Math.Log(k + 0.01)) + (0.01 * Math.Log(m + 0.01)) + (0.02 * Math.Log(n + 0.01))),
        ];
        var (model, report) = ModelFitter.Fit(observations, new FitOptions { Variant = FitVariant.Linear });
        Assert.Equal(1, report.Quality.R2, tolerance: 1e-9);
        var scale = Assert.Single(model.Scales);
        var equation = Assert.Single(model.Strategies).Equation;
        Assert.Equal(0.03 / scale.StandardDeviation, equation.A.K, tolerance: 1e-9);
        Assert.Equal(0.01 / scale.StandardDeviation, equation.A.M, tolerance: 1e-9);
        Assert.Equal(0.02 / scale.StandardDeviation, equation.A.N, tolerance: 1e-9);
        Assert.Equal(ParameterWeights.Zero, equation.B); // one data set: b cannot be told from a, and a is kept
        Assert.Contains(report.Coefficients, estimate => estimate is { Parameter: EquationParameter.DocumentK, StandardError: null });
    }

    [Fact]
    public void Strategies_that_differ_by_a_constant_get_one_each()
    {
        var random = new Random(3);
        var (model, report) = ModelFitter.Fit([.. new[] { "d", "e" }.SelectMany(set => Strategies(0.25, 0.03, set, random))]);
        Assert.Equal(StrategyPooling.Intercept, model.Pooling);
        Assert.True(report.Poolings[0].CrossValidatedMse > 2 * report.Poolings[1].CrossValidatedMse);
        var (drag, iterDrag) = (model.Strategies[0].Equation, model.Strategies[1].Equation);
        Assert.Equal(drag with { C = 0 }, iterDrag with { C = 0 });
        Assert.True(model.Predict("iterdrag", new(5, 1, 1), new(0, 0)).Z > model.Predict("drag", new(5, 1, 1), new(0, 0)).Z + 1);
    }

    [Fact]
    public void Strategies_that_gain_differently_from_passages_get_an_equation_each()
    {
        var random = new Random(4);
        var (model, report) = ModelFitter.Fit([.. new[] { "d", "e" }.SelectMany(set => Strategies(0, 0.06, set, random))]);
        Assert.Equal(StrategyPooling.PerStrategy, model.Pooling);
        Assert.Equal(report.Poolings.Min(pooling => pooling.CrossValidatedMse), report.Poolings[2].CrossValidatedMse);
        Assert.True(Gain("iterdrag") > 1.3 * Gain("drag"), $"{Gain("iterdrag")} against {Gain("drag")}");

        double Gain(string strategy) => model.Predict(strategy, new(100, 1, 1), model.InformativenessOf(strategy)).Z - model.Predict(strategy, new(1, 1, 1), model.InformativenessOf(strategy)).Z;
    }

    [Fact]
    public void The_same_observations_in_any_order_give_the_same_model()
    {
        var first = ModelFitter.Fit(Simulated);
        var again = ModelFitter.Fit(Simulated);
        Assert.Equal(AllocationModelFile.ToJson(first.Model), AllocationModelFile.ToJson(again.Model));
        var reversed = ModelFitter.Fit([.. Simulated.Reverse()]);
        Assert.Equal(first.Report.Pooling, reversed.Report.Pooling);
        Assert.Equal(first.Report.Quality.R2, reversed.Report.Quality.R2, tolerance: 1e-6);
    }

    [Fact]
    public void The_forms_of_table_2_stand_beside_each_other()
    {
        var report = ModelFitter.Fit(Simulated).Report;
        Assert.Equal(
            [FitVariant.WithoutInformativeness, FitVariant.Quadratic, FitVariant.Linear, FitVariant.SigmoidInTwoStages, FitVariant.Sigmoid],
            report.Variants.Select(variant => variant.Variant));
        Assert.Equal(report.Quality, report.Variants[^1].Quality);
        var r2 = report.Variants.ToDictionary(variant => variant.Variant, variant => variant.Quality!.R2);
        Assert.True(r2[FitVariant.Sigmoid] >= r2[FitVariant.SigmoidInTwoStages]); // the same form, fitted in one go
        Assert.True(r2[FitVariant.Sigmoid] >= r2[FitVariant.WithoutInformativeness]); // holds it
        Assert.True(r2[FitVariant.Quadratic] >= r2[FitVariant.Linear]); // holds it
        Assert.All(report.Variants, variant => Assert.Equal(variant.Quality!.Mse, 1 - variant.Quality.R2, tolerance: 0.02)); // z has variance 1, but for what is left out
        Assert.All(report.Variants, variant => Assert.True(variant.Quality!.MseWithoutOutliers <= variant.Quality.Mse));
    }

    [Fact]
    public void Baselines_under_other_prompts_are_kept_beside_the_equation_and_not_fitted()
    {
        List<Observation> observations = [.. Simulated, .. Simulator.Run(new SimulationRequest { Questions = 60, Strategies = ["rag", "zero-shot"] })];
        var (model, report) = ModelFitter.Fit(observations);
        Assert.Equal(["drag", "iterdrag"], model.Strategies.Select(strategy => strategy.Strategy));
        Assert.Equal(Simulated.Count, report.Observations);
        Assert.Equal(observations.Count, model.Measured.Count);
        Assert.Equal(["rag"], ModelFitter.Fit(observations, new FitOptions { Strategies = ["rag"] }).Model.Strategies.Select(strategy => strategy.Strategy));
    }

    [Fact]
    public void Simulated_and_measured_observations_are_never_fitted_together() => Assert.Equal(
        $"{Simulated.Count:N0} of {Simulated.Count + 1:N0} observations are simulated and the others measured: they are never mixed; name the runs of one kind.",
        Assert.Throws<AgentRagException>(() => ModelFitter.Fit([.. Simulated, TestObservations.Of("d", "drag", 1, 1, 1, 0.5)])).Message);

    [Fact]
    public void Observations_of_two_chat_models_are_never_fitted_together()
    {
        var other = TestObservations.Of("d", "drag", 2, 0, 1, 0.5) with { Fingerprints = new() { Model = "m2" } };
        Assert.Equal(
            "The observations are of 2 chat models (m1, m2); a, b and c are properties of one model: fit each by itself.",
            Assert.Throws<AgentRagException>(() => ModelFitter.Fit([TestObservations.Of("d", "drag", 1, 0, 1, 0.5), other])).Message);
    }

    [Fact]
    public void Too_few_observations_are_an_error_that_says_how_many_are_needed() => Assert.Equal(
        "3 observations of drag are too few for the equation: measure at least ten configurations of each strategy.",
        Assert.Throws<AgentRagException>(() => ModelFitter.Fit(
            [TestObservations.Of("d", "drag", 0, 0, 1, 0.2), TestObservations.Of("d", "drag", 1, 0, 1, 0.4), TestObservations.Of("d", "drag", 0, 1, 1, 0.3)])).Message);

    [Fact]
    public void The_fingerprints_of_all_runs_stand_in_the_model()
    {
        var model = ModelFitter.Fit([.. new[] { "d", "e" }.SelectMany(set => Strategies(0.1, 0.03, set, new Random(1)))]).Model;
        Assert.Equal(["m1"], model.Fingerprints.Models);
        Assert.Equal(["i-d", "i-e"], model.Fingerprints.Indexes);
        Assert.Empty(model.MismatchesWith(new ObservationFingerprints { Model = "m1", Prompts = "p1", Index = "i-e", Retriever = "r1", Code = "2.0" }));
        Assert.Empty(model.MismatchesWith(new ObservationFingerprints()));
        Assert.Equal(
            [
                "The allocation model was fitted with another chat model (m1; here: m2): what it predicts may not hold; measure and fit again.",
                "The allocation model was fitted with other prompts (p1; here: p2): what it predicts may not hold; measure and fit again.",
                "The allocation model was fitted with another index (i-d, i-e; here: i-f): what it predicts may not hold; measure and fit again.",
                "The allocation model was fitted with another retriever (r1; here: r2): what it predicts may not hold; measure and fit again.",
            ],
            model.MismatchesWith(new ObservationFingerprints { Model = "m2", Prompts = "p2", Index = "i-f", Retriever = "r2" }));
        Assert.Empty(AllocationModel.Published.MismatchesWith(new ObservationFingerprints { Model = "m2" }));
        Assert.StartsWith(
            "The allocation model was fitted to simulated observations",
            Assert.Single(ModelFitter.Fit(Simulated).Model.MismatchesWith(new ObservationFingerprints { Model = "m2", Index = "x" })),
            StringComparison.Ordinal);
    }

    [Fact]
    public void More_of_anything_is_predicted_to_be_better_when_its_weight_is_positive()
    {
        var equation = PerformanceEquation.Published;
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var i = new Informativeness(random.NextDouble() * 3, random.NextDouble() * 3); // a + b · i stays positive up to 4.85 and 12.6
            var parameters = new InferenceParameters(random.Next(1000), random.Next(256), 1 + random.Next(31));
            var z = equation.Predict(parameters, i);
            Assert.True(equation.Predict(parameters with { K = parameters.K + 1 }, i) > z);
            Assert.True(equation.Predict(parameters with { M = parameters.M + 1 }, i) > z);
            Assert.True(equation.Predict(parameters with { N = parameters.N + 1 }, i) > z);
        }
    }

    private static IEnumerable<Observation> Strategies(double constant, double slope, string set, Random random) =>
    [
        .. TestObservations.Grid(set, "drag", Ks, Ms, [1], (k, m, _) => 0.3 + (0.03 * Math.Log(k + 0.01)) + (0.01 * Math.Log(m + 0.01)) + Noise(random)),
        // The first passage brings both the same, or informativeness would explain the difference.
        .. TestObservations.Grid(set, "iterdrag", Ks, Ms, [1, 2, 4], (k, m, n) =>
            0.3 + constant + (0.03 * Math.Log(Math.Min(k, 1) + 0.01)) + (slope * Math.Log(Math.Max(k, 1))) + (0.01 * Math.Log(m + 0.01)) + (0.02 * Math.Log(n + 0.01)) + Noise(random)),
    ];

    private static double Noise(Random random) => 0.01 * TestObservations.Normal(random);
}
