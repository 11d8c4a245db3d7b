using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Encodings.Web;
using System.Text.Json;
using AgentRag.Retrieval;
using Microsoft.Extensions.AI;

namespace AgentRag.Answering;

/// <summary>What AgentRag tells OpenTelemetry, through the activity source and the meter of the same name.</summary>
/// <remarks>
/// Names follow the GenAI semantic conventions 1.41. Spans: <c>invoke_workflow {strategy}</c> for a question, and in it <c>retrieval {source}</c> and
/// <c>chat {model}</c>. Histograms: <c>gen_ai.client.operation.duration</c> and <c>gen_ai.client.token.usage</c> of requests and retrievals,
/// <c>agentrag.question.duration</c> and <c>agentrag.effective_context_tokens</c> of questions. No text of questions, passages and replies is in any of them unless
/// <see cref="AnsweringContext.RecordsSensitiveData"/> asks for it. A model whose client makes spans itself gets none here.
/// </remarks>
public static class Telemetry
{
    /// <summary>The name of the activity source and of the meter.</summary>
    public const string Name = "AgentRag";

    internal const string Operation = "gen_ai.operation.name";
    internal const string Workflow = "gen_ai.workflow.name";
    internal const string StopReason = "agentrag.stop_reason";
    internal const string ErrorType = "error.type";

    private const string Provider = "gen_ai.provider.name";
    private const string RequestModel = "gen_ai.request.model";
    private const string ResponseModel = "gen_ai.response.model";

    private static readonly ActivitySource Source = new(Name);
    private static readonly Meter Meter = new(Name);
    private static readonly InstrumentAdvice<double> Seconds = new() { HistogramBucketBoundaries = [.. Enumerable.Range(0, 14).Select(power => 0.01 * (1 << power))] };
    private static readonly InstrumentAdvice<long> Powers = new() { HistogramBucketBoundaries = [.. Enumerable.Range(0, 14).Select(power => 1L << (2 * power))] };

    private static readonly Histogram<double> OperationDuration = Meter.CreateHistogram(
        "gen_ai.client.operation.duration", "s", "Time of a request to a model or of a retrieval.", tags: null, Seconds);

    private static readonly Histogram<long> TokenUsage = Meter.CreateHistogram(
        "gen_ai.client.token.usage", "{token}", "Tokens of a request, as the provider reports them.", tags: null, Powers);

    private static readonly Histogram<double> QuestionDuration = Meter.CreateHistogram(
        "agentrag.question.duration", "s", "Time from a question to its answer or error.", tags: null, Seconds);

    private static readonly Histogram<long> EffectiveContextTokens = Meter.CreateHistogram(
        "agentrag.effective_context_tokens", "{token}", "Input tokens over all requests of a question, by the token counter in use.", tags: null, Powers);

    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Begins the span of a question.</summary>
    internal static TelemetrySpan Question(string strategy, AnswerRequest request, TimeProvider time)
    {
        var span = new TelemetrySpan(Source.StartActivity($"invoke_workflow {strategy}", ActivityKind.Internal), QuestionDuration, time);
        span.TagBoth(Operation, "invoke_workflow");
        span.TagBoth(Workflow, strategy);
        span.Tag("agentrag.documents", request.Parameters.K);
        span.Tag("agentrag.demonstrations", request.Parameters.M);
        span.Tag("agentrag.iterations", request.Parameters.N);
        span.Tag("agentrag.budget.max_tokens", request.Budget.MaxEffectiveContextTokens);
        return span;
    }

    /// <summary>Ends a question with what it came to.</summary>
    internal static void Answered(TelemetrySpan span, string strategy, Answer answer)
    {
        span.TagBoth(StopReason, answer.StopReason.ToString());
        span.Tag("agentrag.requests", answer.Trace.Count);
        span.Tag("agentrag.dropped_citations", answer.DroppedCitations);
        Spent(span, strategy, answer.EffectiveContextTokens);
    }

    /// <summary>Notes what a question has spent.</summary>
    internal static void Spent(TelemetrySpan span, string strategy, long effectiveContextTokens)
    {
        span.Tag("agentrag.budget.effective_tokens", effectiveContextTokens);
        EffectiveContextTokens.Record(effectiveContextTokens, new KeyValuePair<string, object?>(Workflow, strategy));
    }

    /// <summary>Begins the span of a retrieval.</summary>
    internal static TelemetrySpan Retrieval(AnsweringContext context, RetrievalQuery query)
    {
        var span = new TelemetrySpan(
            Source.StartActivity($"retrieval {context.DataSource ?? context.Retriever.Name}", ActivityKind.Client), OperationDuration, context.TimeProvider);
        span.TagBoth(Operation, "retrieval");
        span.TagBoth("gen_ai.data_source.id", context.DataSource);
        span.TagBoth("agentrag.retriever", context.Retriever.Name);
        span.Tag("gen_ai.request.top_k", query.K);
        if (context.RecordsSensitiveData)
        {
            span.Tag("gen_ai.retrieval.query.text", query.Text);
        }

        return span;
    }

