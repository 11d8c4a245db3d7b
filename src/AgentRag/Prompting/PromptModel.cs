using AgentRag.Demonstrations;
using AgentRag.Documents;
using AgentRag.Models;

namespace AgentRag.Prompting;

/// <summary>The names that templates can use, with their values made harmless.</summary>
internal static class PromptModel
{
    /// <summary>The values of one prompt.</summary>
    public static Dictionary<string, object?> From(PromptContent content) => new(StringComparer.Ordinal)
    {
        ["question"] = UntrustedText.NeutraliseLine(content.Question),
        ["question_above"] = content.Layout.Question == QuestionPlace.Above,
        ["demonstrations"] = content.Demonstrations.Select((prepared, index) => Demonstration(prepared, index, content.Layout)).ToList(),
        // With one list for all there are no batches to tell apart.
        ["passages"] = content.Layout.Arrange(content.Passages).Select(passage => SafePassage.Of(passage.Passage)
            .Values(passage.Number, content.Layout.Batches == BatchLayout.AppendBatches ? passage.Batch : 0, index: 0)).ToList(),
        ["steps"] = content.Steps.Select(Step).ToList(),
        ["pending"] = content.Steps is [.., { IntermediateAnswer: null }],
        ["max_sub_queries"] = content.MaxSubQueries,
        ["language"] = content.Language is { } language ? UntrustedText.NeutraliseLine(language) : null,
        ["history"] = content.History.Select(Turn).ToList(),
    };

    /// <summary>The values of a request to mend a reply.</summary>
    public static Dictionary<string, object?> Repair(IReadOnlyList<string> prefixes) => new(StringComparer.Ordinal) { ["prefixes"] = prefixes };

    /// <summary>Values that reach the branches of a request to mend a reply.</summary>
    public static IEnumerable<Dictionary<string, object?>> RepairSamples() => [Repair(["prefix"]), Repair(["prefix", "prefix"])];

    /// <summary>Contents, full and empty, that together reach both sides of every condition on a name, and every name a template may use.</summary>
    public static IEnumerable<Dictionary<string, object?>> Samples()
    {
        var passage = new Passage
        {
            Id = "id#0",
            DocumentId = "id",
            Title = "title",
            Source = "source",
            Start = 0,
            End = 4,
            Text = "text",
            ContentHash = "hash",
            TokenCount = 1,
        };
        var demonstration = new Demonstration
        {
            Id = "id",
            Question = "question",
            Answer = "answer",
            Steps = [new SelfAskStep("query", "answer")],
            Supporting = [],
        };
        var full = new PromptContent
        {
            Question = "question",
            Demonstrations = [new PreparedDemonstration(demonstration, [[passage]])],
            Passages = [new NumberedPassage(1, 0, 1, passage)],
            Steps = [new SelfAskStep("query", "answer")],
            Language = "language",
            History = [new ChatTurn("question", "answer")],
        };
        var pending = full with { Steps = [new SelfAskStep("query", null)] };
        var second = demonstration with { Steps = [new SelfAskStep("query", "answer"), new SelfAskStep("query", "answer")] };
        var twice = full with
        {
            Demonstrations = [new PreparedDemonstration(demonstration, []), new PreparedDemonstration(second, [[passage, passage], [passage]])],
            Passages = [.. full.Passages, new NumberedPassage(2, 0, 2, passage), new NumberedPassage(3, 1, 1, passage with { Text = "" })],
            Steps = [.. full.Steps, .. pending.Steps],
        };
        var above = new PromptLayout { Question = QuestionPlace.Above };
        return [From(full), From(pending), From(new PromptContent { Question = "question" }), From(twice), From(twice with { Layout = above }), From(new PromptContent { Question = "question", Layout = above })];
    }

    private static Dictionary<string, object?> Demonstration(PreparedDemonstration prepared, int index, PromptLayout layout)
    {
        // The passages stand as the test passages do (paper section 4.1: the best nearest to the question); numbers go by rank, as for test passages.
        var number = 0;
        var passages = prepared.Passages.SelectMany((batch, b) => batch.Select((passage, i) => (Number: ++number, Batch: b, Index: i, Passage: passage))).ToList();
        return new(StringComparer.Ordinal)
        {
            ["number"] = index + 1,
            ["question_above"] = layout.Question == QuestionPlace.Above,
            ["question"] = UntrustedText.NeutraliseLine(prepared.Demonstration.Question),
            ["answer"] = UntrustedText.NeutraliseLine(prepared.Demonstration.Answer),
            ["steps"] = prepared.Demonstration.Steps.Select(Step).ToList(),
            ["passages"] = layout.Arrange(passages, passage => (passage.Batch, passage.Index + 1, passage.Passage))
                .Select(passage => SafePassage.Of(passage.Passage).Values(passage.Number, passage.Batch, passage.Index)).ToList(),
        };
    }

    private static Dictionary<string, object?> Turn(ChatTurn turn) => new(StringComparer.Ordinal)
    {
        ["question"] = UntrustedText.NeutraliseLine(turn.Question),
        ["answer"] = UntrustedText.NeutraliseLine(turn.Answer),
    };

    private static Dictionary<string, object?> Step(SelfAskStep step) => new(StringComparer.Ordinal)
    {
        ["sub_query"] = UntrustedText.NeutraliseLine(step.SubQuery),
        ["intermediate_answer"] = step.IntermediateAnswer is { } answer ? UntrustedText.NeutraliseLine(answer) : null,
    };
}
