using System.Runtime.CompilerServices;
using AgentRag.Answering;
using AgentRag.Documents;
using AgentRag.Models;
using AgentRag.Tests.Fakes;
using AgentRag.Tests.Models;
using Microsoft.Extensions.AI;
using Xunit;
using static AgentRag.Tests.Fakes.TestPassages;

namespace AgentRag.Tests.Answering;

public sealed class AnswerStreamTests
{
    private static readonly Passage Pier = Passage("pier", "The Long Pier was built by Tarn.");

    [Fact]
    public async Task Pieces_of_the_final_answer_come_as_the_model_writes_them_and_make_up_its_text()
    {
        var model = new StreamingModel("Follow up: Who built ", "it?", "||", "Intermediate answer: Tarn [1]", "||", "So the final", " answer is: Bo ", "Li", "nd [1", "]\nand more");
        List<AnswerEvent> events = [];
        var answer = await new IterDragAnswerer(Context(model)).AnswerAsync(Request() with { StreamsText = true }, new EventList(events));
        Assert.Equal(["Bo", " Li", "nd"], events.OfType<TextStreamed>().Select(piece => piece.Text));
        Assert.Equal("Bo Lind", answer.Text);
        Assert.Equal("So the final answer is: Bo Lind [1]\nand more", answer.Trace[^1].Reply);
    }

    [Fact]
    public async Task Usage_is_told_after_each_reply_and_is_that_of_the_answer_at_the_end()
    {
        List<AnswerEvent> events = [];
        var model = new SlowChatClient(new ScriptedChatClient("Follow up: Who?", "Intermediate answer: Tarn", "So the final answer is: Tarn"), Time, () => 1, new Random(1));
        var answer = await new IterDragAnswerer(Context(model)).AnswerAsync(Request(), new EventList(events));
        var told = events.OfType<UsageReported>().Select(usage => usage.Usage).ToList();
        Assert.Equal([1, 2, 3], told.Select(usage => usage.Calls));
        Assert.Equal(answer.Usage, told[^1]);
        Assert.Equal(TimeSpan.FromSeconds(3), answer.Usage.Elapsed);
        Assert.All(answer.Trace, request => Assert.Equal(TimeSpan.FromSeconds(1), request.Duration));
    }

    [Fact]
    public async Task Whoever_stops_reading_ends_the_work()
    {
        var model = new WaitingModel();
        await foreach (var happened in new RagAnswerer(Context(model)).StreamAsync(Request()))
        {
            if (happened is RequestSent)
            {
                await model.Asked.Task;
                break;
            }
        }

        Assert.True(model.WasCancelled);
    }

    [Fact]
    public async Task A_cancelled_question_ends_with_what_is_held_when_the_caller_asked_for_that()
    {
        using var cancel = new CancellationTokenSource();
        var replies = new Queue<string>(["Follow up: Who built it?", "Intermediate answer: Tarn [1]"]);
        var model = new ScriptedChatClient(_ =>
        {
            if (replies.TryDequeue(out var reply))
            {
                return reply;
            }

            cancel.Cancel();
            throw new OperationCanceledException(cancel.Token);
        });
        var answer = await new IterDragAnswerer(Context(model)).AnswerAsync(Request() with { AnswersWhenCancelled = true }, cancellationToken: cancel.Token);
        Assert.Equal((StopReason.Cancelled, "Tarn"), (answer.StopReason, answer.Text));
        Assert.Equal([new SelfAskStep("Who built it?", "Tarn")], answer.Steps);
        Assert.Equal(["pier#0"], answer.Citations.Select(citation => citation.PassageId));
        Assert.Equal([null, null, "cancelled"], answer.Trace.Select(request => request.Error));
    }

    [Fact]
    public async Task A_question_cancelled_before_anything_was_found_says_so()
    {
        var answer = await new RagAnswerer(Context(new ScriptedChatClient("x"))).AnswerAsync(
            Request() with { AnswersWhenCancelled = true }, cancellationToken: new CancellationToken(canceled: true));
        Assert.Equal((StopReason.Cancelled, Answer.NotFound, 0), (answer.StopReason, answer.Text, answer.Citations.Count));
    }

    [Fact]
    public async Task Otherwise_cancellation_passes_through()
    {
        using var cancel = new CancellationTokenSource();
        var model = new WaitingModel();
        var asking = new IterDragAnswerer(Context(model)).AnswerAsync(Request(), cancellationToken: cancel.Token);
        await model.Asked.Task;
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
    }

    [Fact]
    public async Task A_step_that_runs_into_the_deadline_is_cut_off_and_the_final_answer_still_asked_for()
    {
        var waits = new Queue<int>([0, 30, 0]);
        var model = new SlowChatClient(
            new ScriptedChatClient("Follow up: Who built it?", "Intermediate answer: too late", "So the final answer is: Tarn"), Time, waits.Dequeue, new Random(1));
        var answer = await new IterDragAnswerer(Context(model)).AnswerAsync(Request(TimeSpan.FromSeconds(20)));
        Assert.Equal((StopReason.Deadline, "Tarn", 0), (answer.StopReason, answer.Text, answer.Steps.Count));
        Assert.Equal([null, "cut off at the deadline", null], answer.Trace.Select(request => request.Error));
        Assert.Equal(TimeSpan.FromSeconds(15), answer.Usage.Elapsed); // three quarters of the time; then the final answer at once
    }

