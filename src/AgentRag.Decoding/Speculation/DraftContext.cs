using AgentRag.Decoding.Chat;
using AgentRag.Documents;
using AgentRag.Retrieval;

namespace AgentRag.Decoding.Speculation;

/// <summary>A prompt cut down to the parts that belong to the question: what RAPID's drafter reads.</summary>
/// <remarks>
/// The longest message is cut into parts; its first and last part stay, as instructions and question most often stand there, and of the others those that a retriever
/// ranks best, in their own order. Departs from the paper, section 3.1, which knows context and question apart and embeds with BGE-M3: a chat request does not say
/// which of its text is context, and BM25, the default, needs no second model. Where there is an embedding model, <see cref="DraftRetrievers.Hybrid"/> asks it too;
/// where it does not answer, the words choose alone.
/// </remarks>
/// <param name="Turns">The conversation, shortened.</param>
/// <param name="Coverage">Share of the question's words, weighted by rarity, that stand in the retrieved parts, in [0, 1].</param>
internal sealed record DraftContext(IReadOnlyList<ChatTurn> Turns, double Coverage)
{
    // Words that a question has whatever it asks for, beside the stop words of the index.
    private static readonly HashSet<string> QuestionWords = new(
        ["the", "and", "for", "are", "was", "not", "but", "what", "which", "who", "whom", "whose", "when", "where", "why", "how", "does", "did", "has", "have", "had", "were", "been", "into", "such", "that", "their", "then", "there", "these", "they", "this", "will", "with", "many", "much"],
        StringComparer.OrdinalIgnoreCase);

    /// <summary>Shortens a conversation.</summary>
    /// <param name="turns">The conversation.</param>
    /// <param name="question">What is asked; null to take the last part of the longest message, or the last message if that is another.</param>
    /// <param name="promptTokens">Tokens of the whole prompt.</param>
    /// <param name="count">Counts tokens of texts.</param>
    /// <param name="options">How much is kept.</param>
    /// <param name="retrieverOf">Makes the retriever over the parts; null for BM25, which also takes its place when it fails.</param>
    /// <param name="cancellationToken">Ends the retrieval.</param>
    /// <returns>The shortened conversation; null when there is nothing to shorten.</returns>
    public static async Task<DraftContext?> OfAsync(
        IReadOnlyList<ChatTurn> turns, string? question, int promptTokens, Func<string, int> count, DraftContextOptions options,
        Func<IReadOnlyList<Passage>, IRetriever>? retrieverOf = null, CancellationToken cancellationToken = default)
    {
        var wanted = options.TokensFor(promptTokens);
        if (wanted >= promptTokens || turns.Count == 0)
        {
            return null;
        }

        var longest = Enumerable.Range(0, turns.Count).MaxBy(turn => turns[turn].Text.Length);
        var chunks = TextChunks.Of(turns[longest].Text, options.ChunkTokens, count);
        if (chunks.Count < 4)
        {
            return null;
        }

        question ??= longest == turns.Count - 1 ? chunks[^1] : turns[^1].Text;
        int[] tokens = [.. chunks.Select(count)];
        var room = wanted - (promptTokens - tokens.Sum()) - tokens[0] - tokens[^1];
        var (chosen, coverage) = await ChooseAsync(chunks, tokens, question, room, options, retrieverOf, cancellationToken).ConfigureAwait(false);
        chosen.UnionWith([0, chunks.Count - 1]);
        var text = string.Join("\n\n", chosen.Order().Select(chunk => chunks[chunk].Trim()));
        return new DraftContext([.. turns.Select((turn, i) => i == longest ? turn with { Text = text } : turn)], coverage);
    }

    private static async Task<(HashSet<int> Chosen, double Coverage)> ChooseAsync(
        List<string> chunks, int[] tokens, string question, int room, DraftContextOptions options, Func<IReadOnlyList<Passage>, IRetriever>? retrieverOf, CancellationToken cancellationToken)
    {
        List<Passage> inner = [.. Enumerable.Range(1, chunks.Count - 2).Select(chunk => AsPassage(chunk, chunks[chunk], tokens[chunk]))];
        var words = DraftRetrievers.Bm25(inner);
        HashSet<int> chosen = [];
        if (string.IsNullOrWhiteSpace(question))
        {
            return (chosen, 0);
        }

        var ranked = await RankAsync(inner, words, question, retrieverOf, cancellationToken).ConfigureAwait(false);
        foreach (var (chunk, score) in ranked)
        {
            if (score < options.LeastScore * ranked[0].Score)
            {
                break;
            }

            if (tokens[chunk] <= room)
            {
                chosen.Add(chunk);
                room -= tokens[chunk];
            }
        }

        return (chosen, await CoverageAsync(words, question, chosen, inner.Count, cancellationToken).ConfigureAwait(false));
    }

    // A server of embeddings may be down; the answer does not need them.
    private static async Task<List<(int Chunk, double Score)>> RankAsync(
        List<Passage> parts, IRetriever words, string question, Func<IReadOnlyList<Passage>, IRetriever>? retrieverOf, CancellationToken cancellationToken)
    {
        if (retrieverOf is not null)
        {
            try
            {
                return await SearchAsync(retrieverOf(parts), question, cancellationToken).ConfigureAwait(false);
            }
            catch (AgentRagException)
            {
                // The words are left.
            }
        }

        return await SearchAsync(words, question, cancellationToken).ConfigureAwait(false);
    }

    // A word's weight is its rarity, ln(1 + N / (1 + df)); the index itself says which parts hold it, in whatever form.
    private static async Task<double> CoverageAsync(IRetriever words, string question, HashSet<int> chosen, int count, CancellationToken cancellationToken)
    {
        var (covered, all) = (0.0, 0.0);
        foreach (var word in question.Split(' ', '\t', '\n', '\r', '?', '.', ',', ';', ':', '!', '"', '(', ')').Distinct(StringComparer.OrdinalIgnoreCase))
        {
            if (word.Length < 3 || QuestionWords.Contains(word) || !word.Any(char.IsLetterOrDigit))
            {
                continue;
            }

            var holders = await SearchAsync(words, word, cancellationToken).ConfigureAwait(false);
            var weight = Math.Log(1 + (count / (1.0 + holders.Count)));
            all += weight;
            covered += holders.Any(holder => chosen.Contains(holder.Chunk)) ? weight : 0;
        }

        return all > 0 ? covered / all : 0;
    }

    private static async Task<List<(int Chunk, double Score)>> SearchAsync(IRetriever retriever, string query, CancellationToken cancellationToken)
    {
        var found = await retriever.RetrieveAsync(new RetrievalQuery(query, RetrievalQuery.MaxK), cancellationToken).ConfigureAwait(false);
        return [.. found.Select(ranked => (ranked.Passage.Start, ranked.Score))];
    }

    private static Passage AsPassage(int chunk, string text, int tokens) => new()
    {
        Id = $"context#{chunk}",
        DocumentId = $"context-{chunk}",
        Title = "",
        Source = "",
        Start = chunk,
        End = chunk,
        Text = text,
        ContentHash = "",
        TokenCount = tokens,
    };
}
