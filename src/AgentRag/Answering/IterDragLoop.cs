using AgentRag.Demonstrations;
using AgentRag.Documents;
using AgentRag.Models;
using AgentRag.Prompting;
using Microsoft.Extensions.AI;

namespace AgentRag.Answering;

/// <summary>
/// One question's IterDRAG loop, turn by turn (paper section 3.3): it retrieves, says what a model is to be asked next, and takes the reply, wherever that
/// comes from: from the server's model, or from a host's own. Its state can be written away between any two calls and taken up again.
/// </summary>
/// <remarks>
/// <c>while (await loop.NextAsync() is { } turn) loop.Take(await reply to turn);</c> ends with <see cref="Answer"/>. Budget, stop rules and the forced final answer
/// are the same for all. Not safe for concurrent use.
/// </remarks>
public sealed class IterDragLoop
{
    // A broken reply may be of any length; its beginning is enough to be mended.
    private const int MaxBrokenCharacters = 400;

    private static readonly ReplyForm StepForm = SelfAskReply.Form(SelfAskReply.FollowUp, SelfAskReply.FinalAnswer);
    private static readonly ReplyForm IntermediateForm = SelfAskReply.Form(SelfAskReply.IntermediateAnswer);
    private static readonly ReplyForm FinalForm = SelfAskReply.Form(SelfAskReply.FinalAnswer);
    private static readonly ReplyForm SufficiencyForm = ReplyForm.OneOf("yes", "no");

    private readonly QuestionRun _run;
    private readonly InferenceParameters _parameters;
    private readonly IReadOnlyList<PreparedDemonstration> _demonstrations;
    private readonly TimeProvider _time;
    private BudgetHold? _hold;
    private long _handedOut;
    private IterDragTurn? _turn;
    private IterDragPhase _phase;
    private string? _brokenReply;
    private int _unproductive;
    private int _unknowns;
    private bool _isInsufficient;
    private bool _isDrafted;
    private string? _draft;
    private int _agreeingDrafts;
    private StopReason? _stopReason;

    private IterDragLoop(AnsweringContext context, QuestionRun run, InferenceParameters parameters, IReadOnlyList<PreparedDemonstration> demonstrations) =>
        (_time, _run, _parameters, _demonstrations) = (context.TimeProvider, run, parameters, demonstrations);

    /// <summary>Where the loop stands. A turn that waits for its reply is not in it.</summary>
    public IterDragState State => new()
    {
        Request = _run.Request,
        Progress = _run.Progress,
        Phase = _phase,
        BrokenReply = _brokenReply,
        SubQueriesWithoutNewPassages = _unproductive,
        UnknownAnswers = _unknowns,
        IsInsufficient = _isInsufficient,
        IsDrafted = _isDrafted,
        Draft = _draft,
        AgreeingDrafts = _agreeingDrafts,
        StopReason = _stopReason,
        Answer = Answer,
    };

    /// <summary>The answer; null until the loop has finished.</summary>
    public Answer? Answer { get; private set; }

    /// <summary>Begins a question. Nothing is retrieved or asked yet.</summary>
    /// <param name="context">What it works with; its model is not asked.</param>
    /// <param name="request">The question, the parameters, the budget and the stop rules.</param>
    /// <param name="progress">Told of each step; null when nobody listens.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="AgentRagException">The request cannot be worked on, or the bare question does not fit into the budget.</exception>
    public static Task<IterDragLoop> StartAsync(
        AnsweringContext context, AnswerRequest request, IProgress<AnswerEvent>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(request);
        var run = new QuestionRun(IterDragAnswerer.Name, context, request, progress is null ? null : progress.Report);
        run.Report(new Planned(IterDragAnswerer.Name, request.Parameters, []));
        return StartAsync(context, run, request.Parameters, cancellationToken);
    }

