namespace AgentRag.Retrieval.Dense;

/// <summary>How vectors are searched.</summary>
public sealed record DenseOptions
{
    /// <summary>Threads of one search. Default 2, or 1 on a single processor: two draw most of what memory gives.</summary>
    public int Threads { get; init; } = Math.Min(2, Environment.ProcessorCount);

    /// <summary>
    /// From how many vectors on their signs decide which of them are compared at all: faster, and now and then one of the best is missed. 0 for always. Default
    /// 2,000,000: below, comparing all takes some 20 ms.
    /// </summary>
    public int SignFilterFromVectors { get; init; } = 2_000_000;

    /// <summary>How many vectors per wanted passage pass the filter by signs. Default 40; at least 2,000 pass in any case.</summary>
    public int SignCandidatesPerPassage { get; init; } = 40;

    /// <summary>Whether the best are scored again with float32 components, where the store keeps them. Default true; without them the int8 ones are used.</summary>
    public bool RescoreWithFloat32 { get; init; } = true;

    /// <summary>Returns these options if they are consistent.</summary>
    /// <exception cref="AgentRagException">Some value is out of range; the message names all of them.</exception>
    public DenseOptions Validated()
    {
        List<string> problems = [];
        Require(Threads is >= 1 and <= 256, $"Threads is {Threads}, must be in [1, 256]");
        Require(SignFilterFromVectors >= 0, $"SignFilterFromVectors is {SignFilterFromVectors}, must not be negative");
        Require(SignCandidatesPerPassage is >= 1 and <= 10_000, $"SignCandidatesPerPassage is {SignCandidatesPerPassage}, must be in [1, 10000]");
        return problems.Count == 0 ? this : throw new AgentRagException($"Dense retrieval: {string.Join("; ", problems)}.");

        void Require(bool holds, string problem) => problems.AddRange(holds ? [] : [problem]);
    }
}
