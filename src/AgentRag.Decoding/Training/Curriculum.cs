namespace AgentRag.Decoding.Training;

/// <summary>How many examples of each length each stage of training has: from short ones to long ones (REFRAG, table 8).</summary>
internal static class Curriculum
{
    /// <summary>Stages of the published table.</summary>
    public const int Stages = 9;

    // Chunks of an example, examples of the first stage and of all stages. The table's rows are geometric sequences, rounded.
    private static readonly (int Chunks, double First, double Sum)[] Published =
        [(1, 1_333, 2_000), (2, 333, 2_000), (4, 83, 2_000), (8, 20, 4_000), (16, 5, 4_000), (32, 1, 4_000), (64, 1, 8_000), (128, 1, 8_000), (256, 1, 8_000)];

    /// <summary>The table's counts.</summary>
    /// <returns>For each number of chunks, examples by stage.</returns>
    public static IReadOnlyList<(int Chunks, double[] Examples)> Table() => [.. Published.Select(row => (row.Chunks, Geometric(row.First, row.Sum, Stages)))];

    /// <summary>The table cut to a longest example and spread over other numbers of examples.</summary>
    /// <param name="longest">Most chunks of an example; a power of 2 up to 256.</param>
    /// <param name="total">All examples together.</param>
    /// <returns>By stage, how many chunks each example has; short ones first.</returns>
    public static List<List<int>> For(int longest, int total)
    {
        var rows = Table().Where(row => row.Chunks <= longest).ToList();
        var scale = total / rows.Sum(row => row.Examples.Sum());
        List<List<int>> stages = [];
        for (var stage = 0; stage < Stages; stage++)
        {
            stages.Add([.. rows.SelectMany(row => Enumerable.Repeat(row.Chunks, (int)Math.Round(row.Examples[stage] * scale)))]);
        }

        return stages;
    }

    /// <summary>A geometric sequence by its first number and its sum.</summary>
    internal static double[] Geometric(double first, double sum, int length)
    {
        var (low, high) = (0.0, 100.0);
        for (var i = 0; i < 200; i++)
        {
            var ratio = (low + high) / 2;
            (low, high) = Enumerable.Range(0, length).Sum(t => first * Math.Pow(ratio, t)) < sum ? (ratio, high) : (low, ratio);
        }

        return [.. Enumerable.Range(0, length).Select(t => first * Math.Pow(low, t))];
    }
}
