namespace AgentRag.Decoding.Refrag;

/// <summary>Who chooses the chunks that stand in the prompt as tokens.</summary>
public enum ExpansionPolicy
{
    /// <summary>None are expanded.</summary>
    None,

    /// <summary>Those that share the most rare tokens with the question.</summary>
    Query,

    /// <summary>Those the adapter's trained policy scores highest.</summary>
    Policy,

    /// <summary>Those the model itself finds least likely: compression loses most there.</summary>
    Perplexity,

    /// <summary>Any, by the request's seed.</summary>
    Random,
}

/// <summary>How a prompt is compressed.</summary>
public sealed record RefragOptions
{
    /// <summary>Share of the chunks that stand as tokens, in [0, 1] (the paper's p). Default 0.1.</summary>
    public double ExpandedShare { get; init; } = 0.1;

    /// <summary>Who chooses them. Default <see cref="ExpansionPolicy.Query"/>.</summary>
    public ExpansionPolicy Policy { get; init; } = ExpansionPolicy.Query;

    /// <summary>Tokens at the beginning of the long text that are never compressed, ≥ 0: instructions stand there. Default 64.</summary>
    public int KeptFirstTokens { get; init; } = 64;

    /// <summary>Tokens at its end that are never compressed, ≥ 0: the question stands there. Default 128.</summary>
    public int KeptLastTokens { get; init; } = 128;

    /// <summary>
    /// Lines of the long text that are never compressed: those that begin so. Default: the lines by which this project's prompts number and name passages, and lines that begin
    /// with a bracket, as <c>[2] Title</c>. So an answer can cite them.
    /// </summary>
    public IReadOnlyList<string> KeptLineStarts { get; init; } = ["<passage ", "</passage>", "["];

    /// <summary>How many times fewer places a prompt takes: k / (1 - p + k p).</summary>
    /// <param name="rate">Tokens of a chunk.</param>
    public double EffectiveRate(int rate) => rate / (1 - ExpandedShare + (rate * ExpandedShare));
}