    /// <summary>Takes a question up where it stopped.</summary>
    /// <param name="context">What it works with: the same index, prompts and demonstrations as before.</param>
    /// <param name="state">Where it stopped.</param>
    /// <param name="fetch">Fetches a passage of the index by its id; null when it is not there.</param>
    /// <param name="progress">Told of each further step; null when nobody listens.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="AgentRagException">A passage is no longer in the index, or the state cannot be used.</exception>
    public static async Task<IterDragLoop> RestoreAsync(
        AnsweringContext context,
        IterDragState state,
        Func<string, Passage?> fetch,
        IProgress<AnswerEvent>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(fetch);
        var passages = state.Progress.Passages.Select(held => fetch(held.PassageId)
            ?? throw new AgentRagException($"Passage '{held.PassageId}', which the question holds, is not in the index any more: ask the question again.")).ToList();
        var run = new QuestionRun(IterDragAnswerer.Name, context, state.Request, progress is null ? null : progress.Report, state.Progress);
        run.Held.Restore(state.Progress.Passages, passages, state.Progress.Retrievals, state.Progress.DuplicatePassageIds);
        var loop = await CreateAsync(context, run, state.Request.Parameters, cancellationToken).ConfigureAwait(false);
        (loop._phase, loop._brokenReply, loop._unproductive, loop._unknowns) = (state.Phase, state.BrokenReply, state.SubQueriesWithoutNewPassages, state.UnknownAnswers);
        (loop._isInsufficient, loop._stopReason, loop.Answer) = (state.IsInsufficient, state.StopReason, state.Answer);
        (loop._isDrafted, loop._draft, loop._agreeingDrafts) = (state.IsDrafted, state.Draft, state.AgreeingDrafts);
        // The request that a broken final reply answers has used the hold up.
        if (state.Phase != IterDragPhase.Finished && (state.Phase != IterDragPhase.FinalAnswer || state.BrokenReply is null))
        {
            loop.HoldForFinal();
        }

        return loop;
    }

    /// <summary>Goes on until a model has to be asked.</summary>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>What it is to be asked: the same turn again as long as its reply was not taken; null when the loop has finished.</returns>
    /// <exception cref="AnswerFailedException">The retriever failed, or the deadline passed.</exception>
    public async ValueTask<IterDragTurn?> NextAsync(CancellationToken cancellationToken = default)
    {
        while (_turn is null && _phase != IterDragPhase.Finished)
        {
            if (_phase == IterDragPhase.Retrieve)
            {
                await RetrieveAsync(cancellationToken).ConfigureAwait(false);
            }
            else
            {
                _turn = _phase switch
                {
                    IterDragPhase.Step => Step(),
                    IterDragPhase.IntermediateAnswer => Intermediate(),
                    _ => Final(),
                };
            }
        }

        return _turn;
    }

    /// <summary>Takes the reply to the turn that <see cref="NextAsync"/> handed out.</summary>
    /// <param name="reply">What the model wrote.</param>
    /// <param name="usage">What its provider reported; null when it reported nothing.</param>
    /// <param name="modelName">The model, as it names itself; null when it does not.</param>
    /// <exception cref="InvalidOperationException">No turn waits for a reply.</exception>
    public void Take(string reply, UsageDetails? usage = null, string? modelName = null)
    {
        ArgumentNullException.ThrowIfNull(reply);
        var turn = _turn ?? throw new InvalidOperationException("No turn waits for a reply: call NextAsync first.");
        Take(_run.Complete(turn.Prepared, reply, usage, modelName, _time.GetElapsedTime(_handedOut)));
    }

    /// <summary>Ends the steps: the next turn asks for the final answer with what is held. Nothing happens when they have ended.</summary>
    /// <param name="reason">Why.</param>
    public void Stop(StopReason reason)
    {
        if (_phase is IterDragPhase.FinalAnswer or IterDragPhase.Finished)
        {
            return;
        }

        if (_turn is { } turn)
        {
            _run.Abandon(turn.Prepared, "the steps were ended before its reply");
        }

        if (_run.Steps is [.., { IntermediateAnswer: null }])
        {
            _run.Steps = [.. _run.Steps.SkipLast(1)];
        }

        (_turn, _brokenReply, _stopReason, _phase) = (null, null, reason, IterDragPhase.FinalAnswer);
    }

    internal static async Task<IterDragLoop> StartAsync(
        AnsweringContext context, QuestionRun run, InferenceParameters parameters, CancellationToken cancellationToken)
    {
        var loop = await CreateAsync(context, run, parameters, cancellationToken).ConfigureAwait(false);
        loop.HoldForFinal();
        return loop;
    }

    /// <summary>Sends a turn to the context's model.</summary>
    internal Task<ModelReply> AskModelAsync(IterDragTurn turn, CancellationToken cancellationToken) => _run.SendAsync(turn.Prepared, cancellationToken);

