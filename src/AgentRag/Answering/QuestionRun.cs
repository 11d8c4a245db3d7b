using System.Globalization;
using AgentRag.Models;
using AgentRag.Prompting;
using AgentRag.Retrieval;
using AgentRag.Tokens;
using Microsoft.Extensions.AI;

namespace AgentRag.Answering;

/// <summary>One question on its way to an answer: the only way to the retriever and to the model, so that budget and trace miss nothing.</summary>
internal sealed class QuestionRun
{
    private readonly AnsweringContext _context;
    private readonly AnswerRequest _request;
    private readonly IProgress<AnswerEvent>? _progress;
    private readonly List<TracedRequest> _trace = [];
    private readonly List<Citation> _citations = [];
    private string? _modelName;

    public QuestionRun(AnsweringContext context, AnswerRequest request, IProgress<AnswerEvent>? progress)
    {
        (_context, _request, _progress) = (context with { TokenCounter = context.TokenCounter.Current() }, request.Validated(), progress);
        Budget = new TokenBudget(request.Budget);
    }

    public TokenBudget Budget { get; }

    public HeldPassages Held { get; } = new();

    /// <summary>Retrieves for a query and holds what is new.</summary>
    /// <returns>How many passages were new.</returns>
    public async Task<int> RetrieveAsync(string query, int k, CancellationToken cancellationToken)
    {
        if (k == 0)
        {
            return 0;
        }

        var ranked = await _context.Retriever.RetrieveAsync(new RetrievalQuery(query, k), cancellationToken).ConfigureAwait(false);
        var added = Held.Add(ranked);
        Report(new PassagesRetrieved(query, ranked, added));
        return added;
    }

    /// <summary>Input tokens of a prompt, as it would be sent.</summary>
    public int CountTokens(PromptName name, PromptContent content) =>
        _context.Prompts.Get(name).CountTokens(content with { Layout = _context.Layout }, _context.TokenCounter);

    /// <summary>Packs a prompt into what is available and sends it.</summary>
    /// <param name="task">What it asks for.</param>
    /// <param name="name">The prompt.</param>
    /// <param name="content">What should go in.</param>
    /// <param name="reservedTokens">Tokens of the budget set aside for later requests.</param>
    /// <param name="leastPassages">Passages without which it is not worth sending.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>The reply; null when not even the smallest version fits, and nothing was sent.</returns>
    public async Task<ModelReply?> SendAsync(
        GroundedTask task, PromptName name, PromptContent content, long reservedTokens = 0, int leastPassages = 0, CancellationToken cancellationToken = default)
    {
        var template = _context.Prompts.Get(name);
        if (PromptPacker.Pack(template, content with { Layout = _context.Layout }, _context.TokenCounter, Budget.AvailableTokens(reservedTokens), leastPassages) is not { } packed)
        {
            return null;
        }

        var reply = await RequestAsync(task, Purpose(task), template, packed, packed.Prompt.Messages, packed.Prompt.TokenCount, cancellationToken).ConfigureAwait(false);
        return new ModelReply(reply, packed.Content, task, template, packed);
    }

    /// <summary>Asks once more for a reply that was no line of the asked form.</summary>
    /// <returns>The new reply; null when the request does not fit or the prompt has no words for it, and nothing was sent.</returns>
    public async Task<ModelReply?> RepairAsync(ModelReply broken, IReadOnlyList<string> prefixes, long reservedTokens, CancellationToken cancellationToken)
    {
        if (broken.Template.RenderRepair(prefixes) is not { } instruction)
        {
            return null;
        }

        // The broken reply may be of any length; its beginning is enough to be mended.
        var excerpt = UntrustedText.NeutraliseLine(broken.Text[..Math.Min(broken.Text.Length, 400)]);
        var prompt = broken.Packed.Prompt;
        var tokens = RenderedPrompt.CountTokens(_context.TokenCounter, prompt.System, prompt.User, excerpt, instruction);
        if (tokens > Budget.AvailableTokens(reservedTokens))
        {
            return null;
        }

        IReadOnlyList<ChatMessage> messages = [.. prompt.Messages, new(ChatRole.Assistant, excerpt), new(ChatRole.User, instruction)];
        var text = await RequestAsync(broken.Task, "repair", broken.Template, broken.Packed, messages, tokens, cancellationToken).ConfigureAwait(false);
        return broken with { Text = text };
    }

    /// <summary>Takes the citation marks out of a text and keeps the passages they name.</summary>
    /// <returns>The text alone.</returns>
    public string TakeCitations(string text, PromptContent content)
    {
        var cited = CitedText.Parse(text);
        foreach (var citation in cited.Citations(content.Passages).Where(citation => _citations.TrueForAll(held => held.PassageId != citation.PassageId)))
        {
            _citations.Add(citation);
        }

        return cited.Text;
    }

