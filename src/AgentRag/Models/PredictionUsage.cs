using Microsoft.Extensions.AI;

namespace AgentRag.Models;

/// <summary>What became of predicted output: drafts that were handed to the model beside the prompt.</summary>
/// <param name="AcceptedTokens">Tokens of drafts that the model took over, ≥ 0.</param>
/// <param name="RejectedTokens">Tokens of drafts that it did not, ≥ 0; servers may bill them as output.</param>
/// <param name="DraftInputTokens">Tokens that drafters read, ≥ 0; no part of the effective context tokens.</param>
/// <param name="DraftOutputTokens">Tokens that drafters wrote in requests of their own, ≥ 0.</param>
public sealed record PredictionUsage(long AcceptedTokens, long RejectedTokens, long DraftInputTokens, long DraftOutputTokens)
{
    /// <summary>The name of <see cref="AcceptedTokens"/> among a usage's additional counts, as OpenAI calls them.</summary>
    public const string Accepted = "accepted_prediction_tokens";

    /// <summary>The name of <see cref="RejectedTokens"/>.</summary>
    public const string Rejected = "rejected_prediction_tokens";

    /// <summary>The name of <see cref="DraftInputTokens"/>.</summary>
    public const string DraftInput = "draft_input_tokens";

    /// <summary>The name of <see cref="DraftOutputTokens"/>.</summary>
    public const string DraftOutput = "draft_output_tokens";

    /// <summary>Reads what a reply reports.</summary>
    /// <param name="usage">The reply's usage, or null.</param>
    /// <returns>Null when nothing was drafted.</returns>
    public static PredictionUsage? From(UsageDetails? usage)
    {
        if (usage?.AdditionalCounts is not { } counts)
        {
            return null;
        }

        var read = new PredictionUsage(Count(Accepted), Count(Rejected), Count(DraftInput), Count(DraftOutput));
        return read == new PredictionUsage(0, 0, 0, 0) ? null : read;

        long Count(string name) => counts.TryGetValue(name, out var count) ? Math.Max(0, count) : 0;
    }

    /// <summary>Adds up.</summary>
    /// <param name="parts">The parts; null for a request without drafts.</param>
    /// <returns>Null when none had drafts.</returns>
    public static PredictionUsage? Sum(IEnumerable<PredictionUsage?> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        return parts.Aggregate((PredictionUsage?)null, (sum, part) => part is null ? sum
            : sum is null ? part
            : new(sum.AcceptedTokens + part.AcceptedTokens, sum.RejectedTokens + part.RejectedTokens, sum.DraftInputTokens + part.DraftInputTokens, sum.DraftOutputTokens + part.DraftOutputTokens));
    }

    /// <summary>Writes these counts among those of a usage.</summary>
    /// <param name="usage">The usage.</param>
    public void AddTo(UsageDetails usage)
    {
        ArgumentNullException.ThrowIfNull(usage);
        var counts = usage.AdditionalCounts ??= [];
        (counts[Accepted], counts[Rejected], counts[DraftInput], counts[DraftOutput]) = (AcceptedTokens, RejectedTokens, DraftInputTokens, DraftOutputTokens);
    }
}
