using AgentRag.Demonstrations;
using AgentRag.Models;
using AgentRag.Prompting;

namespace AgentRag.Answering;

/// <summary>
/// Iterative DRAG (paper section 3.3): Self-Ask with demonstrations. Each request asks for one line: a follow-up question, the answer to it, or the final
/// answer. Each follow-up is retrieved for, and the new passages are added; after n iterations the final answer is forced.
/// </summary>
/// <remarks>
/// Departs from the paper, Algorithm in section 3.3: repeated passages are held once; the loop ends early when a sub-query repeats or brings nothing new
/// (AirRAG, arXiv 2501.10053, names repeated sub-queries as the way such chains fail); and the budget is enforced before each request.
/// </remarks>
/// <param name="context">What it works with.</param>
public sealed class IterDragAnswerer(AnsweringContext context) : IAnswerer
{
    /// <summary>The strategy's name.</summary>
    public const string Name = "iterdrag";

    // A step's line is a short question or a short answer; a model that writes more is cut, so that it cannot fill the later prompts.
    private const int MaxStepCharacters = 300;

    /// <inheritdoc/>
    public string Strategy => Name;

    /// <inheritdoc/>
    public async Task<Answer> AnswerAsync(AnswerRequest request, IProgress<AnswerEvent>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var run = new QuestionRun(context, request, progress);
        var loop = new Loop(run, request, await context.Demonstrations
            .SelectAsync(request.Question, request.Parameters.M, request.Parameters.K, withSteps: true, cancellationToken).ConfigureAwait(false));
        if (loop.BareFinalTokens([]) > run.Budget.AvailableTokens())
        {
            throw run.QuestionDoesNotFit(PromptName.IterDragFinal);
        }

        await run.RetrieveAsync(request.Question, request.Parameters.K, cancellationToken).ConfigureAwait(false);
        var (stopReason, final) = await loop.RunAsync(cancellationToken).ConfigureAwait(false);
        final ??= await loop.ForceFinalAsync(cancellationToken).ConfigureAwait(false);
        var unpaid = stopReason == StopReason.TokenBudget ? request.Parameters.N - loop.Iterations : 0;
        return run.Finish(Name, final.Text, final.Content, stopReason, loop.Iterations, loop.Steps, unpaid);
    }

    /// <summary>The state of one question's loop.</summary>
    private sealed class Loop(QuestionRun run, AnswerRequest request, IReadOnlyList<PreparedDemonstration> demonstrations)
    {
        private readonly List<SelfAskStep> _steps = [];

        public IReadOnlyList<SelfAskStep> Steps => _steps;

        /// <summary>Iterations begun: sub-queries asked, at least 1 for the pass that gave the final answer.</summary>
        public int Iterations => Math.Max(1, _steps.Count);

        private PromptContent Content => new()
        {
            Question = request.Question,
            Demonstrations = demonstrations,
            Passages = run.Held.Passages,
            Steps = [.. _steps],
        };

        /// <summary>Runs iterations until something ends them.</summary>
        /// <returns>Why they ended, and the final reply if the model gave one by itself.</returns>
        public async Task<(StopReason Reason, ModelReply? Final)> RunAsync(CancellationToken cancellationToken)
        {
            for (var iteration = 1; iteration <= request.Parameters.N; iteration++)
            {
                var (next, line) = await AskAsync(GroundedTask.NextStep, [SelfAskReply.FollowUp, SelfAskReply.FinalAnswer], cancellationToken).ConfigureAwait(false);
                if (line is null)
                {
                    return (next is null ? StopReason.TokenBudget : StopReason.MalformedReply, null);
                }

                if (line.Prefix == SelfAskReply.FinalAnswer)
                {
                    return (StopReason.FinalAnswer, next! with { Text = line.Text });
                }

                var (ended, reason) = await IterateAsync(iteration, Cut(line.Text), cancellationToken).ConfigureAwait(false);
                if (ended)
                {
                    return (reason, null);
                }
            }

            return (StopReason.IterationLimit, null);
        }

        /// <summary>Asks for the final answer with what is held. The budget has kept room for it.</summary>
        public async Task<ModelReply> ForceFinalAsync(CancellationToken cancellationToken)
        {
            var reply = await run.SendAsync(GroundedTask.FinalAnswer, PromptName.IterDragFinal, Content, cancellationToken: cancellationToken).ConfigureAwait(false)
                ?? throw new InvalidOperationException("The budget did not keep room for the final answer.");
            if (SelfAskReply.Parse(reply.Text, SelfAskReply.FinalAnswer) is { } line)
            {
                return reply with { Text = line.Text };
            }

            var mended = await run.RepairAsync(reply, [SelfAskReply.FinalAnswer], 0, cancellationToken).ConfigureAwait(false) ?? reply;
            // What is still no line of the asked form is taken as the answer itself: better than none.
            return mended with { Text = SelfAskReply.Parse(mended.Text, SelfAskReply.FinalAnswer)?.Text ?? WithoutPrefix(mended.Text) };
        }