    /// <summary>Takes a reply that went through the run.</summary>
    internal void Take(ModelReply reply)
    {
        var turn = _turn!;
        (_turn, _brokenReply) = (null, null);
        switch (turn.Task)
        {
            case GroundedTask.Sufficiency:
                TakeSufficiency(reply);
                break;
            case GroundedTask.Draft:
                TakeDraft(reply);
                break;
            case GroundedTask.NextStep:
                TakeStep(turn, reply);
                break;
            case GroundedTask.IntermediateAnswer:
                TakeIntermediate(turn, reply);
                break;
            default:
                TakeFinal(turn, reply);
                break;
        }
    }

    /// <summary>Ends a repair of the final answer that gets no reply: the broken reply is taken as it is.</summary>
    internal void TakeBroken()
    {
        var broken = _brokenReply ?? throw new InvalidOperationException("No reply is broken.");
        _turn = null;
        Finish(WithoutPrefix(broken), _run.Repack(PromptName.IterDragFinal, Content, LastPromptTokens)?.Content ?? Content);
    }

    private PromptContent Content => new()
    {
        Question = _run.Request.Question,
        Demonstrations = _demonstrations,
        Passages = _run.Held.Passages,
        Steps = _run.Steps,
    };

    private StopRules Rules => _run.Request.StopRules;

    // The prompt of the last request that was no repair.
    private int LastPromptTokens => _run.Progress.Trace.Last(request => request.Purpose != QuestionRun.Repair).PromptTokens;

    private static async Task<IterDragLoop> CreateAsync(
        AnsweringContext context, QuestionRun run, InferenceParameters parameters, CancellationToken cancellationToken) =>
        new(context, run, parameters, await context.Demonstrations
            .SelectAsync(run.Request.Question, parameters.M, parameters.K, withSteps: true, cancellationToken).ConfigureAwait(false));

    private static string WithoutPrefix(string text)
    {
        var line = SelfAskReply.FirstLine(text);
        return SelfAskReply.Parse(line, SelfAskReply.IntermediateAnswer)?.Text
            ?? (line.StartsWith(SelfAskReply.FollowUp, StringComparison.OrdinalIgnoreCase) ? Answer.NotFound : line);
    }

    // A sub-query without an answer is given up when the final answer does not fit beside it.
    private void HoldForFinal() =>
        _hold = _run.Budget.TryHold(BareFinalTokens([.. _run.Steps.Where(step => step.IntermediateAnswer is not null)]))
            ?? throw _run.QuestionDoesNotFit(PromptName.IterDragFinal);

    private async Task RetrieveAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (_run.Steps is not [.., { IntermediateAnswer: null } pending])
            {
                await _run.RetrieveAsync(_run.Request.Question, _parameters.K, cancellationToken).ConfigureAwait(false);
                _phase = IterDragPhase.Step;
                return;
            }

