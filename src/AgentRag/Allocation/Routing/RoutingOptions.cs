using AgentRag.Answering;

namespace AgentRag.Allocation.Routing;

/// <summary>What routing works with: real sizes, and who judges questions and answers.</summary>
public sealed record RoutingOptions
{
    /// <summary>What the parts of a prompt cost. Default: the paper's sizes.</summary>
    public TokenSizes Sizes { get; init; } = new();

    /// <summary>Passages in the index, ≥ 0. Default 1000.</summary>
    public int MaxK { get; init; } = 1000;

    /// <summary>Demonstrations in the pool, ≥ 0. Default 256.</summary>
    public int MaxM { get; init; } = InferenceParameters.MaxM;

    /// <summary>Whether the model sorts questions by complexity (one short request each) instead of the rule. Default true: the rule reads English signal words only.</summary>
    public bool AsksModelForComplexity { get; init; } = true;

    /// <summary>Whether the model grades answers (one request each) instead of <see cref="AnswerQuality.ByEvidence"/>. Default false.</summary>
    public bool AsksModelForQuality { get; init; }

    /// <summary>An answer graded lower is tried again with the next larger tier, in [0, 1]. Default 0.5.</summary>
    public double QualityThreshold { get; init; } = 0.5;

    /// <summary>Returns these options if they are consistent.</summary>
    /// <exception cref="AgentRagException">Some value is out of range; the message names all of them.</exception>
    public RoutingOptions Validated()
    {
        List<string> problems = [];
        Require(MaxK >= 0, $"MaxK is {MaxK}, must be at least 0");
        Require(MaxM >= 0, $"MaxM is {MaxM}, must be at least 0");
        Require(QualityThreshold is >= 0 and <= 1, $"QualityThreshold is {QualityThreshold}, must be in [0, 1]");
        return problems.Count == 0 ? this : throw new AgentRagException($"Routing: {string.Join("; ", problems)}.");

        void Require(bool holds, string problem) => problems.AddRange(holds ? [] : [problem]);
    }
}
