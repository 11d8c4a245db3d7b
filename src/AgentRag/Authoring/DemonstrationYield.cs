using AgentRag.Demonstrations;

namespace AgentRag.Authoring;

/// <summary>What a build has brought so far, and what it has cost.</summary>
public sealed record DemonstrationYield
{
    /// <summary>Questions that were to be asked.</summary>
    public required int Questions { get; init; }

    /// <summary>Questions with at least one finished try.</summary>
    public required int Asked { get; init; }

    /// <summary>Of these, questions with a correct answer in some try.</summary>
    public required int Correct { get; init; }

    /// <summary>Of these, questions whose correct trace has steps.</summary>
    public required int WithSteps { get; init; }

    /// <summary>Of these, questions kept as demonstrations.</summary>
    public required int Kept { get; init; }

    /// <summary>Questions that were asked and not kept, by what their best try came to.</summary>
    public required IReadOnlyDictionary<TraceOutcome, int> NotKept { get; init; }

    /// <summary>Questions left out because an earlier one of the file asks the same.</summary>
    public required int Repeated { get; init; }

    /// <summary>Finished tries.</summary>
    public required int Tries { get; init; }

    /// <summary>Requests to the model.</summary>
    public required long Requests { get; init; }

    /// <summary>Effective context tokens of all tries.</summary>
    public required long EffectiveContextTokens { get; init; }

    /// <summary>Output tokens of all tries, as far as the provider reported them.</summary>
    public required long OutputTokens { get; init; }

    /// <summary>What all tries cost; null when no answer told its cost.</summary>
    public required decimal? Cost { get; init; }
}

/// <summary>How far a build is.</summary>
/// <param name="Yield">What it has brought so far, earlier runs included.</param>
/// <param name="Done">Questions that are finished.</param>
/// <param name="Remaining">Time to go at the pace of this run; null before its first question is finished.</param>
public sealed record DemonstrationBuildProgress(DemonstrationYield Yield, int Done, TimeSpan? Remaining);

/// <summary>Why a build ended.</summary>
public enum BuildEnd
{
    /// <summary>Every question was asked.</summary>
    AllAsked,

    /// <summary>Another try might exceed the token limit.</summary>
    TokenLimit,

    /// <summary>The cost limit is reached.</summary>
    CostLimit,
}

/// <summary>What a build came to.</summary>
/// <param name="Pool">The demonstrations kept, in the order of their questions.</param>
/// <param name="Yield">What was asked, kept and spent.</param>
/// <param name="End">Why it ended.</param>
public sealed record DemonstrationBuildResult(IReadOnlyList<Demonstration> Pool, DemonstrationYield Yield, BuildEnd End);
