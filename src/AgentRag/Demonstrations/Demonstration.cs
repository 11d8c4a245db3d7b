using AgentRag.Documents;
using AgentRag.Models;

namespace AgentRag.Demonstrations;

/// <summary>A worked example: a question, its answer and the Self-Ask steps that lead there.</summary>
public sealed record Demonstration
{
    /// <summary>The answer that is shown for a question that the documents do not answer.</summary>
    internal const string NotFound = "not found";

    /// <summary>Unique id within its pool.</summary>
    public required string Id { get; init; }

    /// <summary>The question.</summary>
    public required string Question { get; init; }

    /// <summary>The answer to show; <c>not found</c> for a question that the documents do not answer.</summary>
    public required string Answer { get; init; }

    /// <summary>Accepted answers; length ≥ 0, none for a question that the documents do not answer.</summary>
    public IReadOnlyList<string> Answers { get; init; } = [];

    /// <summary>The steps, each with its answer; empty for a question answered in one step.</summary>
    public required IReadOnlyList<SelfAskStep> Steps { get; init; }

    /// <summary>Ids of the documents that hold the evidence.</summary>
    public required IReadOnlyList<string> Supporting { get; init; }

    /// <summary>Kind of question, such as <c>bridge</c>; null when not labelled.</summary>
    public string? Type { get; init; }

    /// <summary>Where the example comes from; null when not stated.</summary>
    public string? Source { get; init; }

    /// <summary>
    /// The passages it carries itself: a ranking for its question, then one for each step, best first. Null for an example whose passages are retrieved
    /// when it is shown.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<Passage>>? Rankings { get; init; }

    /// <summary>How it was built; null for one that a person wrote.</summary>
    public DemonstrationOrigin? Origin { get; init; }

    /// <summary>Makes a demonstration of a labelled question: its gold steps become the steps shown.</summary>
    /// <param name="question">The question; <c>#1</c> in a step is replaced by the first step's answer.</param>
    public static Demonstration From(LabelledQuestion question)
    {
        ArgumentNullException.ThrowIfNull(question);
        List<SelfAskStep> steps = [];
        foreach (var step in question.Decomposition)
        {
            steps.Add(new SelfAskStep(Resolve(step.Question), step.Answer));
        }

        return new Demonstration
        {
            Id = question.Id,
            Question = question.Question,
            Answer = question.IsAnswerable ? question.Answers[0] : NotFound,
            Answers = question.Answers,
            Steps = steps,
            Supporting = question.Supporting,
            Type = question.Type,
            Source = question.Source,
        };

        // Backwards, so that #1 does not eat the beginning of #12.
        string Resolve(string text)
        {
            for (var i = steps.Count; i >= 1; i--)
            {
                text = text.Replace($"#{i}", steps[i - 1].IntermediateAnswer, StringComparison.Ordinal);
            }

            return text;
        }
    }
}

/// <summary>How a demonstration was built.</summary>
/// <param name="Strategy">The strategy whose trace it is; <c>drag</c> for a labelled question that was given passages.</param>
/// <param name="Model">The model that wrote the steps; null when none was asked.</param>
/// <param name="Retriever">The retriever that ranked its passages.</param>
/// <param name="K">Passages of each ranking at most, ≥ 0.</param>
/// <param name="IndexVersion">The index they were taken from; null when not known.</param>
/// <param name="EffectiveContextTokens">What the trace cost, ≥ 0.</param>
public sealed record DemonstrationOrigin(string Strategy, string? Model, string Retriever, int K, string? IndexVersion, long EffectiveContextTokens);

/// <summary>A demonstration together with the passages that are shown with it.</summary>
/// <param name="Demonstration">The worked example.</param>
/// <param name="Passages">Passages retrieved for its own question and, for IterDRAG, for its sub-queries: one batch each, best first.</param>
public sealed record PreparedDemonstration(Demonstration Demonstration, IReadOnlyList<IReadOnlyList<Passage>> Passages);
