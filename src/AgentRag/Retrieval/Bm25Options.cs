namespace AgentRag.Retrieval;

/// <summary>The two parameters of BM25.</summary>
public sealed record Bm25Options
{
    /// <summary>Term-frequency saturation, > 0. Default 0.9, as in Anserini's baselines: better than Lucene's 1.2 on HotpotQA.</summary>
    public double K1 { get; init; } = 0.9;

    /// <summary>Length normalisation, in [0, 1]. Default 0.4, as in Anserini's baselines.</summary>
    public double B { get; init; } = 0.4;

    /// <summary>Returns these options if they are consistent.</summary>
    /// <exception cref="AgentRagException">Some value is out of range; the message names all of them.</exception>
    public Bm25Options Validated()
    {
        List<string> problems = [];
        Require(double.IsFinite(K1) && K1 > 0, $"K1 is {K1}, must be greater than 0");
        Require(B is >= 0 and <= 1, $"B is {B}, must be in [0, 1]");
        return problems.Count == 0 ? this : throw new AgentRagException($"BM25: {string.Join("; ", problems)}.");

        void Require(bool holds, string problem) => problems.AddRange(holds ? [] : [problem]);
    }
}