    [Fact]
    public async Task A_final_answer_that_runs_into_the_deadline_is_an_error_with_all_that_was_done()
    {
        var waits = new Queue<int>([0, 0, 30]);
        var model = new SlowChatClient(
            new ScriptedChatClient("Follow up: Who built it?", "Intermediate answer: Tarn [1]", "So the final answer is: too late"), Time, waits.Dequeue, new Random(1));
        var e = await Assert.ThrowsAsync<AnswerFailedException>(() => new IterDragAnswerer(Context(model)).AnswerAsync(Request(TimeSpan.FromSeconds(2.5), n: 1)));
        Assert.Equal("The deadline of 2.5 s passed before the final answer was there: allow more time, or ask for fewer iterations or passages.", e.Message);
        Assert.Equal([new SelfAskStep("Who built it?", "Tarn")], e.Progress.Steps);
        Assert.Equal(["pier#0"], e.Progress.Passages.Select(passage => passage.PassageId));
        Assert.Equal((3, "cut off at the deadline"), (e.Progress.Trace.Count, e.Progress.Trace[^1].Error));
    }

    [Fact]
    public async Task A_retriever_that_runs_into_the_deadline_leaves_time_for_the_final_answer()
    {
        var retriever = new SlowRetriever(Time);
        var context = Context(new ScriptedChatClient("So the final answer is: not found")) with { Retriever = retriever };
        var answer = await new IterDragAnswerer(context).AnswerAsync(Request(TimeSpan.FromSeconds(20)));
        Assert.Equal((StopReason.Deadline, true), (answer.StopReason, answer.IsNotFound));
        await Assert.ThrowsAsync<AnswerFailedException>(() => new RagAnswerer(context).AnswerAsync(Request(TimeSpan.FromSeconds(20))));
    }

    [Fact]
    public async Task A_model_that_fails_leaves_its_trace()
    {
        var replies = new Queue<string>(["Follow up: Who built it?"]);
        var model = new ScriptedChatClient(_ => replies.TryDequeue(out var reply) ? reply : throw new AgentRagException("The model is gone."));
        List<AnswerEvent> events = [];
        var e = await Assert.ThrowsAsync<AnswerFailedException>(() => new IterDragAnswerer(Context(model)).AnswerAsync(Request(), new EventList(events)));
        Assert.Equal("The model is gone.", e.Message);
        Assert.Equal([null, "The model is gone."], e.Progress.Trace.Select(request => request.Error));
        Assert.IsType<RequestSent>(events[^1]);
    }

    [Theory]
    [InlineData(typeof(TaskCanceledException), "The model scripted did not answer within the time-out of its client: raise it, or shorten the request.")]
    [InlineData(typeof(HttpRequestException), "The model scripted failed: Exception of type 'System.Net.Http.HttpRequestException' was thrown.")]
    [InlineData(typeof(IOException), "The model scripted failed: I/O error occurred.")]
    public async Task Faults_of_any_client_are_told_with_the_trace(Type fault, string expected)
    {
        var context = Context(new ScriptedChatClient(_ => throw (Exception)Activator.CreateInstance(fault)!));
        var e = await Assert.ThrowsAsync<AnswerFailedException>(() => new RagAnswerer(context).AnswerAsync(Request()));
        Assert.Equal((expected, expected), (e.Message, Assert.Single(e.Progress.Trace).Error));
    }

    private ManualTime Time { get; } = new(TimeSpan.Zero);

    private static AnswerRequest Request(TimeSpan? deadline = null, int n = 5) => new("Who?", new InferenceParameters(3, 0, n), new TokenBudgetOptions { Deadline = deadline });

    private AnsweringContext Context(IChatClient model) => new()
    {
        Retriever = new ListRetriever(Pier),
        Model = model,
        TokenCounter = new WordCounter(),
        TimeProvider = Time,
    };

    /// <summary>Writes its replies piece by piece; <c>||</c> stands between two replies.</summary>
    private sealed class StreamingModel(params string[] pieces) : DelegatingChatClient(new ScriptedChatClient())
    {
        private int _next;

        public override Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
            GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

        public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            await Task.Yield();
            while (_next < pieces.Length && pieces[_next++] is var piece && piece != "||")
            {
                yield return new ChatResponseUpdate(ChatRole.Assistant, piece);
            }
        }
    }

    private sealed class WaitingModel() : DelegatingChatClient(new ScriptedChatClient())
    {
        public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool WasCancelled { get; private set; }

        public override async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            Asked.TrySetResult();
            try
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                WasCancelled = true;
                throw;
            }

            throw new InvalidOperationException("This wait has no end.");
        }
    }

    private sealed class SlowRetriever(ManualTime time) : AgentRag.Retrieval.IRetriever
    {
        public string Name => "slow";

        public Task<IReadOnlyList<AgentRag.Retrieval.RankedPassage>> RetrieveAsync(AgentRag.Retrieval.RetrievalQuery query, CancellationToken cancellationToken = default)
        {
            while (true)
            {
                time.Advance(TimeSpan.FromSeconds(1));
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }
}
