using AgentRag.Decoding.Chat;
using AgentRag.Decoding.Speculation;
using AgentRag.Decoding.Tests.Speculation;
using AgentRag.Decoding.Tests.Transformers;
using AgentRag.Decoding.Transformers;
using AgentRag.Decoding.Weights;
using Microsoft.Extensions.AI;
using Xunit;

namespace AgentRag.Decoding.Tests.Chat;

public sealed class LocalChatClientTests : IDisposable
{
    private const string Hidden = "The lamp of Dube stands in Fopi. ";

    private readonly TemporaryFolder _folder = new();
    private readonly string _model;
    private readonly LocalChatClient _client;

    public LocalChatClientTests()
    {
        _model = Model("model.gguf", seed: 31);
        _client = new LocalChatClient(_model, new LocalModelOptions { Threads = 2 });
    }

    public void Dispose()
    {
        _client.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_reply_says_its_model_its_usage_and_why_it_ended()
    {
        var response = await _client.GetResponseAsync("Where is the lamp?", new ChatOptions { MaxOutputTokens = 12 });
        Assert.Equal(("model.gguf", ChatFinishReason.Length), (response.ModelId, response.FinishReason));
        Assert.NotEmpty(response.Text);
        Assert.Equal(12, response.Usage?.OutputTokenCount);
        Assert.Equal(response.Usage?.InputTokenCount + 12, response.Usage?.TotalTokenCount);
        var report = DecodingReport.From(response)!;
        Assert.Equal((12, 0, true), (report.GeneratedTokens, report.ReusedTokens, report.IsExact));
        Assert.Equal("gguf", _client.GetService<ChatClientMetadata>()?.ProviderName);
    }

    [Theory]
    [InlineData(0f, DecodingMode.Speculative, null), InlineData(0.9f, DecodingMode.Speculative, null)]
    [InlineData(0f, DecodingMode.Rapid, 3), InlineData(0.9f, DecodingMode.Rapid, 3), InlineData(0.9f, DecodingMode.Rapid, null)]
    public async Task What_changes_nothing_gives_the_text_of_plain_decoding(float temperature, DecodingMode mode, int? drafts)
    {
        using var drafted = new LocalChatClient(_model, new LocalModelOptions { Threads = 1, DraftModelPath = Model("draft.gguf", seed: 32) });
        for (var seed = 0; seed < 3; seed++)
        {
            var plain = await Ask(_client, LongPrompt(seed), temperature, seed, new DecodingOptions { Mode = DecodingMode.Plain });
            Assert.Equal("none", DecodingReport.From(plain)!.Drafter);
            foreach (var client in (LocalChatClient[])[_client, drafted])
            {
                var other = await Ask(client, LongPrompt(seed), temperature, seed, Short(mode) with { DraftTokens = drafts });
                Assert.Equal(plain.Text, other.Text);
                Assert.True(DecodingReport.From(other)!.IsExact);
            }
        }
    }

    [Fact]
    public async Task Rapids_drafter_reads_the_parts_that_belong_to_the_question()
    {
        var response = await Ask(_client, LongPrompt(0), 1, 0, Short(DecodingMode.Rapid) with { Rule = AcceptanceRule.Paper, DraftTokens = 4, LeastConfidence = 0 });
        var report = DecodingReport.From(response)!;
        Assert.Equal(("retrieved context", AcceptanceRule.Paper, false, 5.0), (report.Drafter, report.Rule, report.IsExact, report.Eta));
        Assert.True(report.DraftPromptTokens < report.PromptTokens / 3, $"{report.DraftPromptTokens} of {report.PromptTokens}");
        Assert.Equal(1.0, report.Coverage);
        Assert.True(report.DraftedTokens > report.AcceptedTokens);
        Assert.Equal(report.AcceptedTokens, response.Usage!.AdditionalCounts!["accepted_prediction_tokens"]);
        Assert.Equal(report.DraftedTokens - report.AcceptedTokens, response.Usage.AdditionalCounts["rejected_prediction_tokens"]);
    }

    [Fact]
    public async Task An_embedding_server_that_is_down_leaves_rapids_choice_to_the_words()
    {
        using var down = new Unreachable();
        using var client = new LocalChatClient(_model, new LocalModelOptions { Threads = 2, DraftRetriever = DraftRetrievers.Hybrid(down) });
        var response = await Ask(client, LongPrompt(0), 0, 0, Short(DecodingMode.Rapid));
        Assert.Equal(1, down.Asked);
        Assert.Equal("retrieved context", DecodingReport.From(response)!.Drafter);
        Assert.Equal((await Ask(_client, LongPrompt(0), 0, 0, Short(DecodingMode.Rapid))).Text, response.Text);
    }

    [Fact]
    public async Task A_question_that_no_part_covers_takes_the_lean_away()
    {
        var options = Short(DecodingMode.Rapid) with { Rule = AcceptanceRule.ExactAugmented, DraftTokens = 4, Question = "Which zeppelin crossed Madagascar?" };
        var gated = DecodingReport.From(await Ask(_client, LongPrompt(0), 1, 0, options))!;
        Assert.Equal((0, 0, true), (gated.Coverage, gated.Eta, gated.IsExact));
        var open = DecodingReport.From(await Ask(_client, LongPrompt(0), 1, 0, options with { GatesEta = false }))!;
        Assert.Equal((5, false), (open.Eta, open.IsExact));
    }

    [Fact]
    public async Task A_prediction_that_is_right_is_taken_whole_and_a_wrong_one_changes_nothing()
    {
        var plain = await Ask(_client, "Where?", 0, 0, new DecodingOptions { Mode = DecodingMode.Plain });
        var right = await Ask(_client, "Where?", 0, 0, new DecodingOptions { Prediction = plain.Text.TrimStart(), DraftTokens = 8 });
        Assert.Equal(plain.Text, right.Text);
        Assert.Equal("prediction", DecodingReport.From(right)!.Drafter);
        var wrong = await Ask(_client, "Where?", 0, 0, new DecodingOptions { Prediction = "babe cadi fogu", DraftTokens = 8 });
        Assert.Equal(plain.Text, wrong.Text);
        Assert.True(DecodingReport.From(wrong)!.AcceptedTokens < 3);
    }

    [Fact]
    public async Task Pieces_of_a_stream_are_the_reply_and_stop_texts_end_it()
    {
        var whole = await Ask(_client, "Tell.", 0.9f, 3, new DecodingOptions());
        var streamed = "";
        await foreach (var update in _client.GetStreamingResponseAsync("Tell.", Options(0.9f, 3, new DecodingOptions())))
        {
            streamed += update.Text;
        }

        Assert.Equal(whole.Text, streamed);
        var stop = whole.Text[10..14];
        var options = Options(0.9f, 3, new DecodingOptions());
        options.StopSequences = [stop];
        var stopped = await _client.GetResponseAsync("Tell.", options);
        Assert.Equal(whole.Text[..whole.Text.IndexOf(stop, StringComparison.Ordinal)], stopped.Text);
        Assert.Equal(ChatFinishReason.Stop, stopped.FinishReason);
    }

    [Fact]
    public async Task A_conversation_that_goes_on_is_read_from_where_it_went_on()
    {
        List<ChatMessage> messages = [new(ChatRole.User, LongPrompt(1))];
        var first = await _client.GetResponseAsync(messages, Options(0, 0, new DecodingOptions()));
        messages.AddMessages(first);
        messages.Add(new(ChatRole.User, "And then?"));
        var second = await _client.GetResponseAsync(messages, Options(0, 0, new DecodingOptions()));
        Assert.True(second.Usage!.CachedInputTokenCount >= first.Usage!.InputTokenCount - 1);

        using var fresh = new LocalChatClient(_model, new LocalModelOptions { Threads = 1 });
        Assert.Equal((await fresh.GetResponseAsync(messages, Options(0, 0, new DecodingOptions()))).Text, second.Text);
    }

    [Fact]
    public async Task Requests_at_the_same_time_get_the_replies_of_requests_in_turn()
    {
        string[] prompts = ["One.", "Two babe.", "Three fogu.", "Four."];
        List<string> expected = [];
        foreach (var prompt in prompts)
        {
            expected.Add((await Ask(_client, prompt, 0, 0, new DecodingOptions())).Text);
        }

        var replies = await Task.WhenAll(prompts.Select(prompt => Ask(_client, prompt, 0, 0, new DecodingOptions())));
        Assert.Equal(expected, replies.Select(reply => reply.Text));
    }

    [Fact]
    public async Task A_request_that_is_cancelled_leaves_the_model_usable()
    {
        var expected = (await Ask(_client, "One.", 0, 0, new DecodingOptions())).Text;
        using var cancelled = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var update in _client.GetStreamingResponseAsync(LongPrompt(2), Options(0, 0, new DecodingOptions()), cancelled.Token))
            {
                await cancelled.CancelAsync();
            }
        });
        Assert.Equal(expected, (await Ask(_client, "One.", 0, 0, new DecodingOptions())).Text);
    }

    [Fact]
    public async Task What_cannot_be_done_is_said()
    {
        using var small = new LocalChatClient(_model, new LocalModelOptions { ContextTokens = 20, Threads = 1 });
        var fault = await Assert.ThrowsAsync<AgentRagException>(() => small.GetResponseAsync(LongPrompt(0)));
        Assert.Matches(@"^The prompt takes [\d,]+ tokens and the model's context is 20, the answer included: lower --context-window where it is asked, or serve the model with a longer --context\.$", fault.Message);
        fault = await Assert.ThrowsAsync<AgentRagException>(() => _client.GetResponseAsync("Hi", new ChatOptions { Tools = [AIFunctionFactory.Create(() => 1, "one")] }));
        Assert.Equal("The in-process model calls no tools: take them out of the request, or choose another model.", fault.Message);
        fault = await Assert.ThrowsAsync<AgentRagException>(() => _client.GetResponseAsync("Hi", new ChatOptions { ResponseFormat = ChatResponseFormat.Json }));
        Assert.Equal("The in-process model cannot be held to JSON: ask for text, or choose another model.", fault.Message);
        Assert.Equal(
            "Decoding: Eta is -1, must be in [0, 1000]; DraftTokens is 99, must be in [1, 64].",
            Assert.Throws<AgentRagException>(() => new DecodingOptions { Eta = -1, DraftTokens = 99 }.Validated()).Message);
        RandomModel.Write(_folder["other.gguf"], Shapes.Llama with { VocabularySize = 900 }, TensorType.Q8_0, seed: 1);
        Assert.Equal(
            $"{_folder["other.gguf"]} cannot draft for {_model}: it has other tokens. Take a smaller model of the same family.",
            Assert.Throws<AgentRagException>(() => new LocalChatClient(_model, new LocalModelOptions { DraftModelPath = _folder["other.gguf"] }).Dispose()).Message);
    }

    private static DecodingOptions Short(DecodingMode mode) => new()
    {
        Mode = mode,
        Question = "Where does the lamp of Dube stand?",
        DraftContext = new DraftContextOptions { LeastTokens = 160, ChunkTokens = 48 },
    };

    // Some forty sentences of made-up words, and one that matters.
    private static string LongPrompt(int seed)
    {
        var random = new Random(seed);
        string[] words = ["babe", "cadi", "fogu", "hiju", "kolu", "mapo", "nire", "sotu", "vexi", "zeba"];
        var sentences = Enumerable.Range(0, 40).Select(_ => string.Join(' ', Enumerable.Range(0, 8).Select(_ => words[random.Next(words.Length)])) + ". ").ToList();
        sentences.Insert(20, Hidden);
        return string.Concat(sentences) + "\n\nWhere does the lamp of Dube stand?";
    }

    private static ChatOptions Options(float temperature, int seed, DecodingOptions decoding)
    {
        var options = new ChatOptions { Temperature = temperature, Seed = seed, MaxOutputTokens = 24 };
        decoding.AttachTo(options);
        return options;
    }

    private static Task<ChatResponse> Ask(LocalChatClient client, string prompt, float temperature, int seed, DecodingOptions decoding) =>
        client.GetResponseAsync(prompt, Options(temperature, seed, decoding));

    private string Model(string name, int seed)
    {
        RandomModel.Write(_folder[name], Shapes.Llama with { VocabularySize = 1_000, ContextTokens = 4_096 }, TensorType.Q8_0, seed);
        return _folder[name];
    }
}
