using AgentRag.Evaluation.Runs;

namespace AgentRag.Evaluation.Reports;

/// <summary>Recorded runs, made ready to be shown: the numbers of the report, which its HTML and its Markdown share.</summary>
public sealed class RunReport
{
    // The paper's budgets, and smaller ones for small models and short questions.
    private static readonly long[] Ladder = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 128_000, 1_000_000, 5_000_000];

    private RunReport(IReadOnlyList<ReportedRun> runs, RunReportOptions options) => (Runs, Options) = (runs, options);

    /// <summary>The runs, each under a name of its own.</summary>
    public IReadOnlyList<ReportedRun> Runs { get; }

    /// <summary>What is shown.</summary>
    public RunReportOptions Options { get; }

    /// <summary>Whether the runs were simulated: then nothing in the report was measured, and it says so.</summary>
    public bool IsSimulated => Runs[0].Scored.Run.Manifest.IsSimulated;

    /// <summary>The budgets of the table of optima: those under which a further configuration comes in.</summary>
    public IReadOnlyList<long> Budgets
    {
        get
        {
            List<long> kept = [];
            var before = 0;
            var tokens = Runs.SelectMany(run => run.Scored.Configurations).Where(scored => !scored.Configuration.IsBaseline).Select(scored => scored.MaxTokens).ToList();
            var asked = Runs.SelectMany(run => run.Scored.Configurations).Select(scored => scored.Configuration.BudgetTokens);
            foreach (var budget in Ladder.Concat(asked).Distinct().Order())
            {
                var fitting = tokens.Count(max => max <= budget);
                if (fitting > before)
                {
                    (before, kept) = (fitting, [.. kept, budget]);
                }
            }

            return kept;
        }
    }

    /// <summary>Makes a report.</summary>
    /// <param name="runs">The runs; length ≥ 1.</param>
    /// <param name="options">What to show.</param>
    /// <exception cref="AgentRagException">Simulated and measured runs are mixed, or a run has no result yet.</exception>
    public static RunReport Of(IReadOnlyList<ScoredRun> runs, RunReportOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(runs);
        if (runs.Count == 0)
        {
            throw new ArgumentException("A report needs at least one run.", nameof(runs));
        }

        if (runs.Select(run => run.Run.Manifest.IsSimulated).Distinct().Count() > 1)
        {
            throw new AgentRagException("Simulated and measured runs are never shown together: make two reports.");
        }

        var chosen = options ?? new();
        foreach (var run in runs)
        {
            if (run.Configurations.Count == 0)
            {
                throw new AgentRagException($"Run '{run.Run.Directory}' has no result yet: go on with it, or leave it out.");
            }

            if (run.BestOfStrategies(chosen.Metric).Count == 0)
            {
                throw new AgentRagException($"Run '{run.Run.Directory}' has no values of the metric {chosen.Metric.ShortName()}: choose another one.");
            }
        }

        return new RunReport([.. runs.Zip(Names(runs), (run, name) => new ReportedRun(name, run, chosen))], chosen);
    }

    // As short as it tells runs apart: the data set; with the model; with the folder.
    private static IEnumerable<string> Names(IReadOnlyList<ScoredRun> runs)
    {
        Func<ScoredRun, string>[] forms =
        [
            run => run.Run.Manifest.DataSet,
            run => $"{run.Run.Manifest.DataSet} · {run.Run.Manifest.Model}",
            run => $"{run.Run.Manifest.DataSet} · {run.Run.Directory}",
        ];
        var form = forms.FirstOrDefault(form => runs.Select(form).Distinct(StringComparer.Ordinal).Count() == runs.Count) ?? forms[^1];
        return runs.Select(form);
    }
}
