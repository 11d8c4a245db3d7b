namespace AgentRag.Fitting;

/// <summary>A two-sided tabular CUSUM chart of standardised residuals (Page, Biometrika 1954): sees small lasting shifts that single values hide.</summary>
/// <remarks>
/// With the slack 0.5 it is tuned to shifts of one standard deviation. With the limit 5 it raises a false alarm once in 465 values in the mean, and sees a
/// shift of one standard deviation after 10.4 (Montgomery, Introduction to Statistical Quality Control, table 9.3); a test measures both. A chart that is to
/// take many values at once needs <see cref="LimitFor"/>. Not for concurrent use.
/// </remarks>
/// <param name="slack">The part of each residual that is forgiven, in standard deviations: half the shift to be found. Default 0.5.</param>
/// <param name="limit">Where a sum raises the alarm, in standard deviations. Default 5.</param>
public sealed class Cusum(double slack = Cusum.DefaultSlack, double limit = Cusum.DefaultLimit)
{
    /// <summary>Half of one standard deviation.</summary>
    public const double DefaultSlack = 0.5;

    /// <summary>One false alarm in 465 values.</summary>
    public const double DefaultLimit = 5;

    // Siegmund's correction for the overshoot, and how many times the values of a chart one false alarm is to be apart.
    private const double Overshoot = 1.166;
    private const double Apart = 20;

    /// <summary>
    /// The limit with which a chart of so many values raises a false alarm in one of twenty cases at most: from the mean run length e^b − b − 1 with
    /// b = limit + 1.166 (Siegmund, Sequential Analysis, 1985, for the slack 0.5 and both sides). 5.0 for 23 values.
    /// </summary>
    /// <param name="values">How many values the chart will take, ≥ 1.</param>
    public static double LimitFor(int values)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(values);
        var b = DefaultLimit + Overshoot;
        for (var step = 0; step < 20; step++)
        {
            b = Math.Log((Apart * values) + b + 1);
        }

        return b - Overshoot;
    }

    /// <summary>Sum of what lies above the expectation, ≥ 0.</summary>
    public double Above { get; private set; }

    /// <summary>Sum of what lies below the expectation, ≥ 0.</summary>
    public double Below { get; private set; }

    /// <summary>Values taken.</summary>
    public int Count { get; private set; }

    /// <summary>The value, from 1, at which a sum first exceeded the limit; null when none has.</summary>
    public int? AlarmAt { get; private set; }

    /// <summary>Whether the first alarm was of values below the expectation; null without alarm.</summary>
    public bool? IsBelow { get; private set; }

    /// <summary>Takes the next residual.</summary>
    /// <param name="residual">Observed minus expected, in standard deviations.</param>
    public void Add(double residual)
    {
        Count++;
        Above = Math.Max(0, Above + residual - slack);
        Below = Math.Max(0, Below - residual - slack);
        if (AlarmAt is null && Math.Max(Above, Below) > limit)
        {
            (AlarmAt, IsBelow) = (Count, Below > Above);
        }
    }
}
