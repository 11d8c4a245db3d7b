using AgentRag.Models;
using AgentRag.Models.Extractive;
using AgentRag.Tokens;
using Microsoft.Extensions.AI;

namespace AgentRag.Tests.Models.Extractive;

/// <summary>Sends one request to the extractive model; passages are (title, text) pairs, numbered from 1.</summary>
internal static class Asking
{
    public static Task<string> Answer(string question, params (string Title, string Text)[] passages) =>
        Reply(GroundedTask.Answer, question, [], passages);

    public static async Task<string> Reply(GroundedTask task, string question, SelfAskStep[] steps, params (string Title, string Text)[] passages)
    {
        using var client = new ExtractiveChatClient(new WordCounter());
        var response = await client.GetResponseAsync([new ChatMessage(ChatRole.User, "rendered")], Options(task, question, steps, passages));
        return response.Text;
    }

    public static ChatOptions Options(GroundedTask task, string question, SelfAskStep[] steps, params (string Title, string Text)[] passages)
    {
        var options = new ChatOptions();
        new GroundedRequest
        {
            Task = task,
            Question = question,
            Steps = steps,
            Passages = [.. passages.Select((passage, i) => new GroundedPassage(i + 1, $"p{i + 1}", passage.Title, passage.Text))],
        }.AttachTo(options);
        return options;
    }

    /// <summary>Counts words, so that expected usage can be worked by hand.</summary>
    internal sealed class WordCounter : ITokenCounter
    {
        public string Name => "words";

        public int Count(ReadOnlySpan<char> text) => text.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length;
    }
}
