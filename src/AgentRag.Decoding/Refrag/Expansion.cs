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

    /// <summary>ln of the probability that the policy picks these chunks in this order, each out of those not picked before.</summary>
    /// <param name="scores">One per chunk.</param>
    /// <param name="picks">Chunks, each once.</param>
    /// <param name="slopes">Takes the derivatives by the scores; empty for none.</param>
    public static double LogProbability(ReadOnlySpan<float> scores, IReadOnlyList<int> picks, Span<double> slopes)
    {
        var (total, taken) = (0.0, new HashSet<int>());
        slopes.Clear();
        foreach (var pick in picks)
        {
            var (largest, sum) = (double.NegativeInfinity, 0.0);
            for (var chunk = 0; chunk < scores.Length; chunk++)
            {
                largest = taken.Contains(chunk) ? largest : Math.Max(largest, scores[chunk]);
            }

            for (var chunk = 0; chunk < scores.Length; chunk++)
            {
                sum += taken.Contains(chunk) ? 0 : Math.Exp(scores[chunk] - largest);
            }

            total += scores[pick] - largest - Math.Log(sum);
            for (var chunk = 0; slopes.Length > 0 && chunk < scores.Length; chunk++)
            {
                slopes[chunk] += (chunk == pick ? 1 : 0) - (taken.Contains(chunk) ? 0 : Math.Exp(scores[chunk] - largest) / sum);
            }

            taken.Add(pick);
        }

        return total;
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
}
