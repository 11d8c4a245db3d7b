using AgentRag.Allocation.Simulation;
using AgentRag.Fitting;
using Xunit;

namespace AgentRag.Tests.Fitting;

public sealed class DriftMonitorTests
{
    private static readonly SimulationRequest Request = new() { Questions = 150, K = [0, 1, 5, 20, 50], M = [0, 1, 4], N = [1, 2, 4] };

    private static readonly AllocationModel Model = ModelFitter.Fit(Simulator.Run(Request)).Model;

    [Fact]
    public void Sums_are_those_worked_by_hand()
    {
        var cusum = new Cusum();
        foreach (var residual in new[] { 1.0, 2, -0.5, 3, 1.5, -4 })
        {
            cusum.Add(residual);
        }

        // Above: 0.5, 2, 1, 3.5, 4.5, 0. Below: 0, 0, 0, 0, 0, 3.5.
        Assert.Equal((0, 3.5, null, 6), (cusum.Above, cusum.Below, cusum.AlarmAt, cusum.Count));
        cusum.Add(-3);
        Assert.Equal((6.0, 7, true), (cusum.Below, cusum.AlarmAt, cusum.IsBelow));
    }

    [Theory] // Montgomery, Introduction to Statistical Quality Control, table 9.3: slack 0.5, limit 5
    [InlineData(0, 465, 40)]
    [InlineData(1, 10.4, 0.5)]
    [InlineData(2, 4.01, 0.15)]
    public void The_average_run_length_is_the_one_in_the_literature(double shift, double expected, double tolerance)
    {
        const int Runs = 3000;
        var random = new Random(1);
        var total = 0L;
        for (var run = 0; run < Runs; run++)
        {
            var cusum = new Cusum();
            while (cusum.AlarmAt is null)
            {
                cusum.Add(shift + TestObservations.Normal(random));
            }

            total += cusum.AlarmAt.Value;
        }

        Assert.Equal(expected, (double)total / Runs, tolerance);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(10, 5)]
    [InlineData(100, 25)]
    [InlineData(1000, 25)]
    public void The_limit_for_a_number_of_values_gives_a_false_alarm_in_one_chart_of_twenty_at_most(int values, int least)
    {
        const int Charts = 1000;
        var random = new Random(values);
        var alarms = 0;
        for (var chart = 0; chart < Charts; chart++)
        {
            var cusum = new Cusum(limit: Cusum.LimitFor(values));
            for (var i = 0; i < values; i++)
            {
                cusum.Add(TestObservations.Normal(random));
            }

            alarms += cusum.AlarmAt is null ? 0 : 1;
        }

        // A short chart begins at 0 and hardly gets as far as one that has run for long.
        Assert.InRange(alarms, least, 65);
    }

    [Fact]
    public void The_limit_solves_the_equation_of_the_run_length()
    {
        var b = Cusum.LimitFor(960) + 1.166;
        Assert.Equal(20 * 960, Math.Exp(b) - b - 1, tolerance: 1e-3);
        Assert.Equal(Cusum.DefaultLimit, Cusum.LimitFor(23), tolerance: 0.02);
    }

    [Fact]
    public void Another_sample_of_questions_is_no_drift_and_a_far_worse_model_on_it_is()
    {
        var alarms = 0;
        for (var seed = 2UL; seed < 22; seed++)
        {
            var report = DriftMonitor.Check(Model, Simulator.Run(Request with { Seed = seed }));
            Assert.Equal(report.Residuals.Count, report.OtherQuestions);
            alarms += report.ShouldRefit ? 1 : 0;
        }

        Assert.InRange(alarms, 0, 2);
        Assert.True(DriftMonitor.Check(Model, Simulator.Run(Request with { Seed = 2, Model = new() { Reading = 0.4 } })).ShouldRefit);
        // Nobody says that these are other questions: then every observation counts.
        var unknown = Simulator.Run(Request with { Seed = 2 }).Select(one => one with { Fingerprints = one.Fingerprints with { Questions = null } });
        Assert.Equal(0, DriftMonitor.Check(Model, [.. unknown]).OtherQuestions);
    }

