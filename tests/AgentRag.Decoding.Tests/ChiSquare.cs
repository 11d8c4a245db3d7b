namespace AgentRag.Decoding.Tests;

/// <summary>Pearson's test of counts against a law.</summary>
internal static class ChiSquare
{
    /// <summary>How far counts are from a law, as a standard normal number (Wilson and Hilferty's cube root): above 3.1 once in a thousand seeds.</summary>
    /// <remarks>Cells that expect fewer than ten are joined.</remarks>
    public static double Deviation(IReadOnlyList<int> counts, IReadOnlyList<double> law)
    {
        var total = counts.Sum();
        var (statistic, cells, restExpected, restCount) = (0.0, 0, 0.0, 0);
        for (var i = 0; i < counts.Count; i++)
        {
            var expected = law[i] * total;
            if (expected < 10)
            {
                (restExpected, restCount) = (restExpected + expected, restCount + counts[i]);
            }
            else
            {
                (statistic, cells) = (statistic + (Math.Pow(counts[i] - expected, 2) / expected), cells + 1);
            }
        }

        if (restExpected >= 10)
        {
            (statistic, cells) = (statistic + (Math.Pow(restCount - restExpected, 2) / restExpected), cells + 1);
        }
        else if (restCount > restExpected + (6 * Math.Sqrt(restExpected)) + 3)
        {
            return double.PositiveInfinity;
        }

        var freedom = cells - 1.0;
        return (Math.Cbrt(statistic / freedom) - (1 - (2 / (9 * freedom)))) / Math.Sqrt(2 / (9 * freedom));
    }
}
