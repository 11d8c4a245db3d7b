using AgentRag.Evaluation;
using AgentRag.Fitting;
using Xunit;

namespace AgentRag.Tests.Fitting;

public sealed class IdentifiabilityTrapsTests
{
    private static readonly int[] Ks = [0, 1, 2, 5, 10, 20, 50, 100];

    [Fact]
    public void A_sound_set_of_runs_has_no_trap() => Assert.DoesNotContain(Traps(
    [
        .. Sound("d", 0.02), .. Sound("e", 0.05), .. Sound("f", 0.08), .. Sound("d", 0.03, "iterdrag", ns: [1, 2, 3, 4]), .. Sound("e", 0.04, "iterdrag", ns: [1, 2, 3, 4]),
    ]), trap => trap.Kind is not (FitTrapKind.NoLink or FitTrapKind.IllConditioned));

    [Fact]
    public void A_parameter_that_never_changes_is_told() => AssertTrap(
        FitTrapKind.ConstantParameter,
        "n is 3 in every observation of iterdrag: what it is worth there cannot be said. Measure other values.",
        [.. Sound("d", 0.02, "iterdrag", ns: [3]), .. Sound("e", 0.05, "iterdrag", ns: [3])]);

    [Fact]
    public void One_iteration_of_a_one_pass_strategy_is_no_trap() =>
        Assert.DoesNotContain(Traps([.. Sound("d", 0.02), .. Sound("e", 0.05)]), trap => trap.Kind == FitTrapKind.ConstantParameter);

    [Fact]
    public void Parameters_that_move_together_are_told() => AssertTrap(
        FitTrapKind.ParametersMoveTogether,
        "k and m move together in drag (correlation of their logarithms 1.00): which of them helps cannot be said. Measure k large with m small, and the other way round.",
        [.. new[] { "d", "e" }.SelectMany(set => new[] { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30, 40, 60 }
            .Select(k => TestObservations.Of(set, "drag", k, k, 1, 0.3 + (0.03 * Math.Log(k + 0.01)) + (set == "d" ? 0 : 0.001 * k)))
            .Concat([TestObservations.Of(set, "drag", 1, 0, 1, 0.2), TestObservations.Of(set, "drag", 0, 1, 1, 0.18)]))],
        new FitOptions { Variant = FitVariant.Linear });

    [Fact]
    public void A_parameter_with_two_values_is_told() => AssertTrap(
        FitTrapKind.TwoValues,
        "m takes two values alone in drag (0, 1): any curve goes through two points, so its form is taken on trust. Measure at least four.",
        [.. Sound("d", 0.02, ms: [0, 1]), .. Sound("e", 0.05, ms: [0, 1])]);

    [Fact]
    public void One_data_set_alone_is_told() => AssertTrap(
        FitTrapKind.OneDataSet,
        "All observations are of d: how informativeness changes the weights (b) cannot be told from the weights (a) and the constant (c), and the model holds for this data set " +
        "alone. Measure a second one.",
        [.. Sound("d", 0.02)]);

    [Fact]
    public void One_strategy_alone_is_told() => AssertTrap(
        FitTrapKind.OneStrategy,
        "All observations are of iterdrag: the model cannot say whether another strategy would do better. Measure another.",
        [.. Sound("d", 0.02, "iterdrag", ns: [1, 2, 3, 4]), .. Sound("e", 0.05, "iterdrag", ns: [1, 2, 3, 4])]);

    [Fact]
    public void A_saturated_metric_is_told() => AssertTrap(
        FitTrapKind.SaturatedMetric,
        "accuracy on d is at the top in 63 % of the observations: there more inference cannot show what it is worth. Take harder questions, or another metric.",
        // k of 5 and more: five values of eight.
        [.. TestObservations.Grid("d", "drag", Ks, [0, 1, 2, 4], [1], (k, m, _) => k >= 5 ? 0.99 : 0.3 + (0.1 * k) + (0.01 * m)), .. Sound("e", 0.05)]);

