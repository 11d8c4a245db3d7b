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

    /// <summary>
    /// The table of optima: for each budget the methods whose best configuration is another than under the budget before, in some run; a method that has nothing new
    /// is not repeated.
    /// </summary>
    internal IReadOnlyList<(long Budget, IReadOnlyList<(string Strategy, IReadOnlyList<ConfigurationScores?> Optima)> Methods)> Optima()
    {
        List<(long, IReadOnlyList<(string, IReadOnlyList<ConfigurationScores?>)>)> blocks = [];
        Dictionary<string, IReadOnlyList<ConfigurationScores?>> before = new(StringComparer.Ordinal);
        var strategies = Runs.SelectMany(run => run.Finished).Select(scored => scored.Configuration).Order(RunConfiguration.Order).Select(configuration => configuration.Strategy).Distinct().ToList();
        foreach (var budget in Budgets)
        {
            List<(string, IReadOnlyList<ConfigurationScores?>)> changed = [];
            foreach (var strategy in strategies)
            {
                List<ConfigurationScores?> optima = [.. Runs.Select(run => run.Optimum(strategy, budget))];
                if (optima.Exists(optimum => optimum is not null) && !(before.TryGetValue(strategy, out var known) && known.SequenceEqual(optima)))
                {
                    changed.Add((strategy, optima));
                    before[strategy] = optima;
                }
            }

            if (changed.Count > 0)
            {
                blocks.Add((budget, changed));
            }
        }

        return blocks;
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
