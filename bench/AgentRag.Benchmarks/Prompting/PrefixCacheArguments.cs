namespace AgentRag.Benchmarks.Prompting;

/// <summary>What <c>prefix-cache</c> is asked to do; bench/README.md says what each argument means.</summary>
internal sealed record PrefixCacheArguments
{
    public string? Corpus { get; init; }

    public string? Questions { get; init; }

    public string? Vocabulary { get; init; }

    public int Limit { get; init; } = 40;

    public int K { get; init; } = 100;

    public int M { get; init; } = 2;

    public int N { get; init; } = 5;

    public long Budget { get; init; } = 131_072;

    public static PrefixCacheArguments Parse(string[] args)
    {
        var parsed = new PrefixCacheArguments();
        for (var i = 0; i < args.Length; i++)
        {
            parsed = args[i] switch
            {
                "--corpus" => parsed with { Corpus = args[++i] },
                "--questions" => parsed with { Questions = args[++i] },
                "--vocabulary" => parsed with { Vocabulary = args[++i] },
                "--limit" => parsed with { Limit = int.Parse(args[++i]) },
                "--k" => parsed with { K = int.Parse(args[++i]) },
                "--m" => parsed with { M = int.Parse(args[++i]) },
                "--n" => parsed with { N = int.Parse(args[++i]) },
                "--budget" => parsed with { Budget = long.Parse(args[++i]) },
                _ => throw new ArgumentException($"'{args[i]}' is not known: see bench/README.md.", nameof(args)),
            };
        }

        return parsed;
    }
}
