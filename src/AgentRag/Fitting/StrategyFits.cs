namespace AgentRag.Fitting;

/// <summary>The equations of all strategies, fitted together or one by one.</summary>
internal sealed record StrategyFits(StrategyPooling Pooling, IReadOnlyList<EquationFit> Fits)
{
    /// <summary>Fits; null when some equation has not more rows than parameters.</summary>
    public static StrategyFits? Of(FitData data, IReadOnlyList<FitRow> rows, FitVariant variant, StrategyPooling pooling)
    {
        if (pooling != StrategyPooling.PerStrategy)
        {
            return EquationFit.Of(rows, variant, pooling, data.HasInformativeness) is { } shared ? new StrategyFits(pooling, [shared]) : null;
        }

        List<EquationFit> fits = [];
        for (var strategy = 0; strategy < data.Strategies.Count; strategy++)
        {
            var own = rows.Where(row => row.Strategy == strategy).ToList();
            if (EquationFit.Of(own, variant, pooling, data.HasInformativeness) is not { } fit)
            {
                return null;
            }

            fits.Add(fit);
        }

        return new StrategyFits(pooling, fits);
    }

    public EquationFit Of(int strategy) => Pooling == StrategyPooling.PerStrategy ? Fits[strategy] : Fits[0];

    public double Predict(in FitRow row) => Of(row.Strategy).Predict(row);

    public FitQuality QualityOn(IReadOnlyList<FitRow> rows)
    {
        var residuals = rows.Select(row => row.Z - Predict(row)).ToArray();
        var median = Median(residuals);
        var reach = Math.Max(3 * 1.4826 * Median([.. residuals.Select(residual => Math.Abs(residual - median))]), 1e-9);
        List<int> usual = [.. Enumerable.Range(0, rows.Count).Where(i => Math.Abs(residuals[i] - median) <= reach)];
        var (r2, mse) = Of([.. Enumerable.Range(0, rows.Count)]);
        var (usualR2, usualMse) = Of(usual);
        return new FitQuality(
            Fits.Sum(fit => fit.ParameterCount), r2, mse, rows.Count - usual.Count, usualR2, usualMse, Fits.Max(fit => fit.Covariance.ConditionNumber));

        (double R2, double Mse) Of(List<int> among)
        {
            var mean = among.Average(i => rows[i].Z);
            var squares = among.Sum(i => residuals[i] * residuals[i]);
            return (1 - (squares / among.Sum(i => (rows[i].Z - mean) * (rows[i].Z - mean))), squares / among.Count);
        }
    }

    /// <summary>Mean squared error for configurations that were left out of the fit; null when some fit without them is impossible.</summary>
    /// <remarks>A configuration is left out on all data sets and in all metrics at once: what is predicted is a θ that nobody measured.</remarks>
    public static double? CrossValidatedMse(FitData data, StrategyPooling pooling, FitOptions options)
    {
        var configurations = data.Rows.Select(row => (row.Strategy, row.Observation.Parameters)).Distinct()
            .OrderBy(key => key.Strategy).ThenBy(key => key.Parameters.K).ThenBy(key => key.Parameters.M).ThenBy(key => key.Parameters.N).ToArray();
        new Random(options.Seed).Shuffle(configurations);
        var folds = Math.Min(options.Folds, configurations.Length);
        if (folds < 2)
        {
            return null;
        }

        var foldOf = configurations.Index().ToDictionary(entry => entry.Item, entry => entry.Index % folds);
        var foldOfRow = data.Rows.Select(row => foldOf[(row.Strategy, row.Observation.Parameters)]).ToArray();
        var sums = new double?[folds];
        Parallel.For(0, folds, fold =>
        {
            var fits = Of(data, [.. data.Rows.Where((_, i) => foldOfRow[i] != fold)], options.Variant, pooling);
            sums[fold] = fits is null ? null : data.Rows.Where((_, i) => foldOfRow[i] == fold).Sum(row => Square(row.Z - fits.Predict(row)));
        });
        return sums.Any(sum => sum is null) ? null : sums.Sum() / data.Rows.Count;
    }

    private static double Square(double value) => value * value;

    private static double Median(double[] values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
