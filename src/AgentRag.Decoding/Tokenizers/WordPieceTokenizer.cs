using System.Text;

namespace AgentRag.Decoding.Tokenizers;

/// <summary>A vocabulary of word pieces.</summary>
internal sealed record WordPieceVocabulary
{
    /// <summary>Ids by their texts.</summary>
    public required IReadOnlyDictionary<string, int> Ids { get; init; }

    /// <summary>What stands before a piece that goes on with a word. Default <c>##</c>.</summary>
    public string Continuing { get; init; } = "##";

    /// <summary>The token for a word that is not made of pieces. Default <c>[UNK]</c>.</summary>
    public string Unknown { get; init; } = "[UNK]";

    /// <summary>Characters of a word at most; longer ones are unknown. Default 100.</summary>
    public int LongestWord { get; init; } = 100;
}

/// <summary>BERT's tokenizer: words, and of each word the longest piece of the vocabulary from the left, again and again.</summary>
internal sealed class WordPieceTokenizer : IEncoderTokenizer
{
    private readonly BertWordOptions _words;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _first;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _continuing;
    private readonly int _unknown;
    private readonly int _longestWord;
    private readonly int _longestPiece;

    /// <param name="vocabulary">The pieces.</param>
    /// <param name="words">How texts are cut into words.</param>
    /// <param name="before">Tokens before a text.</param>
    /// <param name="behind">Tokens behind a text.</param>
    /// <exception cref="AgentRagException">The vocabulary has no token for unknown words.</exception>
    public WordPieceTokenizer(WordPieceVocabulary vocabulary, BertWordOptions words, IReadOnlyList<int> before, IReadOnlyList<int> behind)
    {
        (_words, Before, Behind, _longestWord) = (words, before, behind, vocabulary.LongestWord);
        _unknown = vocabulary.Ids.TryGetValue(vocabulary.Unknown, out var unknown) ? unknown : throw new AgentRagException($"its vocabulary has no token '{vocabulary.Unknown}' for unknown words.");
        VocabularySize = vocabulary.Ids.Values.Max() + 1;
        _longestPiece = vocabulary.Ids.Keys.Max(text => text.Length);
        _first = new Dictionary<string, int>(vocabulary.Ids, StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();
        _continuing = vocabulary.Ids.Where(token => token.Key.StartsWith(vocabulary.Continuing, StringComparison.Ordinal))
            .ToDictionary(token => token.Key[vocabulary.Continuing.Length..], token => token.Value, StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <inheritdoc/>
    public int VocabularySize { get; }

    /// <inheritdoc/>
    public IReadOnlyList<int> Before { get; }

    /// <inheritdoc/>
    public IReadOnlyList<int> Behind { get; }

    /// <inheritdoc/>
    public void Encode(ReadOnlySpan<char> text, List<int> tokens) => BertWords.Read(text, _words, word => Add(word, tokens));

    private void Add(StringBuilder builder, List<int> tokens)
    {
        var word = builder.ToString().AsSpan();
        var before = tokens.Count;
        var isKnown = CountRunes(word) <= _longestWord;
        for (var start = 0; isKnown && start < word.Length;)
        {
            var pieces = start == 0 ? _first : _continuing;
            var (end, id) = (Math.Min(word.Length, start + _longestPiece), -1);
            while (end > start && !pieces.TryGetValue(word[start..end], out id))
            {
                end--;
            }

            isKnown = end > start;
            start = end;
            tokens.Add(id);
        }

        if (!isKnown)
        {
            // A word of which any part is unknown is unknown as a whole.
            tokens.RemoveRange(before, tokens.Count - before);
            tokens.Add(_unknown);
        }
    }

    private static int CountRunes(ReadOnlySpan<char> word)
    {
        var count = 0;
        foreach (var _ in word.EnumerateRunes())
        {
            count++;
        }

        return count;
    }
}
