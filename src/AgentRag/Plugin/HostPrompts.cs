using System.Globalization;
using AgentRag.Answering;
using AgentRag.Prompting;
using AgentRag.Retrieval;

namespace AgentRag.Plugin;

/// <summary>Prompts for the calling model: packed into budget and result like those that are sent to a model.</summary>
/// <param name="context">What they are made of; its model is not asked.</param>
internal sealed class HostPrompts(PluginContext context)
{
    private readonly AnsweringContext _answering = context.Answering;

    /// <summary>Makes the prompt of DRAG: worked examples, passages, question.</summary>
    public async Task<HostTurnResult> DragAsync(AnswerRequest request, int maxTokens, CancellationToken cancellationToken)
    {
        var (question, (k, m, _)) = (request.Question, request.Validated().Parameters);
        var ranked = k == 0 ? [] : (await _answering.Retriever.RetrieveDistinctAsync(new RetrievalQuery(question, k), cancellationToken).ConfigureAwait(false)).Passages;
        var content = new PromptContent
        {
            Question = question,
            Layout = _answering.Layout,
            Passages = [.. ranked.Select(passage => new NumberedPassage(passage.Rank, Batch: 0, passage.Rank, passage.Passage))],
            Demonstrations = await _answering.Demonstrations.SelectAsync(question, m, k, withSteps: false, cancellationToken).ConfigureAwait(false),
        };
        return Pack(PromptName.Drag, content, request.Budget, maxTokens);
    }

    /// <summary>Makes the prompt that asks for sub-queries.</summary>
    public HostTurnResult Decompose(string question, int maxSubQueries, int maxTokens) => Pack(
        PromptName.Decompose,
        new PromptContent { Question = question, MaxSubQueries = maxSubQueries },
        context.Budget,
        maxTokens);

    private HostTurnResult Pack(PromptName name, PromptContent content, TokenBudgetOptions budget, int maxTokens)
    {
        var template = _answering.Prompts.Get(name);
        var availableTokens = new TokenBudget(budget).AvailableTokens();
        var available = availableTokens;
        while (PromptPacker.Pack(template, content, _answering.TokenCounter, available) is { } packed)
        {
            var result = Make(template, packed, budget);
            var excess = PluginJson.Tokens(result, _answering.TokenCounter) - maxTokens;
            if (excess <= 0)
            {
                return result;
            }

            // As JSON it is larger than as a prompt: by how much depends on what is in it.
            available = packed.Prompt.TokenCount - excess;
            if (available <= 0)
            {
                break;
            }
        }

        throw new AgentRagException(string.Create(
            CultureInfo.InvariantCulture,
            $"The question does not fit into max_tokens {maxTokens:N0} and a budget of {availableTokens:N0} tokens: shorten it, or raise them."));
    }

    private HostTurnResult Make(PromptTemplate template, PackedPrompt packed, TokenBudgetOptions budget)
    {
        var bare = template.Render(packed.Content with { Passages = [] }, _answering.TokenCounter);
        return new HostTurnResult(
            packed.Content.Question,
            $"You are the model that answers here. {bare.System}"
                + (packed.Content.Passages.Count == 0 ? "" : "\nThe passages stand in 'passages', cite them by number, and name title and source to the user."),
            bare.User,
            [.. packed.Content.Layout.Arrange(packed.Content.Passages).Select(HostPassage.From)],
            [],
            Iteration: 1,
            MaxIterations: 1,
            packed.Prompt.TokenCount,
            budget.MaxEffectiveContextTokens,
            State: "",
            NoteOn(packed.Trimmed));
    }

    internal static string NoteOn(TrimmedContent trimmed) => trimmed is { Passages: 0, DemonstrationPassages: 0, Demonstrations: 0 }
        ? ""
        : $"Left out to stay within budget and max_tokens: {Count(trimmed.Passages, "passage")}, {Count(trimmed.Demonstrations, "worked example")}, {Count(trimmed.DemonstrationPassages, "passage")} of worked examples.";

    internal static string Count(int count, string noun) => string.Create(CultureInfo.InvariantCulture, $"{count:N0} {noun}{(count == 1 ? "" : "s")}");
}
