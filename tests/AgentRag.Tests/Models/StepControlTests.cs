using System.Text.Json.Nodes;
using AgentRag.Answering;
using AgentRag.Models;
using AgentRag.Tests.Fakes;
using Microsoft.Extensions.AI;
using Xunit;
using static AgentRag.Tests.Fakes.TestPassages;

namespace AgentRag.Tests.Models;

public sealed class StepControlTests
{
    private const string Line = """{"choices":[{"message":{"content":"Follow up: Who wrote it?"},"finish_reason":"stop"}]}""";

    private static readonly ReplyForm Step = ReplyForm.Line("Follow up:", "So the final answer is:") with { NextLines = ["Intermediate answer:"] };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_line_is_asked_for_as_strict_json_without_stops_and_comes_back_as_the_line()
    {
        await using var server = new LoopbackServer(LoopbackServer.Json(Reply("""{"line":"Follow up:","text":"Who wrote it?"}""")));
        using var client = Client(server, StepControl.Auto);

        var response = await client.GetResponseAsync("Hi", Options(Step, stop: "\n"), Cancellation);

        Assert.Equal("Follow up: Who wrote it?", response.Text);
        AssertJson(
            """
            {"model":"small","messages":[{"role":"user","content":"Hi"}],
             "response_format":{"type":"json_schema","json_schema":{"name":"reply","strict":true,"schema":{
               "type":"object","properties":{"line":{"type":"string","enum":["Follow up:","So the final answer is:"]},"text":{"type":"string"}},
               "required":["line","text"],"additionalProperties":false}}}}
            """,
            Assert.Single(server.Requests).Body);
    }

    [Fact]
    public async Task A_choice_is_asked_for_as_strict_json_and_comes_back_as_the_word()
    {
        await using var server = new LoopbackServer(LoopbackServer.Json(Reply("""{"choice":"no"}""")));
        using var client = Client(server, StepControl.JsonSchema);

        var response = await client.GetResponseAsync("Hi", Options(ReplyForm.OneOf("yes", "no")), Cancellation);

        Assert.Equal("no", response.Text);
        AssertJson(
            """{"type":"object","properties":{"choice":{"type":"string","enum":["yes","no"]}},"required":["choice"],"additionalProperties":false}""",
            server.Requests[0].Json["response_format"]!["json_schema"]!["schema"]!.ToJsonString());
    }

    [Theory]
    [InlineData(StepControl.Regex, false, """{"structured_outputs":{"regex":"(Follow up:|So the final answer is:) [^\\s][^\\r\\n]{0,299}"}}""")]
    [InlineData(StepControl.Regex, true, """{"structured_outputs":{"choice":["yes","no"]}}""")]
    [InlineData(StepControl.Grammar, false, """{"grammar":"root ::= (\"Follow up:\" | \"So the final answer is:\") \" \" [^ \\t\\r\\n] [^\\r\\n]{0,299}"}""")]
    [InlineData(StepControl.Grammar, true, """{"grammar":"root ::= \"yes\" | \"no\""}""")]
    [InlineData(StepControl.Stop, false, """{"stop":["\nIntermediate answer:"]}""")]
    [InlineData(StepControl.Stop, true, "{}")]
    [InlineData(StepControl.None, false, "{}")]
    public async Task Each_means_is_one_field_of_the_request(StepControl control, bool isChoice, string field)
    {
        await using var server = new LoopbackServer(LoopbackServer.Json(Line));
        using var client = Client(server, control);

        var response = await client.GetResponseAsync("Hi", Options(isChoice ? ReplyForm.OneOf("yes", "no") : Step), Cancellation);

        Assert.Equal("Follow up: Who wrote it?", response.Text);
        var body = server.Requests[0].Json;
        body.Remove("model");
        body.Remove("messages");
        AssertJson(field.Replace("\n", "\\n", StringComparison.Ordinal), body.ToJsonString());
    }

    [Fact]
    public async Task Letters_with_a_meaning_in_a_pattern_or_a_grammar_are_escaped()
    {
        await using var server = new LoopbackServer(LoopbackServer.Json(Line));
        var form = ReplyForm.Line("a.b (c)|\"d\"\\:") with { MaxTextCharacters = 7 };
        using var regex = Client(server, StepControl.Regex);
        using var grammar = Client(server, StepControl.Grammar);

        await regex.GetResponseAsync("Hi", Options(form), Cancellation);
        await grammar.GetResponseAsync("Hi", Options(form), Cancellation);

        var pattern = server.Requests[0].Json["structured_outputs"]!["regex"]!.GetValue<string>();
        Assert.Matches($"^{pattern}$", "a.b (c)|\"d\"\\: 1234567");
        Assert.DoesNotMatch($"^{pattern}$", "a.b (c)|\"d\"\\: 12345678");
        Assert.DoesNotMatch($"^{pattern}$", "axb (c)|\"d\"\\: 1");
        Assert.Equal("""root ::= ("a.b (c)|\"d\"\\:") " " [^ \t\r\n] [^\r\n]{0,6}""", server.Requests[1].Json["grammar"]!.GetValue<string>());
    }

