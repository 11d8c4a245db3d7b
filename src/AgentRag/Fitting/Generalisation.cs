using System.Globalization;
using AgentRag.Answering;
using AgentRag.Evaluation;

namespace AgentRag.Fitting;

/// <summary>Tests a model on what it was not fitted to: other data sets (paper table 3) and larger budgets (table 4).</summary>
/// <remarks>
/// As in the paper, a choice counts by what was measured with it, so choices are among the measured configurations. A question's largest effective context
/// decides whether a configuration fits. Choices are made for each metric by itself.
/// </remarks>
public static class Generalisation
{
    /// <summary>The budgets of the paper, in tokens.</summary>
    public static IReadOnlyList<long> PaperBudgets { get; } = [16_000, 32_000, 128_000, 1_000_000, 5_000_000];

    private const int BaselineDemonstrations = 8;

    /// <summary>Leaves each data set out of the fit and takes of it its informativeness alone, in the spread of the others.</summary>
    /// <param name="observations">Of at least two data sets.</param>
    /// <param name="model">What was fitted to all of them: its form and pooling are used.</param>
    /// <param name="budget">Tokens of a question at most.</param>
    /// <returns>A column for each data set; without those for which nothing could be fitted or measured.</returns>
    public static GeneralisationTable LeaveOneDomainOut(IReadOnlyList<Observation> observations, AllocationModel model, long budget)
    {
        ArgumentNullException.ThrowIfNull(observations);
        ArgumentNullException.ThrowIfNull(model);
        observations = WithoutBaselines(observations);
        List<GeneralisationCell> cells = [];
        foreach (var dataSet in observations.Select(observation => observation.DataSet).Distinct().Order(StringComparer.Ordinal))
        {
            List<Observation> others = [.. observations.Where(observation => observation.DataSet != dataSet)];
            if (ModelFitter.TryFitEquations(others, OptionsOf(model, others)) is { } fitted)
            {
                cells.AddRange(MetricsOf(observations).Select(metric =>
                {
                    var own = observations.Where(observation => observation.DataSet == dataSet && observation.Metric == metric).ToList();
                    var spread = fitted.Scales.Where(scale => scale.Metric == metric).Select(scale => scale.StandardDeviation).DefaultIfEmpty(double.NaN).Average();
                    return Cell(dataSet, metric, [Outcome.Of(own, strategy => Predictor(fitted, strategy, InformativenessIn(own, strategy, spread)), budget)]);
                }).OfType<GeneralisationCell>());
            }
        }

        return new GeneralisationTable($"Leave one domain out, up to {Tokens(budget)} tokens", cells);
    }

    /// <summary>Fits to runs within one budget and chooses for the next larger one.</summary>
    /// <param name="observations">What was measured.</param>
    /// <param name="model">What was fitted to all of it: its form and pooling are used.</param>
    /// <param name="budgets">Rising; length ≥ 2.</param>
    /// <returns>A column for each step, in the mean over the data sets; without those for which nothing could be fitted or measured.</returns>
    public static GeneralisationTable LengthExtrapolation(IReadOnlyList<Observation> observations, AllocationModel model, IReadOnlyList<long> budgets)
    {
        ArgumentNullException.ThrowIfNull(observations);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(budgets);
        observations = WithoutBaselines(observations);
        List<GeneralisationCell> cells = [];
        foreach (var (from, to) in budgets.Zip(budgets.Skip(1)))
        {
            List<Observation> shorter = [.. observations.Where(observation => observation.MaxEffectiveContextTokens <= from)];
            // Without anything that is longer there is nothing to extrapolate to.
            if (!observations.Any(observation => observation.MaxEffectiveContextTokens > from && observation.MaxEffectiveContextTokens <= to)
                || ModelFitter.TryFitEquations(shorter, OptionsOf(model, shorter)) is not { } fitted)
            {
                continue;
            }

            cells.AddRange(MetricsOf(observations).Select(metric => Cell($"{Tokens(from)} -> {Tokens(to)}", metric,
            [
                .. observations.Where(observation => observation.Metric == metric).GroupBy(observation => observation.DataSet).OrderBy(group => group.Key, StringComparer.Ordinal)
                    .Select(group => Outcome.Of([.. group], strategy => Predictor(fitted, strategy, fitted.InformativenessOf(strategy, group.Key, metric)), to)),
            ])).OfType<GeneralisationCell>());
        }

        return new GeneralisationTable("Length extrapolation", cells);
    }

