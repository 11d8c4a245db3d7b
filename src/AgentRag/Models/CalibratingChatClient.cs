using System.Runtime.CompilerServices;
using AgentRag.Tokens;
using AgentRag.Tokens.Calibration;
using Microsoft.Extensions.AI;

namespace AgentRag.Models;

/// <summary>Lets a calibration learn from what the model reports: counts the texts of each request and compares.</summary>
/// <remarks>
/// Requests with tools or with anything but texts are not learned from: their reports hold more than the texts. What is learned is kept after each request.
/// </remarks>
public sealed class CalibratingChatClient : DelegatingChatClient
{
    private readonly ITokenCounter _counter;
    private readonly TokenCalibration _calibration;

    /// <summary>Wraps a client.</summary>
    /// <param name="inner">The model.</param>
    /// <param name="counter">The counter that is corrected, uncorrected.</param>
    /// <param name="calibration">What learns.</param>
    public CalibratingChatClient(IChatClient inner, ITokenCounter counter, TokenCalibration calibration)
        : base(inner)
    {
        ArgumentNullException.ThrowIfNull(counter);
        ArgumentNullException.ThrowIfNull(calibration);
        (_counter, _calibration) = (counter, calibration);
    }

    /// <inheritdoc/>
    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<ChatMessage> sent = [.. messages];
        var response = await base.GetResponseAsync(sent, options, cancellationToken).ConfigureAwait(false);
        Learn(sent, options, response.Usage?.InputTokenCount);
        return response;
    }

    /// <inheritdoc/>
    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        IReadOnlyList<ChatMessage> sent = [.. messages];
        long? reported = null;
        await foreach (var update in base.GetStreamingResponseAsync(sent, options, cancellationToken).ConfigureAwait(false))
        {
            foreach (var usage in update.Contents.OfType<UsageContent>())
            {
                // Some providers report as they go: the last and largest is the whole.
                reported = Math.Max(reported ?? 0, usage.Details.InputTokenCount ?? 0);
            }

            yield return update;
        }

        Learn(sent, options, reported);
    }

    private void Learn(IReadOnlyList<ChatMessage> messages, ChatOptions? options, long? reported)
    {
        var isText = messages.Count > 0 && options?.Tools is not { Count: > 0 } && string.IsNullOrEmpty(options?.Instructions)
            && messages.All(message => message.Contents.All(content => content is TextContent));
        if (!isText || reported is not > 0)
        {
            return;
        }

        if (_calibration.Observe(messages.Sum(message => _counter.Count(message.Text)), messages.Count, reported.Value))
        {
            try
            {
                _calibration.Save();
            }
            catch (AgentRagException)
            {
                // The answer is worth more than what was learned from it, which this process still has.
            }
        }
    }
}
