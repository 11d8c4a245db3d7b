namespace AgentRag.Evaluation.Reports;

/// <summary>A straight axis of shares in [0, 1], printed in percent.</summary>
internal sealed class ShareAxis
{
    private static readonly double[] Steps = [0.01, 0.02, 0.05, 0.1, 0.2];

    private readonly double _low;
    private readonly double _high;

    public ShareAxis(IEnumerable<double> values, double pixelsFrom, double pixelsTo)
    {
        var all = values.DefaultIfEmpty(0).ToList();
        var (min, max) = (all.Min(), all.Max());
        Step = Steps.First(step => (max - min) / step <= 7 || step >= 0.2);
        (_low, _high) = (Math.Max(0, Math.Floor(min / Step) * Step), Math.Min(1, Math.Ceiling((max + 1e-9) / Step) * Step));
        _high = _high > _low ? _high : _low + Step;
        (From, To) = (pixelsFrom, pixelsTo);
    }

    public double From { get; }

    public double To { get; }

    public double Step { get; }

    public IReadOnlyList<double> Ticks => [.. Enumerable.Range(0, (int)Math.Round((_high - _low) / Step) + 1).Select(i => _low + (i * Step))];

    public double Low => _low;

    public double High => _high;

    public double At(double value) => From + ((Math.Clamp(value, _low, _high) - _low) / (_high - _low) * (To - From));
}
