using System.Runtime.InteropServices;

namespace AgentRag.Benchmarks.Dense;

/// <summary>Clustered vectors of length one, the same for the same seed: <c>vectors.f32</c> and <c>queries.f32</c>, float32, one vector behind the other.</summary>
internal sealed class VectorFiles(DenseArguments arguments)
{
    private const int Seed = 42;
    private const int VectorsPerCluster = 500;

    // Of the noise beside a centre of length one: neighbours have a cosine of about 1 / (1 + 0.8^2) = 0.6, as passages about one topic do.
    private const double Spread = 0.8;

    private readonly string _folder = Path.Combine(arguments.Data, $"v{arguments.Vectors}x{arguments.Dimensions}");

    public string Vectors => Path.Combine(_folder, "vectors.f32");

    public string Queries => Path.Combine(_folder, "queries.f32");

    public string Folder => _folder;

    /// <summary>Writes the files unless they are there.</summary>
    public void Make()
    {
        Directory.CreateDirectory(_folder);
        if (File.Exists(Queries) && new FileInfo(Vectors).Length == (long)arguments.Vectors * arguments.Dimensions * sizeof(float))
        {
            return;
        }

        Console.WriteLine($"writing {_folder}");
        var random = new Random(Seed);
        var centres = new float[Math.Max(1, arguments.Vectors / VectorsPerCluster)][];
        for (var i = 0; i < centres.Length; i++)
        {
            centres[i] = Unit(Normal(random));
        }

        Write(Vectors, arguments.Vectors, random, centres);
        Write(Queries, 1000, random, centres);
    }

    /// <summary>Reads some of the vectors of a file.</summary>
    public float[][] Read(string path, int first, int count)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20);
        stream.Position = (long)first * arguments.Dimensions * sizeof(float);
        var vectors = new float[count][];
        for (var i = 0; i < count; i++)
        {
            stream.ReadExactly(MemoryMarshal.AsBytes((vectors[i] = new float[arguments.Dimensions]).AsSpan()));
        }

        return vectors;
    }

    private void Write(string path, int count, Random random, float[][] centres)
    {
        using var stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, 1 << 20);
        for (var i = 0; i < count; i++)
        {
            var (vector, centre) = (Normal(random), centres[random.Next(centres.Length)]);
            for (var d = 0; d < vector.Length; d++)
            {
                vector[d] = centre[d] + (float)(vector[d] * Spread / Math.Sqrt(vector.Length));
            }

            stream.Write(MemoryMarshal.AsBytes(Unit(vector).AsSpan()));
        }
    }

    private float[] Normal(Random random)
    {
        var vector = new float[arguments.Dimensions];
        for (var i = 0; i < vector.Length; i += 2)
        {
            var (radius, angle) = (Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())), 2 * Math.PI * random.NextDouble());
            vector[i] = (float)(radius * Math.Cos(angle));
            if (i + 1 < vector.Length)
            {
                vector[i + 1] = (float)(radius * Math.Sin(angle));
            }
        }

        return vector;
    }

    private static float[] Unit(float[] vector)
    {
        var length = Math.Sqrt(vector.Sum(component => (double)component * component));
        return Array.ConvertAll(vector, component => (float)(component / length));
    }
}