        /// <summary>Input tokens of the smallest final request: the question and the steps, without passages and demonstrations.</summary>
        public int BareFinalTokens(IReadOnlyList<SelfAskStep> steps) =>
            run.CountTokens(PromptName.IterDragFinal, new PromptContent { Question = request.Question, Steps = steps });

        private static string Cut(string text) =>
            // Never between the two halves of a character beyond the basic plane.
            text.Length <= MaxStepCharacters ? text : text[..(char.IsHighSurrogate(text[MaxStepCharacters - 1]) ? MaxStepCharacters - 1 : MaxStepCharacters)];

        private static string WithoutPrefix(string text)
        {
            var line = SelfAskReply.FirstLine(text);
            return SelfAskReply.Parse(line, SelfAskReply.IntermediateAnswer)?.Text
                ?? (line.StartsWith(SelfAskReply.FollowUp, StringComparison.OrdinalIgnoreCase) ? Answer.NotFound : line);
        }

        /// <summary>Retrieves for a sub-query and has it answered.</summary>
        private async Task<(bool Ended, StopReason Reason)> IterateAsync(int iteration, string subQuery, CancellationToken cancellationToken)
        {
            if (_steps.Exists(step => QuestionKey.Of(step.SubQuery) == QuestionKey.Of(subQuery)))
            {
                return (true, StopReason.RepeatedSubQuery);
            }

            run.Report(new SubQueryAsked(iteration, subQuery));
            var added = await run.RetrieveAsync(subQuery, request.Parameters.K, cancellationToken).ConfigureAwait(false);
            _steps.Add(new SelfAskStep(subQuery, IntermediateAnswer: null));
            if (!FinalFits(_steps))
            {
                _steps.RemoveAt(_steps.Count - 1);
                return (true, StopReason.TokenBudget);
            }

            var (reply, line) = await AskAsync(GroundedTask.IntermediateAnswer, [SelfAskReply.IntermediateAnswer], cancellationToken).ConfigureAwait(false);
            _steps.RemoveAt(_steps.Count - 1);
            if (line is null)
            {
                return (true, reply is null ? StopReason.TokenBudget : StopReason.MalformedReply);
            }

            var answered = new SelfAskStep(subQuery, Cut(run.TakeCitations(line.Text, reply!.Content)));
            if (!FinalFits([.. _steps, answered]))
            {
                return (true, StopReason.TokenBudget);
            }

            _steps.Add(answered);
            run.Report(new SubQueryAnswered(iteration, answered.IntermediateAnswer!));
            // With k = 0 there is no retrieval that could bring anything.
            return (added == 0 && request.Parameters.K > 0, StopReason.NoNewPassages);
        }

        /// <summary>Sends one step, and once more if the reply is no line of the asked form.</summary>
        private async Task<(ModelReply? Reply, SelfAskReply? Line)> AskAsync(GroundedTask task, string[] prefixes, CancellationToken cancellationToken)
        {
            // A step without any passage could only guess; then the tokens do more for the final answer.
            var leastPassages = run.Held.Passages.Count > 0 ? 1 : 0;
            var reply = await run.SendAsync(task, PromptName.IterDragStep, Content, ReserveForFinal(), leastPassages, cancellationToken).ConfigureAwait(false);
            if (reply is null)
            {
                return (null, null);
            }

            if (SelfAskReply.Parse(reply.Text, prefixes) is { } line)
            {
                return (reply, line);
            }

            var mended = await run.RepairAsync(reply, prefixes, BareFinalTokens(_steps), cancellationToken).ConfigureAwait(false);
            return (mended ?? reply, mended is null ? null : SelfAskReply.Parse(mended.Text, prefixes));
        }

        /// <summary>What is set aside for the final request: its full size, but at most half of what remains, and at least its bare size.</summary>
        private long ReserveForFinal()
        {
            var full = run.CountTokens(PromptName.IterDragFinal, Content);
            return Math.Max(BareFinalTokens(_steps), Math.Min(full, run.Budget.RemainingTokens / 2));
        }

        private bool FinalFits(IReadOnlyList<SelfAskStep> steps) => BareFinalTokens(steps) <= run.Budget.AvailableTokens();
    }
}
