namespace AgentRag.Evaluation.Reports;

/// <summary>Performance as a straight line over the logarithm of effective context tokens (the paper's figure 4): intercept + slope · log10(tokens).</summary>
/// <param name="Intercept">Performance at one token, by the line alone.</param>
/// <param name="Slope">What ten times the tokens bring.</param>
/// <param name="RSquared">Share of the variance that the line explains, ≤ 1; 1 where there is none.</param>
/// <param name="Points">How many points it was fitted to, ≥ 2.</param>
public sealed record LogLinearFit(double Intercept, double Slope, double RSquared, int Points)
{
    /// <summary>Fits the line by least squares.</summary>
    /// <param name="points">Tokens, > 0, with performance.</param>
    /// <returns>The line; null where fewer than three points, or two different numbers of tokens, leave nothing to judge it by.</returns>
    public static LogLinearFit? To(IReadOnlyList<(double Tokens, double Value)> points)
    {
        ArgumentNullException.ThrowIfNull(points);
        if (points.Count < 3)
        {
            return null;
        }

        var x = points.Select(point => Math.Log10(point.Tokens)).ToArray();
        var (meanX, meanY) = (x.Average(), points.Average(point => point.Value));
        var (sxx, sxy, syy) = (0.0, 0.0, 0.0);
        for (var i = 0; i < x.Length; i++)
        {
            var (dx, dy) = (x[i] - meanX, points[i].Value - meanY);
            (sxx, sxy, syy) = (sxx + (dx * dx), sxy + (dx * dy), syy + (dy * dy));
        }

        if (sxx < 1e-12)
        {
            return null;
        }

        var slope = sxy / sxx;
        return new LogLinearFit(meanY - (slope * meanX), slope, syy < 1e-12 ? 1 : sxy * sxy / (sxx * syy), x.Length);
    }

    /// <summary>The line's value.</summary>
    /// <param name="tokens">Effective context tokens, > 0.</param>
    public double At(double tokens) => Intercept + (Slope * Math.Log10(tokens));
}
