using AgentRag.Fitting;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Optimization;
using Xunit;

namespace AgentRag.Tests.Fitting;

public sealed class LevenbergMarquardtTests
{
    // NIST Statistical Reference Datasets, Rat42: y = b1 / (1 + e^(b2 − b3 x)).
    private static readonly double[] RatX = [9, 14, 21, 28, 42, 57, 63, 70, 79];
    private static readonly double[] RatY = [8.930, 10.800, 18.590, 22.330, 39.350, 56.110, 61.730, 64.620, 67.080];

    [Theory] // the two starting points that NIST names
    [InlineData(100, 1, 0.1)]
    [InlineData(75, 2.5, 0.07)]
    public void The_minimum_of_rat42_is_the_one_that_nist_certifies(double b1, double b2, double b3)
    {
        var problem = new Rat42();
        var found = LevenbergMarquardt.Minimize(problem, [b1, b2, b3])!;
        Assert.Equal(72.462237576, found[0], tolerance: 1e-5);
        Assert.Equal(2.6180768402, found[1], tolerance: 1e-6);
        Assert.Equal(0.067359200066, found[2], tolerance: 1e-8);
        Assert.Equal(8.0565229338, problem.At(found), tolerance: 1e-8);
        var covariance = LeastSquares.Covariance(
            [.. Enumerable.Range(0, 3).Select(j => RatX.Select(x => Rat42.Derivatives(found, x)[j]).ToArray())],
            [.. RatX.Zip(RatY, (x, y) => y - Rat42.At(found, x))],
            [.. Enumerable.Range(0, RatX.Length)]);
        Assert.Equal(1.7340283401, Math.Sqrt(covariance.Matrix[0, 0]), tolerance: 1e-4);
        Assert.Equal(0.088295217536, Math.Sqrt(covariance.Matrix[1, 1]), tolerance: 1e-6);
        Assert.Equal(0.0034465663377, Math.Sqrt(covariance.Matrix[2, 2]), tolerance: 1e-7);
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3)]
    public void The_link_is_the_one_that_mathnet_finds(int seed)
    {
        var random = new Random(seed);
        double[] x = [.. Enumerable.Range(0, 200).Select(i => -3 + (i * 0.025))];
        double[] z = [.. x.Select(value => LogisticLink.Published.Apply(value) + (0.1 * TestObservations.Normal(random)))];
        double[] start = [3, 1, 0, -2];
        var ours = LevenbergMarquardt.Minimize(new LinkSum(x, z), start)!;
        var model = ObjectiveFunction.NonlinearModel(
            (p, at) => at.Map(value => new LogisticLink(p[0], p[1], p[2], p[3]).Apply(value)), Vector<double>.Build.Dense(x), Vector<double>.Build.Dense(z));
        var theirs = new LevenbergMarquardtMinimizer(gradientTolerance: 1e-12, stepTolerance: 1e-12, functionTolerance: 1e-14)
            .FindMinimum(model, Vector<double>.Build.Dense(start)).MinimizingPoint;
        for (var i = 0; i < start.Length; i++)
        {
            Assert.Equal(theirs[i], ours[i], tolerance: 1e-4);
        }
    }

    private sealed class Rat42 : ISumOfSquares
    {
        public static double At(ReadOnlySpan<double> b, double x) => b[0] / (1 + Math.Exp(b[1] - (b[2] * x)));

        public static double[] Derivatives(ReadOnlySpan<double> b, double x)
        {
            var e = Math.Exp(b[1] - (b[2] * x));
            return [1 / (1 + e), -b[0] * e / ((1 + e) * (1 + e)), b[0] * x * e / ((1 + e) * (1 + e))];
        }

        public bool IsAllowed(ReadOnlySpan<double> parameters) => true;

        public double At(ReadOnlySpan<double> parameters)
        {
            var sum = 0.0;
            for (var i = 0; i < RatX.Length; i++)
            {
                var residual = RatY[i] - At(parameters, RatX[i]);
                sum += residual * residual;
            }

            return sum;
        }

        public void Derive(ReadOnlySpan<double> parameters, Span<double> hessian, Span<double> gradient)
        {
            for (var i = 0; i < RatX.Length; i++)
            {
                SigmoidSum.Accumulate(Derivatives(parameters, RatX[i]), RatY[i] - At(parameters, RatX[i]), hessian, gradient);
            }
        }
    }
}
