using System.Runtime.InteropServices;
using AgentRag.Answering;
using AgentRag.Fitting;
using Xunit;

namespace AgentRag.Tests.Fitting;

/// <summary>Known parameters, put into observations with noise, come out again, and 95 % intervals hold the truth 95 times in a hundred.</summary>
public sealed class RecoveryTests
{
    private const int Seeds = 1000;

    // Four times the standard error of a share of 0.95 over 1,000 seeds is 0.028.
    private const double Lowest = 0.922;
    private const double Highest = 0.978;

    private static readonly PerformanceEquation Truth = PerformanceEquation.Published;

    private static readonly (Informativeness I, InferenceParameters Parameters)[] Design =
    [
        .. from i in new Informativeness[] { new(0.2, 0.1), new(0.8, 0.6), new(1.5, 0.3), new(2.2, 0.9) }
           from k in new[] { 0, 1, 5, 20, 100 }
           from m in new[] { 0, 1, 8 }
           from n in new[] { 1, 2, 5 }
           select (i, new InferenceParameters(k, m, n)),
    ];

    private static readonly (Informativeness I, InferenceParameters Parameters)[] Elsewhere =
        [(new(1, 0.5), new(10, 2, 3)), (new(0.5, 0.2), new(50, 4, 1)), (new(1.8, 0.8), new(0, 0, 1)), (new(1, 0.5), new(100, 8, 5))];

    [Fact]
    public void Linear_estimates_are_unbiased_and_their_intervals_cover()
    {
        double[] truth = [Truth.C, Truth.A.K, Truth.A.M, Truth.A.N, Truth.B.K, Truth.B.M];
        EquationParameter[] order =
            [EquationParameter.Constant, EquationParameter.K, EquationParameter.M, EquationParameter.N, EquationParameter.DocumentK, EquationParameter.DemonstrationM];
        var (estimates, cover) = (new Tally[truth.Length], new Coverage());
        for (var seed = 0; seed < Seeds; seed++)
        {
            var fit = EquationFit.Of(Rows(seed, (parameters, i) => Truth.PredictLinear(parameters, i), 0.3), FitVariant.Linear, StrategyPooling.Shared, withInformativeness: true)!;
            var (equation, uncertainty) = fit.For(0);
            Assert.Equal(order, uncertainty.Parameters);
            double[] found = [equation.C, equation.A.K, equation.A.M, equation.A.N, equation.B.K, equation.B.M];
            for (var j = 0; j < truth.Length; j++)
            {
                estimates[j] = estimates[j].With(found[j], truth[j], uncertainty.IntervalFactor * Math.Sqrt(uncertainty.Covariance[j][j]));
            }

            cover.Add(equation, uncertainty, (parameters, i) => Truth.PredictLinear(parameters, i), 0.3, seed);
        }

        Assert.All(estimates, estimate => estimate.AssertSound(Seeds));
        cover.AssertSound();
    }

    [Fact]
    public void Weights_and_link_fitted_together_are_recovered_and_their_intervals_cover()
    {
        // The scale of x is free: steepness · weight and steepness · (c + shift) are not, and neither are range and offset.
        var link = LogisticLink.Published;
        double[] truth =
        [
            link.Steepness * (Truth.C + link.Shift), link.Steepness * Truth.A.K, link.Steepness * Truth.A.M, link.Steepness * Truth.A.N, link.Steepness * Truth.B.K,
            link.Steepness * Truth.B.M, link.Range, link.Offset,
        ];
        var (estimates, cover) = (new Tally[truth.Length], new Coverage());
        for (var seed = 0; seed < Seeds; seed++)
        {
            var fit = EquationFit.Of(Rows(seed, (parameters, i) => Truth.Predict(parameters, i), 0.1), FitVariant.Sigmoid, StrategyPooling.Shared, withInformativeness: true)!;
            Assert.False(fit.LacksLink);
            var (equation, uncertainty) = fit.For(0);
            var s = equation.Link!.Steepness;
            double[] found =
            [
                s * (equation.C + equation.Link.Shift), s * equation.A.K, s * equation.A.M, s * equation.A.N, s * equation.B.K, s * equation.B.M, equation.Link.Range,
                equation.Link.Offset,
            ];
            for (var j = 0; j < truth.Length; j++)
            {
                var half = uncertainty.IntervalFactor * Math.Sqrt(uncertainty.Covariance[j][j]) * (j < 6 ? s : 1);
                estimates[j] = estimates[j].With(found[j], truth[j], half);
            }

            cover.Add(equation, uncertainty, (parameters, i) => Truth.Predict(parameters, i), 0.1, seed);
        }

        Assert.All(estimates, estimate => estimate.AssertSound(Seeds));
        cover.AssertSound();
    }

