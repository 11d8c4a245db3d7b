namespace AgentRag.Tokens.BytePairs;

/// <summary>The tokens of a byte-level BPE model and the order in which bytes are merged into them.</summary>
/// <remarks>Immutable; safe for concurrent use. Every source of a vocabulary ends here: rank files, <c>tokenizer.json</c>, the metadata of a GGUF file.</remarks>
public sealed class BytePairVocabulary
{
    private readonly IReadOnlyList<ReadOnlyMemory<byte>> _tokens;
    private readonly int[] _ofByte = new int[256];
    private readonly int[] _ranksOfBytes = new int[256 * 256];

    // For each token: 0 not known yet, 1 its bytes merge into itself, 2 they do not.
    private readonly byte[]? _wholes;

    /// <summary>Makes a vocabulary in which a token's id is also its rank, as in rank files (<c>.tiktoken</c>).</summary>
    /// <param name="tokens">The bytes of each token by its id; empty for an id that no text is made of. All 256 single bytes are among them.</param>
    /// <exception cref="AgentRagException">A byte has no token, or there are too many tokens.</exception>
    public BytePairVocabulary(IReadOnlyList<ReadOnlyMemory<byte>> tokens)
        : this(wholePiecesFirst: true, tokens, pairs: null)
    {
    }

    /// <summary>Makes a vocabulary with a list of merges, as in <c>tokenizer.json</c> and GGUF files.</summary>
    /// <param name="tokens">The bytes of each token by its id; empty for an id that no text is made of. All 256 single bytes are among them.</param>
    /// <param name="merges">Pairs of token ids, first merged first. The bytes of each pair together are a token.</param>
    /// <param name="wholePiecesFirst">Whether a piece that is a token is taken whole, whatever the merges say (<c>ignore_merges</c>, as in Llama 3).</param>
    /// <exception cref="AgentRagException">A byte has no token, a merge makes none, or there are too many tokens.</exception>
    public BytePairVocabulary(IReadOnlyList<ReadOnlyMemory<byte>> tokens, IReadOnlyList<(int Left, int Right)> merges, bool wholePiecesFirst)
        : this(wholePiecesFirst, tokens, merges ?? throw new ArgumentNullException(nameof(merges)))
    {
    }

    private BytePairVocabulary(bool wholePiecesFirst, IReadOnlyList<ReadOnlyMemory<byte>> tokens, IReadOnlyList<(int Left, int Right)>? pairs)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        _tokens = tokens;
        Table = new TokenTable(tokens);
        Span<byte> padded = stackalloc byte[TokenTable.ReadableBytes];
        for (var value = 0; value < 256; value++)
        {
            padded[0] = (byte)value;
            _ofByte[value] = Table.Find(ref padded[0], 1);
            if (_ofByte[value] < 0)
            {
                throw new AgentRagException($"The vocabulary has no token for the byte 0x{value:X2}: it is not byte-level, or not complete.");
            }
        }

        Pairs = pairs is null ? null : new PairTable(Made(pairs));
        for (var pair = 0; pair < _ranksOfBytes.Length; pair++)
        {
            var (left, right) = (pair >> 8, pair & 0xFF);
            (padded[0], padded[1]) = ((byte)left, (byte)right);
            _ranksOfBytes[pair] = Pairs is null ? RankOf(Table.Find(ref padded[0], 2)) : Pairs.Rank(_ofByte[left], _ofByte[right]);
        }

