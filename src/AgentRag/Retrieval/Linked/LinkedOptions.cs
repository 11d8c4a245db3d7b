namespace AgentRag.Retrieval.Linked;

/// <summary>How links are weighed. The defaults are one setting for all corpora; recall moves by about a point when one of them is halved or doubled.</summary>
public sealed record LinkedOptions
{
    /// <summary>How often a title counts in the lexical score, ≥ 1. Default 3: a passage about the question's subject comes before those that mention it.</summary>
    public double TitleWeight { get; init; } = 3;

    /// <summary>Weight of two neighbouring question terms that are neighbours in the passage too, ≥ 0. Default 0.3, as in sequential dependence models.</summary>
    public double BigramWeight { get; init; } = 0.3;

    /// <summary>Weight of a title that the question names, against the best lexical score's 1; ≥ 0. Default 1: an exact name is as good as the best match.</summary>
    public double NamedWeight { get; init; } = 1;

    /// <summary>Passages whose links are followed, ≥ 0. Default 5: the first hop is rarely below, and each more brings its own neighbours as noise.</summary>
    public int SeedPassages { get; init; } = 5;

    /// <summary>
    /// Weight of a link that does not lead from a mention to the passage about it, ≥ 0: back from there to the mention, or through a name that two passages
    /// share. Default 0.3, against 1 for a mention's own link.
    /// </summary>
    public double IndirectWeight { get; init; } = 0.3;

    /// <summary>Passages that the random walk starts from, ≥ 1. Default 20.</summary>
    public int WalkPassages { get; init; } = 20;

    /// <summary>Chance that the walk goes on to a neighbour instead of back to its start, in [0, 1). Default 0.5: it rarely gets further than two hops.</summary>
    public double WalkOn { get; init; } = 0.5;

    /// <summary>Weight of the walk beside the rest of the score, ≥ 0; both have a maximum of 1 before. Default 1.</summary>
    public double WalkWeight { get; init; } = 1;

    /// <summary>Returns these options if they are consistent.</summary>
    /// <exception cref="AgentRagException">Some value is out of range; the message names all of them.</exception>
    public LinkedOptions Validated()
    {
        List<string> problems = [];
        Require(double.IsFinite(TitleWeight) && TitleWeight >= 1, $"TitleWeight is {TitleWeight}, must be at least 1");
        RequireWeight(BigramWeight, nameof(BigramWeight));
        RequireWeight(NamedWeight, nameof(NamedWeight));
        Require(SeedPassages >= 0, $"SeedPassages is {SeedPassages}, must not be negative");
        RequireWeight(IndirectWeight, nameof(IndirectWeight));
        Require(WalkPassages >= 1, $"WalkPassages is {WalkPassages}, must be at least 1");
        Require(WalkOn is >= 0 and < 1, $"WalkOn is {WalkOn}, must be in [0, 1)");
        RequireWeight(WalkWeight, nameof(WalkWeight));
        return problems.Count == 0 ? this : throw new AgentRagException($"Linked retrieval: {string.Join("; ", problems)}.");

        void Require(bool holds, string problem) => problems.AddRange(holds ? [] : [problem]);

        void RequireWeight(double value, string name) => Require(double.IsFinite(value) && value >= 0, $"{name} is {value}, must be finite and not negative");
    }
}
