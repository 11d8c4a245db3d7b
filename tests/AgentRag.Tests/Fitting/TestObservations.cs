using AgentRag.Answering;
using AgentRag.Evaluation;

namespace AgentRag.Tests.Fitting;

/// <summary>Makes observations.</summary>
internal static class TestObservations
{
    public static Observation Of(string dataSet, string strategy, int k, int m, int n, double value, string metric = ObservationMetrics.Accuracy, long tokens = 1000, int questions = 1000) => new()
    {
        DataSet = dataSet,
        Strategy = strategy,
        Parameters = new InferenceParameters(k, m, n),
        Metric = metric,
        Value = value,
        Questions = questions,
        MeanEffectiveContextTokens = tokens,
        MaxEffectiveContextTokens = tokens,
        Fingerprints = new() { Model = "m1", Prompts = "p1", Index = $"i-{dataSet}", Retriever = "r1", Code = "1.0" },
    };

    /// <summary>A whole grid, probes included: value = at(k, m, n).</summary>
    public static IEnumerable<Observation> Grid(
        string dataSet, string strategy, int[] ks, int[] ms, int[] ns, Func<int, int, int, double> at, string metric = ObservationMetrics.Accuracy) =>
        from k in ks
        from m in ms
        from n in ns
        select Of(dataSet, strategy, k, m, n, at(k, m, n), metric, tokens: 100 + ((long)k * (m + 1) * 130 * (strategy == "iterdrag" ? (2 * n) + 1 : 1)));

    /// <summary>Normal noise, the same for a seed.</summary>
    public static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