    [Theory]
    [InlineData(StepControl.Auto, 400, "This response_format type is unavailable now", "response_format")]
    [InlineData(StepControl.Auto, 422, "extra fields", "response_format")]
    [InlineData(StepControl.Regex, 400, "structured_outputs: Extra inputs are not permitted", "structured_outputs")]
    [InlineData(StepControl.Grammar, 400, "Failed to parse grammar", "grammar")]
    public async Task A_server_that_refuses_the_means_is_asked_once_more_with_stops_and_so_from_then_on(StepControl control, int status, string refusal, string field)
    {
        await using var server = new LoopbackServer(LoopbackServer.Json(Error(refusal), status), LoopbackServer.Json(Line));
        using var client = Client(server, control);

        Assert.Equal("Follow up: Who wrote it?", (await client.GetResponseAsync("Hi", Options(Step), Cancellation)).Text);
        await client.GetResponseAsync("Hi", Options(Step), Cancellation);

        Assert.Equal([true, false, false], server.Requests.Select(request => request.Json.ContainsKey(field)));
        Assert.Equal([false, true, true], server.Requests.Select(request => request.Json.ContainsKey("stop")));
    }

    [Fact]
    public async Task A_server_that_refuses_stops_by_name_too_is_asked_without_any_means()
    {
        await using var server = new LoopbackServer(
            LoopbackServer.Json(Error("no such response_format"), 400),
            LoopbackServer.Json(Error("Unsupported parameter: 'stop' is not supported with this model."), 400),
            LoopbackServer.Json(Line));
        using var client = Client(server, StepControl.Auto);

        await client.GetResponseAsync("Hi", Options(Step), Cancellation);
        await client.GetResponseAsync("Hi", Options(Step), Cancellation);

        Assert.Equal(4, server.Requests.Count);
        Assert.All(server.Requests.Skip(2), request => Assert.False(request.Json.ContainsKey("stop") || request.Json.ContainsKey("response_format")));
    }

    [Fact]
    public async Task A_refusal_for_another_reason_is_told_after_two_requests_and_the_means_is_kept()
    {
        await using var server = new LoopbackServer(
            LoopbackServer.Json(Error("The prompt is longer than the context."), 400), LoopbackServer.Json(Error("The prompt is longer than the context."), 400), LoopbackServer.Json(Line));
        using var client = Client(server, StepControl.Auto);

        var fault = await Assert.ThrowsAsync<AgentRagException>(() => client.GetResponseAsync("Hi", Options(Step), Cancellation));
        Assert.Contains("The prompt is longer than the context.", fault.Message, StringComparison.Ordinal);
        Assert.Equal(2, server.Requests.Count);

        await client.GetResponseAsync("Hi", Options(Step), Cancellation);
        Assert.True(server.Requests[2].Json.ContainsKey("response_format"));
    }

    [Fact]
    public async Task The_cap_and_the_means_can_both_be_refused()
    {
        await using var server = new LoopbackServer(
            LoopbackServer.Json(Error("Unsupported parameter: 'max_tokens' is not supported with this model."), 400),
            LoopbackServer.Json(Error("json_schema is not supported"), 400),
            LoopbackServer.Json(Line));
        using var client = Client(server, StepControl.Auto);
        var options = Options(Step);
        options.MaxOutputTokens = 9;

        await client.GetResponseAsync("Hi", options, Cancellation);

        Assert.Equal([true, true, false], server.Requests.Select(request => request.Json.ContainsKey("response_format")));
        Assert.Equal([false, true, true], server.Requests.Select(request => request.Json.ContainsKey("max_completion_tokens")));
    }

