using AgentRag.Evaluation.Runs;

namespace AgentRag.Evaluation.Reports;

/// <summary>Performance against effective context tokens on a logarithmic axis: every configuration, the optimal envelope, and the line through it (the paper's figure 4).</summary>
internal static class TokensChart
{
    private const int Width = 760;
    private const int Height = 420;
    private const int Left = 62;
    private const int Right = 744;
    private const int Top = 16;
    private const int Bottom = 360;

    public static Markup Draw(ReportedRun run, EvaluationMetric metric, string id)
    {
        List<ConfigurationScores> shown = [.. run.Finished.Where(scored => scored.MeanOf(metric) is not null && scored.MeanTokens > 0)];
        var x = new LogAxis(shown.Select(scored => scored.MeanTokens), Left, Right);
        var y = new ShareAxis(shown.Select(scored => scored.MeanOf(metric)!.Value), Bottom, Top);
        var (envelope, fit) = (run.Envelope(metric), run.FitOf(metric));
        var gold = shown.Find(scored => scored.Configuration.Strategy == RunConfiguration.GoldPassages);
        var content = Axes(x, y, metric)
            + (gold is null ? Markup.Empty : Svg.Line("gold", Left, y.At(gold.MeanOf(metric)!.Value), Right, y.At(gold.MeanOf(metric)!.Value))
                + Svg.Text(Right - 4, y.At(gold.MeanOf(metric)!.Value) - 5, "gold passages", "end"))
            + (fit is null ? Markup.Empty : Fit(fit, envelope, x, y))
            + Markup.Of($"<polyline class=\"envelope\" points=\"{string.Join(' ', envelope.Select(scored => FormattableString.Invariant($"{x.At(scored.MeanTokens):0.0},{y.At(scored.MeanOf(metric)!.Value):0.0}")))}\"/>")
            + Markup.Join(shown.Select(scored => Svg.Mark(
                scored.Configuration.Strategy,
                x.At(scored.MeanTokens),
                y.At(scored.MeanOf(metric)!.Value),
                $"{run.Scored.NameOf(scored.Configuration)}: {metric.ShortName()} {ReportNumbers.Percent(scored.MeanOf(metric))} with {ReportNumbers.Tokens(scored.MeanTokens)} tokens")));
        return Svg.Drawing(
            Width, Height, id,
            $"{metric.ShortName()} against effective context tokens, {run.Name}",
            Describe(run, metric, envelope, fit),
            content);
    }

    /// <summary>The chart in words.</summary>
    public static string Describe(ReportedRun run, EvaluationMetric metric, IReadOnlyList<ConfigurationScores> envelope, LogLinearFit? fit) => envelope.Count == 0
        ? "No configuration was asked all questions yet."
        : $"{run.Finished.Count} configurations. The envelope rises from {ReportNumbers.Percent(envelope[0].MeanOf(metric))} at {ReportNumbers.Tokens(envelope[0].MeanTokens)} tokens "
            + $"({run.Scored.NameOf(envelope[0].Configuration)}) to {ReportNumbers.Percent(envelope[^1].MeanOf(metric))} at {ReportNumbers.Tokens(envelope[^1].MeanTokens)} ({run.Scored.NameOf(envelope[^1].Configuration)}). "
            + (fit is null ? "It has too few points for a line." : $"A line through its {fit.Points} points: {ReportNumbers.Signed(fit.Slope)} points for ten times the tokens, R² {fit.RSquared:0.00}.");

    private static Markup Axes(LogAxis x, ShareAxis y, EvaluationMetric metric) =>
        Markup.Join(x.Ticks.Select(tick => Svg.Line("grid", x.At(tick), Top, x.At(tick), Bottom) + Svg.Text(x.At(tick), Bottom + 18, ReportNumbers.Tokens(tick))))
        + Markup.Join(y.Ticks.Select(tick => Svg.Line("grid", Left, y.At(tick), Right, y.At(tick)) + Svg.Text(Left - 8, y.At(tick) + 4, (100 * tick).ToString("0", System.Globalization.CultureInfo.InvariantCulture), "end")))
        + Svg.Line("axis", Left, Bottom, Right, Bottom) + Svg.Line("axis", Left, Top, Left, Bottom)
        + Svg.Text((Left + Right) / 2.0, Bottom + 44, "mean effective context tokens of a question", name: "label")
        + Markup.Of($"<text class=\"label\" transform=\"translate(16 {(Top + Bottom) / 2.0:0.0}) rotate(-90)\" text-anchor=\"middle\">{metric.ShortName()}, %</text>");

    private static Markup Fit(LogLinearFit fit, IReadOnlyList<ConfigurationScores> envelope, LogAxis x, ShareAxis y)
    {
        var (from, to) = (envelope[0].MeanTokens, envelope[^1].MeanTokens);
        return Svg.Line("fit", x.At(from), y.At(fit.At(from)), x.At(to), y.At(fit.At(to)));
    }
}