    [Fact]
    public void The_same_model_on_the_same_questions_raises_no_alarm()
    {
        var report = DriftMonitor.Check(Model, Simulator.Run(Request));
        Assert.False(report.ShouldRefit);
        Assert.Equal(3, report.Charts.Count);
        Assert.All(report.Residuals, residual => Assert.True(residual.WasMeasured));
        Assert.All(report.Charts, chart => Assert.Equal(0, chart.MeanResidual, tolerance: 1e-9));
    }

    [Fact]
    public void A_model_that_reads_worse_raises_the_alarm_below()
    {
        var worse = Simulator.Run(Request with { Model = new() { Reading = 0.7 } });
        var report = DriftMonitor.Check(Model, worse);
        Assert.True(report.ShouldRefit);
        Assert.Empty(report.Changes);
        Assert.All(report.Charts, chart => Assert.True(chart is { AlarmAt: > 0, IsBelow: true, MeanResidual: < -0.5 }));
    }

    [Fact]
    public void Configurations_that_nobody_measured_are_compared_with_their_prediction()
    {
        var fresh = Simulator.Run(Request with { K = [10], M = [2], N = [3] });
        var report = DriftMonitor.Check(Model, fresh);
        Assert.All(report.Residuals, residual => Assert.False(residual.WasMeasured));
        var first = report.Residuals[0];
        var scale = Model.Scales.Single(scale => scale.DataSet == first.Observation.DataSet && scale.Metric == first.Observation.Metric);
        var predicted = Model.Predict(
            first.Observation.Strategy, first.Observation.Parameters,
            Model.InformativenessOf(first.Observation.Strategy, first.Observation.DataSet, first.Observation.Metric));
        Assert.Equal(scale.Mean + (scale.StandardDeviation * predicted.Z), first.Expected, tolerance: 1e-12);
        // The half width of the prediction interval is t(0.975) standard deviations.
        var deviation = (predicted.PredictionInterval!.High - predicted.Z) / Model.Strategies.Single(one => one.Strategy == first.Observation.Strategy).Uncertainty!.IntervalFactor;
        Assert.Equal((scale.ToZ(first.Observation.Value) - predicted.Z) / deviation, first.Standardised, tolerance: 1e-9);
    }

    [Fact]
    public void A_changed_model_is_told_and_is_a_reason_to_fit_again()
    {
        var changed = Simulator.Run(Request).Select(observation => observation with { Fingerprints = observation.Fingerprints with { Prompts = "others" } }).ToList();
        var report = DriftMonitor.Check(Model, changed);
        Assert.True(report.ShouldRefit);
        Assert.StartsWith("The allocation model was fitted with other prompts", Assert.Single(report.Changes), StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_model_cannot_be_asked_about_is_left_out_and_told()
    {
        var known = Simulator.Run(Request with { K = [5], M = [1], N = [1] });
        var report = DriftMonitor.Check(Model, [.. known, known[0] with { DataSet = "other" }, known[0] with { Strategy = "rag" }]);
        Assert.Equal(known.Count, report.Residuals.Count);
        Assert.Equal(
            [
                "1 observations were left out: the model knows no exactMatch on 'other', so it cannot be put on its scale",
                "1 observations were left out: the model knows no strategy 'rag'",
            ],
            report.Skipped);
        Assert.Throws<AgentRagException>(() => DriftMonitor.Check(Model, [known[0] with { DataSet = "other" }]));
    }

    [Fact]
    public void Measured_runs_are_never_compared_with_a_simulated_model_and_published_coefficients_cannot_drift()
    {
        var measured = TestObservations.Of("simulated-chain", "drag", 5, 1, 1, 0.3);
        Assert.Equal(
            "The model was fitted to simulated observations and these are measured: they are never compared.",
            Assert.Throws<AgentRagException>(() => DriftMonitor.Check(Model, [measured])).Message);
        Assert.Throws<AgentRagException>(() => DriftMonitor.Check(AllocationModel.Published, [measured]));
    }
}
