using AgentRag.Models;

namespace AgentRag.Answering;

/// <summary>What a question has cost so far: the counter's figures beside the provider's.</summary>
public sealed record AnswerUsage
{
    /// <summary>Nothing spent.</summary>
    public static AnswerUsage None { get; } = new();

    /// <summary>Input tokens over all requests (paper section 3.1), by the token counter in use.</summary>
    public long EffectiveContextTokens { get; init; }

    /// <summary>Tokens of all replies, by the token counter in use.</summary>
    public long ReplyTokens { get; init; }

    /// <summary>Requests to the model, failed ones included.</summary>
    public int Calls { get; init; }

    /// <summary>Requests for which the provider reported its own figures; the three figures below are theirs alone.</summary>
    public int ReportedCalls { get; init; }

    /// <summary>Input tokens by the provider, cached ones included; null when it reported none.</summary>
    public long? InputTokens { get; init; }

    /// <summary>Input tokens that the provider took from its prompt cache; null when it reported none.</summary>
    public long? CachedInputTokens { get; init; }

    /// <summary>Input tokens that the provider read anew; null when it reported no input.</summary>
    public long? UncachedInputTokens => InputTokens - (CachedInputTokens ?? 0);

    /// <summary>Output tokens by the provider, thinking included where it counts it; null when it reported none.</summary>
    public long? OutputTokens { get; init; }

    /// <summary>What became of drafts that were handed to the model as predicted output; null when there were none. Drafters' requests are no part of the other figures.</summary>
    public PredictionUsage? Prediction { get; init; }

    /// <summary>Time from the question to here.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>What the requests cost, in the currency of the price table: by the provider's figures, and by the counter's where it reported none. Null when the
    /// model's price is unknown.</summary>
    public decimal? Cost { get; init; }

    /// <summary>What they cost by the counter's figures alone, with nothing cached; null when the model's price is unknown.</summary>
    public decimal? EstimatedCost { get; init; }

    internal static AnswerUsage From(IReadOnlyCollection<TracedRequest> trace, ModelPrice? price, TimeSpan elapsed) => new()
    {
        EffectiveContextTokens = trace.Sum(request => (long)request.PromptTokens),
        ReplyTokens = trace.Sum(request => (long)request.ReplyTokens),
        Calls = trace.Count,
        ReportedCalls = trace.Count(request => request.ReportedInputTokens is not null),
        InputTokens = Sum(trace, request => request.ReportedInputTokens),
        CachedInputTokens = Sum(trace, request => request.ReportedCachedInputTokens),
        OutputTokens = Sum(trace, request => request.ReportedOutputTokens),
        Prediction = PredictionUsage.Sum(trace.Select(request => request.Prediction)),
        Elapsed = elapsed,
        Cost = price is null ? null : trace.Sum(request => CostOf(request, price)),
        EstimatedCost = price is null ? null : trace.Sum(request => price.Of(request.PromptTokens, 0, Math.Min(request.ReplyTokens, request.MaxReplyTokens))),
    };

    /// <summary>What one request cost. One that failed counts with its input, as the provider may have read it; a server that writes on beyond what it was allowed and
    /// reports nothing is not taken to be paid for that.</summary>
    internal static decimal CostOf(TracedRequest request, ModelPrice price) => price.Of(
        request.ReportedInputTokens ?? request.PromptTokens,
        request.ReportedCachedInputTokens ?? 0,
        request.ReportedOutputTokens ?? Math.Min(request.ReplyTokens, request.MaxReplyTokens));

    // The sum of no figures at all is unknown, not 0.
    private static long? Sum(IReadOnlyCollection<TracedRequest> trace, Func<TracedRequest, long?> figure) =>
        trace.Any(request => figure(request) is not null) ? trace.Sum(figure) : null;
}
