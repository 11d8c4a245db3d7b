using AgentRag.Decoding.Weights;

namespace AgentRag.Benchmarks.Decoding;

/// <summary>What <c>decoding</c> is asked to do; bench/README.md says what each argument means.</summary>
internal sealed record DecodingArguments
{
    public string Data { get; init; } = Path.Combine(Path.GetTempPath(), "agentrag-bench", "decoding");

    public IReadOnlyList<string> Shapes { get; init; } = ["0.5b", "1b"];

    public TensorType Type { get; init; } = TensorType.Q8_0;

    public int PromptTokens { get; init; } = 512;

    public int DecodedTokens { get; init; } = 64;

    public int Rounds { get; init; } = 3;

    public int Threads { get; init; } = 2;

    /// <summary>A script that measures another engine on the same files; null for none.</summary>
    public string? Peer { get; init; }

    public static DecodingArguments Parse(string[] args)
    {
        var parsed = new DecodingArguments();
        for (var i = 0; i < args.Length; i++)
        {
            parsed = args[i] switch
            {
                "--data" => parsed with { Data = args[++i] },
                "--shapes" => parsed with { Shapes = args[++i].Split(',') },
                "--type" => parsed with { Type = Enum.Parse<TensorType>(args[++i], ignoreCase: true) },
                "--prompt" => parsed with { PromptTokens = int.Parse(args[++i]) },
                "--decode" => parsed with { DecodedTokens = int.Parse(args[++i]) },
                "--rounds" => parsed with { Rounds = int.Parse(args[++i]) },
                "--threads" => parsed with { Threads = int.Parse(args[++i]) },
                "--peer" => parsed with { Peer = args[++i] },
                _ => throw new ArgumentException($"'{args[i]}' is not known: see bench/README.md.", nameof(args)),
            };
        }

        return parsed;
    }
}
