using System.Runtime.CompilerServices;
using System.Threading.Channels;
using AgentRag.Answering.Rewriting;

namespace AgentRag.Answering;

/// <summary>Turns the work of a strategy into a stream of events.</summary>
internal static class AnswerStream
{
    /// <summary>Runs a strategy and yields what it tells.</summary>
    public static async IAsyncEnumerable<AnswerEvent> Run(
        IStrategy strategy, AnsweringContext context, AnswerRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var events = Channel.CreateUnbounded<AnswerEvent>(new UnboundedChannelOptions { SingleReader = true });

        // On another thread, so that a model and a retriever that never wait do not keep the reader waiting for its first event.
        var work = Task.Run(
            async () =>
            {
                try
                {
                    await WorkAsync(strategy, context, new QuestionRun(strategy.Strategy, context, request, happened => events.Writer.TryWrite(happened)), stop.Token).ConfigureAwait(false);
                }
                finally
                {
                    events.Writer.Complete();
                }
            },
            CancellationToken.None);
        try
        {
            // Not cancelled itself: what was told before a cancellation is read to its end.
            await foreach (var happened in events.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
            {
                yield return happened;
            }

            await work.ConfigureAwait(false);
        }
        finally
        {
            // A reader who leaves early ends the work, and waits until it has ended.
            await stop.CancelAsync().ConfigureAwait(false);
            await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task WorkAsync(IStrategy strategy, AnsweringContext context, QuestionRun run, CancellationToken cancellationToken)
    {
        using var span = Telemetry.Question(strategy.Strategy, run.Request, context.TimeProvider);
        try
        {
            var answer = await AnswerAsync(strategy, context, run, cancellationToken).ConfigureAwait(false);
            Telemetry.Answered(span, strategy.Strategy, answer);
            run.Report(new Answered(answer));
        }
        catch (Exception fault)
        {
            Telemetry.Spent(span, strategy.Strategy, run.Usage.EffectiveContextTokens);
            span.Fail(fault);
            throw;
        }
    }

    private static async Task<Answer> AnswerAsync(IStrategy strategy, AnsweringContext context, QuestionRun run, CancellationToken cancellationToken)
    {
        try
        {
            run.Report(new Planned(strategy.Strategy, run.Request.Parameters, []));
            await QuestionRewriter.PrepareAsync(run, context, cancellationToken).ConfigureAwait(false);
            return await strategy.AnswerAsync(run, run.Request.Parameters, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (run.Request.AnswersWhenCancelled && cancellationToken.IsCancellationRequested)
        {
            return run.FinishCancelled();
        }
        catch (DeadlinePassedException)
        {
            throw run.DeadlinePassed();
        }
    }
}

/// <summary>The deadline cut a retrieval or a request off. A strategy that can still answer catches it; for the others it ends the question.</summary>
internal sealed class DeadlinePassedException(Exception inner) : Exception("The deadline passed.", inner);
