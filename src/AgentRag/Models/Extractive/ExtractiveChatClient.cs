using System.Runtime.CompilerServices;
using AgentRag.Tokens;
using Microsoft.Extensions.AI;

namespace AgentRag.Models.Extractive;

/// <summary>The offline model <c>extractive</c>: it reads the passages of a request and answers with a span of them.</summary>
/// <remarks>
/// It needs no key, no weights and no network, and always gives the same reply to the same request. It answers only requests that carry a
/// <see cref="GroundedRequest"/>; the rendered messages are counted, never read. Safe for concurrent use.
/// </remarks>
/// <param name="tokens">Counts the tokens of messages and replies for the reported usage.</param>
public sealed class ExtractiveChatClient(ITokenCounter tokens) : IChatClient
{
    /// <summary>The model's name, as in <c>--model extractive</c> and in every reply.</summary>
    public const string ModelName = "extractive";

    private static readonly ChatClientMetadata Metadata = new("agentrag", providerUri: null, ModelName);

    private readonly ITokenCounter _tokens = tokens ?? throw new ArgumentNullException(nameof(tokens));

    /// <inheritdoc/>
    /// <exception cref="AgentRagException">The options carry no <see cref="GroundedRequest"/>.</exception>
    public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        cancellationToken.ThrowIfCancellationRequested();
        var request = GroundedRequest.From(options)
            ?? throw new AgentRagException(
                "The model 'extractive' answers AgentRag's own requests only, and this one carries no question and passages: choose a chat model, such as --model openai:<name>.");
        var text = Reply(request, cancellationToken);
        var input = messages.Sum(message => _tokens.Count(message.Text));
        var output = _tokens.Count(text);
        return Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, text))
        {
            ModelId = ModelName,
            FinishReason = ChatFinishReason.Stop,
            Usage = new UsageDetails { InputTokenCount = input, OutputTokenCount = output, TotalTokenCount = input + output },
        });
    }

    /// <inheritdoc/>
    /// <exception cref="AgentRagException">The options carry no <see cref="GroundedRequest"/>.</exception>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var response = await GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false);
        foreach (var update in response.ToChatResponseUpdates())
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return update;
        }
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(ChatClientMetadata) ? Metadata
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    /// <summary>Releases nothing: the model holds no resources.</summary>
    public void Dispose()
    {
    }

    private static string Reply(GroundedRequest request, CancellationToken cancellationToken)
    {
        switch (request.Task)
        {
            case GroundedTask.Keywords:
                return ReplyText.Query([string.Join(", ", SearchTerms.Of(request.Question)), request.Question]);
            case GroundedTask.MultiQuery:
                return ReplyText.Lines(SearchTerms.Wordings(request.Question)) is { Length: > 0 } wordings ? wordings : ReplyText.NotFound;
            case GroundedTask.Standalone:
                // It knows no conversation: the question stays as it is.
                return ReplyText.Query([request.Question]);
            case GroundedTask.Classify:
                return Planner.Plan(request.Question).Steps.Count switch { <= 1 => "SIMPLE", 2 => "MODERATE", _ => "COMPLEX" };
            case GroundedTask.Grade:
                // A span of a passage is borne out by it, and more it cannot tell.
                return request.Passages.Any(passage => passage.Text.Contains((request.Steps.Count > 0 ? request.Steps[^1].IntermediateAnswer : null) ?? "", StringComparison.OrdinalIgnoreCase)) ? "8" : "2";
        }

        if (CharacterPairs.Reads(request.Question))
        {
            return UnsplitReply(request);
        }

        if (request.Task == GroundedTask.Decompose)
        {
            return ReplyText.Lines(Planner.Plan(request.Question).Steps);
        }

        var passages = PassageText.Read(request.Passages);
        cancellationToken.ThrowIfCancellationRequested();
        var reader = new PlanReader(request.Question, passages, request.Steps);
        return request.Task switch
        {
            GroundedTask.NextStep => reader.Next() is { } subQuery ? ReplyText.FollowUp(subQuery) : ReplyText.Final(reader.Final()),
            GroundedTask.IntermediateAnswer => ReplyText.Intermediate(Reader.Answer(request.Steps.Count > 0 ? request.Steps[^1].SubQuery : request.Question, passages)),
            GroundedTask.FinalAnswer or GroundedTask.Draft => ReplyText.Final(reader.Final()),
            // Its plan is done, or it is not.
            GroundedTask.Sufficiency => reader.Next() is null ? "yes" : "no",
            _ => ReplyText.Answer(reader.Final()),
        };
    }

    /// <summary>Questions that the English patterns cannot split are answered in one step.</summary>
    private static string UnsplitReply(GroundedRequest request)
    {
        if (request.Task == GroundedTask.Decompose)
        {
            return ReplyText.Lines([request.Question]);
        }

        var isIntermediate = request.Task == GroundedTask.IntermediateAnswer && request.Steps.Count > 0;
        var finding = CharacterPairs.Answer(isIntermediate ? request.Steps[^1].SubQuery : request.Question, request.Passages);
        return request.Task switch
        {
            GroundedTask.Answer => ReplyText.Answer(finding),
            GroundedTask.IntermediateAnswer => ReplyText.Intermediate(finding),
            GroundedTask.Sufficiency => finding is null ? "no" : "yes",
            _ => ReplyText.Final(finding),
        };
    }
}
