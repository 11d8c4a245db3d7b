namespace AgentRag.Benchmarks.Dense;

/// <summary>What <c>dense</c> is asked to do; bench/README.md says what each argument means.</summary>
internal sealed record DenseArguments
{
    public string Data { get; init; } = Path.Combine(Path.GetTempPath(), "agentrag-bench", "dense");

    public int Vectors { get; init; } = 1_000_000;

    public int Dimensions { get; init; } = 384;

    public int Queries { get; init; } = 100;

    public string? Faiss { get; init; }

    public static DenseArguments Parse(string[] args)
    {
        var parsed = new DenseArguments();
        for (var i = 0; i < args.Length; i++)
        {
            parsed = args[i] switch
            {
                "--data" => parsed with { Data = args[++i] },
                "--vectors" => parsed with { Vectors = int.Parse(args[++i]) },
                "--dimensions" => parsed with { Dimensions = int.Parse(args[++i]) },
                "--queries" => parsed with { Queries = int.Parse(args[++i]) },
                "--faiss" => parsed with { Faiss = args[++i] },
                _ => throw new ArgumentException($"'{args[i]}' is not known: see bench/README.md.", nameof(args)),
            };
        }

        return parsed;
    }
}
