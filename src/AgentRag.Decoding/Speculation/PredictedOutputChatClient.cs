using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using AgentRag.Decoding.Chat;
using AgentRag.Documents;
using AgentRag.Models;
using AgentRag.Retrieval;
using AgentRag.Tokens;
using Microsoft.Extensions.AI;

namespace AgentRag.Decoding.Speculation;

/// <summary>RAPID over an API: a drafter that reads only what belongs to the question writes the answer, and the model gets it as predicted output beside the whole prompt.</summary>
/// <remarks>
/// <para>
/// The answer's distribution stays the model's (eta = 0): a prediction makes it come faster where it is right, and rejected tokens may be billed. That is as much of
/// RAPID as an API allows, since none gives the full distributions of two contexts.
/// </para>
/// <para>
/// Left alone, and sent as they are: short prompts, requests with tools, penalties or a prediction of their own, and all requests where the model takes no
/// predictions, also once its server has refused one (<see cref="OpenAICompatibleChatClient.RefusesPredictions"/>). When the drafter fails, or what it reads cannot be
/// made, the request is sent without a prediction; a retriever that fails leaves the choice to <see cref="DraftRetrievers.Bm25"/>. Safe for concurrent use if both
/// clients are.
/// </para>
/// <para>The usage's additional counts hold what <see cref="PredictionUsage"/> reads: tokens accepted and rejected where the server reports them, and those of the drafter.</para>
/// </remarks>
public sealed class PredictedOutputChatClient : DelegatingChatClient
{
    private const string Field = "prediction";

    private readonly IChatClient _drafter;
    private readonly ITokenCounter _tokens;
    private readonly DraftContextOptions _options;
    private readonly bool _takesPredictions;
    private readonly Func<IReadOnlyList<Passage>, IRetriever>? _retrieverOf;

    /// <summary>Makes the client.</summary>
    /// <param name="model">The model that answers.</param>
    /// <param name="drafter">The model that drafts; a cheaper one, or the same.</param>
    /// <param name="tokens">Counts tokens of prompts.</param>
    /// <param name="options">What the drafter reads; null for the paper's measures.</param>
    /// <param name="takesPredictions">Whether the model's server knows <c>prediction</c>; null to go by its address: OpenAI's does, and so does an in-process model.</param>
    /// <param name="retrieverOf">Makes the retriever that chooses what the drafter reads; null for <see cref="DraftRetrievers.Bm25"/>.</param>
    public PredictedOutputChatClient(
        IChatClient model, IChatClient drafter, ITokenCounter tokens, DraftContextOptions? options = null, bool? takesPredictions = null,
        Func<IReadOnlyList<Passage>, IRetriever>? retrieverOf = null)
        : base(model)
    {
        ArgumentNullException.ThrowIfNull(drafter);
        ArgumentNullException.ThrowIfNull(tokens);
        (_drafter, _tokens, _options, _retrieverOf) = (drafter, tokens, options ?? new DraftContextOptions(), retrieverOf);
        _takesPredictions = takesPredictions
            ?? (model.GetService<LocalChatClient>() is not null || model.GetService<ChatClientMetadata>()?.ProviderUri?.Host == "api.openai.com");
    }

    /// <inheritdoc/>
    public override async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        List<ChatMessage> all = [.. messages];
        var (predicted, draft) = await PredictAsync(all, options, cancellationToken).ConfigureAwait(false);
        var response = await base.GetResponseAsync(all, predicted, cancellationToken).ConfigureAwait(false);
        if (draft is not null && (response.Usage ??= new UsageDetails()) is { } usage)
        {
            Count(usage, draft);
        }

        return response;
    }

    /// <inheritdoc/>
    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        List<ChatMessage> all = [.. messages];
        var (predicted, draft) = await PredictAsync(all, options, cancellationToken).ConfigureAwait(false);
        await foreach (var update in base.GetStreamingResponseAsync(all, predicted, cancellationToken).ConfigureAwait(false))
        {
            if (draft is not null && update.Contents.OfType<UsageContent>().FirstOrDefault() is { } content)
            {
                Count(content.Details, draft);
                draft = null;
            }

            yield return update;
        }
    }

    private static void Count(UsageDetails usage, UsageDetails draft)
    {
        var counts = usage.AdditionalCounts ??= [];
        counts[PredictionUsage.DraftInput] = draft.InputTokenCount ?? 0;
        counts[PredictionUsage.DraftOutput] = draft.OutputTokenCount ?? 0;
    }

    private async Task<(ChatOptions? Options, UsageDetails? Draft)> PredictAsync(List<ChatMessage> messages, ChatOptions? options, CancellationToken cancellationToken)
    {
        if (!_takesPredictions || InnerClient.GetService<OpenAICompatibleChatClient>() is { RefusesPredictions: true }
            || options?.Tools is { Count: > 0 } || options?.PresencePenalty is > 0 || options?.FrequencyPenalty is > 0
            || options?.AdditionalProperties?.ContainsKey(Field) is true || messages.Exists(message => message.Contents.Any(content => content is not TextContent)))
        {
            return (options, null);
        }

        ChatResponse draft;
        try
        {
            var turns = ChatTurn.From(messages, instructions: null);
            var shortened = await DraftContext.OfAsync(
                turns, GroundedRequest.From(options)?.Question, turns.Sum(turn => Tokens(turn.Text)), Tokens, _options, _retrieverOf, cancellationToken).ConfigureAwait(false);
            if (shortened is null)
            {
                return (options, null);
            }

            draft = await _drafter.GetResponseAsync([.. shortened.Turns.Select(turn => new ChatMessage(new ChatRole(turn.Role), turn.Text))], options?.Clone(), cancellationToken).ConfigureAwait(false);
        }
        catch (AgentRagException)
        {
            // The answer does not need a draft.
            return (options, null);
        }

        if (draft.Text.Length == 0)
        {
            return (options, draft.Usage);
        }

        var predicted = options?.Clone() ?? new ChatOptions();
        predicted.AdditionalProperties = predicted.AdditionalProperties is { } properties ? new(properties) : [];
        predicted.AdditionalProperties[Field] = new JsonObject { ["type"] = "content", ["content"] = draft.Text };
        return (predicted, draft.Usage ?? new UsageDetails());
    }

    private int Tokens(string text) => _tokens.Count(text);
}