            var added = await _run.RetrieveAsync(pending.SubQuery, _parameters.K, cancellationToken).ConfigureAwait(false);
            // With k = 0 there is no retrieval that could bring anything.
            _unproductive = added > 0 || _parameters.K == 0 ? 0 : _unproductive + 1;
            _phase = IterDragPhase.IntermediateAnswer;
            if (!FinalFits(_run.Steps))
            {
                Stop(StopReason.TokenBudget);
            }
        }
        catch (DeadlinePassedException)
        {
            Stop(StopReason.Deadline);
        }
    }

    private IterDragTurn? Step()
    {
        if (_run.Steps.Count >= _parameters.N)
        {
            Stop(StopReason.IterationLimit);
            return null;
        }

        return (Rules.ChecksSufficiency && !_isInsufficient && _brokenReply is null ? Turn(GroundedTask.Sufficiency, PromptName.Sufficiency, SufficiencyForm) : null)
            ?? (Rules.AgreeingDrafts is not null && !_isDrafted && _brokenReply is null ? Turn(GroundedTask.Draft, PromptName.IterDragFinal, FinalForm) : null)
            ?? Turn(GroundedTask.NextStep, PromptName.IterDragStep, StepForm)
            ?? StopAtLimit();
    }

    private IterDragTurn? Intermediate() => Turn(GroundedTask.IntermediateAnswer, PromptName.IterDragStep, IntermediateForm) ?? StopAtLimit();

    private IterDragTurn? StopAtLimit()
    {
        // What cannot be mended is broken; what was not sent did not fit.
        Stop(_brokenReply is null ? _run.Budget.LimitReached() : StopReason.MalformedReply);
        return null;
    }

    private IterDragTurn? Final()
    {
        if (Turn(GroundedTask.FinalAnswer, PromptName.IterDragFinal, FinalForm) is { } turn)
        {
            return turn;
        }

        if (_brokenReply is not null)
        {
            TakeBroken();
            return null;
        }

        throw _run.FinalAnswerDoesNotFit(_hold);
    }

    /// <summary>Prepares a turn: the request itself, or the one that mends its reply.</summary>
    private IterDragTurn? Turn(GroundedTask task, PromptName name, ReplyForm form)
    {
        var content = task == GroundedTask.Sufficiency ? Content with { Demonstrations = [] } : Content;
        var limits = Limits(task, form, content);
        // A look at what is held is never paid for with the step that it comes before, which may take the whole window and no more.
        var isLook = task is GroundedTask.Sufficiency or GroundedTask.Draft;
        using var step = isLook ? _run.Budget.TryHold(Math.Min(_run.CountTokens(PromptName.IterDragStep, Content), _run.Budget.AvailableTokens())) : null;
        if (isLook && step is null)
        {
            return null;
        }

        var prepared = _brokenReply is { } broken
            ? _run.PrepareRepair(task, name, content, LastPromptTokens, broken, limits)
            : _run.Prepare(task, name, content, limits);
        if (prepared is null)
        {
            return null;
        }

        _handedOut = _time.GetTimestamp();
        var seen = _run.Progress.Trace.SelectMany(request => request.PassageIds).ToHashSet(StringComparer.Ordinal);
        return new IterDragTurn
        {
            Task = task,
            IsRepair = _brokenReply is not null,
            // A final answer that is asked for instead of a further step belongs to that step's iteration.
            Iteration = Math.Clamp(_run.Steps.Count + (task is GroundedTask.NextStep or GroundedTask.FinalAnswer ? 1 : 0), 1, _parameters.N),
            Messages = prepared.Messages,
            Form = form,
            SubQuery = _run.Steps is [.., { IntermediateAnswer: null } pending] ? pending.SubQuery : null,
            Passages = prepared.Content.Passages,
            NewPassages = [.. prepared.Content.Passages.Where(passage => !seen.Contains(passage.Passage.Id))],
            PromptTokens = prepared.Booked.PromptTokens,
            Prepared = prepared,
        };
    }

    /// <summary>
    /// What a request may take: the final one all that is set aside for it; a step what is left beside the full size of the final request, but that at most half of what
    /// remains and at least its bare size; a repair, which goes to the same prompt, what is left beside the bare size.
    /// </summary>
    private RequestLimits Limits(GroundedTask task, ReplyForm form, PromptContent content)
    {
        if (task == GroundedTask.FinalAnswer)
        {
            return new RequestLimits { Hold = _hold, Form = form };
        }

        var bare = BareFinalTokens(_run.Steps);
        var wanted = _brokenReply is null ? Math.Max(bare, Math.Min(_run.CountTokens(PromptName.IterDragFinal, Content), _run.Budget.RemainingTokens / 2)) : bare;
        _run.Widen(_hold!, wanted, bare);

        // A step without any passage could only guess; then the tokens do more for the final answer.
        return new RequestLimits { Form = form, LeastPassages = content.Passages.Count > 0 ? 1 : 0 };
    }

    private void TakeSufficiency(ModelReply reply)
    {
        if (SelfAskReply.FirstLine(reply.Text).StartsWith("yes", StringComparison.OrdinalIgnoreCase))
        {
            Stop(StopReason.Sufficient);
        }
        else
        {
            _isInsufficient = true;
        }
    }

    private void TakeDraft(ModelReply reply)
    {
        // A reply of another form is no draft, and is not mended: it costs nothing but itself.
        var text = SelfAskReply.Parse(reply.Text, SelfAskReply.FinalAnswer)?.Text;
        var words = text is null ? Answer.NotFound : CitedText.Parse(text).Text;
        var draft = words == Answer.NotFound || DraftKey.Of(words) is not { Length: > 0 } key ? null : key;
        (_isDrafted, _agreeingDrafts, _draft) = (true, draft is null ? 0 : draft == _draft ? _agreeingDrafts + 1 : 1, draft);
        if (_agreeingDrafts < Rules.AgreeingDrafts)
        {
            return;
        }

        _stopReason = StopReason.DraftsAgree;
        Finish(text!, reply.Content);
        if (_run.Request.StreamsText)
        {
            // That it is the answer is known only now.
            _run.Report(new TextStreamed(Answer!.Text));
        }
    }

    private void TakeStep(IterDragTurn turn, ModelReply reply)
    {
        if (SelfAskReply.Parse(reply.Text, SelfAskReply.FollowUp, SelfAskReply.FinalAnswer) is not { } line)
        {
            Break(turn, reply);
            return;
        }

        if (line.Prefix == SelfAskReply.FinalAnswer)
        {
            _stopReason = StopReason.FinalAnswer;
            Finish(line.Text, reply.Content);
            return;
        }

        var subQuery = SelfAskReply.Cut(line.Text);
        if (Rules.StopsAtRepeatedSubQuery && _run.Steps.Any(step => SubQueryKey.AreAlike(step.SubQuery, subQuery)))
        {
            Stop(StopReason.RepeatedSubQuery);
            return;
        }

        _run.Report(new SubQueryAsked(_run.Steps.Count + 1, subQuery));
        (_run.Steps, _phase, _isInsufficient, _isDrafted) = ([.. _run.Steps, new SelfAskStep(subQuery, IntermediateAnswer: null)], IterDragPhase.Retrieve, false, false);
    }

    private void TakeIntermediate(IterDragTurn turn, ModelReply reply)
    {
        if (SelfAskReply.Parse(reply.Text, SelfAskReply.IntermediateAnswer) is not { } line)
        {
            Break(turn, reply);
            return;
        }

        var answered = _run.Steps[^1] with { IntermediateAnswer = SelfAskReply.Cut(_run.TakeCitations(line.Text, reply.Content)) };
        IReadOnlyList<SelfAskStep> steps = [.. _run.Steps.SkipLast(1), answered];
        if (!FinalFits(steps))
        {
            Stop(StopReason.TokenBudget);
            return;
        }

        (_run.Steps, _phase) = (steps, IterDragPhase.Step);
        _run.Report(new SubQueryAnswered(steps.Count, answered.IntermediateAnswer!));
        _unknowns = answered.IntermediateAnswer == Answer.NotFound ? _unknowns + 1 : 0;
        if (_unknowns >= Rules.MaxUnknownAnswers)
        {
            Stop(StopReason.UnknownAnswers);
        }
        else if (_unproductive >= Rules.MaxSubQueriesWithoutNewPassages)
        {
            Stop(StopReason.NoNewPassages);
        }
    }

    private void TakeFinal(IterDragTurn turn, ModelReply reply)
    {
        if (SelfAskReply.Parse(reply.Text, SelfAskReply.FinalAnswer) is { } line)
        {
            Finish(line.Text, reply.Content);
        }
        else if (turn.IsRepair)
        {
            // What is still no line of the asked form is taken as the answer itself: better than none.
            Finish(WithoutPrefix(reply.Text), reply.Content);
        }
        else
        {
            _brokenReply = Broken(reply);
        }
    }

    private static string Broken(ModelReply reply) =>
        SelfAskReply.WithoutThoughts(reply.Text) is var text && text.Length > MaxBrokenCharacters ? text[..MaxBrokenCharacters] : text;

    private void Break(IterDragTurn turn, ModelReply reply)
    {
        if (turn.IsRepair)
        {
            Stop(StopReason.MalformedReply);
        }
        else
        {
            _brokenReply = Broken(reply);
        }
    }

    private void Finish(string text, PromptContent content)
    {
        var reason = _stopReason ?? StopReason.FinalAnswer;
        Answer = _run.Finish(
            text,
            content,
            reason,
            Math.Max(1, _run.Steps.Count),
            reason is StopReason.TokenBudget or StopReason.CallLimit or StopReason.CostLimit or StopReason.Deadline ? _parameters.N - Math.Max(1, _run.Steps.Count) : 0);
        _phase = IterDragPhase.Finished;
        _hold?.Dispose();
    }

    /// <summary>Input tokens of the smallest final request: the question and the steps, without passages and demonstrations.</summary>
    private int BareFinalTokens(IReadOnlyList<SelfAskStep> steps) =>
        _run.CountTokens(PromptName.IterDragFinal, new PromptContent { Question = _run.Request.Question, Steps = steps });

    private bool FinalFits(IReadOnlyList<SelfAskStep> steps) => BareFinalTokens(steps) <= _run.Budget.AvailableTokens(hold: _hold);
}
