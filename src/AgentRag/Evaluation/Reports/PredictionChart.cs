using AgentRag.Evaluation.Runs;

namespace AgentRag.Evaluation.Reports;

/// <summary>Predicted against measured performance, with the line on which both are equal.</summary>
internal static class PredictionChart
{
    private const int Size = 460;
    private const int Near = 60;
    private const int Far = 440;
    private const int Top = 16;
    private const int Bottom = 396;

    /// <summary>The pairs of a run.</summary>
    public static IReadOnlyList<(ConfigurationScores Scored, PerformancePrediction Predicted, double Measured)> Pairs(
        ReportedRun run, EvaluationMetric metric, IReadOnlyList<PerformancePrediction> predictions)
    {
        var name = metric switch
        {
            EvaluationMetric.ExactMatch => ObservationMetrics.ExactMatch,
            EvaluationMetric.F1 => ObservationMetrics.F1,
            EvaluationMetric.Accuracy => ObservationMetrics.Accuracy,
            // Nothing is predicted in a variant or by a judge.
            _ => null,
        };
        return
        [
            .. from scored in run.Finished
               let predicted = predictions.FirstOrDefault(prediction => prediction.DataSet == run.Scored.Run.Manifest.DataSet && prediction.Metric == name
                   && prediction.Strategy == scored.Configuration.Strategy && prediction.Parameters == scored.Configuration.Parameters)
               where predicted is not null && scored.MeanOf(metric) is not null
               select (scored, predicted, scored.MeanOf(metric)!.Value),
        ];
    }

    /// <summary>Mean squared error and R² of predictions against what was measured.</summary>
    public static (double MeanSquaredError, double RSquared) Quality(IReadOnlyList<(ConfigurationScores Scored, PerformancePrediction Predicted, double Measured)> pairs)
    {
        var mean = pairs.Average(pair => pair.Measured);
        var error = pairs.Sum(pair => (pair.Predicted.Predicted - pair.Measured) * (pair.Predicted.Predicted - pair.Measured));
        var variance = pairs.Sum(pair => (pair.Measured - mean) * (pair.Measured - mean));
        return (error / pairs.Count, variance > 0 ? 1 - (error / variance) : double.NaN);
    }

    public static Markup Draw(
        ReportedRun run, EvaluationMetric metric, IReadOnlyList<(ConfigurationScores Scored, PerformancePrediction Predicted, double Measured)> pairs, string id)
    {
        var values = pairs.SelectMany(pair => new[] { pair.Measured, pair.Predicted.Predicted, pair.Predicted.Low ?? pair.Measured, pair.Predicted.High ?? pair.Measured }).ToList();
        var (x, y) = (new ShareAxis(values, Near, Far), new ShareAxis(values, Bottom, Top));
        var (error, rSquared) = Quality(pairs);
        var content =
            Markup.Join(x.Ticks.Select(tick => Svg.Line("grid", x.At(tick), Top, x.At(tick), Bottom) + Svg.Text(x.At(tick), Bottom + 18, $"{100 * tick:0}")))
            + Markup.Join(y.Ticks.Select(tick => Svg.Line("grid", Near, y.At(tick), Far, y.At(tick)) + Svg.Text(Near - 8, y.At(tick) + 4, $"{100 * tick:0}", "end")))
            + Svg.Line("fit", x.At(x.Low), y.At(x.Low), x.At(x.High), y.At(x.High))
            + Svg.Text((Near + Far) / 2.0, Bottom + 44, $"predicted {metric.ShortName()}, %", name: "label")
            + Markup.Of($"<text class=\"label\" transform=\"translate(16 {(Top + Bottom) / 2.0:0.0}) rotate(-90)\" text-anchor=\"middle\">measured {metric.ShortName()}, %</text>")
            + Markup.Join(pairs.Select(pair =>
                (pair.Predicted is { Low: { } low, High: { } high } ? Svg.Line("whisker", x.At(low), y.At(pair.Measured), x.At(high), y.At(pair.Measured)) : Markup.Empty)
                + Svg.Mark(
                    pair.Scored.Configuration.Strategy,
                    x.At(pair.Predicted.Predicted),
                    y.At(pair.Measured),
                    $"{run.Scored.NameOf(pair.Scored.Configuration)}: predicted {ReportNumbers.Percent(pair.Predicted.Predicted)}, measured {ReportNumbers.Percent(pair.Measured)}")));
        return Svg.Drawing(
            Size, Size, id, $"Predicted against measured {metric.ShortName()}, {run.Name}",
            FormattableString.Invariant($"{pairs.Count} configurations; mean squared error {error:0.0000}, R² {rSquared:0.00}. On the line both are equal."), content);
    }
}