    // Gold passages reach what no choice of parameters can.
    private static List<Observation> WithoutBaselines(IReadOnlyList<Observation> observations) =>
        [.. observations.Where(observation => Answerers.Names.Contains(observation.Strategy))];

    private static FitOptions OptionsOf(AllocationModel model, IReadOnlyList<Observation> observations) => new()
    {
        Variant = model.Variant,
        Pooling = model.Pooling,
        Strategies = [.. model.Strategies.Select(strategy => strategy.Strategy).Intersect(observations.Select(observation => observation.Strategy))],
    };

    private static List<string> MetricsOf(IReadOnlyList<Observation> observations) =>
        [.. observations.Select(observation => observation.Metric).Distinct()
            .OrderBy(metric => ObservationMetrics.All.TakeWhile(known => known != metric).Count()).ThenBy(metric => metric, StringComparer.Ordinal)];

    private static Func<InferenceParameters, double>? Predictor(AllocationModel model, string strategy, Informativeness informativeness) =>
        model.Strategies.FirstOrDefault(one => one.Strategy == strategy) is { } own ? parameters => own.Equation.Predict(parameters, informativeness) : null;

    private static Informativeness InformativenessIn(IReadOnlyList<Observation> observations, string strategy, double spread)
    {
        var nothing = Value(ProbeGrid.Nothing);
        var i = new Informativeness((Value(ProbeGrid.OnePassage) - nothing) / spread, (Value(ProbeGrid.OneDemonstration) - nothing) / spread);
        return double.IsFinite(i.Document) && double.IsFinite(i.Demonstration) ? i : Informativeness.Unknown;

        double Value(InferenceParameters parameters) =>
            observations.FirstOrDefault(observation => observation.Strategy == strategy && observation.Parameters == parameters)?.Value ?? double.NaN;
    }

    private static GeneralisationCell? Cell(string column, string metric, IReadOnlyList<Outcome?> outcomes)
    {
        var known = outcomes.OfType<Outcome>().ToList();
        return known.Count == 0 ? null : new GeneralisationCell(
            column,
            metric,
            // A mean over fewer data sets would not be comparable.
            known.TrueForAll(outcome => outcome.Baseline is not null) ? known.Average(outcome => outcome.Baseline) : null,
            known.Average(outcome => outcome.Predict),
            known.Average(outcome => outcome.Oracle))
        {
            Choices = [.. known.Select(outcome => outcome.Choice)],
        };
    }

    private static string Tokens(long tokens) => tokens switch
    {
        >= 1_000_000 when tokens % 100_000 == 0 => string.Create(CultureInfo.InvariantCulture, $"{tokens / 1e6:0.#}M"),
        >= 1_000 when tokens % 100 == 0 => string.Create(CultureInfo.InvariantCulture, $"{tokens / 1e3:0.#}k"),
        _ => tokens.ToString("N0", CultureInfo.InvariantCulture),
    };

    /// <summary>What rule, model and hindsight reach on one data set in one metric.</summary>
    private sealed record Outcome(double? Baseline, double Predict, double Oracle, string Choice)
    {
        public static Outcome? Of(IReadOnlyList<Observation> measured, Func<string, Func<InferenceParameters, double>?> predictor, long budget)
        {
            List<Observation> fitting = [.. measured.Where(observation => observation.MaxEffectiveContextTokens <= budget)];
            var chosen = fitting.GroupBy(observation => observation.Strategy)
                .Select(group => (group, Predict: predictor(group.Key)))
                .Where(one => one.Predict is not null)
                .SelectMany(one => one.group.Select(observation => (Observation: observation, Predicted: one.Predict!(observation.Parameters))))
                .OrderByDescending(one => one.Predicted).ThenBy(one => one.Observation.MaxEffectiveContextTokens)
                .Select(one => one.Observation).FirstOrDefault();
            if (chosen is null)
            {
                return null;
            }

            var baseline = fitting.Where(observation => observation.Parameters.M == BaselineDemonstrations)
                .OrderBy(observation => observation.Strategy == DragAnswerer.Name ? 0 : 1).ThenByDescending(observation => observation.MaxEffectiveContextTokens).FirstOrDefault();
            return new Outcome(
                baseline?.Value,
                chosen.Value,
                fitting.Max(observation => observation.Value),
                $"{chosen.DataSet}: {chosen.Strategy} {chosen.Parameters}");
        }
    }
}
