using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace AgentRag.Fitting;

/// <summary>Ordinary least squares by QR, with a check of the rank.</summary>
internal static class LeastSquares
{
    // A column that keeps less than this share of its length beside those before it says nothing of its own.
    private const double RankTolerance = 1e-7;

    /// <summary>The columns that are no linear combination of those before them, so that an earlier one is kept and a later one left out.</summary>
    /// <param name="columns">The columns, the most wanted first.</param>
    public static int[] IndependentColumns(IReadOnlyList<double[]> columns)
    {
        List<int> kept = [];
        List<double[]> basis = [];
        foreach (var (index, column) in columns.Index())
        {
            var length = Norm(column);
            var rest = (double[])column.Clone();
            // Twice is enough: the second pass takes away what rounding left of the first.
            for (var pass = 0; pass < 2; pass++)
            {
                foreach (var direction in basis)
                {
                    var along = Dot(rest, direction);
                    for (var i = 0; i < rest.Length; i++)
                    {
                        rest[i] -= along * direction[i];
                    }
                }
            }

            var left = Norm(rest);
            if (left > RankTolerance * length)
            {
                basis.Add(Array.ConvertAll(rest, value => value / left));
                kept.Add(index);
            }
        }

        return [.. kept];
    }

    /// <summary>Solves for the weights of independent columns.</summary>
    public static double[] Solve(IReadOnlyList<double[]> columns, double[] values) =>
        Matrix<double>.Build.DenseOfColumnArrays(columns).QR(QRMethod.Thin).Solve(Vector<double>.Build.Dense(values)).ToArray();

    /// <summary>The covariance of estimates, from the derivatives of the predictions by the parameters and from the residuals.</summary>
    /// <param name="derivatives">A column for each parameter.</param>
    /// <param name="residuals">Observed minus predicted.</param>
    /// <param name="clusters">
    /// Which residuals belong together: the metrics of one configuration err together, and to count them as independent would make every interval too
    /// narrow. With clusters of more than one row the covariance is the cluster-robust one (Liang and Zeger 1986, with the correction CR1).
    /// </param>
    public static EstimateCovariance Covariance(IReadOnlyList<double[]> derivatives, double[] residuals, int[] clusters)
    {
        var (rows, count) = (residuals.Length, derivatives.Count);
        var scales = derivatives.Select(Norm).ToArray();
        if (scales.Any(scale => scale == 0 || !double.IsFinite(scale)))
        {
            return EstimateCovariance.Singular;
        }

        var r = Matrix<double>.Build.DenseOfColumnArrays(derivatives.Select((column, j) => Array.ConvertAll(column, value => value / scales[j])))
            .QR(QRMethod.Thin).R;
        var condition = r.ConditionNumber();
        if (!double.IsFinite(condition) || condition > 1e10)
        {
            return EstimateCovariance.Singular;
        }

        var inverse = r.Inverse() is var inverseR ? inverseR * inverseR.Transpose() : r;
        var clusterCount = clusters.Distinct().Count();
        var residualVariance = residuals.Sum(residual => residual * residual) / Math.Max(rows - count, 1);
        var isClustered = clusterCount < rows && clusterCount > count + 1;
        var scaled = isClustered
            ? inverse * Meat(derivatives, scales, residuals, clusters) * inverse * ((double)clusterCount / (clusterCount - 1) * (rows - 1) / (rows - count))
            : inverse * residualVariance;
        var degrees = Math.Max((isClustered ? clusterCount : rows) - count, 1);
        var covariance = new double[count, count];
        for (var i = 0; i < count; i++)
        {
            for (var j = 0; j < count; j++)
            {
                covariance[i, j] = scaled[i, j] / (scales[i] * scales[j]);
            }
        }

        return new EstimateCovariance(covariance, residualVariance, condition, degrees, StudentT.InvCDF(0, 1, degrees, 0.975));
    }

    public static double Dot(double[] left, double[] right)
    {
        var sum = 0.0;
        for (var i = 0; i < left.Length; i++)
        {
            sum += left[i] * right[i];
        }

        return sum;
    }

    private static double Norm(double[] column) => Math.Sqrt(Dot(column, column));

    private static Matrix<double> Meat(IReadOnlyList<double[]> derivatives, double[] scales, double[] residuals, int[] clusters)
    {
        var count = derivatives.Count;
        Dictionary<int, double[]> scores = [];
        for (var row = 0; row < residuals.Length; row++)
        {
            if (!scores.TryGetValue(clusters[row], out var score))
            {
                scores.Add(clusters[row], score = new double[count]);
            }

            for (var j = 0; j < count; j++)
            {
                score[j] += derivatives[j][row] / scales[j] * residuals[row];
            }
        }

        var meat = Matrix<double>.Build.Dense(count, count);
        foreach (var score in scores.Values)
        {
            for (var i = 0; i < count; i++)
            {
                for (var j = 0; j < count; j++)
                {
                    meat[i, j] += score[i] * score[j];
                }
            }
        }

        return meat;
    }
}

/// <summary>The covariance of estimates.</summary>
/// <param name="Matrix">Covariance, in the order of the parameters.</param>
/// <param name="ResidualVariance">Sum of squared residuals by (rows − parameters).</param>
/// <param name="ConditionNumber">Of the derivatives with columns of length one: above 30 estimates lean on each other (Belsley).</param>
/// <param name="DegreesOfFreedom">Of Student's t.</param>
/// <param name="IntervalFactor">Student's t at 0.975.</param>
internal sealed record EstimateCovariance(double[,] Matrix, double ResidualVariance, double ConditionNumber, int DegreesOfFreedom, double IntervalFactor)
{
    /// <summary>The parameters cannot be told apart.</summary>
    public static EstimateCovariance Singular { get; } = new(new double[0, 0], double.NaN, double.PositiveInfinity, 0, double.NaN);

    public bool IsSingular => double.IsPositiveInfinity(ConditionNumber);
}
