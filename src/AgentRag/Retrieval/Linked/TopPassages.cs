namespace AgentRag.Retrieval.Linked;

/// <summary>Chooses the best of many scores.</summary>
internal static class TopPassages
{
    /// <summary>The positions of the k highest scores above 0, best first, equal scores by position.</summary>
    public static int[] Of(ReadOnlySpan<double> scores, int k)
    {
        // The queue's head is the worst of the best: lowest score, of equal ones the latest.
        PriorityQueue<int, (double Score, int Position)> best = new(Comparer<(double Score, int Position)>.Create(
            static (x, y) => x.Score != y.Score ? x.Score.CompareTo(y.Score) : y.Position.CompareTo(x.Position)));
        var least = 0.0;
        for (var i = 0; i < scores.Length; i++)
        {
            if (scores[i] <= least || k == 0)
            {
                continue;
            }

            if (best.Count < k)
            {
                best.Enqueue(i, (scores[i], i));
            }
            else
            {
                best.DequeueEnqueue(i, (scores[i], i));
            }

            least = best.Count < k ? 0 : scores[best.Peek()];
        }

        var top = new int[best.Count];
        for (var i = top.Length - 1; i >= 0; i--)
        {
            top[i] = best.Dequeue();
        }

        return top;
    }

    /// <summary>Scored passages, best first, equal scores in index order.</summary>
    public static List<int> Ordered(IReadOnlyDictionary<int, double> scores)
    {
        List<int> passages = [.. scores.Keys];
        passages.Sort((x, y) => scores[x] != scores[y] ? scores[y].CompareTo(scores[x]) : x.CompareTo(y));
        return passages;
    }
}
