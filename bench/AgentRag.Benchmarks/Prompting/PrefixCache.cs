using AgentRag.Prompting;
using AgentRag.Tokens;
using Microsoft.Extensions.AI;

namespace AgentRag.Benchmarks.Prompting;

/// <summary>A model behind a server that keeps the beginnings of requests: counts what of each request it has seen before, and sends it on.</summary>
/// <remarks>
/// Nothing is ever dropped from the cache, and a beginning may end anywhere; providers keep it for minutes and in blocks. With blocks, the beginning counts from a
/// least size on, and down to a whole number of blocks.
/// </remarks>
internal sealed class PrefixCache(IChatClient inner, ITokenCounter counter) : DelegatingChatClient(inner)
{
    // What one large provider documents: from 1,024 tokens on, in steps of 128.
    private const int LeastTokens = 1_024;
    private const int BlockTokens = 128;

    private readonly List<string> _sent = [];
    private int _before;

    public PrefixTotals InQuestion { get; private set; } = new(0, 0, 0, 0);

    public PrefixTotals OverQuestions { get; private set; } = new(0, 0, 0, 0);

    public override Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<ChatMessage> request = [.. messages];
        Add(request);
        return base.GetResponseAsync(request, options, cancellationToken);
    }

    /// <summary>A question begins: what was sent before belongs to others.</summary>
    public void NextQuestion() => _before = _sent.Count;

    private void Add(IReadOnlyList<ChatMessage> messages)
    {
        // Roles and texts in order, divided by what stands in no text.
        var text = string.Concat(messages.Select(message => $"{message.Role}\0{message.Text}\0"));
        var tokens = RenderedPrompt.CountTokens(counter, [.. messages.Select(message => message.Text)]);
        InQuestion = InQuestion.Plus(tokens, Shared(text, tokens, _sent.Skip(_before)));
        OverQuestions = OverQuestions.Plus(tokens, Shared(text, tokens, _sent));
        _sent.Add(text);
    }

    private int Shared(string text, int tokens, IEnumerable<string> earlier)
    {
        var longest = earlier.Select(sent => sent.AsSpan().CommonPrefixLength(text)).DefaultIfEmpty().Max();
        return longest == 0 ? 0 : Math.Min(tokens, RenderedPrompt.CountTokens(counter, text[..longest].Split('\0')));
    }

    /// <summary>Sums over requests.</summary>
    /// <param name="Requests">Requests.</param>
    /// <param name="Tokens">Their input tokens.</param>
    /// <param name="Shared">Those of them that an earlier request began with.</param>
    /// <param name="InBlocks">Those of them that a cache of blocks has.</param>
    public sealed record PrefixTotals(int Requests, long Tokens, long Shared, long InBlocks)
    {
        public PrefixTotals Plus(int tokens, int shared) =>
            new(Requests + 1, Tokens + tokens, Shared + shared, InBlocks + (shared < LeastTokens ? 0 : shared / BlockTokens * BlockTokens));

        public string Percent => FormattableString.Invariant($"{100.0 * Shared / Tokens:F1} % ({100.0 * InBlocks / Tokens:F1} % in blocks)");
    }
}
