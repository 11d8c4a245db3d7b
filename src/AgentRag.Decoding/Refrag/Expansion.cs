using AgentRag.Decoding.Sampling;
using AgentRag.Decoding.Training;

namespace AgentRag.Decoding.Refrag;

/// <summary>Chooses chunks to expand.</summary>
internal static class Expansion
{
    /// <summary>How many of so many chunks are expanded: the share, rounded up.</summary>
    public static int Count(int chunks, double share) => (int)Math.Min(chunks, Math.Ceiling((chunks * share) - 1e-9));

    /// <summary>The chunks of the highest scores; of equal ones the first.</summary>
    public static HashSet<int> Highest(IReadOnlyList<double> scores, int count) =>
        [.. Enumerable.Range(0, scores.Count).OrderByDescending(chunk => scores[chunk]).ThenBy(chunk => chunk).Take(count)];

    /// <summary>Scores chunks by the tokens they share with the question, each once, weighted by ln(1 + chunks / chunks with the token).</summary>
    public static double[] ByQuestion(IReadOnlyList<int[]> chunks, IEnumerable<int> question)
    {
        var asked = question.ToHashSet();
        var holders = new Dictionary<int, int>();
        foreach (var token in chunks.SelectMany(chunk => chunk.Where(asked.Contains).Distinct()))
        {
            holders[token] = holders.GetValueOrDefault(token) + 1;
        }

        return [.. chunks.Select(chunk => chunk.Where(asked.Contains).Distinct().Sum(token => Math.Log(1 + ((double)chunks.Count / holders[token]))))];
    }

    /// <summary>Random scores.</summary>
    public static double[] ByChance(int chunks, long seed)
    {
        var random = new SeededNumbers(seed, stream: 11);
        return [.. Enumerable.Range(0, chunks).Select(_ => random.NextDouble())];
    }

    /// <summary>Scores by the adapter's policy.</summary>
    /// <param name="adapter">The adapter.</param>
    /// <param name="chunks">The chunks' embeddings.</param>
    /// <param name="question">The mean embedding of the question's tokens.</param>
    public static double[] ByPolicy(RefragAdapter adapter, IReadOnlyList<ReadOnlyMemory<float>> chunks, ReadOnlySpan<float> question)
    {
        var (rows, asked) = (new Node(chunks.Count, adapter.Width), new Node(1, adapter.Width));
        for (var chunk = 0; chunk < chunks.Count; chunk++)
        {
            chunks[chunk].Span.CopyTo(rows.Row(chunk));
        }

        question.CopyTo(asked.Value);
        return [.. adapter.Score(new Tape(), rows, asked).Value.Select(score => (double)score)];
    }

    /// <summary>ln of the probability of each pick, made out of the chunks not picked before (appendix A.1: exp(s - n) / sum exp(s - n), n infinite for those).</summary>
    /// <param name="scores">One per chunk.</param>
    /// <param name="picks">Chunks in the order of picking, each once.</param>
    public static double[] LogProbabilities(ReadOnlySpan<float> scores, IReadOnlyList<int> picks)
    {
        var (logarithms, taken) = (new double[picks.Count], new bool[scores.Length]);
        for (var pick = 0; pick < picks.Count; pick++)
        {
            logarithms[pick] = scores[picks[pick]] - LogSum(scores, taken);
            taken[picks[pick]] = true;
        }

        return logarithms;
    }

    /// <summary>Adds the derivatives, by the scores, of a weighted sum of what <see cref="LogProbabilities"/> gives.</summary>
    /// <param name="scores">One per chunk.</param>
    /// <param name="picks">Chunks in the order of picking, each once.</param>
    /// <param name="weights">One per pick.</param>
    /// <param name="slopes">One per chunk; added to.</param>
    public static void AddSlopes(ReadOnlySpan<float> scores, IReadOnlyList<int> picks, ReadOnlySpan<double> weights, Span<float> slopes)
    {
        var taken = new bool[scores.Length];
        for (var pick = 0; pick < picks.Count; pick++)
        {
            var logSum = LogSum(scores, taken);
            for (var chunk = 0; chunk < scores.Length; chunk++)
            {
                slopes[chunk] += (float)(weights[pick] * ((chunk == picks[pick] ? 1 : 0) - (taken[chunk] ? 0 : Math.Exp(scores[chunk] - logSum))));
            }

            taken[picks[pick]] = true;
        }
    }

    /// <summary>Draws chunks one by one, each out of those not drawn before.</summary>
    public static List<int> Draw(ReadOnlySpan<float> scores, int count, SeededNumbers random)
    {
        // Gumbel's trick: the largest of score + noise is a draw from the softmax, the next largest one from the rest.
        var keys = new double[scores.Length];
        for (var chunk = 0; chunk < keys.Length; chunk++)
        {
            keys[chunk] = scores[chunk] - Math.Log(-Math.Log(1 - random.NextDouble() + 1e-300) + 1e-300);
        }

        return [.. Enumerable.Range(0, keys.Length).OrderByDescending(chunk => keys[chunk]).Take(count)];
    }

    private static double LogSum(ReadOnlySpan<float> scores, bool[] taken)
    {
        var (largest, sum) = (double.NegativeInfinity, 0.0);
        for (var chunk = 0; chunk < scores.Length; chunk++)
        {
            largest = taken[chunk] ? largest : Math.Max(largest, scores[chunk]);
        }

        for (var chunk = 0; chunk < scores.Length; chunk++)
        {
            sum += taken[chunk] ? 0 : Math.Exp(scores[chunk] - largest);
        }

        return largest + Math.Log(sum);
    }
}