        _wholes = wholePiecesFirst ? null : new byte[tokens.Count];
    }

    /// <summary>Number of ids, those without bytes included.</summary>
    public int Count => _tokens.Count;

    internal TokenTable Table { get; }

    internal PairTable? Pairs { get; }

    /// <summary>The bytes of a token.</summary>
    /// <param name="id">In [0, <see cref="Count"/>).</param>
    /// <returns>Its bytes, which need not be whole characters; empty for an id that no text is made of.</returns>
    public ReadOnlySpan<byte> BytesOf(int id) => _tokens[id].Span;

    /// <summary>Finds the token that consists of exactly these bytes.</summary>
    /// <param name="bytes">Bytes, length ≥ 1.</param>
    /// <returns>The id; -1 when there is none.</returns>
    public int IdOf(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length == 0)
        {
            return -1;
        }

        Span<byte> padded = bytes.Length <= 256 ? stackalloc byte[256 + TokenTable.ReadableBytes] : new byte[bytes.Length + TokenTable.ReadableBytes];
        bytes.CopyTo(padded);
        return Table.Find(ref padded[0], bytes.Length);
    }

    internal int OfByte(byte value) => _ofByte[value];

    internal int RankOfBytes(byte left, byte right) => _ranksOfBytes[(left << 8) | right];

    /// <summary>Whether a piece that consists of a token's bytes is encoded as that token.</summary>
    internal bool IsWhole(int id) => _wholes is null || _wholes[id] == 1 || (_wholes[id] == 0 && FindOutWhole(id));

    /// <summary>Merges the bytes of a piece.</summary>
    /// <param name="bytes">The piece with at least <see cref="TokenTable.ReadableBytes"/> further readable bytes behind it.</param>
    /// <param name="length">Bytes of the piece, ≥ 1.</param>
    /// <param name="sink">Takes the tokens.</param>
    internal void Merge<TSink>(Span<byte> bytes, int length, ref TSink sink)
        where TSink : struct, ITokenSink
    {
        if (Pairs is null)
        {
            BytePairMerger.Merge(new RanksById(this), bytes, length, ref sink);
        }
        else
        {
            BytePairMerger.Merge(new RanksByPair(this, Pairs), bytes, length, ref sink);
        }
    }

    private static int RankOf(int id) => id < 0 ? int.MaxValue : id;

    private List<(int Left, int Right, int Made)> Made(IReadOnlyList<(int Left, int Right)> pairs)
    {
        List<(int, int, int)> merges = new(pairs.Count);
        foreach (var (left, right) in pairs)
        {
            if ((uint)left >= (uint)_tokens.Count || (uint)right >= (uint)_tokens.Count)
            {
                throw new AgentRagException($"Merge {merges.Count:N0} names the tokens {left} and {right}; the vocabulary has the ids 0 to {_tokens.Count - 1}.");
            }

            var made = IdOf([.. BytesOf(left), .. BytesOf(right)]);
            merges.Add(made >= 0
                ? (left, right, made)
                : throw new AgentRagException($"Merge {merges.Count:N0} of the tokens {left} and {right} makes no token of the vocabulary."));
        }

        return merges;
    }

    // Two threads that find it out at once write the same.
    private bool FindOutWhole(int id)
    {
        var bytes = new byte[_tokens[id].Length + TokenTable.ReadableBytes];
        BytesOf(id).CopyTo(bytes);
        var sink = default(CountingSink);
        Merge(bytes, _tokens[id].Length, ref sink);
        _wholes![id] = sink.Count == 1 ? (byte)1 : (byte)2;
        return sink.Count == 1;
    }

    private readonly struct RanksById(BytePairVocabulary vocabulary) : IMergeRanks
    {
        private readonly TokenTable _table = vocabulary.Table;

        public int Rank(ref byte start, int length, int left, int right) => RankOf(_table.Find(ref start, length));

        public int RankOfBytes(byte left, byte right) => vocabulary.RankOfBytes(left, right);

        public int Made(int rank) => rank;

        public int OfByte(byte value) => vocabulary.OfByte(value);
    }

    private readonly struct RanksByPair(BytePairVocabulary vocabulary, PairTable pairs) : IMergeRanks
    {
        public int Rank(ref byte start, int length, int left, int right) => pairs.Rank(left, right);

        public int RankOfBytes(byte left, byte right) => vocabulary.RankOfBytes(left, right);

        public int Made(int rank) => pairs.Made(rank);

        public int OfByte(byte value) => vocabulary.OfByte(value);
    }
}