    /// <summary>Ends a retrieval with what it brought.</summary>
    internal static void Retrieved(TelemetrySpan span, AnsweringContext context, IReadOnlyList<RankedPassage> passages)
    {
        span.Tag("agentrag.passages", passages.Count);
        if (context.RecordsSensitiveData && span.IsRecorded)
        {
            span.Tag("gen_ai.retrieval.documents", JsonSerializer.Serialize(passages.Select(passage => new { id = passage.Passage.Id, score = passage.Score }), Relaxed));
        }
    }

    /// <summary>Begins the span of a request to the model; null when the model's client makes its own.</summary>
    internal static TelemetrySpan? Chat(AnsweringContext context, string purpose, IReadOnlyList<ChatMessage> messages, ChatOptions options, bool streams)
    {
        if (context.Model.GetService(typeof(ActivitySource)) is not null)
        {
            return null;
        }

        var metadata = context.Model.GetService(typeof(ChatClientMetadata)) as ChatClientMetadata;
        var span = new TelemetrySpan(Source.StartActivity($"chat {context.ModelName}", ActivityKind.Client), OperationDuration, context.TimeProvider);
        span.TagBoth(Operation, "chat");
        span.TagBoth(Provider, metadata?.ProviderName);
        span.TagBoth(RequestModel, context.ModelName);
        span.TagBoth("server.address", metadata?.ProviderUri?.Host);
        span.TagBoth("server.port", metadata?.ProviderUri?.Port);
        span.Tag("gen_ai.request.max_tokens", options.MaxOutputTokens);
        span.Tag("gen_ai.request.temperature", options.Temperature);
        span.Tag("gen_ai.request.stream", streams ? true : null);
        span.Tag("gen_ai.output.type", "text");
        span.Tag("agentrag.purpose", purpose);
        if (context.RecordsSensitiveData && span.IsRecorded)
        {
            span.Tag("gen_ai.input.messages", Messages(messages));
        }

        return span;
    }

    /// <summary>Ends a request with its reply.</summary>
    internal static void Replied(TelemetrySpan span, AnsweringContext context, ChatResponse response)
    {
        span.TagBoth(ResponseModel, response.ModelId);
        span.Tag("gen_ai.response.id", response.ResponseId);
        span.Tag("gen_ai.response.finish_reasons", response.FinishReason is { } reason ? new[] { reason.Value } : null);
        span.Tag("gen_ai.usage.input_tokens", response.Usage?.InputTokenCount);
        span.Tag("gen_ai.usage.output_tokens", response.Usage?.OutputTokenCount);
        span.Tag("gen_ai.usage.cache_read.input_tokens", response.Usage?.CachedInputTokenCount);
        span.Record(TokenUsage, response.Usage?.InputTokenCount, "gen_ai.token.type", "input");
        span.Record(TokenUsage, response.Usage?.OutputTokenCount, "gen_ai.token.type", "output");
        if (context.RecordsSensitiveData && span.IsRecorded)
        {
            span.Tag("gen_ai.output.messages", Messages(response.Messages));
        }
    }

    private static string Messages(IEnumerable<ChatMessage> messages) => JsonSerializer.Serialize(
        messages.Select(message => new { role = message.Role.Value, parts = new[] { new { type = "text", content = message.Text } } }), Relaxed);
}

/// <summary>A span with the histogram of its durations. A fault is told to both.</summary>
internal sealed class TelemetrySpan(Activity? activity, Histogram<double> durations, TimeProvider time) : IDisposable
{
    private readonly long _started = time.GetTimestamp();
    private TagList _tags;

    /// <summary>Whether somebody keeps the span.</summary>
    public bool IsRecorded => activity is { IsAllDataRequested: true };

    /// <summary>Puts a tag on the span; null is none.</summary>
    public void Tag(string name, object? value)
    {
        if (value is not null)
        {
            activity?.SetTag(name, value);
        }
    }

    /// <summary>Puts a tag of few different values on the span and on the measurements.</summary>
    public void TagBoth(string name, object? value)
    {
        if (value is not null)
        {
            Tag(name, value);
            _tags.Add(name, value);
        }
    }

    /// <summary>Records a number beside the duration, with the tags so far and one more.</summary>
    public void Record(Histogram<long> histogram, long? number, string tag, string value)
    {
        if (number is { } known)
        {
            var tags = _tags;
            tags.Add(tag, value);
            histogram.Record(known, tags);
        }
    }

    /// <summary>Notes that it failed: the fault itself, or the one below an <see cref="AnswerFailedException"/>. Its message may hold texts and is left out.</summary>
    public void Fail(Exception fault)
    {
        var type = (fault is AnswerFailedException or DeadlinePassedException ? fault.InnerException ?? fault : fault).GetType();
        TagBoth(Telemetry.ErrorType, type.FullName ?? type.Name);
        activity?.SetStatus(ActivityStatusCode.Error);
    }

    /// <summary>Ends it.</summary>
    public void Dispose()
    {
        durations.Record(time.GetElapsedTime(_started).TotalSeconds, _tags);
        activity?.Dispose();
    }
}
