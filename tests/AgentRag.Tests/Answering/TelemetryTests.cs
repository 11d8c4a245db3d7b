using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using AgentRag.Answering;
using AgentRag.Tests.Fakes;
using AgentRag.Tests.Models;
using Microsoft.Extensions.AI;
using Xunit;
using static AgentRag.Tests.Fakes.TestPassages;

namespace AgentRag.Tests.Answering;

public sealed class TelemetryTests : IDisposable
{
    private const string Secret = "Where was the author of Salt born?";

    // Other tests run beside these: spans are told apart by their trace, measurements by the model and the retriever.
    private readonly string _model = $"model-{Guid.NewGuid():n}";
    private readonly ActivitySource _caller = new($"caller-{Guid.NewGuid():n}");
    private readonly ConcurrentQueue<Activity> _ended = [];
    private readonly ConcurrentQueue<(string Name, double Value, Dictionary<string, object?> Tags)> _measured = [];
    private readonly ActivityListener _listener;
    private readonly MeterListener _meters = new();

    public TelemetryTests()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Telemetry.Name || source == _caller,
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _ended.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
        _meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == Telemetry.Name)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _meters.SetMeasurementEventCallback<double>((instrument, value, tags, _) => _measured.Enqueue((instrument.Name, value, new(tags.ToArray(), StringComparer.Ordinal))));
        _meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) => _measured.Enqueue((instrument.Name, value, new(tags.ToArray(), StringComparer.Ordinal))));
        _meters.Start();
    }

    public void Dispose()
    {
        _listener.Dispose();
        _meters.Dispose();
        _caller.Dispose();
    }

    [Fact]
    public async Task A_question_is_a_span_below_its_caller_with_its_retrievals_and_requests_below_it()
    {
        var (spans, root) = await AskAsync(sensitive: false);

        Assert.Equal(
            ["retrieval list", $"chat {_model}", "retrieval list", $"chat {_model}", $"chat {_model}", "invoke_workflow iterdrag"], spans.Select(span => span.DisplayName));
        var question = spans[^1];
        Assert.Equal(root, question.ParentSpanId);
        Assert.All(spans.SkipLast(1), span => Assert.Equal(question.SpanId, span.ParentSpanId));
        Assert.Equal(ActivityKind.Internal, question.Kind);
        AssertTags(
            question,
            ("gen_ai.operation.name", "invoke_workflow"), ("gen_ai.workflow.name", "iterdrag"), ("agentrag.documents", 2), ("agentrag.demonstrations", 0), ("agentrag.iterations", 3),
            ("agentrag.budget.max_tokens", 10_000L), ("agentrag.stop_reason", "FinalAnswer"), ("agentrag.requests", 3), ("agentrag.dropped_citations", 1));
        Assert.InRange((long)question.GetTagItem("agentrag.budget.effective_tokens")!, 1, 10_000);
    }

    [Fact]
    public async Task A_request_and_a_retrieval_carry_the_names_of_the_conventions()
    {
        var (spans, _) = await AskAsync(sensitive: false);

        var chat = spans[1];
        Assert.Equal((ActivityKind.Client, ActivityStatusCode.Unset), (chat.Kind, chat.Status));
        AssertTags(
            chat,
            ("gen_ai.operation.name", "chat"), ("gen_ai.provider.name", "tests"), ("gen_ai.request.model", _model), ("server.address", "model.example"), ("server.port", 8443),
            ("gen_ai.request.max_tokens", 512), ("gen_ai.request.temperature", 0f), ("gen_ai.output.type", "text"), ("agentrag.purpose", "next step"), ("gen_ai.response.model", "scripted"),
            ("gen_ai.usage.input_tokens", 70L), ("gen_ai.usage.output_tokens", 9L), ("gen_ai.usage.cache_read.input_tokens", 40L));
        Assert.Equal(["stop"], Assert.IsType<string[]>(chat.GetTagItem("gen_ai.response.finish_reasons")));
        var retrieval = spans[0];
        Assert.Equal(ActivityKind.Client, retrieval.Kind);
        AssertTags(retrieval, ("gen_ai.operation.name", "retrieval"), ("agentrag.retriever", "list"), ("gen_ai.request.top_k", 2), ("agentrag.passages", 2));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Texts_are_told_only_when_sensitive_data_is_asked_for(bool sensitive)
    {
        var (spans, _) = await AskAsync(sensitive);

        var told = spans.SelectMany(span => span.TagObjects).Select(tag => $"{tag.Value}").Concat(spans.Select(span => span.StatusDescription ?? "")).ToList();
        foreach (var text in (string[])[Secret, "Who wrote Salt?", "Salt is a novel by Ida Ree.", "So the final answer is: Orm"])
        {
            Assert.Equal(sensitive, told.Exists(tag => tag.Contains(text, StringComparison.Ordinal)));
        }

        if (sensitive)
        {
            Assert.Equal(Secret, spans[0].GetTagItem("gen_ai.retrieval.query.text"));
            Assert.Equal("""[{"id":"salt#0","score":1},{"id":"orm#0","score":0.5}]""", spans[0].GetTagItem("gen_ai.retrieval.documents"));
            Assert.Equal("""[{"role":"assistant","parts":[{"type":"text","content":"Follow up: Who wrote Salt?"}]}]""", spans[1].GetTagItem("gen_ai.output.messages"));
        }
    }

    [Fact]
    public async Task Durations_and_tokens_are_measured_by_the_clock_in_use_and_as_reported()
    {
        await AskAsync(sensitive: false);

        var chats = Measured("gen_ai.client.operation.duration", "gen_ai.request.model", _model);
        Assert.Equal([3.0, 3.0, 3.0], chats.Select(measured => measured.Value));
        Assert.All(chats, measured => Assert.Equal("chat", measured.Tags["gen_ai.operation.name"]));
        var tokens = Measured("gen_ai.client.token.usage", "gen_ai.request.model", _model);
        Assert.Equal([70.0, 9, 70, 9, 70, 9], tokens.Select(measured => measured.Value));
        Assert.Equal(["input", "output"], tokens.Take(2).Select(measured => (string)measured.Tags["gen_ai.token.type"]!));
        Assert.Contains(9.0, Measured("agentrag.question.duration", "gen_ai.workflow.name", "iterdrag").Select(measured => measured.Value));
        Assert.NotEmpty(Measured("agentrag.effective_context_tokens", "gen_ai.workflow.name", "iterdrag"));
    }

    [Fact]
    public async Task A_fault_is_named_by_its_type_alone_on_request_and_question()
    {
        var (spans, _) = await AskAsync(sensitive: false, fault: new AgentRagException($"It refused: {Secret}"));

        Assert.Equal(["retrieval list", $"chat {_model}", "invoke_workflow iterdrag"], spans.Select(span => span.DisplayName));
        Assert.All(spans.Skip(1), span =>
        {
            Assert.Equal(ActivityStatusCode.Error, span.Status);
            Assert.Null(span.StatusDescription);
            Assert.Equal("AgentRag.AgentRagException", span.GetTagItem("error.type"));
        });
        Assert.Equal(ActivityStatusCode.Unset, spans[0].Status);
        Assert.Equal("AgentRag.AgentRagException", Assert.Single(Measured("gen_ai.client.operation.duration", "gen_ai.request.model", _model)).Tags["error.type"]);
        Assert.NotNull(spans[^1].GetTagItem("agentrag.budget.effective_tokens"));
    }

    [Fact]
    public async Task A_client_that_makes_its_own_spans_gets_none_here()
    {
        var (spans, _) = await AskAsync(sensitive: false, isInstrumented: true);

        Assert.Equal(["retrieval list", "retrieval list", "invoke_workflow iterdrag"], spans.Select(span => span.DisplayName));
        Assert.Empty(Measured("gen_ai.client.operation.duration", "gen_ai.request.model", _model));
    }

    private IReadOnlyList<(string Name, double Value, Dictionary<string, object?> Tags)> Measured(string name, string tag, string value) =>
        [.. _measured.Where(measured => measured.Name == name && Equals(measured.Tags.GetValueOrDefault(tag), value))];

    private async Task<(IReadOnlyList<Activity> Spans, ActivitySpanId Root)> AskAsync(bool sensitive, AgentRagException? fault = null, bool isInstrumented = false)
    {
        var time = new ManualTime();
        using var client = new ReportingClient(
            new ScriptedChatClient("Follow up: Who wrote Salt?", "Intermediate answer: Ida Ree [1]", "So the final answer is: Orm [2][8]"), _model, time, fault, isInstrumented ? _caller : null);
        var answerer = new IterDragAnswerer(new AnsweringContext
        {
            Model = client,
            Retriever = new ListRetriever(Passage("salt", "Salt is a novel by Ida Ree."), Passage("orm", "Ida Ree was born in Orm.")),
            TokenCounter = new WordCounter(),
            TimeProvider = time,
            RecordsSensitiveData = sensitive,
        });
        var request = new AnswerRequest(Secret, new InferenceParameters(2, 0, 3), new TokenBudgetOptions { MaxEffectiveContextTokens = 10_000 });
        using var root = _caller.StartActivity("caller")!;
        if (fault is null)
        {
            await answerer.AnswerAsync(request, progress: null, TestContext.Current.CancellationToken);
        }
        else
        {
            await Assert.ThrowsAsync<AnswerFailedException>(() => answerer.AnswerAsync(request, progress: null, TestContext.Current.CancellationToken));
        }

        return ([.. _ended.Where(span => span.TraceId == root.TraceId)], root.SpanId);
    }

    private static void AssertTags(Activity span, params (string Name, object Value)[] tags) =>
        Assert.All(tags, tag => Assert.Equal((tag.Name, tag.Value), (tag.Name, span.GetTagItem(tag.Name))));

    /// <summary>Takes three seconds for each reply and reports usage.</summary>
    private sealed class ReportingClient(ScriptedChatClient inner, string model, ManualTime time, AgentRagException? fault, ActivitySource? own) : DelegatingChatClient(inner)
    {
        public override async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            time.Advance(TimeSpan.FromSeconds(3));
            if (fault is not null)
            {
                throw fault;
            }

            var response = await base.GetResponseAsync(messages, options, cancellationToken);
            response.FinishReason = ChatFinishReason.Stop;
            response.Usage = new UsageDetails { InputTokenCount = 70, OutputTokenCount = 9, CachedInputTokenCount = 40 };
            return response;
        }

        public override object? GetService(Type serviceType, object? serviceKey = null) =>
            serviceType == typeof(ChatClientMetadata) ? new ChatClientMetadata("tests", new Uri("https://model.example:8443/v1"), model)
            : serviceType == typeof(ActivitySource) ? own
            : base.GetService(serviceType, serviceKey);
    }
}
