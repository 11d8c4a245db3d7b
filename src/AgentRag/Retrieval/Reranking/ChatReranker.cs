using AgentRag.Documents;
using Microsoft.Extensions.AI;

namespace AgentRag.Retrieval.Reranking;

/// <summary>Reranks with a chat model that orders several passages at once.</summary>
/// <remarks>
/// A window slides from the last passages to the first, so the best rise to the top with one pass. An order has no scores: a passage's score is 1 / rank.
/// Safe for concurrent use, as far as the model is.
/// </remarks>
public sealed class ChatReranker : IReranker
{
    private const int LongestQuote = 120;

    private readonly IChatClient _model;
    private readonly RerankPrompt _prompt;
    private readonly ChatRerankerOptions _options;

    /// <summary>Makes a reranker.</summary>
    /// <param name="model">The model; stays the caller's.</param>
    /// <param name="prompt">What a request says.</param>
    /// <param name="options">Window and step; null for the defaults.</param>
    /// <exception cref="AgentRagException">An option is out of range.</exception>
    public ChatReranker(IChatClient model, RerankPrompt prompt, ChatRerankerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentOutOfRangeException.ThrowIfLessThan(prompt.MaxOutputTokens, 1, nameof(prompt));
        (_model, _prompt, _options) = (model, prompt, (options ?? new()).Validated());
    }

    /// <inheritdoc/>
    public string Name => "chat";

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RankedPassage>> RerankAsync(
        string query, IReadOnlyList<RankedPassage> passages, int topK, CancellationToken cancellationToken = default)
    {
        Reranked.Check(query, passages, topK);
        var order = passages.ToArray();
        if (topK > 0 && order.Length > 1)
        {
            var start = Math.Max(0, order.Length - _options.WindowSize);
            while (true)
            {
                var window = order.AsMemory(start, Math.Min(_options.WindowSize, order.Length - start));
                await SortAsync(query, window, cancellationToken).ConfigureAwait(false);
                if (start == 0)
                {
                    break;
                }

                start = Math.Max(0, start - _options.Step);
            }
        }

        return Reranked.From(Name, order.Take(topK).Select((passage, i) => (passage, 1.0 / (i + 1))));
    }

    private async Task SortAsync(string query, Memory<RankedPassage> window, CancellationToken cancellationToken)
    {
        var before = window.ToArray();
        ChatOptions options = new() { Temperature = 0, MaxOutputTokens = _prompt.MaxOutputTokens };
        var messages = _prompt.Render(query, Array.ConvertAll<RankedPassage, Passage>(before, passage => passage.Passage));
        var reply = (await _model.GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false)).Text;
        var order = ListwiseReply.Parse(reply, before.Length) ?? throw new AgentRagException(
            $"The model did not reply with an order of passages 1 to {before.Length} such as [2] > [1], but with \"{Quoted(reply)}\": "
            + "use a larger model for reranking, or none.");
        for (var i = 0; i < before.Length; i++)
        {
            window.Span[i] = before[order[i]];
        }
    }

    private static string Quoted(string reply)
    {
        var line = string.Join(' ', string.Concat(reply.Select(c => char.IsControl(c) ? ' ' : c)).Split(' ', StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= LongestQuote ? line : $"{line[..LongestQuote].TrimEnd()}…";
    }
}