    /// <summary>Makes the answer out of the final reply.</summary>
    public Answer Finish(
        string strategy, string text, PromptContent content, StopReason stopReason, int iterations, IReadOnlyList<SelfAskStep>? steps = null, int unpaidIterations = 0)
    {
        var line = SelfAskReply.FirstLine(text);
        if (line.Length == 0)
        {
            // No text is no answer, and not the statement that the documents hold none.
            throw new AgentRagException(
                $"The model {_modelName ?? _context.ModelName} replied without any text to answer with: try again, allow longer answers if it thinks before it answers, " +
                "or choose another model.");
        }

        var answerText = TakeCitations(line, content);
        var answer = new Answer
        {
            Question = _request.Question,
            Text = answerText,
            Citations = answerText == Answer.NotFound ? [] : _citations,
            Strategy = strategy,
            Model = _modelName ?? _context.ModelName,
            ParametersAsked = _request.Parameters,
            ParametersUsed = new InferenceParameters(
                content.Passages.GroupBy(passage => passage.Batch).Select(batch => batch.Count()).DefaultIfEmpty().Max(), content.Demonstrations.Count, iterations),
            EffectiveContextTokens = Budget.SpentTokens,
            StopReason = stopReason,
            Trace = _trace,
            Steps = steps ?? [],
            Trimmed = new TrimmedContent(
                _trace.Max(request => request.Trimmed.Passages),
                _trace.Max(request => request.Trimmed.DemonstrationPassages),
                _trace.Max(request => request.Trimmed.Demonstrations),
                unpaidIterations),
        };
        Report(new Answered(answer));
        return answer;
    }

    public AgentRagException QuestionDoesNotFit(PromptName name)
    {
        var tokens = CountTokens(name, new PromptContent { Question = _request.Question });
        return new AgentRagException(Budget.AvailableTokens() < Budget.RemainingTokens
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"The question alone takes {tokens:N0} tokens and the context window has {Budget.AvailableTokens():N0} beside the {Budget.ReservedAnswerTokens:N0} reserved for the answer: shorten it, reserve less, or choose a model with a larger window.")
            : string.Create(
                CultureInfo.InvariantCulture,
                $"The question alone takes {tokens:N0} tokens and the budget is {Budget.AvailableTokens():N0}: shorten it or raise the budget."));
    }

    public void Report(AnswerEvent happened) => _progress?.Report(happened);

    private static string Purpose(GroundedTask task) => task switch
    {
        GroundedTask.NextStep => "next step",
        GroundedTask.IntermediateAnswer => "intermediate answer",
        GroundedTask.FinalAnswer => "final answer",
        GroundedTask.Decompose => "decompose",
        _ => "answer",
    };

    private async Task<string> RequestAsync(
        GroundedTask task,
        string purpose,
        PromptTemplate template,
        PackedPrompt packed,
        IReadOnlyList<ChatMessage> messages,
        int promptTokens,
        CancellationToken cancellationToken)
    {
        Budget.Spend(promptTokens);
        Report(new RequestSent(purpose, promptTokens, Budget.SpentTokens, packed.Trimmed));
        var options = new ChatOptions
        {
            Temperature = template.Temperature,
            MaxOutputTokens = Math.Min(template.MaxAnswerTokens ?? int.MaxValue, Budget.ReservedAnswerTokens),
            StopSequences = template.StopSequences.Count > 0 ? [.. template.StopSequences] : null,
        };
        new GroundedRequest
        {
            Task = task,
            Question = packed.Content.Question,
            Passages =
            [
                .. packed.Content.Passages.Select(passage =>
                    new GroundedPassage(passage.Number, passage.Passage.Id, passage.Passage.Title, passage.Passage.Text)),
            ],
            Steps = packed.Content.Steps,
        }.AttachTo(options);

        var response = await _context.Model.GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false);
        _modelName = response.ModelId ?? _modelName;
        _trace.Add(new TracedRequest
        {
            Purpose = purpose,
            PromptTokens = promptTokens,
            ReportedInputTokens = response.Usage?.InputTokenCount,
            ReportedCachedInputTokens = response.Usage?.CachedInputTokenCount,
            ReportedOutputTokens = response.Usage?.OutputTokenCount,
            PassageIds =
            [
                .. packed.Content.Layout.Arrange(packed.Content.Passages).Select(passage => passage.Passage.Id),
            ],
            DemonstrationIds = [.. packed.Content.Demonstrations.Select(prepared => prepared.Demonstration.Id)],
            Trimmed = packed.Trimmed,
            Reply = response.Text,
        });
        return response.Text;
    }
}

/// <summary>A reply together with the prompt it answers.</summary>
internal sealed record ModelReply(string Text, PromptContent Content, GroundedTask Task, PromptTemplate Template, PackedPrompt Packed);
