using AgentRag.Tests.Models;
using Microsoft.Extensions.AI;

namespace AgentRag.Tests.Fakes;

/// <summary>A model that takes its time, tick by tick on a clock of the test's, until it is cut off; it reports a part of its input as cached.</summary>
internal sealed class SlowChatClient(ScriptedChatClient inner, ManualTime time, Func<int> seconds, Random random) : DelegatingChatClient(inner)
{
    public static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(250);

    public List<SentRequest> Sent => inner.Sent;

    public override async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var conversation = messages.ToList();
        var response = await base.GetResponseAsync(conversation, options, cancellationToken);
        var wait = TimeSpan.FromSeconds(seconds());
        for (var waited = TimeSpan.Zero; waited < wait; waited += Tick)
        {
            time.Advance(Tick);
            cancellationToken.ThrowIfCancellationRequested();
        }

        if (random.Next(2) == 0)
        {
            var counter = new WordCounter();
            var input = conversation.Sum(message => counter.Count(message.Text) + 4) + 3;
            response.Usage = new UsageDetails
            {
                InputTokenCount = input,
                CachedInputTokenCount = random.Next(input + 1),
                OutputTokenCount = random.Next(options!.MaxOutputTokens!.Value + 1),
            };
        }

        return response;
    }
}
