using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgentRag.Models;
using Microsoft.Extensions.AI;
using Xunit;

namespace AgentRag.Tests.Models;

public sealed class OpenAICompatibleChatClientTests
{
    private const string Answer = """
        {"id":"chatcmpl-7","object":"chat.completion","created":1767225600,"model":"small-2026",
         "choices":[{"index":0,"message":{"role":"assistant","content":"Zürich 🏔"},"finish_reason":"stop"}],
         "usage":{"prompt_tokens":17,"completion_tokens":4,"total_tokens":21,
                  "prompt_tokens_details":{"cached_tokens":5},"completion_tokens_details":{"reasoning_tokens":3}}}
        """;

    private static readonly ChatMessage[] Question = [new(ChatRole.System, "Be brief."), new(ChatRole.User, "Where is \"ETH\"?")];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_chat_sends_exactly_the_documented_body_and_reads_the_whole_reply()
    {
        await using var server = new LoopbackServer(LoopbackServer.Json(Answer));
        using var client = Client(server, options => options with { ApiKey = "sk-test" });
        var options = new ChatOptions
        {
            MaxOutputTokens = 77,
            Temperature = 0.1f,
            TopP = 0.9f,
            Seed = 42,
            StopSequences = ["\n\n", "Follow up:"],
            ResponseFormat = ChatResponseFormat.ForJsonSchema(JsonElement.Parse("""{"type":"object"}"""), "answer"),
        };

        var response = await client.GetResponseAsync(Question, options, Cancellation);

        var request = Assert.Single(server.Requests);
        Assert.Equal("POST /v1/chat/completions HTTP/1.1", request.Line);
        Assert.Equal("Bearer sk-test", request.Headers["Authorization"]);
        Assert.Equal("application/json", request.Headers["Content-Type"]);
        AssertJson(
            """
            {"model":"small",
             "messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Where is \"ETH\"?"}],
             "max_tokens":77,"temperature":0.1,"top_p":0.9,"seed":42,"stop":["\n\n","Follow up:"],
             "response_format":{"type":"json_schema","json_schema":{"name":"answer","schema":{"type":"object"}}}}
            """,
            request.Body);
        Assert.Equal("Zürich 🏔", response.Text);
        Assert.Equal("chatcmpl-7", response.ResponseId);
        Assert.Equal("small-2026", response.ModelId);
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
        Assert.Equal(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), response.CreatedAt);
        AssertUsage(response.Usage, input: 17, output: 4, total: 21, cached: 5, reasoning: 3);
    }

    [Fact]
    public async Task A_stream_asks_for_usage_and_joins_characters_that_are_split_between_chunks()
    {
        var text = Encoding.UTF8.GetBytes(
            """
            : keep-alive

            data: {"id":"c1","model":"small-2026","choices":[{"delta":{"role":"assistant","content":""},"finish_reason":null}]}

            data: {"id":"c1","model":"small-2026","choices":[{"delta":{"content":"Zü"},"finish_reason":null}]}

            : keep-alive

            data: {"id":"c1","model":"small-2026","choices":[{"delta":{"content":"rich 🏔"},"finish_reason":"stop"}]}

            data: {"id":"c1","model":"small-2026","choices":[],"usage":{"prompt_tokens":17,"completion_tokens":4,"total_tokens":21,"prompt_tokens_details":{"cached_tokens":5}}}

            data: [DONE]


            """.ReplaceLineEndings("\n"));

        // One byte per chunk splits every character of more than one byte.
        await using var server = new LoopbackServer(LoopbackServer.Events([.. text.Select(one => new[] { one })]));
        using var client = Client(server);

        var updates = await Collect(client.GetStreamingResponseAsync(Question, cancellationToken: Cancellation));

        Assert.Equal(["Zü", "rich 🏔"], updates.Select(update => update.Text).Where(piece => piece.Length > 0));
        var response = updates.ToChatResponse();
        Assert.Equal("Zürich 🏔", response.Text);
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
        Assert.Equal("c1", response.ResponseId);
        AssertUsage(response.Usage, input: 17, output: 4, total: 21, cached: 5, reasoning: null);
        var body = server.Requests[0].Json;
        Assert.True((bool)body["stream"]!);
        AssertJson("""{"include_usage":true}""", body["stream_options"]!.ToJsonString());
    }

    [Fact]
    public async Task A_stream_without_usage_and_without_the_done_event_is_whole_when_it_has_a_finish_reason()
    {
        await using var server = new LoopbackServer(LoopbackServer.Events(Event("""{"choices":[{"delta":{"content":"yes"},"finish_reason":"length"}]}""")));
        using var client = Client(server);

        var response = (await Collect(client.GetStreamingResponseAsync(Question, cancellationToken: Cancellation))).ToChatResponse();

        Assert.Equal("yes", response.Text);
        Assert.Equal(ChatFinishReason.Length, response.FinishReason);
        Assert.Null(response.Usage);
    }

    [Fact]
    public async Task Usage_that_a_server_repeats_in_every_piece_is_counted_once()
    {
        await using var server = new LoopbackServer(LoopbackServer.Events(
            Event("""{"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":10,"completion_tokens":1,"total_tokens":11}}"""),
            Event("""{"choices":[{"delta":{"content":"b"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":2,"total_tokens":12}}"""),
            Event("[DONE]")));
        using var client = Client(server);

        var response = (await Collect(client.GetStreamingResponseAsync(Question, cancellationToken: Cancellation))).ToChatResponse();

        AssertUsage(response.Usage, input: 10, output: 2, total: 12, cached: null, reasoning: null);
    }

    [Fact]
    public async Task A_server_that_answers_a_stream_request_with_one_json_object_is_understood()
    {
        await using var server = new LoopbackServer(LoopbackServer.Json(Answer));
        using var client = Client(server);

        var response = (await Collect(client.GetStreamingResponseAsync(Question, cancellationToken: Cancellation))).ToChatResponse();

        Assert.Equal("Zürich 🏔", response.Text);
        Assert.Equal(21, response.Usage?.TotalTokenCount);
    }

    [Fact]
    public async Task A_stream_that_breaks_off_is_an_error_and_is_not_asked_for_again()
    {
        await using var server = new LoopbackServer(LoopbackServer.Events(Event("""{"choices":[{"delta":{"content":"Zü"}}]}"""), null));
        using var client = Client(server);
        List<string> pieces = [];

        var fault = await Assert.ThrowsAsync<AgentRagException>(async () =>
        {
            await foreach (var update in client.GetStreamingResponseAsync(Question, cancellationToken: Cancellation))
            {
                pieces.Add(update.Text);
            }
        });

        Assert.Equal(
            $"Chat model at {server.BaseUrl} broke off in the middle of its reply: the part that came is not a whole answer. Its log should say why.",
            fault.Message);
        Assert.Equal(["Zü"], pieces);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task A_stream_that_ends_politely_but_too_early_is_an_error_too()
    {
        await using var server = new LoopbackServer(LoopbackServer.Events(Event("""{"choices":[{"delta":{"content":"Zü"}}]}""")));
        using var client = Client(server);

        var fault = await Assert.ThrowsAsync<AgentRagException>(() => Collect(client.GetStreamingResponseAsync(Question, cancellationToken: Cancellation)));

        Assert.Contains("broke off in the middle of its reply", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_that_fails_before_its_first_piece_is_asked_for_again()
    {
        await using var server = new LoopbackServer(
            LoopbackServer.Json("{}", 503),
            LoopbackServer.Events(": keep-alive\n\n", null),
            LoopbackServer.Events(Event("""{"choices":[{"delta":{"content":"yes"},"finish_reason":"stop"}]}"""), Event("[DONE]")));
        using var client = Client(server);

        var response = (await Collect(client.GetStreamingResponseAsync(Question, cancellationToken: Cancellation))).ToChatResponse();

        Assert.Equal("yes", response.Text);
        Assert.Equal(3, server.Requests.Count);
    }

    [Fact]
    public async Task An_error_in_the_middle_of_a_stream_is_quoted()
    {
        await using var server = new LoopbackServer(LoopbackServer.Events(
            Event("""{"choices":[{"delta":{"content":"Zü"}}]}"""), Event("""{"error":{"message":"out of memory","code":500}}""")));
        using var client = Client(server);

        var fault = await Assert.ThrowsAsync<AgentRagException>(() => Collect(client.GetStreamingResponseAsync(Question, cancellationToken: Cancellation)));

        Assert.Equal($"Chat model at {server.BaseUrl} reported an error instead of a reply (\"out of memory\").", fault.Message);
    }

    [Theory]
    [InlineData("http://api.openai.com/v1", MaxTokensField.ByHost, "max_completion_tokens")]
    [InlineData("http://eu.api.openai.com/v1", MaxTokensField.ByHost, "max_completion_tokens")]
    [InlineData("http://house.openai.azure.com/openai/v1/", MaxTokensField.ByHost, "max_completion_tokens")]
    [InlineData("http://localhost:11434/v1", MaxTokensField.ByHost, "max_tokens")]
    [InlineData("http://notapi.openai.com.example.org/v1", MaxTokensField.ByHost, "max_tokens")]
    [InlineData("http://api.openai.com/v1", MaxTokensField.MaxTokens, "max_tokens")]
    [InlineData("http://localhost:11434/v1", MaxTokensField.MaxCompletionTokens, "max_completion_tokens")]
    public async Task The_field_for_the_cap_on_output_tokens_follows_the_host_unless_it_is_forced(string baseUrl, MaxTokensField field, string expected)
    {
        await using var server = new LoopbackServer(LoopbackServer.Json(Answer));
        using var http = ClientThatConnectsTo(server);
        using var client = new OpenAICompatibleChatClient(
            new OpenAICompatibleOptions { BaseUrl = new Uri(baseUrl), Model = "small", MaxTokensField = field }, http);

        await client.GetResponseAsync(Question, new ChatOptions { MaxOutputTokens = 9 }, Cancellation);

        var body = server.Requests[0].Json;
        Assert.Equal(9, (int)body[expected]!);
        Assert.Single(body, pair => pair.Key.StartsWith("max_", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("http://house.openai.azure.com/openai/v1/?api-version=preview", ApiKeyHeader.ByHost, "api-key", "secret")]
    [InlineData("http://house.openai.azure.com/openai/v1/?api-version=preview", ApiKeyHeader.AuthorizationBearer, "Authorization", "Bearer secret")]
    [InlineData("http://localhost:1234/openai/v1?api-version=preview", ApiKeyHeader.ApiKey, "api-key", "secret")]
    public async Task The_header_of_the_key_follows_the_host_and_a_query_of_the_base_url_is_kept(string baseUrl, ApiKeyHeader style, string header, string value)
    {
        await using var server = new LoopbackServer(LoopbackServer.Json(Answer));
        using var http = ClientThatConnectsTo(server);
        using var client = new OpenAICompatibleChatClient(
            new OpenAICompatibleOptions { BaseUrl = new Uri(baseUrl), Model = "small", ApiKey = "secret", ApiKeyHeader = style }, http);

        await client.GetResponseAsync(Question, cancellationToken: Cancellation);

        Assert.Equal("POST /openai/v1/chat/completions?api-version=preview HTTP/1.1", server.Requests[0].Line);
        Assert.Equal(value, server.Requests[0].Headers[header]);
        Assert.Single(server.Requests[0].Headers, pair => pair.Value.Contains("secret", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(400, """{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.","param":"max_tokens","code":"unsupported_parameter"}}""")]
    [InlineData(422, """{"detail":[{"type":"extra_forbidden","loc":["body","max_tokens"],"msg":"Extra inputs are not permitted"}]}""")]
    public async Task A_server_that_refuses_the_field_by_name_is_asked_with_the_other_one_from_then_on(int status, string refusal)
    {
        await using var server = new LoopbackServer(LoopbackServer.Json(refusal, status), LoopbackServer.Json(Answer));
        using var client = Client(server);
        var options = new ChatOptions { MaxOutputTokens = 9 };

        await client.GetResponseAsync(Question, options, Cancellation);
        await client.GetResponseAsync(Question, options, Cancellation);

        Assert.Equal(
            ["max_tokens", "max_completion_tokens", "max_completion_tokens"],
            server.Requests.Select(request => request.Json.Single(pair => pair.Key.StartsWith("max_", StringComparison.Ordinal)).Key));
    }

    [Theory]
    [InlineData(MaxTokensField.MaxTokens, "Unsupported parameter: 'max_tokens'.")]
    [InlineData(MaxTokensField.ByHost, "max_tokens is too large: 9. This model's maximum context length is 8.")]
    public async Task A_forced_field_and_a_value_out_of_range_are_not_tried_under_the_other_name(MaxTokensField field, string message)
    {
        await using var server = new LoopbackServer(LoopbackServer.Json(new JsonObject { ["error"] = new JsonObject { ["message"] = message } }.ToJsonString(), 400));
        using var client = Client(server, options => options with { MaxTokensField = field });

        var fault = await Assert.ThrowsAsync<AgentRagException>(() => client.GetResponseAsync(Question, new ChatOptions { MaxOutputTokens = 9 }, Cancellation));

        Assert.Equal(
            $"Chat model at {server.BaseUrl} answered 400 (\"{message}\"): it does not accept this request for model 'small'.", fault.Message);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task A_server_that_refuses_both_fields_is_asked_twice_and_no_more()
    {
        await using var server = new LoopbackServer(
            LoopbackServer.Json("""{"error":{"message":"Unsupported parameters: 'max_tokens', 'max_completion_tokens'."}}""", 400));
        using var client = Client(server);

        await Assert.ThrowsAsync<AgentRagException>(() => client.GetResponseAsync(Question, new ChatOptions { MaxOutputTokens = 9 }, Cancellation));

        Assert.Equal(2, server.Requests.Count);
    }

    [Fact]
    public async Task A_server_that_does_not_know_stream_options_is_asked_without_them()
    {
        await using var server = new LoopbackServer(
            LoopbackServer.Json("""{"error":{"message":"Unrecognized request argument supplied: stream_options"}}""", 400),
            LoopbackServer.Events(Event("""{"choices":[{"delta":{"content":"yes"},"finish_reason":"stop"}]}"""), Event("[DONE]")));
        using var client = Client(server);

        var response = (await Collect(client.GetStreamingResponseAsync(Question, cancellationToken: Cancellation))).ToChatResponse();

        Assert.Equal("yes", response.Text);
        Assert.Equal([true, false], server.Requests.Select(request => request.Json.ContainsKey("stream_options")));
    }

    [Theory]
    [InlineData(400, """{"error":{"message":"Unsupported parameter: 'prediction' is not supported with this model.","param":"prediction","code":"unsupported_parameter"}}""")]
    [InlineData(400, """{"error":{"message":"This model does not support Predicted Outputs."}}""")]
    [InlineData(422, """{"detail":[{"type":"extra_forbidden","loc":["body","prediction"],"msg":"Extra inputs are not permitted"}]}""")]
    public async Task A_server_that_refuses_predictions_is_asked_without_them_from_then_on(int status, string refusal)
    {
        await using var server = new LoopbackServer((request, _) => request.Json.ContainsKey("prediction") ? LoopbackServer.Json(refusal, status) : LoopbackServer.Json(Answer));
        using var client = Client(server);

        // One that asks for none says nothing about what the server takes.
        await client.GetResponseAsync(Question, cancellationToken: Cancellation);
        Assert.False(client.RefusesPredictions);
        var options = Predicting();
        new ReplyForm { Prefixes = ["So the final answer is:"] }.AttachTo(options);
        var first = await client.GetResponseAsync(Question, options, Cancellation);
        await Collect(client.GetStreamingResponseAsync(Question, Predicting(), Cancellation));

        Assert.Equal("Zürich 🏔", first.Text);
        Assert.True(client.RefusesPredictions);
        Assert.Equal([false, true, false, false], server.Requests.Select(request => request.Json.ContainsKey("prediction")));

        // The means of control is not what was refused.
        Assert.All(server.Requests.Skip(1).Take(2), request => Assert.True(request.Json.ContainsKey("response_format")));
        Assert.True(options.AdditionalProperties!.ContainsKey("prediction"));
    }

    [Fact]
    public async Task A_refusal_of_something_else_is_told_and_predictions_are_sent_on()
    {
        await using var server = new LoopbackServer(LoopbackServer.Json("""{"error":{"message":"The prompt is too long."}}""", 400), LoopbackServer.Json(Answer));
        using var client = Client(server);

        await Assert.ThrowsAsync<AgentRagException>(() => client.GetResponseAsync(Question, Predicting(), Cancellation));
        await client.GetResponseAsync(Question, Predicting(), Cancellation);

        Assert.False(client.RefusesPredictions);
        Assert.Equal([true, true], server.Requests.Select(request => request.Json.ContainsKey("prediction")));
    }

    [Fact]
    public async Task A_request_that_fails_without_its_prediction_too_is_not_remembered()
    {
        await using var server = new LoopbackServer(
            LoopbackServer.Json("""{"error":{"message":"prompt and prediction are too long"}}""", 400),
            LoopbackServer.Json("""{"error":{"message":"prompt is too long"}}""", 400),
            LoopbackServer.Json(Answer));
        using var client = Client(server);

        var fault = await Assert.ThrowsAsync<AgentRagException>(() => client.GetResponseAsync(Question, Predicting(), Cancellation));
        await client.GetResponseAsync(Question, Predicting(), Cancellation);

        Assert.Contains("prompt is too long", fault.Message, StringComparison.Ordinal);
        Assert.Equal([true, false, true], server.Requests.Select(request => request.Json.ContainsKey("prediction")));
    }

    [Fact]
    public async Task Extra_fields_are_sent_when_they_are_like_json_and_never_under_the_prefix_of_in_process_objects()
    {
        await using var server = new LoopbackServer(LoopbackServer.Json(Answer));
        using var client = Client(server);
        var options = new ChatOptions
        {
            AdditionalProperties = new()
            {
                ["repeat_penalty"] = 1.5,
                ["chat_template_kwargs"] = new Dictionary<string, object?>(StringComparer.Ordinal) { ["enable_thinking"] = false },
                ["ids"] = new[] { 1, 2 },
                ["grammar"] = null,
                ["object"] = new StringBuilder("stays here"),
                ["agentrag.note"] = "stays here",
                ["AgentRag.Note"] = JsonValue.Create(1),
            },
        };
        new GroundedRequest { Task = GroundedTask.Answer, Question = "stays here" }.AttachTo(options);

        await client.GetResponseAsync([new ChatMessage(ChatRole.User, "Hi")], options, Cancellation);

        AssertJson(
            """
            {"model":"small","messages":[{"role":"user","content":"Hi"}],
             "repeat_penalty":1.5,"chat_template_kwargs":{"enable_thinking":false},"ids":[1,2],"grammar":null}
            """,
            server.Requests[0].Body);
    }

    [Theory]
    [InlineData("messages"), InlineData("max_tokens"), InlineData("max_completion_tokens"), InlineData("stream")]
    public async Task An_extra_field_cannot_replace_one_that_the_client_writes(string name)
    {
        await using var server = new LoopbackServer(LoopbackServer.Json(Answer));
        using var client = Client(server);
        var options = new ChatOptions { AdditionalProperties = new() { [name] = 1 } };

        await Assert.ThrowsAsync<ArgumentException>(() => client.GetResponseAsync(Question, options, Cancellation));

        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Tools_are_offered_called_and_answered_in_the_wire_format()
    {
        await using var server = new LoopbackServer(LoopbackServer.Json(
            """
            {"choices":[{"message":{"role":"assistant","content":null,"tool_calls":[
              {"id":"call_9","type":"function","function":{"name":"retrieve","arguments":"{\"query\":\"ETH\",\"k\":3}"}}]},"finish_reason":"tool_calls"}]}
            """));
        using var client = Client(server);
        var tool = AIFunctionFactory.Create((string query, int k) => $"{query}{k}", "retrieve", "Finds passages.");
        ChatMessage[] messages =
        [
            new(ChatRole.User, "Hi"),
            new(ChatRole.Assistant, [new FunctionCallContent("call_8", "retrieve", new Dictionary<string, object?>(StringComparer.Ordinal) { ["k"] = 1 })]),
            new(ChatRole.Tool, [new FunctionResultContent("call_8", "nothing"), new FunctionResultContent("call_7", new[] { 1, 2 })]),
        ];

        var response = await client.GetResponseAsync(
            messages, new ChatOptions { Tools = [tool], ToolMode = ChatToolMode.RequireSpecific("retrieve"), AllowMultipleToolCalls = false }, Cancellation);

        var body = server.Requests[0].Json;
        AssertJson(
            """
            [{"role":"user","content":"Hi"},
             {"role":"assistant","content":null,"tool_calls":[{"id":"call_8","type":"function","function":{"name":"retrieve","arguments":"{\"k\":1}"}}]},
             {"role":"tool","tool_call_id":"call_8","content":"nothing"},
             {"role":"tool","tool_call_id":"call_7","content":"[1,2]"}]
            """,
            body["messages"]!.ToJsonString());
        AssertJson("""{"type":"function","function":{"name":"retrieve"}}""", body["tool_choice"]!.ToJsonString());
        Assert.False((bool)body["parallel_tool_calls"]!);
        Assert.Equal("Finds passages.", (string)body["tools"]![0]!["function"]!["description"]!);
        Assert.Equal("string", (string)body["tools"]![0]!["function"]!["parameters"]!["properties"]!["query"]!["type"]!);
        var call = Assert.IsType<FunctionCallContent>(Assert.Single(response.Messages[0].Contents));
        Assert.Equal(("call_9", "retrieve"), (call.CallId, call.Name));
        Assert.Equal("ETH", call.Arguments!["query"]!.ToString());
        Assert.Equal(ChatFinishReason.ToolCalls, response.FinishReason);
    }

    [Fact]
    public async Task Tool_calls_of_a_stream_are_put_together_from_their_parts()
    {
        await using var server = new LoopbackServer(LoopbackServer.Events(
            Event("""{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"retrieve","arguments":"{\"qu"}},{"index":1,"id":"b","function":{"name":"answer","arguments":""}}]}}]}"""),
            Event("""{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"ery\":\"ETH\"}"}}]},"finish_reason":"tool_calls"}]}"""),
            Event("[DONE]")));
        using var client = Client(server);

        var response = (await Collect(client.GetStreamingResponseAsync(Question, cancellationToken: Cancellation))).ToChatResponse();

        var calls = response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>().ToList();
        Assert.Equal([("a", "retrieve"), ("b", "answer")], calls.Select(call => (call.CallId, call.Name)));
        Assert.Equal("ETH", calls[0].Arguments!["query"]!.ToString());
        Assert.Empty(calls[1].Arguments!);
    }

    [Fact]
    public async Task Content_that_is_no_text_is_refused_before_anything_is_sent()
    {
        await using var server = new LoopbackServer(LoopbackServer.Json(Answer));
        using var client = Client(server);
        ChatMessage message = new(ChatRole.User, [new DataContent(new byte[] { 1 }, "image/png")]);

        var fault = await Assert.ThrowsAsync<NotSupportedException>(() => client.GetResponseAsync([message], cancellationToken: Cancellation));

        Assert.Equal("A chat message holds DataContent: this client sends text, tool calls and tool results only.", fault.Message);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Text_with_a_broken_character_is_sent_with_the_replacement_character()
    {
        await using var server = new LoopbackServer(LoopbackServer.Json(Answer));
        using var client = Client(server);

        await client.GetResponseAsync([new ChatMessage(ChatRole.User, "half \ud83c, <b>&\u0000")], cancellationToken: Cancellation);

        Assert.Equal("half \ufffd, <b>&\u0000", (string)server.Requests[0].Json["messages"]![0]!["content"]!);
    }

    [Fact]
    public async Task Thoughts_of_the_model_are_kept_apart_from_its_answer()
    {
        await using var server = new LoopbackServer(LoopbackServer.Json(
            """{"choices":[{"message":{"content":"Zug","reasoning_content":"Zug or Bern?"},"finish_reason":"stop"}]}"""));
        using var client = Client(server);

        var response = await client.GetResponseAsync(Question, cancellationToken: Cancellation);

        Assert.Equal("Zug", response.Text);
        Assert.Equal("Zug or Bern?", Assert.Single(response.Messages[0].Contents.OfType<TextReasoningContent>()).Text);
    }

    [Theory]
    [InlineData("", "sent an empty reply: is it an OpenAI-compatible endpoint? Check --base-url.")]
    [InlineData("<html>Welcome</html>", "sent a reply that is not JSON (\"<html>Welcome</html>\"): is it an OpenAI-compatible endpoint? Check --base-url.")]
    [InlineData("{\"choices\":", "sent a reply that is not JSON (\"{\"choices\":\"): is it an OpenAI-compatible endpoint? Check --base-url.")]
    [InlineData("[]", "sent a reply that cannot be used: it has no choices.")]
    [InlineData("{\"choices\":[]}", "sent a reply that cannot be used: it has no choices.")]
    [InlineData("{\"choices\":[{\"message\":{\"content\":\"\"},\"finish_reason\":\"stop\"}]}", "sent a reply that cannot be used: it is empty (finish reason 'stop').")]
    [InlineData("{\"choices\":[{\"message\":{\"content\":null},\"finish_reason\":\"content_filter\"}]}", "sent a reply that cannot be used: it is empty because the server's content filter withheld it.")]
    [InlineData("{\"error\":{\"message\":\"no such model\"}}", "reported an error instead of a reply (\"no such model\").")]
    public async Task A_reply_that_is_none_is_an_error_that_says_so(string body, string expected)
    {
        await using var server = new LoopbackServer(LoopbackServer.Json(body));
        using var client = Client(server);

        var fault = await Assert.ThrowsAsync<AgentRagException>(() => client.GetResponseAsync(Question, cancellationToken: Cancellation));

        Assert.Equal($"Chat model at {server.BaseUrl} {expected}", fault.Message);
        Assert.Single(server.Requests);
    }

    [Theory]
    [InlineData("stop", "it is empty (finish reason 'stop')")]
    [InlineData(
        "length",
        "it is empty because the cap on output tokens was used up before its first word (a reasoning model spends it on thinking). "
        + "Raise --reserved-answer-tokens (AGENTRAG_RESERVED_ANSWER_TOKENS)")]
    public async Task An_empty_reply_is_an_error_even_where_a_stop_sequence_could_have_ended_it(string reason, string expected)
    {
        await using var server = new LoopbackServer(LoopbackServer.Json($$"""{"choices":[{"message":{"content":""},"finish_reason":"{{reason}}"}]}"""));
        using var client = Client(server);

        var fault = await Assert.ThrowsAsync<AgentRagException>(() => client.GetResponseAsync(Question, new ChatOptions { StopSequences = ["\n"] }, Cancellation));

        Assert.Equal($"Chat model at {server.BaseUrl} sent a reply that cannot be used: {expected}.", fault.Message);
    }

    [Fact]
    public void The_metadata_name_provider_endpoint_and_model()
    {
        using var local = new OpenAICompatibleChatClient(new OpenAICompatibleOptions { BaseUrl = new Uri("http://127.0.0.1:8080/v1"), Model = "small" });
        using var azure = new OpenAICompatibleChatClient(
            new OpenAICompatibleOptions { BaseUrl = new Uri("https://house.openai.azure.com/openai/v1"), Model = "small" });

        var metadata = local.GetService<ChatClientMetadata>();

        Assert.Equal(("openai", "http://127.0.0.1:8080/v1", "small"), (metadata?.ProviderName, metadata?.ProviderUri?.ToString(), metadata?.DefaultModelId));
        Assert.Equal("azure.ai.openai", azure.GetService<ChatClientMetadata>()?.ProviderName);
        Assert.Same(local, local.GetService<OpenAICompatibleChatClient>());
        Assert.Null(local.GetService(typeof(ChatClientMetadata), "key"));
    }

    private static OpenAICompatibleChatClient Client(
        LoopbackServer server, Func<OpenAICompatibleOptions, OpenAICompatibleOptions>? change = null)
    {
        var options = new OpenAICompatibleOptions { BaseUrl = server.BaseUrl, Model = "small" };
        return new OpenAICompatibleChatClient(change?.Invoke(options) ?? options, timeProvider: new ManualTime());
    }

    /// <summary>Every host name leads to the server, so that rules by host can be watched without a network.</summary>
    private static HttpClient ClientThatConnectsTo(LoopbackServer server) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        ConnectCallback = async (_, cancellationToken) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync("127.0.0.1", server.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        },
    });

    private static ChatOptions Predicting() =>
        new() { AdditionalProperties = new() { ["prediction"] = new JsonObject { ["type"] = "content", ["content"] = "Zürich" } } };

    private static string Event(string data) => $"data: {data}\n\n";

    private static async Task<List<ChatResponseUpdate>> Collect(IAsyncEnumerable<ChatResponseUpdate> updates)
    {
        List<ChatResponseUpdate> list = [];
        await foreach (var update in updates)
        {
            list.Add(update);
        }

        return list;
    }

    private static void AssertJson(string expected, string actual) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), JsonNode.Parse(actual)), $"Expected {expected}, got {actual}");

    private static void AssertUsage(UsageDetails? usage, long input, long output, long total, long? cached, long? reasoning) => Assert.Equal(
        (input, output, total, cached, reasoning),
        (usage?.InputTokenCount, usage?.OutputTokenCount, usage?.TotalTokenCount, usage?.CachedInputTokenCount, usage?.ReasoningTokenCount));
}
