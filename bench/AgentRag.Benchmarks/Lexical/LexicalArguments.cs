namespace AgentRag.Benchmarks.Lexical;

/// <summary>What <c>lexical</c> is asked to do; bench/README.md says what each argument means.</summary>
internal sealed record LexicalArguments
{
    public string Data { get; init; } = Path.Combine(Path.GetTempPath(), "agentrag-bench");

    public IReadOnlyList<string> Sizes { get; init; } = ["100k", "1m"];

    public string? Real { get; init; }

    public bool GenerateOnly { get; init; }

    public bool Keep { get; init; }

    public int Queries { get; init; } = 1000;

    public static LexicalArguments Parse(string[] args)
    {
        var parsed = new LexicalArguments();
        for (var i = 0; i < args.Length; i++)
        {
            parsed = args[i] switch
            {
                "--data" => parsed with { Data = args[++i] },
                "--sizes" => parsed with { Sizes = args[++i].Split(',', StringSplitOptions.RemoveEmptyEntries) },
                "--real" => parsed with { Real = args[++i] },
                "--queries" => parsed with { Queries = int.Parse(args[++i]) },
                "--generate-only" => parsed with { GenerateOnly = true },
                "--keep" => parsed with { Keep = true },
                _ => throw new ArgumentException($"'{args[i]}' is not known: see bench/README.md.", nameof(args)),
            };
        }

        return parsed;
    }

    public static int PassagesOf(string size) => size[^1] switch
    {
        'k' => int.Parse(size[..^1]) * 1_000,
        'm' => int.Parse(size[..^1]) * 1_000_000,
        _ => int.Parse(size),
    };
}
