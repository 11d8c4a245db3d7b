namespace AgentRag.Tests.Retrieval.Dense;

/// <summary>Vectors around random centres, as those of texts about a number of topics; the same for the same seed.</summary>
internal static class ClusteredVectors
{
    public static float[][] Make(int seed, int count, int dimensions, int clusters, double spread)
    {
        var random = new Random(seed);
        var centres = Enumerable.Range(0, clusters).Select(_ => Normal(random, dimensions, 1)).ToArray();
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            var (centre, noise) = (centres[random.Next(clusters)], Normal(random, dimensions, spread));
            return centre.Zip(noise, (a, b) => a + b).ToArray();
        })];
    }

    private static float[] Normal(Random random, int dimensions, double deviation) =>
        [.. Enumerable.Range(0, dimensions).Select(_ => (float)(deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
}
