using AgentRag.Answering;
using AgentRag.Evaluation;

namespace AgentRag.Fitting;

/// <summary>Finds what observations cannot say, and says it in plain words.</summary>
internal static class IdentifiabilityTraps
{
    private const double MovesTogether = 0.95;
    private const double Leaning = 30;

    private static readonly (string Name, Func<FitRow, int> Value, Func<FitRow, double> Log)[] Parameters =
    [
        ("k", row => row.Observation.Parameters.K, row => row.Terms.LogK),
        ("m", row => row.Observation.Parameters.M, row => row.Terms.LogM),
        ("n", row => row.Observation.Parameters.N, row => row.Terms.LogN),
    ];

    public static IEnumerable<FitTrap> Find(FitData data, StrategyFits fits, IReadOnlyList<Observation> observations)
    {
        List<FitTrap> traps = [.. data.Traps];
        foreach (var (number, strategy) in data.Strategies.Index())
        {
            traps.AddRange(OfGrid(strategy, data.RowsOf(number)));
        }

        traps.AddRange(OfSets(data));
        traps.AddRange(data.Scales.SelectMany(scale => OfMetric(scale, data.Rows)));
        traps.AddRange(OfProbes(data));
        traps.AddRange(OfFit(data, fits));
        traps.AddRange(OfFingerprints(ModelFingerprints.Of(observations)));
        traps.AddRange(OfQuestions(observations));
        return traps.OrderBy(trap => trap.Kind);
    }

    private static IEnumerable<FitTrap> OfGrid(string strategy, IReadOnlyList<FitRow> rows)
    {
        foreach (var (name, value, _) in Parameters)
        {
            List<int> values = [.. rows.Select(value).Distinct().Order()];
            if (values.Count == 1 && !(name == "n" && values[0] == 1 && !Answerers.UsesIterations(strategy)))
            {
                yield return new(
                    FitTrapKind.ConstantParameter,
                    $"{name} is {values[0]} in every observation of {strategy}: what it is worth there cannot be said. Measure other values.");
            }
            else if (values.Count == 2)
            {
                yield return new(
                    FitTrapKind.TwoValues,
                    $"{name} takes two values alone in {strategy} ({values[0]}, {values[1]}): any curve goes through two points, so its form is taken on trust. " +
                    "Measure at least four.");
            }
        }

        // The probes always move one parameter alone; what they are too small to say is how the others move.
        List<FitRow> large = [.. rows.Where(row => !ProbeGrid.For(strategy).Contains(row.Observation.Parameters))];
        for (var i = 0; i < Parameters.Length; i++)
        {
            for (var j = i + 1; j < Parameters.Length; j++)
            {
                var (first, second) = (Parameters[i], Parameters[j]);
                var correlation = Correlation(large.Select(first.Log).ToArray(), large.Select(second.Log).ToArray());
                if (Math.Abs(correlation) > MovesTogether)
                {
                    yield return new(
                        FitTrapKind.ParametersMoveTogether,
                        $"{first.Name} and {second.Name} move together in {strategy} (correlation of their logarithms {correlation:0.00}): which of them helps cannot be " +
                        $"said. Measure {first.Name} large with {second.Name} small, and the other way round.");
                }
            }
        }
    }

    private static IEnumerable<FitTrap> OfSets(FitData data)
    {
        if (data.Rows.Select(row => row.Observation.DataSet).Distinct().Count() == 1)
        {
            yield return new(
                FitTrapKind.OneDataSet,
                $"All observations are of {data.Rows[0].Observation.DataSet}: how informativeness changes the weights (b) cannot be told from the weights (a) and the " +
                "constant (c), and the model holds for this data set alone. Measure a second one.");
        }

        if (data.Strategies.Count == 1)
        {
            yield return new(
                FitTrapKind.OneStrategy, $"All observations are of {data.Strategies[0]}: the model cannot say whether another strategy would do better. Measure another.");
        }
    }

    private static IEnumerable<FitTrap> OfMetric(DataSetScale scale, IReadOnlyList<FitRow> rows)
    {
        var values = rows.Where(row => row.Observation.DataSet == scale.DataSet && row.Observation.Metric == scale.Metric)
            .Select(row => row.Observation.Value).ToList();
        foreach (var (share, end) in new[] { (Share(value => value >= 0.98), "at the top"), (Share(value => value <= 0.02), "near 0") })
        {
            if (share > 0.3)
            {
                yield return new(
                    FitTrapKind.SaturatedMetric,
                    $"{scale.Metric} on {scale.DataSet} is {end} in {100 * share:0} % of the observations: there more inference cannot show what it is worth. Take " +
                    $"{(end == "near 0" ? "easier" : "harder")} questions, or another metric.");
            }
        }

        double Share(Func<double, bool> isAtEnd) => values.Count == 0 ? 0 : (double)values.Count(isAtEnd) / values.Count;
    }

