using AgentRag.Retrieval;

namespace AgentRag.Answering;

/// <summary>What inference is bought for one question: the paper's θ = (k, m, n), section 3.1.</summary>
/// <param name="K">Passages per retrieval, in [0, 1000].</param>
/// <param name="M">Demonstrations in the prompt, in [0, 256].</param>
/// <param name="N">Iterations at most, in [1, 32]; 1 for the one-pass strategies. The paper goes up to 5.</param>
public sealed record InferenceParameters(int K, int M, int N)
{
    /// <summary>The largest m: the paper's grid ends here.</summary>
    public const int MaxM = 256;

    /// <summary>The largest n that is served.</summary>
    public const int MaxN = 32;

    /// <summary>Returns these parameters if each is in its range.</summary>
    /// <exception cref="AgentRagException">Some value is out of range; the message names all of them.</exception>
    public InferenceParameters Validated()
    {
        List<string> problems = [];
        Require("k", K, 0, RetrievalQuery.MaxK);
        Require("m", M, 0, MaxM);
        Require("n", N, 1, MaxN);
        return problems.Count == 0 ? this : throw new AgentRagException($"Inference parameters: {string.Join("; ", problems)}.");

        void Require(string name, int value, int low, int high)
        {
            if (value < low || value > high)
            {
                problems.Add($"{name} is {value}, must be in [{low}, {high}]");
            }
        }
    }

    /// <summary>The triple as <c>k=…, m=…, n=…</c>.</summary>
    public override string ToString() => $"k={K}, m={M}, n={N}";
}
