using System.Globalization;
using AgentRag.Answering;
using AgentRag.Models;
using AgentRag.Prompting;

namespace AgentRag.Cli.Output;

/// <summary>An answer and its steps as a person reads them.</summary>
internal static class AnswerText
{
    /// <summary>The whole answer: text, sources, steps, what was trimmed, what it cost, why it stopped.</summary>
    public static IEnumerable<string> Lines(Answer answer, TokenBudgetOptions bounds)
    {
        yield return $"Answer: {answer.Text}";
        if (answer.Steps.Count > 0)
        {
            yield return "Steps:";
            foreach (var (number, step) in answer.Steps.Index())
            {
                yield return $"  {number + 1}. {step.SubQuery}";
                yield return $"     {step.IntermediateAnswer}";
            }
        }

        yield return (answer.Citations.Count > 0 ? "Sources:" : "Sources: none") +
            (answer.DroppedCitations > 0 ? $" ({Plural.Of(answer.DroppedCitations, "citation")} dropped that no passage supports)" : "");
        foreach (var citation in answer.Citations)
        {
            yield return $"  {citation.Title} ({citation.Source}; passage {citation.PassageId})";
        }

        if (answer.StandaloneQuestion is { } standalone)
        {
            yield return $"Understood as: {standalone}";
        }

        foreach (var attempt in answer.Routing?.Attempts ?? [])
        {
            yield return $"Chosen: {attempt.Class}, {attempt.Strategy} with {attempt.Parameters}" +
                (attempt.Quality is { } quality ? string.Create(CultureInfo.InvariantCulture, $"; graded {quality:0.00}") : "") +
                (attempt.Shrunk.Count > 0 ? $"; shrunk: {string.Join("; ", attempt.Shrunk)}" : "");
        }

        if (answer.DuplicatePassages > 0)
        {
            yield return $"Left out because another passage says the same: {Plural.Of(answer.DuplicatePassages, "passage")}";
        }

        if (!answer.Trimmed.IsNothing)
        {
            yield return $"Left out to keep within the budget: {Trimmed(answer.Trimmed)}";
        }

        if (answer.EarlierQuestion is { } earlier)
        {
            yield return $"Taken from the cache: it was the answer to \"{earlier}\"";
        }

        yield return $"Used: {answer.EffectiveContextTokens:N0} of {bounds.MaxEffectiveContextTokens:N0} tokens in {Plural.Of(answer.Trace.Count, "request")}; " +
            $"{answer.Strategy} with model {answer.Model}; asked {answer.ParametersAsked}, used {answer.ParametersUsed}; " +
            $"stopped: {Stopped(answer.StopReason)}";
        yield return $"Cost: {Cost(answer.Usage)}";
    }

    /// <summary>Every request, for <c>--trace</c>.</summary>
    public static IEnumerable<string> TraceLines(Answer answer)
    {
        foreach (var (number, request) in answer.Trace.Index())
        {
            var reported = request.ReportedInputTokens is { } tokens ? $", {tokens:N0} by the provider" : "";
            var cached = request.ReportedCachedInputTokens is { } fromCache and > 0 ? $" ({fromCache:N0} from its cache)" : "";
            yield return $"Request {number + 1}: {request.Purpose}, {request.PromptTokens:N0} tokens{reported}{cached}";
            if (request.Prediction is { } prediction)
            {
                yield return $"  drafts: {Predicted(prediction)}";
            }

            yield return $"  passages: {Listed(request.PassageIds)}";
            yield return $"  demonstrations: {Listed(request.DemonstrationIds)}";
            if (!request.Trimmed.IsNothing)
            {
                yield return $"  left out: {Trimmed(request.Trimmed)}";
            }

            yield return $"  reply: {request.Reply.Trim().ReplaceLineEndings(" | ")}";
        }
    }

