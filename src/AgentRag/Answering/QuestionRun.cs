using System.Globalization;
using System.Text.Json;
using AgentRag.Answering.Rewriting;
using AgentRag.Models;
using AgentRag.Prompting;
using AgentRag.Retrieval;
using AgentRag.Tokens;
using Microsoft.Extensions.AI;

namespace AgentRag.Answering;

/// <summary>One question on its way to an answer: the only way to the retriever and to the model, so that budget and trace miss nothing.</summary>
/// <remarks>Safe for requests that run side by side. The trace is in the order in which they were booked.</remarks>
internal sealed class QuestionRun
{
    // Far above any answer and any thought before it: what a server sends beyond its cap is not read.
    private const int MaxReplyCharacters = 400_000;

    /// <summary>The purpose of a request that mends a reply.</summary>
    public const string Repair = "repair";

    private readonly AnsweringContext _context;
    private readonly Action<AnswerEvent>? _report;
    private readonly ModelPrice? _price;
    private readonly QuestionTrace _trace;
    private readonly string _question;
    private IReadOnlyList<string> _searches = [];

    public QuestionRun(string strategy, AnsweringContext context, AnswerRequest request, Action<AnswerEvent>? report = null, AnswerProgress? restored = null)
    {
        (Strategy, _context, Request, _report) = (strategy, context with { TokenCounter = context.TokenCounter.Current() }, request.Validated(), report);
        _question = request.Question;
        _price = context.Prices.Find(context.ModelName);
        Budget = new TokenBudget(request.Budget, context.TimeProvider, _price, restored?.Usage);
        _trace = new QuestionTrace(Budget, _price, restored);
    }

    public string Strategy { get; }

    /// <summary>What is asked; its question is the one that is worked on.</summary>
    public AnswerRequest Request { get; private set; }

    public TokenBudget Budget { get; }

    public HeldPassages Held { get; } = new();

    /// <inheritdoc cref="QuestionTrace.Steps"/>
    public IReadOnlyList<SelfAskStep> Steps
    {
        get => _trace.Steps;
        set => _trace.Steps = value;
    }

    public AnswerUsage Usage => _trace.Usage;

    /// <summary>What the question has come to: requests that are still under way are not in it.</summary>
    public AnswerProgress Progress => _trace.Progress(Strategy, Held);

    /// <summary>Works on another wording of the question from here on.</summary>
    public void Restate(string question)
    {
        Request = Request with { Question = question };
        Report(new QuestionRewritten(question, []));
    }

    /// <summary>Searches with these words when the question itself is retrieved for; their rankings are fused.</summary>
    public void SearchWith(IReadOnlyList<string> searches)
    {
        _searches = searches;
        Report(new QuestionRewritten(Request.Question, searches));
    }

    /// <summary>Retrieves for a query and holds what is new.</summary>
    /// <returns>How many passages were new.</returns>
    public async Task<int> RetrieveAsync(string query, int k, CancellationToken cancellationToken)
    {
        if (k == 0)
        {
            return 0;
        }

        if (_searches.Count == 0 || query != Request.Question)
        {
            return Hold(query, await FetchAsync(query, k, cancellationToken).ConfigureAwait(false)).Added;
        }

        List<DistinctRanking> rankings = [];
        foreach (var search in _searches)
        {
            rankings.Add(await FetchAsync(search, k, cancellationToken).ConfigureAwait(false));
        }

        return Hold(string.Join(" | ", _searches), FusedRankings.ByReciprocalRank(rankings, k)).Added;
    }

    /// <summary>Retrieves for a query and holds nothing yet: for queries side by side, whose passages are then held in the order of the queries.</summary>
    public async Task<DistinctRanking> FetchAsync(string query, int k, CancellationToken cancellationToken)
    {
        var wanted = new RetrievalQuery(query, k);
        using var span = Telemetry.Retrieval(_context, wanted);
        try
        {
            var ranking = await FetchAsync(wanted, cancellationToken).ConfigureAwait(false);
            Telemetry.Retrieved(span, _context, ranking.Passages);
            return ranking;
        }
        catch (Exception fault)
        {
            span.Fail(fault);
            throw;
        }
    }

