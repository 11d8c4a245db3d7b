namespace AgentRag.Evaluation.Reports;

/// <summary>A logarithmic axis of tokens.</summary>
internal sealed class LogAxis
{
    private readonly double _low;
    private readonly double _high;

    public LogAxis(IEnumerable<double> values, double pixelsFrom, double pixelsTo)
    {
        var positive = values.Where(value => value > 0).DefaultIfEmpty(1).ToList();
        // Some room on both sides, and at least a factor of two in all.
        (_low, _high) = (Math.Log10(positive.Min()) - 0.08, Math.Max(Math.Log10(positive.Max()) + 0.08, Math.Log10(positive.Min()) + 0.3));
        (From, To) = (pixelsFrom, pixelsTo);
    }

    public double From { get; }

    public double To { get; }

    public double Low => Math.Pow(10, _low);

    public double High => Math.Pow(10, _high);

    /// <summary>1, 2 and 5 of each decade where that gives few; else the decades.</summary>
    public IReadOnlyList<double> Ticks
    {
        get
        {
            var fine = Values([1, 2, 5]);
            return fine.Count <= 9 ? fine : Values([1]) is { Count: >= 2 } decades ? decades : fine;
        }
    }

    public double At(double value) => From + ((Math.Log10(value) - _low) / (_high - _low) * (To - From));

    private List<double> Values(double[] mantissas) =>
    [
        .. from decade in Enumerable.Range((int)Math.Floor(_low), (int)Math.Ceiling(_high) - (int)Math.Floor(_low) + 1)
           from mantissa in mantissas
           let value = mantissa * Math.Pow(10, decade)
           where value >= Low && value <= High
           select value,
    ];
}
