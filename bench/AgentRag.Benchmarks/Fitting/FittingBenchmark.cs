using System.Diagnostics;
using AgentRag.Allocation;
using AgentRag.Allocation.Simulation;
using AgentRag.Evaluation;
using AgentRag.Fitting;

namespace AgentRag.Benchmarks.Fitting;

/// <summary>Times a fit of 10,000 simulated observations and allocations over the paper's grid, 11 × 10 × 5, with intervals.</summary>
internal static class FittingBenchmark
{
    private const int Observations = 10_000;

    public static int Run()
    {
        var observations = Runs();
        Console.WriteLine($"load before: {Load()}");
        var fitted = ModelFitter.Fit(observations);
        Console.WriteLine(
            $"{observations.Count:N0} observations, {fitted.Report.Configurations:N0} configurations: {fitted.Report.Pooling}, {fitted.Report.Variant}, R2 {fitted.Report.Quality.R2:F3}, " +
            $"MSE {fitted.Report.Quality.Mse:F3}");
        var request = new AllocationRequest(new() { MaxEffectiveContextTokens = 1_000_000, ContextWindowTokens = 2_000_000 }, new TokenSizes()) { Model = fitted.Model };
        var published = request with { Model = AllocationModel.Published };
        var equations = fitted.Model with { Measured = [fitted.Model.Measured[0]] };
        Time("fit: z-scores, three poolings cross-validated in ten folds, five forms, traps", 5, () => ModelFitter.Fit(observations));
        Time("fit: one pooling, no comparison of strategies", 5, () => ModelFitter.Fit([.. observations.Where(one => one.Strategy == "iterdrag")]));
        Time("predict the whole grid, 550 configurations, with intervals", 50, () => PredictGrid(fitted.Model));
        Time("allocate with published coefficients, 660 configurations of two strategies", 50, () => BudgetAllocator.Allocate(published));
        Time("allocate with the fitted model and one measurement, the same with intervals", 50, () => BudgetAllocator.Allocate(request with { Model = equations }));
        Time("allocate with the fitted model and its 10,000 measurements, with intervals and caps", 20, () => BudgetAllocator.Allocate(request));
        Time("drift of 10,000 observations", 5, () => DriftMonitor.Check(fitted.Model, observations));
        Time("leave one domain out", 3, () => Generalisation.LeaveOneDomainOut(observations, fitted.Model, 5_000_000));
        Console.WriteLine($"load after:  {Load()}");
        return 0;
    }

    private static List<Observation> Runs() =>
    [
        .. Simulator.Run(new SimulationRequest
        {
            Questions = 20,
            K = [0, 1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150],
            M = [0, 1, 2, 3, 4, 6, 8, 12, 16, 32],
        }).Take(Observations),
    ];

    private static double PredictGrid(AllocationModel model)
    {
        var best = double.MinValue;
        foreach (var k in new[] { 0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000 })
        {
            foreach (var m in new[] { 0, 1, 2, 4, 8, 16, 32, 64, 128, 256 })
            {
                for (var n = 1; n <= 5; n++)
                {
                    best = Math.Max(best, model.Predict("iterdrag", new(k, m, n), new(1, 0.5)).PredictionInterval!.Low);
                }
            }
        }

        return best;
    }

    private static void Time(string what, int times, Func<object> work)
    {
        GC.KeepAlive(work());
        var milliseconds = new double[times];
        for (var i = 0; i < times; i++)
        {
            var start = Stopwatch.GetTimestamp();
            GC.KeepAlive(work());
            milliseconds[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        Array.Sort(milliseconds);
        Console.WriteLine($"| {what,-85} | median {milliseconds[times / 2],9:F2} ms | best {milliseconds[0],9:F2} ms |");
    }

    private static string Load() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Trim() : "unknown";
}
