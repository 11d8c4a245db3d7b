using AgentRag.Answering;
using AgentRag.Models;

namespace AgentRag.Evaluation.Runs;

/// <summary>What a model's tokens cost, in US dollars per million.</summary>
/// <param name="Input">Input tokens, ≥ 0.</param>
/// <param name="CachedInput">Input tokens that the provider takes from its cache, ≥ 0.</param>
/// <param name="Output">Output tokens, ≥ 0.</param>
public sealed record RunPrices(double Input, double CachedInput, double Output)
{
    /// <summary>The prices of a table's model.</summary>
    /// <param name="price">What the table says.</param>
    public static RunPrices From(ModelPrice price)
    {
        ArgumentNullException.ThrowIfNull(price);
        return new RunPrices((double)price.InputPerMillion, (double)(price.CachedInputPerMillion ?? price.InputPerMillion), (double)price.OutputPerMillion);
    }

    /// <summary>The price of one request.</summary>
    /// <param name="request">The request. What the provider reported counts; else what was counted before it was sent.</param>
    /// <param name="outputTokens">Output tokens of the reply.</param>
    /// <returns>US dollars.</returns>
    internal double Of(TracedRequest request, long outputTokens)
    {
        var input = request.ReportedInputTokens ?? request.PromptTokens;
        var cached = Math.Min(request.ReportedCachedInputTokens ?? 0, input);
        return (((input - cached) * Input) + (cached * CachedInput) + (outputTokens * Output)) / 1_000_000;
    }
}