    [Fact]
    public void Intervals_cover_too_when_the_metrics_of_a_configuration_err_together()
    {
        var (clustered, apart) = (0, 0);
        for (var seed = 0; seed < Seeds; seed++)
        {
            clustered += Covers(seed, together: true) ? 1 : 0;
            apart += Covers(seed, together: false) ? 1 : 0;
        }

        Assert.InRange((double)clustered / Seeds, Lowest - 0.01, Highest); // the sandwich is known to be a little narrow
        Assert.True((double)apart / Seeds < 0.85, $"counting them as independent should not cover: {apart}"); // else the test above shows nothing

        bool Covers(int seed, bool together)
        {
            var random = new Random(seed);
            List<FitRow> rows = [];
            foreach (var (index, (i, parameters)) in Design.Index())
            {
                var shared = 0.3 * TestObservations.Normal(random);
                for (var metric = 0; metric < 3; metric++)
                {
                    rows.Add(Row(parameters, i, together ? index : (3 * index) + metric, Truth.PredictLinear(parameters, i) + shared + (0.05 * TestObservations.Normal(random))));
                }
            }

            var (equation, uncertainty) = EquationFit.Of(rows, FitVariant.Linear, StrategyPooling.Shared, withInformativeness: true)!.For(0);
            return Math.Abs(equation.A.K - Truth.A.K) <= uncertainty.IntervalFactor * Math.Sqrt(uncertainty.Covariance[1][1]);
        }
    }

    [Fact]
    public void Two_stages_as_in_the_paper_never_fit_better_than_both_at_once()
    {
        for (var seed = 0; seed < 50; seed++)
        {
            var rows = Rows(seed, (parameters, i) => Truth.Predict(parameters, i), 0.1);
            var together = EquationFit.Of(rows, FitVariant.Sigmoid, StrategyPooling.Shared, withInformativeness: true)!;
            var stages = EquationFit.Of(rows, FitVariant.SigmoidInTwoStages, StrategyPooling.Shared, withInformativeness: true)!;
            Assert.True(Squares(together) <= Squares(stages) + 1e-9);
            Assert.Equal(0, Slope(together) - 1, tolerance: 1e-9); // x is on the scale of z, as least squares leave it

            double Squares(EquationFit fit) => rows.Sum(row => Math.Pow(row.Z - fit.Predict(row), 2));

            double Slope(EquationFit fit)
            {
                var x = rows.Select(row => fit.Weights.Select((weight, j) => weight * fit.Columns[j].Value(row)).Sum()).ToArray();
                var (meanX, meanZ) = (x.Average(), rows.Average(row => row.Z));
                return rows.Select((row, r) => (x[r] - meanX) * (row.Z - meanZ)).Sum() / x.Sum(value => (value - meanX) * (value - meanX));
            }
        }
    }

    private static List<FitRow> Rows(int seed, Func<InferenceParameters, Informativeness, double> mean, double noise)
    {
        var random = new Random(seed);
        return [.. Design.Select((one, index) => Row(one.Parameters, one.I, index, mean(one.Parameters, one.I) + (noise * TestObservations.Normal(random))))];
    }

    private static FitRow Row(InferenceParameters parameters, Informativeness i, int cluster, double z) => new(
        TestObservations.Of("d", "drag", parameters.K, parameters.M, parameters.N, 0.5), 0, cluster, new EquationTerms(parameters, i, 0.01), z);

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Tally(double Sum, double Squares, int Covered, double Truth)
    {
        public Tally With(double estimate, double truth, double half) =>
            new(Sum + estimate - truth, Squares + ((estimate - truth) * (estimate - truth)), Covered + (Math.Abs(estimate - truth) <= half ? 1 : 0), truth);

        public void AssertSound(int seeds)
        {
            var (bias, deviation) = (Sum / seeds, Math.Sqrt(Squares / seeds));
            // Four standard errors of the mean, or a fiftieth of the estimate's own spread for what is unbiased only in the limit.
            Assert.True(Math.Abs(bias) < Math.Max(4 * deviation / Math.Sqrt(seeds), 0.2 * deviation), $"bias {bias} with deviation {deviation}");
            Assert.InRange((double)Covered / seeds, Lowest, Highest);
        }
    }

    private sealed class Coverage
    {
        private readonly int[] _mean = new int[Elsewhere.Length];
        private readonly int[] _new = new int[Elsewhere.Length];
        private int _seeds;

        public void Add(PerformanceEquation equation, EquationUncertainty uncertainty, Func<InferenceParameters, Informativeness, double> truth, double noise, int seed)
        {
            var (random, model) = (new Random(seed + 1_000_000), new StrategyModel("drag", equation, uncertainty));
            _seeds++;
            foreach (var (index, (i, parameters)) in Elsewhere.Index())
            {
                var (predicted, expected) = (model.Predict(parameters, i), truth(parameters, i));
                var measured = expected + (noise * TestObservations.Normal(random));
                _mean[index] += predicted.MeanInterval!.Low <= expected && expected <= predicted.MeanInterval.High ? 1 : 0;
                _new[index] += predicted.PredictionInterval!.Low <= measured && measured <= predicted.PredictionInterval.High ? 1 : 0;
            }
        }

        public void AssertSound()
        {
            Assert.All(_mean, covered => Assert.InRange((double)covered / _seeds, Lowest, Highest));
            Assert.All(_new, covered => Assert.InRange((double)covered / _seeds, Lowest, Highest));
        }
    }
}
