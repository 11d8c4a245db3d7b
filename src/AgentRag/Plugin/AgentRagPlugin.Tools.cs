using System.Security.Cryptography;
using System.Text.Json;
using AgentRag.Answering;
using Microsoft.Extensions.AI;

namespace AgentRag.Plugin;

/// <content>The tools: what a model calls, in the three modes of answering.</content>
public sealed partial class AgentRagPlugin
{
    /// <summary>The name under which a function's <see cref="AITool.AdditionalProperties"/> hold a few words for menus.</summary>
    public const string TitleProperty = "title";

    /// <summary>The name under which a function's <see cref="AITool.AdditionalProperties"/> say whether it changes nothing.</summary>
    public const string ReadOnlyProperty = "readOnly";

    /// <summary>How long a tool may take. Default 45 s: the most patient of the clients that cannot be told to wait gives up after a minute.</summary>
    public TimeSpan CallDeadline { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>Measures the deadline. Default: the system's clock.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>
    /// Seals the states that callers hand back; at least 32 bytes. Default: made for this plugin, so that states end with it. Servers that share a key take each
    /// other's states. It is asked for at the first state, not at the start: cryptography takes long to load.
    /// </summary>
    public Lazy<byte[]> StateKey { get; init; } = new(() => RandomNumberGenerator.GetBytes(32));

    /// <summary>How long a state can be handed back. Default 1 hour.</summary>
    public TimeSpan StateLifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Brings the index up to date for <c>index_documents</c>; null when callers cannot do that. Its owner disposes it. Default null.</summary>
    public IndexJob? Indexing { get; init; }

    /// <summary>
    /// The tools: <c>retrieve</c>, <c>decompose</c>, <c>answer_with_demonstrations</c>, <c>answer</c>, <c>allocate_budget</c>, <c>list_sources</c> and
    /// <c>read_passage</c>, and <c>index_documents</c> where there is an <see cref="Indexing"/>.
    /// </summary>
    /// <param name="typedResults">
    /// False: results come as <see cref="JsonElement"/>, as chat clients and MCP want them. True: as the records of this namespace, so that Semantic
    /// Kernel's <c>GetValue&lt;AnswerResult&gt;()</c> works.
    /// </param>
    /// <remarks>Each tool ends with an <see cref="AgentRagException"/> when it takes longer than <see cref="CallDeadline"/>.</remarks>
    public IReadOnlyList<AIFunction> AsAIFunctions(bool typedResults = false)
    {
        return
        [
            Create(PluginTools.Retrieve, async (call, cancellationToken) => await RetrieveAsync(
                call.Text("query"),
                call.Number("k"),
                new RetrieveOptions
                {
                    MaxTokens = call.Number("max_tokens"),
                    Concise = call.Text("response_format") == "concise",
                    Scope = call.Text("scope"),
                    Cursor = call.Text("cursor"),
                },
                cancellationToken).ConfigureAwait(false)),
            Create(PluginTools.Decompose, DecomposeAsync),
            Create(PluginTools.AnswerWithDemonstrations, AnswerInOnePassAsync),
            Create(PluginTools.Answer, AnswerStepwiseAsync),
            Create(PluginTools.AllocateBudget, async (call, cancellationToken) =>
                await AllocateBudgetAsync(call.Number("budget"), cancellationToken).ConfigureAwait(false)),
            Create(PluginTools.ListSources, async (call, cancellationToken) => await ListSourcesAsync(
                call.Text("scope"), call.Number("max_tokens"), call.Text("cursor"), cancellationToken).ConfigureAwait(false)),
            Create(PluginTools.ReadPassage, async (call, cancellationToken) => await ReadPassageAsync(
                call.Text("id"), call.Number("before"), call.Number("after"), call.Number("max_tokens"), cancellationToken).ConfigureAwait(false)),
            .. Indexing is null
                ? []
                : new[] { Create(PluginTools.IndexDocuments, (call, _) => Task.FromResult<object>(IndexDocuments(call.Text("action") == "start"))) },
        ];

        AIFunction Create(ToolDefinition definition, Func<ToolCall, CancellationToken, Task<object>> run) =>
            new ToolFunction(definition, typedResults, (call, cancellationToken) => WithinDeadlineAsync(definition.Name, call, run, cancellationToken));
    }

    // Whatever a tool does, its caller hears from it before a client gives up: a client that gave up has nothing but a time-out to go by.
    private async Task<object> WithinDeadlineAsync(
        string tool, ToolCall call, Func<ToolCall, CancellationToken, Task<object>> run, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(CallDeadline, Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            return await run(call, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException late) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new AgentRagException(Indexing?.Status is { State: IndexJobState.Running } status
                ? $"The documents are still being indexed ({status.Progress?.FilesDone ?? 0:N0} of {status.Progress?.FilesTotal ?? 0:N0} files): call {tool} again in a minute; index_documents with action status says how far it is."
                : $"{tool} was ended after {CallDeadline.TotalSeconds:0} s, before clients give up: ask with smaller k, m or n, or a faster model.", late);
        }
    }

    private StateSeal Seal() => new(StateKey.Value, StateLifetime, Clock);

    // Time to write the result and bring it to the client.
    private TimeSpan Slice() => CallDeadline > TimeSpan.FromSeconds(20) ? CallDeadline - TimeSpan.FromSeconds(5) : CallDeadline * 0.75;

    private async Task<object> DecomposeAsync(ToolCall call, CancellationToken cancellationToken)
    {
        var context = await ContextAsync(call, cancellationToken).ConfigureAwait(false);
        var (question, limit) = (call.Text("question"), call.Number("limit"));
        return context.Mode == AnsweringMode.Host
            ? new HostPrompts(context).Decompose(question, limit, PluginTools.DefaultResultTokens)
            : new DecomposeResult(question, await new Decomposer(context.Answering).DecomposeAsync(question, limit, context.Budget, cancellationToken).ConfigureAwait(false));
    }

    private async Task<object> AnswerInOnePassAsync(ToolCall call, CancellationToken cancellationToken)
    {
        var context = Scoped(await ContextAsync(call, cancellationToken).ConfigureAwait(false), call.Text("scope"));
        var request = Request(context, call, iterations: 1);
        return context.Mode == AnsweringMode.Host
            ? await new HostPrompts(context).DragAsync(request, call.Number("max_tokens"), cancellationToken).ConfigureAwait(false)
            : Fitting(await AnswerAsync(DragAnswerer.Name, context, request, call, cancellationToken).ConfigureAwait(false), context, call);
    }

    private async Task<object> AnswerStepwiseAsync(ToolCall call, CancellationToken cancellationToken)
    {
        var (question, state) = (call.Text("question"), call.Text("state"));
        if (question.Length == 0 && state.Length == 0)
        {
            throw new AgentRagException($"'question' is missing. Example: {PluginTools.Answer.Example}");
        }

        var context = await ContextAsync(call, cancellationToken).ConfigureAwait(false);
        if (context.Mode == AnsweringMode.Sampling)
        {
            context = Scoped(context, call.Text("scope"));
            return Fitting(
                await AnswerAsync(IterDragAnswerer.Name, context, Request(context, call, call.Number("n")), call, cancellationToken).ConfigureAwait(false), context, call);
        }

        var stepwise = new StepwiseAnswers(context, Seal(), Clock);
        var bounds = new StepwiseCall(call.Text("scope"), call.Number("max_tokens"), Slice(), call.Progress);
        return Fitting(
            state.Length > 0
                ? await stepwise.ContinueAsync(state, call.Text("reply"), bounds, cancellationToken).ConfigureAwait(false)
                : await stepwise.StartAsync(Request(context, call, call.Number("n")), bounds, cancellationToken).ConfigureAwait(false),
            context,
            call);
    }

    private static AnswerRequest Request(PluginContext context, ToolCall call, int iterations) => new AnswerRequest(
        call.Text("question"), new InferenceParameters(call.Number("k"), call.Number("m"), iterations), Bounds(context, call.Number("budget")))
    {
        StopRules = context.StopRules,
    }.Validated();

    private static async Task<AnswerResult> AnswerAsync(
        string strategy, PluginContext context, AnswerRequest request, ToolCall call, CancellationToken cancellationToken)
    {
        // An answer that is given again must be one of the same model over the same documents.
        var create = context.Mode == AnsweringMode.Chat && call.Text("scope").Length == 0 ? context.Answerer : Answerers.Create;
        var answer = await create(strategy, context.Answering).AnswerAsync(request, call.Progress, cancellationToken).ConfigureAwait(false);
        return AnswerResult.From(answer, JsonNamingPolicy.CamelCase.ConvertName(answer.StopReason.ToString()));
    }

    // The answer itself is short; what it rests on goes first, then how it was found.
    private static object Fitting(object result, PluginContext context, ToolCall call)
    {
        var (counter, most) = (context.Answering.TokenCounter, call.Number("max_tokens"));
        if (result is not AnswerResult answer || PluginJson.Tokens(answer, counter) <= most)
        {
            return result;
        }

        var (fewer, citations) = PluginJson.Largest(answer.Citations.Count, count => answer with { Citations = [.. answer.Citations.Take(count)] }, most, counter);
        return citations > 0 ? fewer : PluginJson.Largest(answer.Steps.Count, count => fewer with { Steps = [.. fewer.Steps.Take(count)] }, most, counter).Result;
    }

    private async Task<PluginContext> ContextAsync(ToolCall call, CancellationToken cancellationToken)
    {
        var context = await ContextAsync(cancellationToken).ConfigureAwait(false);
        return context.Mode != AnsweringMode.Sampling ? context
            : call.Model is { } relayed ? context with { Answering = context.Answering with { Model = relayed.Client(Seal()) } }
            : throw new AgentRagException("This client offers no model to the server: start the server with --answering host, or with a model and --answering chat.");
    }
}