    /// <summary>One step as it happens; null for one that is not worth a line.</summary>
    public static string? Line(AnswerEvent happened) => happened switch
    {
        SimilarQuestionFound similar => $"  answered before ({similar.Similarity:0.00} alike): {similar.EarlierQuestion}",
        PassagesRetrieved retrieved => $"  retrieved {Plural.Of(retrieved.Passages.Count, "passage")} ({retrieved.NewPassages} new{(retrieved.Duplicates > 0 ? $", {retrieved.Duplicates} more left out that say the same" : "")}) for: {retrieved.Query}",
        ContentTrimmed trimmed => $"  left out to keep within the budget: {Trimmed(trimmed.Trimmed)}",
        RequestSent sent => $"  asking the model {Wish(sent.Purpose)}: {sent.PromptTokens:N0} tokens, {sent.SpentTokens:N0} so far",
        SubQueryAsked asked => $"{asked.Iteration}. {asked.SubQuery}",
        SubQueryAnswered answered => $"   -> {answered.IntermediateAnswer}",
        _ => null,
    };

    private static string Wish(string purpose) => purpose switch
    {
        "sufficiency" => "whether that is enough",
        "decompose" => "to split the question",
        "keywords" => "for keywords",
        "searches" => "for other searches",
        "standalone question" => "to make the question stand alone",
        "classify" => "to classify the question",
        "grade" => "to grade the answer",
        "repair" => "to mend its reply",
        _ => $"for the {purpose}",
    };

    /// <summary>What became of drafts.</summary>
    public static string Predicted(PredictionUsage prediction) =>
        $"{Plural.Of(prediction.AcceptedTokens, "token")} accepted, {prediction.RejectedTokens:N0} rejected" +
        (prediction.DraftInputTokens + prediction.DraftOutputTokens > 0 ? $"; drafters read {prediction.DraftInputTokens:N0} and wrote {prediction.DraftOutputTokens:N0}, beside the budget" : "");

    private static string Listed(IReadOnlyList<string> ids) => ids.Count == 0 ? "none" : string.Join(", ", ids);

    private static string Trimmed(TrimmedContent trimmed) => string.Join(", ", new[]
    {
        (trimmed.Passages, "passage"),
        (trimmed.DemonstrationPassages, "demonstration passage"),
        (trimmed.Demonstrations, "demonstration"),
        (trimmed.Iterations, "iteration"),
    }.Where(part => part.Item1 > 0).Select(part => Plural.Of(part.Item1, part.Item2)));

    // The provider's figures beside the counter's: the input was counted before it was sent, and is not billed by that count.
    private static string Cost(AnswerUsage usage) => string.Join("; ", new[]
    {
        $"{usage.Elapsed.TotalSeconds:0.0} s",
        usage.InputTokens is { } input
            ? $"by the provider {input:N0} input tokens ({usage.CachedInputTokens ?? 0:N0} from its cache), {usage.OutputTokens ?? 0:N0} output" +
                (usage.ReportedCalls < usage.Calls ? $", for {usage.ReportedCalls:N0} of {Plural.Of(usage.Calls, "request")}" : "")
            : $"{usage.ReplyTokens:N0} output tokens by the counter, none reported",
        usage.Prediction is { } prediction ? $"drafts: {Predicted(prediction)}" : "",
        usage.Cost is { } cost ? $"price {cost:0.######} (estimated {usage.EstimatedCost:0.######})" : "",
    }.Where(part => part.Length > 0));

    private static string Stopped(StopReason reason) => reason switch
    {
        StopReason.FinalAnswer => "the model gave its final answer",
        StopReason.IterationLimit => "all iterations were used",
        StopReason.TokenBudget => "another step would not fit into the budget",
        StopReason.RepeatedSubQuery => "the model asked the same again",
        StopReason.NoNewPassages => "the sub-queries brought nothing new",
        StopReason.UnknownAnswers => "the sub-queries could not be answered",
        StopReason.Sufficient => "the model said that this is enough",
        StopReason.DraftsAgree => "drafts of the answer agreed",
        StopReason.Deadline => "the time for steps was over",
        StopReason.CallLimit => "one request was left, for the final answer",
        StopReason.CostLimit => "another step would cost too much",
        StopReason.Cancelled => "it was cancelled",
        _ => "the model's reply was not of the asked form",
    };
}
