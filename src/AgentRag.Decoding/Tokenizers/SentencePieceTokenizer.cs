using System.Text;

namespace AgentRag.Decoding.Tokenizers;

/// <summary>SentencePiece as the Llama family uses it: characters are joined, the pair whose token has the highest score first.</summary>
/// <remarks>
/// Spaces are written as U+2581, and one is put before the text unless the file says otherwise. Of equal scores the leftmost pair is joined. What no token is
/// made of falls back to byte tokens, and without these to the unknown token. Time n log n in the length of the text.
/// </remarks>
internal sealed class SentencePieceTokenizer : IModelTokenizer
{
    private const char Space = '\u2581';

    private readonly VocabularyMetadata _metadata;
    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly IReadOnlyList<float> _scores;
    private readonly int[] _ofByte = new int[256];
    private readonly byte[][] _bytes;
    private readonly bool _addsSpace;
    private readonly int? _unknown;
    private readonly List<(string Text, int Id)> _userDefined;

    public SentencePieceTokenizer(VocabularyMetadata metadata)
    {
        _metadata = metadata;
        var count = metadata.Tokens.Count;
        _scores = metadata.Metadata.Numbers("tokenizer.ggml.scores") ?? throw new AgentRagException($"{metadata.Source} has a SentencePiece tokenizer without scores (tokenizer.ggml.scores): convert the model again.");
        if (_scores.Count != count || _scores.Any(float.IsNaN))
        {
            throw new AgentRagException($"{metadata.Source} is damaged: its tokenizer has {count} tokens and {_scores.Count} scores, or a score is no number. Download or convert it again.");
        }

        Array.Fill(_ofByte, -1);
        _ids = new Dictionary<string, int>(count, StringComparer.Ordinal);
        _bytes = new byte[count][];
        for (var id = 0; id < count; id++)
        {
            var (text, kind) = (metadata.Tokens[id], metadata.Kinds[id]);
            _bytes[id] = [];
            if (kind == TokenKind.Byte)
            {
                var value = ByteOf(text) ?? throw new AgentRagException($"{metadata.Source} is damaged: the byte token {id} is not written as <0x41>. Download or convert it again.");
                (_ofByte[value], _bytes[id]) = (id, [value]);
            }
            else if (kind is TokenKind.Normal or TokenKind.UserDefined)
            {
                _ids.TryAdd(text, id);
                _bytes[id] = Encoding.UTF8.GetBytes(text.Replace(Space, ' '));
            }
        }

        _lookup = _ids.GetAlternateLookup<ReadOnlySpan<char>>();
        _unknown = metadata.Token("unknown_token_id");
        _addsSpace = metadata.Metadata.Flag("tokenizer.ggml.add_space_prefix") ?? true;
        _userDefined = [.. metadata.UserDefined().Select(id => (metadata.Tokens[id], id)).OrderByDescending(token => token.Item1.Length)];
        BeginToken = metadata.Begin(byDefault: true);
    }

    /// <inheritdoc/>
    public int VocabularySize => _bytes.Length;

    /// <inheritdoc/>
    public int? BeginToken { get; }

    /// <inheritdoc/>
    public IReadOnlySet<int> EndTokens => _metadata.EndTokens;

    /// <inheritdoc/>
    public void Encode(ReadOnlySpan<char> text, List<int> tokens)
    {
        if (text.Length == 0)
        {
            return;
        }

        var written = new StringBuilder(text.Length + 1);
        written.Append(_addsSpace ? Space.ToString() : "").Append(text).Replace(' ', Space);
        var all = written.ToString();
        var start = 0;
        while (start < all.Length)
        {
            var (at, userDefined) = NextUserDefined(all, start);
            EncodePart(all.AsSpan(start, at - start), tokens);
            start = at;
            if (userDefined is var (word, id) && word is not null)
            {
                tokens.Add(id);
                start += word.Length;
            }
        }
    }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> BytesOf(int token) => _bytes[token];

    /// <inheritdoc/>
    public int? ControlToken(string text) => _metadata.Controls.TryGetValue(text, out var id) ? id : null;

    private static byte? ByteOf(string text) =>
        text is ['<', '0', 'x', _, _, '>'] && byte.TryParse(text.AsSpan(3, 2), System.Globalization.NumberStyles.AllowHexSpecifier, provider: null, out var value) ? value : null;

    private (int At, (string? Text, int Id) Token) NextUserDefined(string text, int start)
    {
        var (best, found) = (text.Length, default((string?, int)));
        foreach (var (word, id) in _userDefined)
        {
            var at = text.IndexOf(word, start, best - start, StringComparison.Ordinal);
            if (at >= 0 && at < best)
            {
                (best, found) = (at, (word, id));
            }
        }

        return (best, found);
    }

    private void EncodePart(ReadOnlySpan<char> text, List<int> tokens)
    {
        if (text.Length == 0)
        {
            return;
        }

        // Parts are linked by the positions of their first characters; a part of no length was joined to the one before.
        var (next, previous, length) = (new int[text.Length], new int[text.Length], new int[text.Length]);
        var last = -1;
        for (var i = 0; i < text.Length; i += length[i])
        {
            length[i] = i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]) ? 2 : 1;
            (previous[i], next[i]) = (last, i + length[i]);
            last = i;
        }

        var pairs = new PriorityQueue<(int Left, int Length), (float, int)>();
        for (var i = 0; i < text.Length; i = next[i])
        {
            Propose(text, i);
        }

        while (pairs.TryDequeue(out var pair, out _))
        {
            var (left, right) = (pair.Left, pair.Left + length[pair.Left]);

            // A pair is void once one of its parts was joined to something else.
            if (length[left] == 0 || right >= text.Length || length[left] + length[right] != pair.Length)
            {
                continue;
            }

            length[left] = pair.Length;
            length[right] = 0;
            next[left] = next[right];
            if (next[left] < text.Length)
            {
                previous[next[left]] = left;
                Propose(text, left);
            }

            if (previous[left] >= 0)
            {
                Propose(text, previous[left]);
            }
        }

        for (var i = 0; i < text.Length; i = next[i])
        {
            Add(text.Slice(i, length[i]), tokens);
        }

        void Propose(ReadOnlySpan<char> whole, int left)
        {
            var right = left + length[left];
            if (right < whole.Length && _lookup.TryGetValue(whole.Slice(left, length[left] + length[right]), out var id))
            {
                pairs.Enqueue((left, length[left] + length[right]), (-_scores[id], left));
            }
        }
    }

    private void Add(ReadOnlySpan<char> part, List<int> tokens)
    {
        if (_lookup.TryGetValue(part, out var id))
        {
            tokens.Add(id);
            return;
        }

        // Only single characters are in no token; a lone surrogate becomes U+FFFD.
        Span<byte> bytes = stackalloc byte[4];
        var written = Encoding.UTF8.GetBytes(part, bytes);
        foreach (var value in bytes[..written])
        {
            if ((_ofByte[value] >= 0 ? _ofByte[value] : _unknown) is { } token)
            {
                tokens.Add(token);
            }
        }
    }
}
