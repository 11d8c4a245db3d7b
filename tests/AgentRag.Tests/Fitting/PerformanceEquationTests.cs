using AgentRag.Answering;
using AgentRag.Fitting;
using Xunit;

namespace AgentRag.Tests.Fitting;

public sealed class PerformanceEquationTests
{
    [Fact]
    public void The_published_link_at_zero_equals_the_value_worked_by_hand() =>
        Assert.Equal(0.1198, LogisticLink.Published.Apply(0), tolerance: 5e-5); // 3.30 / (1 + e^(-1.81 * 0.46)) - 2.18

    [Theory] // table 8 put into equation 2 by hand, i = 0
    [InlineData(0, 0, 1, -2.690, -2.123)]
    [InlineData(1, 0, 1, -1.190, -1.485)]
    [InlineData(10, 4, 1, 0.161, 0.310)]
    [InlineData(100, 8, 5, 1.262, 0.980)]
    [InlineData(200, 64, 4, 1.658, 1.050)]
    public void The_published_model_gives_the_golden_values(int k, int m, int n, double linear, double predicted)
    {
        var parameters = new InferenceParameters(k, m, n);
        Assert.Equal(linear, PerformanceEquation.Published.PredictLinear(parameters, Informativeness.Unknown), tolerance: 6e-4);
        Assert.Equal(predicted, PerformanceEquation.Published.Predict(parameters, Informativeness.Unknown), tolerance: 6e-4);
    }

    [Fact]
    public void Informativeness_changes_the_weights_of_passages_and_demonstrations()
    {
        // i = (2, 0.5): weights 0.325 - 0.134 = 0.191 and 0.101 - 0.004 = 0.097; n weighs 0.177 * ln 1.01.
        var expected = (0.191 * Math.Log(10.01)) + (0.097 * Math.Log(4.01)) + (0.177 * Math.Log(1.01)) - 0.730;
        Assert.Equal(expected, PerformanceEquation.Published.PredictLinear(new InferenceParameters(10, 4, 1), new Informativeness(2, 0.5)), precision: 12);
    }
}