    [Fact]
    public void A_metric_that_never_changes_is_told_and_left_out()
    {
        List<Observation> flat = [.. TestObservations.Grid("d", "drag", Ks, [0, 1, 2, 4], [1], (_, _, _) => 0, ObservationMetrics.ExactMatch)];
        AssertTrap(
            FitTrapKind.ConstantMetric,
            "exactMatch on d is 0 in all of 32 observations: there is nothing to explain, and they are left out. Measure more different configurations, or another metric.",
            [.. Sound("d", 0.02), .. Sound("e", 0.05), .. flat]);
        Assert.StartsWith("No observation can be fitted. exactMatch on d is 0", Assert.Throws<AgentRagException>(() => ModelFitter.Fit(flat)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_probes_are_told_and_what_needs_them_is_left_out()
    {
        List<Observation> unprobed = [.. Sound("e", 0.05).Where(observation => observation.Parameters != ProbeGrid.OnePassage)];
        var (model, report) = ModelFitter.Fit([.. Sound("d", 0.02), .. unprobed]);
        Assert.Equal(32, report.Observations);
        Assert.Equal(63, model.Measured.Count);
        Assert.Equal(
            "Informativeness was not measured for e/drag/accuracy; what was observed there is left out: run the probes, k and m of 0 and 1 with n = 1, with 'agentrag evaluate'.",
            report.Traps.Single(trap => trap.Kind == FitTrapKind.MissingProbes).Text);
    }

    [Fact]
    public void Without_any_probe_the_model_goes_without_b()
    {
        var (model, report) = ModelFitter.Fit([.. Sound("d", 0.02).Concat(Sound("e", 0.05)).Where(observation => observation.Parameters != ProbeGrid.Nothing)]);
        Assert.Equal(62, report.Observations);
        Assert.Equal(ParameterWeights.Zero, model.Strategies[0].Equation.B);
        Assert.StartsWith("Informativeness was measured nowhere", report.Traps.Single(trap => trap.Kind == FitTrapKind.MissingProbes).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Few_configurations_are_told() => AssertTrap(
        FitTrapKind.FewObservations,
        "12 configurations of drag for 5 parameters: the fit will look better than it predicts. Measure at least 25.",
        [.. Sound("d", 0.02, ks: [0, 1, 9], ms: [0, 1]), .. Sound("e", 0.05, ks: [0, 1, 9], ms: [0, 1])],
        new FitOptions { Variant = FitVariant.Linear });

    [Fact]
    public void Probes_that_are_noisier_than_they_differ_are_told()
    {
        // i_shot is the same on both sets, up to what ten questions measure.
        var traps = Traps([.. Sound("d", 0.02, questions: 10), .. Sound("e", 0.05, questions: 10)]);
        Assert.Contains(traps, trap => trap.Kind == FitTrapKind.NoisyProbes && trap.Text.StartsWith("What the first demonstration brings differs", StringComparison.Ordinal));
    }

    [Fact]
    public void Runs_with_different_prompts_are_told() => AssertTrap(
        FitTrapKind.MixedFingerprints,
        "The observations were made with different prompts (p1, p2): what they changed is taken for noise. Fit the runs of one by themselves.",
        [.. Sound("d", 0.02), .. Sound("e", 0.05).Select(observation => observation with { Fingerprints = observation.Fingerprints with { Prompts = "p2" } })]);

    [Fact]
    public void A_data_set_asked_in_several_samples_of_questions_is_told() => AssertTrap(
        FitTrapKind.MixedFingerprints,
        "d was asked in 2 samples of questions: some may be harder than others, which is taken for noise. Ask every configuration the same questions.",
        [
            .. Sound("d", 0.02).Select((observation, i) => observation with { Fingerprints = observation.Fingerprints with { Questions = $"q{i % 2}" } }),
            .. Sound("e", 0.05).Select(observation => observation with { Fingerprints = observation.Fingerprints with { Questions = "q2" } }),
        ]);

    private static void AssertTrap(FitTrapKind kind, string text, IReadOnlyList<Observation> observations, FitOptions? options = null) =>
        Assert.Contains(text, Traps(observations, options).Where(trap => trap.Kind == kind).Select(trap => trap.Text));

    private static IReadOnlyList<FitTrap> Traps(IReadOnlyList<Observation> observations, FitOptions? options = null) => ModelFitter.Fit(observations, options).Report.Traps;

    // A curve that levels off, so that i differs between sets and a link can be seen.
    private static IEnumerable<Observation> Sound(
        string set, double slope, string strategy = "drag", int[]? ks = null, int[]? ms = null, int[]? ns = null, int questions = 100_000)
    {
        return TestObservations.Grid(set, strategy, ks ?? Ks, ms ?? [0, 1, 2, 4], ns ?? [1], (k, m, n) =>
            0.1 + (0.5 / (1 + Math.Exp(-(10 * slope * Math.Log(k + 0.01)) - (slope * 4 * Math.Log(m + 0.01)) - Math.Log(n + 0.01)))))
            .Select(observation => observation with { Questions = questions });
    }
}
