using AgentRag.Answering;
using AgentRag.Prompting;

namespace AgentRag.Cli.Output;

/// <summary>Answers as JSON lines. The fields of <see cref="Row"/> are a contract with scripts.</summary>
internal static class AnswerJson
{
    /// <summary>One question of <c>--questions</c>.</summary>
    public static object Row(string id, Answer answer) => new
    {
        Id = id,
        Answer = answer.Text,
        answer.EffectiveContextTokens,
        Requests = answer.Trace.Count,
        StopReason = Json.CamelCase(answer.StopReason),
        Citations = answer.Citations.Select(citation => citation.PassageId),
        answer.EarlierQuestion,
    };

    /// <summary>One question of <c>--questions</c> that failed.</summary>
    public static object FailedRow(string id, string error) => new { Id = id, Error = error };

    /// <summary>One question alone, with everything.</summary>
    public static object Whole(Answer answer, bool withTrace) => new
    {
        answer.Question,
        Answer = answer.Text,
        Found = !answer.IsNotFound,
        answer.EffectiveContextTokens,
        Requests = answer.Trace.Count,
        StopReason = Json.CamelCase(answer.StopReason),
        Citations = answer.Citations.Select(citation => citation.PassageId),
        Sources = answer.Citations,
        answer.Steps,
        answer.Strategy,
        answer.Model,
        ParametersAsked = Parameters(answer.ParametersAsked),
        ParametersUsed = Parameters(answer.ParametersUsed),
        Trimmed = Trimmed(answer.Trimmed),
        answer.DroppedCitations,
        answer.DuplicatePassages,
        answer.StandaloneQuestion,
        Routing = answer.Routing?.Attempts.Select(attempt => new { attempt.Class, attempt.Strategy, Parameters = Parameters(attempt.Parameters), attempt.Shrunk, attempt.Quality }),
        answer.EarlierQuestion,
        Usage = Usage(answer.Usage),
        Trace = withTrace ? answer.Trace.Select(Request) : null,
    };

    public static object Parameters(InferenceParameters parameters) => new { parameters.K, parameters.M, parameters.N };

    /// <summary>What an answer cost; fields that are not known are left out.</summary>
    public static object Usage(AnswerUsage usage) => new
    {
        usage.EffectiveContextTokens,
        usage.ReplyTokens,
        usage.Calls,
        usage.ReportedCalls,
        usage.InputTokens,
        usage.CachedInputTokens,
        usage.UncachedInputTokens,
        usage.OutputTokens,
        usage.Prediction,
        Seconds = Math.Round(usage.Elapsed.TotalSeconds, 3),
        usage.Cost,
        usage.EstimatedCost,
    };

    private static object Request(TracedRequest request) => new
    {
        request.Purpose,
        request.PromptTokens,
        request.ReportedInputTokens,
        request.ReportedCachedInputTokens,
        request.ReportedOutputTokens,
        request.Prediction,
        request.ReplyTokens,
        Seconds = Math.Round(request.Duration.TotalSeconds, 3),
        request.PassageIds,
        request.DemonstrationIds,
        Trimmed = Trimmed(request.Trimmed),
        request.Reply,
        request.Error,
    };

    // Without the derived IsNothing.
    private static object Trimmed(TrimmedContent trimmed) =>
        new { trimmed.Passages, trimmed.DemonstrationPassages, trimmed.Demonstrations, trimmed.Iterations };
}
