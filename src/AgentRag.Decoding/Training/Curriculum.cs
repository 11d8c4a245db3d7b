using AgentRag.Decoding.Sampling;

namespace AgentRag.Decoding.Training;

/// <summary>How many examples of each length each stage of training has: from short ones to long ones (REFRAG, table 8).</summary>
internal static class Curriculum
{
    /// <summary>Stages of the published table.</summary>
    public const int Stages = 9;

    // Chunks of an example, the ratio from stage to stage, examples of all stages. Each row of the table is the geometric sequence of that sum, rounded; the ratios
    // are the middles of those that round to every published count.
    private static readonly (int Chunks, double Ratio, double Sum)[] Published =
    [
        (1, 0.33353, 2_000), (2, 0.89454, 2_000), (4, 1.23418, 2_000), (8, 1.74493, 4_000), (16, 2.13066, 4_000), (32, 2.65891, 4_000),
        (64, 2.91804, 8_000), (128, 2.91804, 8_000), (256, 2.91804, 8_000),
    ];

    /// <summary>The table's counts before they are rounded.</summary>
    /// <returns>For each number of chunks, examples by stage.</returns>
    public static IReadOnlyList<(int Chunks, double[] Examples)> Table() => [.. Published.Select(row => (row.Chunks, Geometric(row.Ratio, row.Sum)))];

    /// <summary>The table cut to a longest example and spread over another number of examples.</summary>
    /// <param name="longest">Most chunks of an example, in [1, 256].</param>
    /// <param name="total">All examples together, ≥ 0.</param>
    /// <returns>By stage, how many chunks each example has; short ones first. Together exactly <paramref name="total"/>.</returns>
    public static List<List<int>> For(int longest, int total)
    {
        var rows = Table().Where(row => row.Chunks <= longest).ToList();
        var scale = total / rows.Sum(row => row.Examples.Sum());
        var (wanted, given) = (0.0, 0);
        List<List<int>> stages = [];
        for (var stage = 0; stage < Stages; stage++)
        {
            List<int> lengths = [];
            foreach (var (chunks, examples) in rows)
            {
                // What rounding takes from one count goes to the next.
                wanted += examples[stage] * scale;
                var count = (int)Math.Round(wanted) - given;
                lengths.AddRange(Enumerable.Repeat(chunks, count));
                given += count;
            }

            stages.Add(lengths);
        }

        return stages;
    }

    /// <summary>The lengths in the order of training: stage by stage, mixed within each; or the same lengths all mixed, to be compared with.</summary>
    /// <param name="longest">As in <see cref="For"/>.</param>
    /// <param name="total">As in <see cref="For"/>.</param>
    /// <param name="inStages">Whether stages follow one another.</param>
    /// <param name="random">Mixes.</param>
    public static int[] Order(int longest, int total, bool inStages, SeededNumbers random)
    {
        var stages = For(longest, total);
        return [.. inStages ? stages.SelectMany(stage => Mixed(stage, random)) : Mixed([.. stages.SelectMany(stage => stage)], random)];
    }

    private static int[] Mixed(List<int> lengths, SeededNumbers random)
    {
        int[] mixed = [.. lengths];
        random.Shuffle(mixed);
        return mixed;
    }

    // a, a r, … with the sum a (r^9 - 1) / (r - 1).
    private static double[] Geometric(double ratio, double sum)
    {
        var first = sum * (ratio - 1) / (Math.Pow(ratio, Stages) - 1);
        return [.. Enumerable.Range(0, Stages).Select(stage => first * Math.Pow(ratio, stage))];
    }
}
