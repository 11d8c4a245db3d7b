using AgentRag.Models;
using AgentRag.Models.Extractive;
using Microsoft.Extensions.AI;
using Xunit;

namespace AgentRag.Tests.Models.Extractive;

public sealed class ExtractiveChatClientTests : IDisposable
{
    private static readonly ChatMessage[] Messages = [new(ChatRole.System, "three words here"), new(ChatRole.User, "two words")];
    private static readonly (string, string) Film = ("Night Ferry", "Night Ferry is a 1931 drama film directed by Mara Holt.");
    private readonly ExtractiveChatClient _client = new(new Asking.WordCounter());

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task A_reply_names_the_model_and_reports_its_usage()
    {
        var response = await _client.GetResponseAsync(Messages, Asking.Options(GroundedTask.Answer, "Who directed Night Ferry?", [], Film), TestContext.Current.CancellationToken);

        Assert.Equal("Mara Holt [1]", response.Text);
        Assert.Equal("extractive", response.ModelId);
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
        Assert.Equal(5, response.Usage?.InputTokenCount);   // 3 + 2 words
        Assert.Equal(3, response.Usage?.OutputTokenCount);  // Mara, Holt, [1]
        Assert.Equal(8, response.Usage?.TotalTokenCount);
    }

    [Fact]
    public async Task Streaming_gives_the_same_reply()
    {
        var options = Asking.Options(GroundedTask.Answer, "Who directed Night Ferry?", [], Film);
        var updates = await _client.GetStreamingResponseAsync(Messages, options, TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken);
        var response = updates.ToChatResponse();

        Assert.Equal("Mara Holt [1]", response.Text);
        Assert.Equal("extractive", response.ModelId);
        Assert.Equal(8, response.Usage?.TotalTokenCount);
    }

    [Fact]
    public async Task A_request_without_question_and_passages_is_refused_with_the_way_out()
    {
        var refused = await Assert.ThrowsAsync<AgentRagException>(() => _client.GetResponseAsync(Messages, cancellationToken: TestContext.Current.CancellationToken));

        Assert.Equal(
            "The model 'extractive' answers AgentRag's own requests only, and this one carries no question and passages: choose a chat model, such as --model openai:<name>.",
            refused.Message);
    }

    [Fact]
    public async Task A_cancelled_request_is_not_answered()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => _client.GetResponseAsync(Messages, Asking.Options(GroundedTask.Answer, "Who directed Night Ferry?", [], Film), cancelled.Token));
    }

    [Fact]
    public void Metadata_names_provider_and_model()
    {
        var metadata = Assert.IsType<ChatClientMetadata>(_client.GetService(typeof(ChatClientMetadata)));

        Assert.Equal("agentrag", metadata.ProviderName);
        Assert.Equal("extractive", metadata.DefaultModelId);
        Assert.Same(_client, _client.GetService(typeof(IChatClient)));
        Assert.Null(_client.GetService(typeof(string)));
        Assert.Null(_client.GetService(typeof(ChatClientMetadata), "key"));
    }
}