    [Fact]
    public async Task Requests_of_no_form_and_those_with_a_form_of_their_own_or_tools_are_left_as_they_are()
    {
        await using var server = new LoopbackServer(LoopbackServer.Json(Reply("""{"line":"Follow up:","text":"raw"}""")));
        using var client = Client(server, StepControl.Auto);

        var own = Options(Step);
        own.ResponseFormat = ChatResponseFormat.Json;
        var tools = Options(Step);
        tools.Tools = [AIFunctionFactory.Create(() => 1, "one")];
        var grammar = Options(Step);
        grammar.AdditionalProperties!["grammar"] = "root ::= \"x\"";

        foreach (var options in (ChatOptions?[])[null, own, tools, grammar])
        {
            Assert.Equal("""{"line":"Follow up:","text":"raw"}""", (await client.GetResponseAsync("Hi", options, Cancellation)).Text);
        }

        Assert.DoesNotContain(server.Requests, request => request.Body.Contains("json_schema", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_streamed_reply_in_json_is_streamed_as_its_line()
    {
        await using var server = new LoopbackServer(LoopbackServer.Events(Event("{\"line\":\"So the final"), Event(" answer is:\",\"te"), Event("xt\":\"Or"), Event("m\\u0020[1]\"}", "stop"), "data: [DONE]\n\n"));
        using var client = Client(server, StepControl.Auto);

        List<string> pieces = [];
        await foreach (var update in client.GetStreamingResponseAsync("Hi", Options(Step), Cancellation))
        {
            pieces.Add(update.Text);
        }

        Assert.Equal("So the final answer is: Orm [1]", string.Concat(pieces));
        Assert.Contains(pieces, piece => piece.EndsWith("Or", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_loop_runs_on_replies_in_json_and_streams_the_answer_alone(bool streams)
    {
        string[] replies =
        [
            """{"line":"Follow up:","text":"Who wrote Salt?"}""",
            """{"line":"Intermediate answer:","text":"Ida Ree [1]"}""",
            """{"line":"So the final answer is:","text":"Orm [2]"}""",
        ];
        await using var server = new LoopbackServer([.. replies.Select((reply, index) => streams && index != 1
            ? LoopbackServer.Events(Event(reply[..40]), Event(reply[40..], "stop"), "data: [DONE]\n\n")
            : LoopbackServer.Json(Reply(reply)))]);
        using var client = Client(server, StepControl.Auto);
        var answerer = new IterDragAnswerer(new AnsweringContext
        {
            Model = client,
            Retriever = new ListRetriever(Passage("salt", "Salt is a novel by Ida Ree."), Passage("orm", "Ida Ree was born in Orm.")),
            TokenCounter = new WordCounter(),
        });
        List<AnswerEvent> events = [];

        var answer = await answerer.AnswerAsync(
            new AnswerRequest("Where was the author of Salt born?", new InferenceParameters(2, 0, 3), new TokenBudgetOptions { MaxEffectiveContextTokens = 10_000 }) { StreamsText = streams },
            new EventList(events),
            Cancellation);

        Assert.Equal("Orm", answer.Text);
        Assert.Equal(StopReason.FinalAnswer, answer.StopReason);
        Assert.Equal([new SelfAskStep("Who wrote Salt?", "Ida Ree")], answer.Steps);
        Assert.Equal(["salt#0", "orm#0"], answer.Citations.Select(citation => citation.PassageId));
        Assert.Equal("So the final answer is: Orm [2]", answer.Trace[^1].Reply);
        Assert.Equal(streams ? "Orm" : "", string.Concat(events.OfType<TextStreamed>().Select(piece => piece.Text)));
        Assert.Equal(
            [["Follow up:", "So the final answer is:"], ["Intermediate answer:"], ["Follow up:", "So the final answer is:"]],
            server.Requests.Select(request => request.Json["response_format"]!["json_schema"]!["schema"]!["properties"]!["line"]!["enum"]!.AsArray().Select(text => text!.GetValue<string>()).ToArray()));
    }

    [Fact]
    public async Task A_reply_in_json_of_another_shape_is_mended_once()
    {
        await using var server = new LoopbackServer(
            LoopbackServer.Json(Reply("""{"answer":"Orm"}""")), LoopbackServer.Json(Reply("""{"line":"So the final answer is:","text":"Orm [1]"}""")));
        using var client = Client(server, StepControl.Auto);
        var answerer = new IterDragAnswerer(new AnsweringContext
        {
            Model = client,
            Retriever = new ListRetriever(Passage("orm", "Ida Ree was born in Orm.")),
            TokenCounter = new WordCounter(),
        });

        var answer = await answerer.AnswerAsync(
            new AnswerRequest("Where was Ida Ree born?", new InferenceParameters(1, 0, 3), new TokenBudgetOptions { MaxEffectiveContextTokens = 10_000 }), progress: null, Cancellation);

        Assert.Equal("Orm", answer.Text);
        Assert.Equal(["next step", "repair"], answer.Trace.Select(request => request.Purpose));
    }

    private static ChatOptions Options(ReplyForm form, string? stop = null)
    {
        var options = new ChatOptions { StopSequences = stop is null ? null : [stop] };
        form.AttachTo(options);
        return options;
    }

    private static OpenAICompatibleChatClient Client(LoopbackServer server, StepControl control) =>
        new(new OpenAICompatibleOptions { BaseUrl = server.BaseUrl, Model = "small", StepControl = control });

    private static string Reply(string content) => new JsonObject
    {
        ["choices"] = new JsonArray(new JsonObject { ["message"] = new JsonObject { ["content"] = content }, ["finish_reason"] = "stop" }),
    }.ToJsonString();

    private static string Error(string message) => new JsonObject { ["error"] = new JsonObject { ["message"] = message } }.ToJsonString();

    private static string Event(string content, string? finishReason = null) => $"data: {new JsonObject
    {
        ["choices"] = new JsonArray(new JsonObject { ["delta"] = new JsonObject { ["content"] = content }, ["finish_reason"] = finishReason }),
    }.ToJsonString()}\n\n";

    private static void AssertJson(string expected, string actual) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), JsonNode.Parse(actual)), $"Expected {expected} but got {actual}");
}
