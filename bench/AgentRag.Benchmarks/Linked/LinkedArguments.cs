namespace AgentRag.Benchmarks.Linked;

/// <summary>What <c>linked</c> is asked to do; bench/README.md says what each argument means.</summary>
internal sealed record LinkedArguments
{
    public string Data { get; init; } = "";

    public bool LeaveOneOut { get; init; }

    public IReadOnlyList<string> Sizes { get; init; } = [];

    /// <summary>Whether the recall tables are left out.</summary>
    public bool SizesAlone { get; init; }

    public string Work { get; init; } = Path.Combine(Path.GetTempPath(), "agentrag-bench");

    public static LinkedArguments Parse(string[] args)
    {
        var parsed = new LinkedArguments();
        for (var i = 0; i < args.Length; i++)
        {
            parsed = args[i] switch
            {
                "--data" => parsed with { Data = args[++i] },
                "--leave-one-out" => parsed with { LeaveOneOut = true },
                "--sizes" => parsed with { Sizes = args[++i].Split(',', StringSplitOptions.RemoveEmptyEntries) },
                "--sizes-alone" => parsed with { SizesAlone = true },
                "--work" => parsed with { Work = args[++i] },
                _ => throw new ArgumentException($"'{args[i]}' is not known: see bench/README.md.", nameof(args)),
            };
        }

        return parsed.Data.Length > 0 ? parsed : throw new ArgumentException("Name the folder of the data sets with --data: see bench/README.md.", nameof(args));
    }
}
