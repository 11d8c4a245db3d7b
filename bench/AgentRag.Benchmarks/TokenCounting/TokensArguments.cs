namespace AgentRag.Benchmarks.TokenCounting;

/// <summary>What <c>tokens</c> is asked to do; bench/README.md says what each argument means.</summary>
internal sealed record TokensArguments
{
    public string? Vocabulary { get; init; }

    public string Text { get; init; } = Path.Combine(Path.GetTempPath(), "agentrag-bench", "tokens", "passages.jsonl");

    public string? Real { get; init; }

    public int Megabytes { get; init; } = 8;

    public int Rounds { get; init; } = 7;

    public bool TextOnly { get; init; }

    public bool OneLetter { get; init; }

    public static TokensArguments Parse(string[] args)
    {
        var parsed = new TokensArguments();
        for (var i = 0; i < args.Length; i++)
        {
            parsed = args[i] switch
            {
                "--vocabulary" => parsed with { Vocabulary = args[++i] },
                "--text" => parsed with { Text = args[++i] },
                "--real" => parsed with { Real = args[++i] },
                "--megabytes" => parsed with { Megabytes = int.Parse(args[++i]) },
                "--rounds" => parsed with { Rounds = int.Parse(args[++i]) },
                "--one-letter" => parsed with { OneLetter = true },
                "--text-only" => parsed with { TextOnly = true },
                _ => throw new ArgumentException($"'{args[i]}' is not known: see bench/README.md.", nameof(args)),
            };
        }

        return parsed;
    }
}
