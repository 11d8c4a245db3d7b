namespace AgentRag.Documents;

/// <summary>How documents are cut into passages. All values in model tokens.</summary>
public sealed record PassageSplitterOptions
{
    /// <summary>The smallest allowed <see cref="MaxPassageTokens"/>: a single character may take four tokens.</summary>
    public const int MinPassageTokens = 16;

    /// <summary>Most tokens of one passage's text. Default 256: one topic's worth of prose, and many of them fit into a prompt.</summary>
    public int MaxPassageTokens { get; init; } = 256;

    /// <summary>
    /// Most tokens that a passage repeats from the end of the one before, in whole sentences. Default 0: passages end where sections and paragraphs
    /// do, and repeated text would be paid for twice out of the token budget.
    /// </summary>
    public int OverlapTokens { get; init; }

    /// <summary>Returns these options if they are consistent.</summary>
    /// <exception cref="AgentRagException">Some value is out of range; the message names all of them.</exception>
    public PassageSplitterOptions Validated()
    {
        List<string> problems = [];
        Require(MaxPassageTokens >= MinPassageTokens, $"MaxPassageTokens is {MaxPassageTokens}, must be at least {MinPassageTokens}");
        Require(
            OverlapTokens >= 0 && OverlapTokens <= MaxPassageTokens / 2,
            $"OverlapTokens is {OverlapTokens}, must be in [0, MaxPassageTokens / 2]");
        return problems.Count == 0 ? this : throw new AgentRagException($"Passage splitter: {string.Join("; ", problems)}.");

        void Require(bool holds, string problem) => problems.AddRange(holds ? [] : [problem]);
    }
}