    // An i that is measured no better than it differs between groups pulls its b to 0.
    private static IEnumerable<FitTrap> OfProbes(FitData data)
    {
        (string Name, Func<MeasuredInformativeness, double> Value, Func<MeasuredInformativeness, double> Error)[] kinds =
        [
            ("the first passage", probe => probe.Value.Document, probe => probe.DocumentStandardError),
            ("the first demonstration", probe => probe.Value.Demonstration, probe => probe.DemonstrationStandardError),
        ];
        foreach (var (name, value, error) in data.Informativeness.Count > 1 ? kinds : [])
        {
            var mean = data.Informativeness.Average(value);
            var spread = Math.Sqrt(data.Informativeness.Average(probe => Math.Pow(value(probe) - mean, 2)));
            var noise = Math.Sqrt(data.Informativeness.Average(probe => Math.Pow(error(probe), 2)));
            if (noise > 0.7 * spread && spread > 0)
            {
                yield return new(
                    FitTrapKind.NoisyProbes,
                    $"What {name} brings differs between data sets, strategies and metrics by {spread:0.00} z and is measured to ±{noise:0.00} z: its weight in b is mostly " +
                    "noise. Ask the probes more questions.");
            }
        }
    }

    private static IEnumerable<FitTrap> OfFit(FitData data, StrategyFits fits)
    {
        foreach (var fit in fits.Fits)
        {
            List<int> own = [.. data.Rows.Select(row => row.Strategy).Distinct().Where(strategy => ReferenceEquals(fits.Of(strategy), fit))];
            var names = string.Join(", ", own.Select(strategy => data.Strategies[strategy]));
            var clusters = data.Rows.Where(row => own.Contains(row.Strategy)).Select(row => row.Cluster).Distinct().Count();
            if (clusters < 5 * fit.ParameterCount)
            {
                yield return new(
                    FitTrapKind.FewObservations,
                    $"{clusters} configurations of {names} for {fit.ParameterCount} parameters: the fit will look better than it predicts. Measure at least {5 * fit.ParameterCount}.");
            }

            if (fit.Covariance.ConditionNumber > Leaning)
            {
                yield return new(
                    FitTrapKind.IllConditioned,
                    $"The estimates of {names} lean on each other (condition number {fit.Covariance.ConditionNumber:0}, good is below {Leaning}): single weights mean " +
                    "little, predictions between measured configurations still hold.");
            }

            if (fit.LacksLink)
            {
                yield return new(
                    FitTrapKind.NoLink,
                    $"The observations of {names} do not show where performance levels off, so there is no link and the prediction is linear: it will promise too much for " +
                    "more inference than was measured. Measure larger configurations.");
            }
        }
    }

    private static IEnumerable<FitTrap> OfFingerprints(ModelFingerprints fingerprints)
    {
        foreach (var (what, different) in new[] { ("prompts", fingerprints.Prompts), ("retrievers", fingerprints.Retrievers), ("versions of AgentRag", fingerprints.Codes) })
        {
            if (different.Count > 1)
            {
                yield return new(
                    FitTrapKind.MixedFingerprints,
                    $"The observations were made with different {what} ({string.Join(", ", different)}): what they changed is taken for noise. Fit the runs of one by themselves.");
            }
        }
    }

    private static IEnumerable<FitTrap> OfQuestions(IReadOnlyList<Observation> observations) => observations.GroupBy(observation => observation.DataSet)
        .OrderBy(group => group.Key, StringComparer.Ordinal)
        .Select(group => (DataSet: group.Key, Samples: group.Select(observation => observation.Fingerprints.Questions).OfType<string>().Distinct().Count()))
        .Where(group => group.Samples > 1)
        .Select(group => new FitTrap(
            FitTrapKind.MixedFingerprints,
            $"{group.DataSet} was asked in {group.Samples} samples of questions: some may be harder than others, which is taken for noise. Ask every configuration the same questions."));

    private static double Correlation(double[] left, double[] right)
    {
        if (left.Length < 3)
        {
            return 0;
        }

        var (meanLeft, meanRight) = (left.Average(), right.Average());
        var (products, squaresLeft, squaresRight) = (0.0, 0.0, 0.0);
        for (var i = 0; i < left.Length; i++)
        {
            var (a, b) = (left[i] - meanLeft, right[i] - meanRight);
            (products, squaresLeft, squaresRight) = (products + (a * b), squaresLeft + (a * a), squaresRight + (b * b));
        }

        return squaresLeft < 1e-12 || squaresRight < 1e-12 ? 0 : products / Math.Sqrt(squaresLeft * squaresRight);
    }
}
