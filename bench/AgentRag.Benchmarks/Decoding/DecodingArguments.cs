using AgentRag.Decoding.Weights;

namespace AgentRag.Benchmarks.Decoding;

/// <summary>What <c>decoding</c> is asked to do; bench/README.md says what each argument means.</summary>
internal sealed record DecodingArguments
{
    public string Data { get; init; } = ModelFiles.DefaultFolder;

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
        var (defaults, named) = (new DecodingArguments(), new NamedArguments(args, ["--data", "--shapes", "--type", "--prompt", "--decode", "--rounds", "--threads", "--peer"]));
        return new DecodingArguments
        {
            Data = named.Text("--data", defaults.Data),
            Shapes = named.Has("--shapes") ? named.Text("--shapes", "").Split(',') : defaults.Shapes,
            Type = Enum.Parse<TensorType>(named.Text("--type", $"{defaults.Type}"), ignoreCase: true),
            PromptTokens = named.Number("--prompt", defaults.PromptTokens),
            DecodedTokens = named.Number("--decode", defaults.DecodedTokens),
            Rounds = named.Number("--rounds", defaults.Rounds),
            Threads = named.Number("--threads", defaults.Threads),
            Peer = named.Has("--peer") ? named.Text("--peer", "") : null,
        };
    }
}