    private async Task<DistinctRanking> FetchAsync(RetrievalQuery query, CancellationToken cancellationToken)
    {
        using var deadline = new WaitDeadline(Budget.TimeLeft(), _context.TimeProvider, cancellationToken);
        try
        {
            return await _context.Retriever.RetrieveDistinctAsync(query, deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException fault) when (deadline.HasPassed)
        {
            throw new DeadlinePassedException(fault);
        }
        catch (AgentRagException fault) when (fault is not AnswerFailedException)
        {
            throw new AnswerFailedException(fault.Message, Progress, fault);
        }
    }

    /// <summary>Holds what a query brought.</summary>
    /// <returns>The passages as they are held, and how many were new.</returns>
    public (IReadOnlyList<RankedPassage> Passages, int Added) Hold(string query, DistinctRanking ranking)
    {
        var (passages, added, copies) = Held.Add(ranking);
        Report(new PassagesRetrieved(query, passages, added) { Duplicates = copies });
        return (passages, added);
    }

    /// <summary>Input tokens of a prompt, as it would be sent.</summary>
    public int CountTokens(PromptName name, PromptContent content) =>
        _context.Prompts.Get(name).CountTokens(content with { Layout = _context.Layout }, _context.TokenCounter);

    /// <summary>Holds as much as is wanted for the final request; where money or the window is tighter than the tokens of the question, half of what these allow.</summary>
    /// <param name="hold">What is held for it.</param>
    /// <param name="wanted">Its full size.</param>
    /// <param name="bare">Its smallest size: a hold that stayed as it was might be below it by now.</param>
    public void Widen(BudgetHold hold, long wanted, int bare)
    {
        if (!hold.TryResize(wanted))
        {
            hold.TryResize(Math.Max(bare, Math.Min(wanted, Budget.AvailableTokens(hold: hold) / 2)));
        }
    }

    /// <summary>Packs a prompt into what is available and books it.</summary>
    /// <param name="task">What it asks for.</param>
    /// <param name="name">The prompt.</param>
    /// <param name="content">What should go in.</param>
    /// <param name="limits">What it may take of the budget.</param>
    /// <returns>The request; null when not even the smallest version fits, and nothing was booked.</returns>
    public PreparedRequest? Prepare(GroundedTask task, PromptName name, PromptContent content, RequestLimits limits) =>
        Prepare(task, _context.Prompts.Get(name), content, limits);

    /// <summary>Packs a prompt of one's own into what is available and books it.</summary>
    /// <exception cref="AgentRagException">The question is to stand above the passages, and the prompt cannot show it there.</exception>
    public PreparedRequest? Prepare(GroundedTask task, PromptTemplate template, PromptContent content, RequestLimits limits)
    {
        if (_context.Layout.Question == QuestionPlace.Above && content.Passages.Count > 0 && !template.TakesQuestionAbove && task != GroundedTask.Grade)
        {
            throw new AgentRagException(
                $"{template.Source}: the question is to stand above the passages, and this prompt has one place for it: write {{{{#if question_above}}}} around a place above and " +
                "{{#unless question_above}} around the one below, or leave the question below.");
        }

        while (true)
        {
            var available = Math.Min(Budget.AvailableTokens(limits.ReservedTokens, limits.Hold), limits.MostTokens);
            if (PromptPacker.Pack(template, content with { Layout = _context.Layout }, _context.TokenCounter, available, limits.LeastPassages) is not { } packed)
            {
                return null;
            }

            if (Book(task, Purpose(task), template, packed, packed.Prompt.Messages, packed.Prompt.TokenCount, limits) is { } prepared)
            {
                return prepared;
            }

            // A request beside this one was faster: what is left now is less.
        }
    }

    /// <summary>Packs a prompt once more that was sent with the given size: into its own size it comes out as it was.</summary>
    public PackedPrompt? Repack(PromptName name, PromptContent content, int promptTokens) =>
        PromptPacker.Pack(_context.Prompts.Get(name), content with { Layout = _context.Layout }, _context.TokenCounter, promptTokens);

    /// <summary>Packs and books a request to mend the reply to a prompt of the given size.</summary>
    /// <param name="task">What the prompt asked for.</param>
    /// <param name="name">The prompt.</param>
    /// <param name="content">What should have gone in.</param>
    /// <param name="promptTokens">The size it was sent with.</param>
    /// <param name="brokenReply">The beginning of the reply.</param>
    /// <param name="limits">What it may take of the budget.</param>
    /// <returns>The request; null when it does not fit or the prompt has no words for it, and nothing was booked.</returns>
    public PreparedRequest? PrepareRepair(
        GroundedTask task, PromptName name, PromptContent content, int promptTokens, string brokenReply, RequestLimits limits) =>
        Repack(name, content, promptTokens) is { } packed ? PrepareRepair(task, _context.Prompts.Get(name), packed, brokenReply, limits) : null;

    /// <summary>Packs and books a request to mend the reply to a prompt.</summary>
    public PreparedRequest? PrepareRepair(GroundedTask task, PromptTemplate template, PackedPrompt packed, string brokenReply, RequestLimits limits)
    {
        if (template.RenderRepair(limits.Form?.Prefixes ?? []) is not { } instruction)
        {
            return null;
        }

        // Some servers take no message without text.
        var excerpt = UntrustedText.NeutraliseLine(brokenReply) is { Length: > 0 } line ? line : "(nothing)";
        var tokens = RenderedPrompt.CountTokens(_context.TokenCounter, packed.Prompt.System, packed.Prompt.User, excerpt, instruction);
        IReadOnlyList<ChatMessage> messages = [.. packed.Prompt.Messages, new(ChatRole.Assistant, excerpt), new(ChatRole.User, instruction)];
        return tokens > Math.Min(Budget.AvailableTokens(limits.ReservedTokens, limits.Hold), limits.MostTokens)
            ? null
            : Book(task, Repair, template, packed, messages, tokens, limits);
    }

    /// <summary>Sends a booked request.</summary>
    /// <exception cref="AnswerFailedException">The model failed.</exception>
    /// <exception cref="DeadlinePassedException">The deadline cut it off.</exception>
    public async Task<ModelReply> SendAsync(PreparedRequest prepared, CancellationToken cancellationToken)
    {
        var options = Options(prepared);
        var streams = Request.StreamsText && prepared.Task is (GroundedTask.Answer or GroundedTask.NextStep or GroundedTask.FinalAnswer);
        using var span = Telemetry.Chat(_context, prepared.Purpose, prepared.Messages, options, streams);
        try
        {
            return await SendAsync(prepared, options, streams, span, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            span?.Fail(fault);
            throw;
        }
    }

    private async Task<ModelReply> SendAsync(PreparedRequest prepared, ChatOptions options, bool streams, TelemetrySpan? span, CancellationToken cancellationToken)
    {
        using var deadline = new WaitDeadline(Budget.TimeLeft(), _context.TimeProvider, cancellationToken);
        var sent = _context.TimeProvider.GetTimestamp();
        try
        {
            var response = streams
                ? await StreamAsync(prepared, options, deadline.Token).ConfigureAwait(false)
                : await _context.Model.GetResponseAsync(prepared.Messages, options, deadline.Token).ConfigureAwait(false);
            if (span is not null)
            {
                Telemetry.Replied(span, _context, response);
            }

            return Complete(prepared, response.Text, response.Usage, response.ModelId, _context.TimeProvider.GetElapsedTime(sent));
        }
        catch (AgentRagException fault)
        {
            Record(prepared, "", usage: null, _context.TimeProvider.GetElapsedTime(sent), fault.Message);
            throw new AnswerFailedException(fault.Message, Progress, fault);
        }
        catch (OperationCanceledException fault)
        {
            // A client may end its own waits in this way, too; that is no cancellation.
            var isCancelled = cancellationToken.IsCancellationRequested;
            var error = deadline.HasPassed ? "cut off at the deadline"
                : isCancelled ? "cancelled"
                : $"The model {_context.ModelName} did not answer within the time-out of its client: raise it, or shorten the request.";
            Record(prepared, "", usage: null, _context.TimeProvider.GetElapsedTime(sent), error);
            if (isCancelled)
            {
                throw;
            }

            throw deadline.HasPassed ? new DeadlinePassedException(fault) : new AnswerFailedException(error, Progress, fault);
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or TimeoutException or JsonException)
        {
            // Faults of clients that are not ours.
            var error = $"The model {_context.ModelName} failed: {fault.Message}";
            Record(prepared, "", usage: null, _context.TimeProvider.GetElapsedTime(sent), error);
            throw new AnswerFailedException(error, Progress, fault);
        }
    }

    /// <summary>Packs a prompt, books it and sends it.</summary>
    /// <returns>The reply; null when not even the smallest version fits, and nothing was sent.</returns>
    public async Task<ModelReply?> SendAsync(
        GroundedTask task, PromptName name, PromptContent content, RequestLimits limits, CancellationToken cancellationToken) =>
        Prepare(task, name, content, limits) is { } prepared ? await SendAsync(prepared, cancellationToken).ConfigureAwait(false) : null;

    /// <summary>Takes the reply to a booked request, wherever it came from.</summary>
    public ModelReply Complete(PreparedRequest prepared, string text, UsageDetails? usage, string? modelName, TimeSpan duration)
    {
        var reply = WellFormed(text.Length <= MaxReplyCharacters ? text : text[..MaxReplyCharacters]);
        Record(prepared, reply, usage, duration, error: null, modelName);
        Report(new UsageReported(Usage));
        return new ModelReply(reply, prepared);
    }

    /// <summary>Books a request off that will get no reply. Nothing happens when it is in the trace already.</summary>
    public void Abandon(PreparedRequest prepared, string why)
    {
        if (!_trace.Holds(prepared.Place))
        {
            Record(prepared, "", usage: null, TimeSpan.Zero, why);
        }
    }

    /// <inheritdoc cref="QuestionTrace.TakeCitations"/>
    public string TakeCitations(string text, PromptContent content) => _trace.TakeCitations(text, content);

    /// <summary>Makes the answer out of the final reply.</summary>
    /// <param name="text">The reply, without the prefix of its line.</param>
    /// <param name="content">The prompt it replies to.</param>
    /// <param name="stopReason">Why the work ended.</param>
    /// <param name="iterations">Iterations run, at least 1.</param>
    /// <param name="unpaidIterations">Iterations asked for that the budget could not pay.</param>
    public Answer Finish(string text, PromptContent content, StopReason stopReason, int iterations = 1, int unpaidIterations = 0)
    {
        var line = SelfAskReply.FirstLine(text);
        return line.Length == 0 ? throw RepliedWithoutText() : Make(TakeCitations(line, content), content, stopReason, iterations, unpaidIterations);
    }

    /// <summary>Makes the answer out of a finished text whose citations were checked.</summary>
    /// <param name="text">The text.</param>
    /// <param name="citations">What it rests on.</param>
    /// <param name="droppedCitations">Citations that did not hold, ≥ 0.</param>
    /// <param name="content">The prompt it replies to.</param>
    /// <param name="refusal">The sentence that says that the documents do not hold the answer.</param>
    public Answer FinishText(string text, IReadOnlyList<Citation> citations, int droppedCitations, PromptContent content, string refusal) =>
        Make(text, content, StopReason.FinalAnswer, iterations: 1, unpaidIterations: 0) with
        {
            Citations = citations,
            DroppedCitations = droppedCitations,
            Refusal = refusal,
        };

    /// <summary>No text is no answer, and not the statement that the documents hold none.</summary>
    public AnswerFailedException RepliedWithoutText() => new(
        $"The model {_trace.ModelName ?? _context.ModelName} replied without any text to answer with: try again, allow longer answers if it thinks before it answers, " +
        "or choose another model.",
        Progress);

    /// <inheritdoc cref="QuestionTrace.ForgetCitations"/>
    public void ForgetCitations() => _trace.ForgetCitations();

    /// <inheritdoc cref="QuestionTrace.WithTotals"/>
    public Answer WithTotals(Answer answer) => _trace.WithTotals(answer) with { DuplicatePassages = Held.Copies.Count };

    /// <summary>Makes the answer of a cancelled question: the last intermediate answer that is one, and all that led to it.</summary>
    public Answer FinishCancelled() => Make(
        Steps.LastOrDefault(step => step.IntermediateAnswer is not (null or Answer.NotFound))?.IntermediateAnswer ?? Answer.NotFound,
        new PromptContent { Question = Request.Question, Passages = Held.Passages },
        StopReason.Cancelled,
        Math.Max(1, Steps.Count),
        unpaidIterations: 0);

    /// <summary>Why not even the bare question can be asked: the time is over, or it takes more than there is.</summary>
    public AgentRagException QuestionDoesNotFit(PromptName name) => QuestionDoesNotFit(_context.Prompts.Get(name));

    public AgentRagException QuestionDoesNotFit(PromptTemplate template)
    {
        if (Budget.TimeLeft() == TimeSpan.Zero)
        {
            return DeadlinePassed();
        }

        var tokens = template.Render(new PromptContent { Question = Request.Question }, _context.TokenCounter).TokenCount;
        var available = Budget.AvailableTokens();
        return new AgentRagException(Budget.LimitReached() switch
        {
            StopReason.CostLimit => string.Create(
                CultureInfo.InvariantCulture,
                $"The question alone takes {tokens:N0} tokens and the {Budget.ReservedAnswerTokens:N0} reserved for the answer, which cost more than the bound of {Request.Budget.MaxCost}: raise it."),
            _ when available < Budget.RemainingTokens => string.Create(
                CultureInfo.InvariantCulture,
                $"The question alone takes {tokens:N0} tokens and the context window has {available:N0} beside the {Budget.ReservedAnswerTokens:N0} reserved for the answer: shorten it, reserve less, or choose a model with a larger window."),
            _ => string.Create(
                CultureInfo.InvariantCulture,
                $"The question alone takes {tokens:N0} tokens and the budget is {available:N0}: shorten it or raise the budget."),
        });
    }

    /// <summary>The question ended without an answer because its time was over.</summary>
    public AnswerFailedException DeadlinePassed() => new(
        string.Create(
            CultureInfo.InvariantCulture,
            $"The deadline of {Request.Budget.Deadline?.TotalSeconds:0.###} s passed before the final answer was there: allow more time, or ask for fewer iterations or passages."),
        Progress);

    /// <summary>Why the final answer cannot be asked for although room was held for it.</summary>
    public Exception FinalAnswerDoesNotFit(BudgetHold? hold) => Budget.TimeLeft(hold) == TimeSpan.Zero ? DeadlinePassed()
        : Request.Budget.MaxCost is not null ? Overspent()
        : new InvalidOperationException("The budget did not keep room for the final answer.");

    /// <summary>The provider reported so much more than was booked that the money held for the final answer is gone.</summary>
    public AnswerFailedException Overspent() => new(
        string.Create(
            CultureInfo.InvariantCulture,
            $"The provider reported more tokens than the model was allowed, and nothing of the {Request.Budget.MaxCost} that the question may cost is left for the final answer: raise the bound."),
        Progress);

    public void Report(AnswerEvent happened) => _report?.Invoke(happened);

    private static string Purpose(GroundedTask task) => task switch
    {
        GroundedTask.NextStep => "next step",
        GroundedTask.IntermediateAnswer => "intermediate answer",
        GroundedTask.FinalAnswer => "final answer",
        GroundedTask.Draft => "draft",
        GroundedTask.Sufficiency => "sufficiency",
        GroundedTask.Decompose => "decompose",
        GroundedTask.Keywords => "keywords",
        GroundedTask.MultiQuery => "searches",
        GroundedTask.Standalone => "standalone question",
        GroundedTask.Classify => "classify",
        GroundedTask.Grade => "grade",
        _ => "answer",
    };

    // Half a character, as a cut or a careless server leaves it, can be written to no file and sent to no server.
    private static string WellFormed(string text) => text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0 ? text
        : string.Concat(text.EnumerateRunes().Select(rune => rune.ToString()));

    private PreparedRequest? Book(
        GroundedTask task, string purpose, PromptTemplate template, PackedPrompt packed, IReadOnlyList<ChatMessage> messages, int tokens, RequestLimits limits)
    {
        if (_trace.TryBook(tokens, limits.Hold) is not var (place, booked))
        {
            return null;
        }

        if (!packed.Trimmed.IsNothing)
        {
            Report(new ContentTrimmed(purpose, packed.Trimmed));
        }

        Report(new RequestSent(purpose, tokens, Budget.SpentTokens));
        return new PreparedRequest
        {
            Place = place,
            Task = task,
            Purpose = purpose,
            Template = template,
            Packed = packed,
            Messages = messages,
            Booked = booked,
            Form = limits.Form,
        };
    }

    private int MaxReplyTokens(PromptTemplate template) => Math.Min(template.MaxAnswerTokens ?? int.MaxValue, Budget.ReservedAnswerTokens);

    private ChatOptions Options(PreparedRequest prepared)
    {
        var (template, content) = (prepared.Template, prepared.Content);
        var options = new ChatOptions
        {
            Temperature = template.Temperature,
            MaxOutputTokens = MaxReplyTokens(template),
            StopSequences = template.StopSequences.Count > 0 ? [.. template.StopSequences] : null,
        };
        prepared.Form?.AttachTo(options);
        new GroundedRequest
        {
            Task = prepared.Task,
            Question = content.Question,
            Passages =
            [
                .. content.Passages.Select(passage => new GroundedPassage(passage.Number, passage.Passage.Id, passage.Passage.Title, passage.Passage.Text)),
            ],
            Steps = content.Steps,
        }.AttachTo(options);
        return options;
    }

    private async Task<ChatResponse> StreamAsync(PreparedRequest prepared, ChatOptions options, CancellationToken cancellationToken)
    {
        List<ChatResponseUpdate> updates = [];
        var visible = new AnswerTextFilter(prepared.Task);
        var characters = 0;
        await foreach (var update in _context.Model.GetStreamingResponseAsync(prepared.Messages, options, cancellationToken).ConfigureAwait(false))
        {
            updates.Add(update);
            characters += update.Text.Length;
            if (visible.Add(update.Text) is { Length: > 0 } text)
            {
                Report(new TextStreamed(text));
            }

            if (characters > MaxReplyCharacters)
            {
                break;
            }
        }

        if (visible.End() is { Length: > 0 } rest)
        {
            Report(new TextStreamed(rest));
        }

        return updates.ToChatResponse();
    }

    private void Record(PreparedRequest prepared, string reply, UsageDetails? usage, TimeSpan duration, string? error, string? modelName = null)
    {
        var content = prepared.Content;
        var traced = new TracedRequest
        {
            Purpose = prepared.Purpose,
            PromptTokens = prepared.Booked.PromptTokens,
            ReportedInputTokens = usage?.InputTokenCount,
            ReportedCachedInputTokens = usage?.CachedInputTokenCount,
            ReportedOutputTokens = usage?.OutputTokenCount,
            Prediction = PredictionUsage.From(usage),
            MaxReplyTokens = MaxReplyTokens(prepared.Template),
            ReplyTokens = _context.TokenCounter.Count(reply),
            Duration = duration,
            PassageIds = [.. content.Layout.Arrange(content.Passages).Select(passage => passage.Passage.Id)],
            DemonstrationIds = [.. content.Demonstrations.Select(demonstration => demonstration.Demonstration.Id)],
            Trimmed = prepared.Packed.Trimmed,
            Reply = reply,
            Error = error,
        };
        _trace.Add(prepared.Place, traced, modelName);
        if (_price is not null)
        {
            Budget.Settle(prepared.Booked, AnswerUsage.CostOf(traced, _price));
        }
    }

    private Answer Make(string text, PromptContent content, StopReason stopReason, int iterations, int unpaidIterations)
    {
        var progress = Progress;
        return new Answer
        {
            Question = _question,
            StandaloneQuestion = Request.Question == _question ? null : Request.Question,
            Text = text,
            Citations = text == Answer.NotFound ? [] : progress.Citations,
            DroppedCitations = progress.DroppedCitations,
            DuplicatePassages = progress.DuplicatePassageIds.Count,
            Strategy = Strategy,
            Model = progress.Model ?? _context.ModelName,
            ParametersAsked = Request.Parameters,
            ParametersUsed = new InferenceParameters(
                content.Passages.GroupBy(passage => passage.Batch).Select(batch => batch.Count()).DefaultIfEmpty().Max(), content.Demonstrations.Count, iterations),
            EffectiveContextTokens = progress.Usage.EffectiveContextTokens,
            Usage = progress.Usage,
            StopReason = stopReason,
            Trace = progress.Trace,
            Steps = [.. progress.Steps.Where(step => step.IntermediateAnswer is not null)],
            Trimmed = new TrimmedContent(
                Most(trimmed => trimmed.Passages), Most(trimmed => trimmed.DemonstrationPassages), Most(trimmed => trimmed.Demonstrations), unpaidIterations),
        };

        int Most(Func<TrimmedContent, int> part) => progress.Trace.Select(request => part(request.Trimmed)).DefaultIfEmpty().Max();
    }
}
