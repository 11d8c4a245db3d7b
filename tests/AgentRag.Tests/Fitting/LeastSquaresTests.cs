using AgentRag.Fitting;
using Xunit;

namespace AgentRag.Tests.Fitting;

public sealed class LeastSquaresTests
{
    // NIST Statistical Reference Datasets, Longley (higher difficulty): employment, then deflator, GNP, unemployed, forces, population, year.
    private static readonly double[][] Longley =
    [
        [60323, 83.0, 234289, 2356, 1590, 107608, 1947], [61122, 88.5, 259426, 2325, 1456, 108632, 1948], [60171, 88.2, 258054, 3682, 1616, 109773, 1949],
        [61187, 89.5, 284599, 3351, 1650, 110929, 1950], [63221, 96.2, 328975, 2099, 3099, 112075, 1951], [63639, 98.1, 346999, 1932, 3594, 113270, 1952],
        [64989, 99.0, 365385, 1870, 3547, 115094, 1953], [63761, 100.0, 363112, 3578, 3350, 116219, 1954], [66019, 101.2, 397469, 2904, 3048, 117388, 1955],
        [67857, 104.6, 419180, 2822, 2857, 118734, 1956], [68169, 108.4, 442769, 2936, 2798, 120445, 1957], [66513, 110.8, 444546, 4681, 2637, 121950, 1958],
        [68655, 112.6, 482704, 3813, 2552, 123366, 1959], [69564, 114.2, 502601, 3931, 2514, 125368, 1960], [69331, 115.7, 518173, 4806, 2572, 127852, 1961],
        [70551, 116.9, 554894, 4007, 2827, 130081, 1962],
    ];

    [Fact]
    public void Estimates_and_standard_errors_are_those_that_nist_certifies_for_longley()
    {
        double[] certified = [-3482258.63459582, 15.0618722713733, -0.0358191792925910, -2.02022980381683, -1.03322686717359, -0.0511041056535807, 1829.15146461355];
        double[] errors = [890420.383607373, 84.9149257747669, 0.0334910077722432, 0.488399681651699, 0.214274163161675, 0.226073200069370, 455.478499142212];
        double[][] columns = [[.. Longley.Select(_ => 1.0)], .. Enumerable.Range(1, 6).Select(j => Longley.Select(row => row[j]).ToArray())];
        var y = Longley.Select(row => row[0]).ToArray();

        Assert.Equal(7, LeastSquares.IndependentColumns(columns).Length);
        var weights = LeastSquares.Solve(columns, y);
        var residuals = y.Select((value, i) => value - columns.Select((column, j) => column[i] * weights[j]).Sum()).ToArray();
        var covariance = LeastSquares.Covariance(columns, residuals, [.. Enumerable.Range(0, y.Length)]);

        for (var j = 0; j < certified.Length; j++)
        {
            Assert.Equal(1, weights[j] / certified[j], tolerance: 1e-7);
            Assert.Equal(1, Math.Sqrt(covariance.Matrix[j, j]) / errors[j], tolerance: 1e-7);
        }

        Assert.Equal(304.854073561965, Math.Sqrt(covariance.ResidualVariance), tolerance: 1e-5);
        Assert.Equal(9, covariance.DegreesOfFreedom);
        Assert.Equal(2.262157, covariance.IntervalFactor, tolerance: 1e-6); // Student's t at 0.975 with 9 degrees of freedom, from any table
        Assert.True(covariance.ConditionNumber > 1000); // Longley is famous for it
    }

    [Fact]
    public void Of_columns_that_depend_on_each_other_the_earlier_ones_are_kept()
    {
        double[] one = [1, 1, 1, 1], k = [0, 1, 2, 3], m = [5, 1, 4, 2];
        double[] constant = [7, 7, 7, 7], sum = [.. k.Zip(m, (a, b) => (2 * a) - b + 3)];
        Assert.Equal([0, 1, 3], LeastSquares.IndependentColumns([one, k, constant, m, sum, new double[4]]));
    }

    [Fact]
    public void Clusters_of_equal_rows_count_once()
    {
        // Every row three times: the estimate stays, and its standard error must be that of the rows taken once, up to the correction of CR1.
        var random = new Random(5);
        double[] x = [.. Enumerable.Range(0, 60).Select(i => i / 10.0)], y = [.. x.Select(value => value + TestObservations.Normal(random))];
        var once = ErrorOf(x, y, 1, clustered: false);
        Assert.InRange(ErrorOf(x, y, 3, clustered: true) / once, 0.8, 1.2);
        Assert.InRange(ErrorOf(x, y, 3, clustered: false) / once, 0.55, 0.6); // 1 / √3: too sure of itself

        static double ErrorOf(double[] x, double[] y, int times, bool clustered)
        {
            double[] xs = [.. x.SelectMany(value => Enumerable.Repeat(value, times))], ys = [.. y.SelectMany(value => Enumerable.Repeat(value, times))];
            double[][] columns = [[.. xs.Select(_ => 1.0)], xs];
            var weights = LeastSquares.Solve(columns, ys);
            var residuals = ys.Select((value, i) => value - weights[0] - (weights[1] * xs[i])).ToArray();
            return Math.Sqrt(LeastSquares.Covariance(columns, residuals, [.. xs.Select((_, i) => clustered ? i / times : i)]).Matrix[1, 1]);
        }
    }
}
