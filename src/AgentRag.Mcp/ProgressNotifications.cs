using AgentRag.Answering;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace AgentRag.Mcp;

/// <summary>The steps of one answer as progress notifications, in order, numbered from 1.</summary>
/// <param name="server">Sends them.</param>
/// <param name="token">The client's name for the call.</param>
internal sealed class ProgressNotifications(McpServer server, ProgressToken token) : IProgress<AnswerEvent>
{
    private readonly Lock _lock = new();
    private Task _sent = Task.CompletedTask;
    private int _count;

    /// <inheritdoc/>
    public void Report(AnswerEvent value)
    {
        if (value is TextStreamed or UsageReported)
        {
            // One notification for each word would drown the client, and what was spent stands in that of each request.
            return;
        }

        lock (_lock)
        {
            _sent = SendAsync(_sent, new ProgressNotificationValue { Progress = ++_count, Message = Describe(value) });
        }
    }

    /// <summary>Waits until all that was reported is sent.</summary>
    public Task SentAsync()
    {
        lock (_lock)
        {
            return _sent;
        }
    }

    internal static string Describe(AnswerEvent happened) => happened switch
    {
        PassagesRetrieved retrieved => $"retrieved {Count(retrieved.Passages.Count, "passage")} for \"{retrieved.Query}\", {retrieved.NewPassages:N0} new",
        Planned planned => $"planned {planned.Strategy} with {planned.Parameters}" + string.Concat(planned.SubQueries.Select(query => $"; {query}")),
        ContentTrimmed trimmed => $"left out of the prompt to keep within the budget: {Count(trimmed.Trimmed.Passages, "passage")}, {Count(trimmed.Trimmed.Demonstrations, "demonstration")}",
        RequestSent sent => $"asked the model ({sent.Purpose}): {Count(sent.PromptTokens, "token")}, {sent.SpentTokens:N0} spent so far",
        SubQueryAsked asked => $"follow up: {asked.SubQuery}",
        SubQueryAnswered answered => $"intermediate answer: {answered.IntermediateAnswer}",
        Answered answered => $"answered: {answered.Answer.Text}",
        _ => happened.GetType().Name,
    };

    private static string Count(int count, string noun) => $"{count:N0} {noun}{(count == 1 ? "" : "s")}";

    // Not cancelled with the call: a message that is cut in the middle would break the stream for all calls.
    private async Task SendAsync(Task before, ProgressNotificationValue value)
    {
        await before.ConfigureAwait(false);
        await server.NotifyProgressAsync(token, value, options: null, CancellationToken.None).ConfigureAwait(false);
    }
}
