using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text;
using System.Text.Unicode;

namespace AgentRag.Tokens.BytePairs;

/// <summary>Byte-level BPE, exactly as the model's own tokenizer does it: counts, encodes and decodes.</summary>
/// <remarks>
/// <para>
/// A text is cut into pieces by the <see cref="SplitPattern"/>s, one after the other; each piece is one token if the vocabulary holds it, otherwise its bytes are
/// merged. Lone surrogates are encoded as U+FFFD. Characters are classed by the Unicode version of .NET: one that a newer or older version classes otherwise may be
/// cut otherwise.
/// </para>
/// <para>Counting allocates nothing and takes time linear in the text; within one piece, linear but for a logarithm. Safe for concurrent use.</para>
/// </remarks>
public sealed class BytePairTokenizer : IPieceTokenCounter
{
    // Bytes of a piece that are merged on the stack.
    private const int StackBytes = 512;

    // No pattern looks further behind a piece: a contraction of three characters, a surrogate pair.
    private const int LookAhead = 3;

    // Characters below are in NFC whatever stands beside them.
    private const char FirstComposable = '\u0300';

    private static readonly bool CanCompose = "A\u030A".Normalize(NormalizationForm.FormC) == "\u00C5";

    private readonly BytePairVocabulary _vocabulary;
    private readonly SplitPattern[] _patterns;
    private readonly AddedToken[] _added;
    private readonly SearchValues<string>? _addedTexts;
    private readonly Dictionary<int, byte[]> _addedBytes;
    private readonly int _longestAdded;
    private readonly bool _composes;

    /// <summary>Makes a tokenizer.</summary>
    /// <param name="name">Its name, stored with indexes and reports.</param>
    /// <param name="vocabulary">Tokens and merges.</param>
    /// <param name="pattern">How texts are cut into pieces.</param>
    public BytePairTokenizer(string name, BytePairVocabulary vocabulary, SplitPattern pattern)
        : this(name, vocabulary, [pattern], [])
    {
    }

    /// <summary>Makes a tokenizer.</summary>
    /// <param name="name">Its name, stored with indexes and reports.</param>
    /// <param name="vocabulary">Tokens and merges.</param>
    /// <param name="patterns">How texts are cut into pieces: each pattern cuts the pieces of the one before; length ≥ 1.</param>
    /// <param name="addedTokens">Texts that are tokens of their own wherever they stand; where several begin, the longest is taken.</param>
    /// <param name="composes">Whether the model's tokenizer brings texts into Unicode form NFC first; see <see cref="CountsUncomposed"/>.</param>
    /// <exception cref="ArgumentException">There is no pattern, or an added token is empty.</exception>
    public BytePairTokenizer(
        string name, BytePairVocabulary vocabulary, IReadOnlyList<SplitPattern> patterns, IReadOnlyList<AddedToken> addedTokens, bool composes = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(vocabulary);
        ArgumentNullException.ThrowIfNull(patterns);
        ArgumentNullException.ThrowIfNull(addedTokens);
        (Name, _vocabulary, _composes) = (name, vocabulary, composes);
        _patterns = patterns.Count > 0 ? [.. patterns] : throw new ArgumentException("At least one pattern is needed.", nameof(patterns));
        _added = addedTokens.All(token => token.Text.Length > 0)
            ? [.. addedTokens.OrderByDescending(token => token.Text.Length)]
            : throw new ArgumentException("An added token is empty.", nameof(addedTokens));
        _addedTexts = _added.Length == 0 ? null : SearchValues.Create([.. _added.Select(token => token.Text)], StringComparison.Ordinal);
        _longestAdded = _added.Length == 0 ? 0 : _added[0].Text.Length;
        _addedBytes = _added.GroupBy(token => token.Id).ToDictionary(tokens => tokens.Key, tokens => Encoding.UTF8.GetBytes(tokens.First().Text));
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>The tokens of texts.</summary>
    public BytePairVocabulary Vocabulary => _vocabulary;

    /// <summary>
    /// Whether the model's tokenizer composes texts (Unicode form NFC) and this process cannot, because it runs with invariant globalization: then a text that is
    /// not in NFC, such as one with combining accents, is counted as it stands, mostly with more tokens than the model's.
    /// </summary>
    public bool CountsUncomposed => _composes && !CanCompose;

    /// <inheritdoc/>
    public bool IsPiecewise => !(_composes && CanCompose);

    /// <inheritdoc/>
    public int Count(ReadOnlySpan<char> text)
    {
        var sink = default(CountingSink);
        EncodeTo(text, ref sink);
        return sink.Count;
    }

    /// <summary>Encodes a text. Nothing is added to it: no beginning-of-text token, no chat template.</summary>
    /// <param name="text">Any text, also empty.</param>
    /// <returns>The ids of its tokens; length ≥ 0.</returns>
    public int[] Encode(ReadOnlySpan<char> text)
    {
        var writer = new ArrayBufferWriter<int>(Math.Max(16, text.Length / 3));
        Encode(text, writer);
        return writer.WrittenSpan.ToArray();
    }

    /// <summary>Encodes a text into a writer.</summary>
    /// <param name="text">Any text, also empty.</param>
    /// <param name="destination">Takes the ids.</param>
    public void Encode(ReadOnlySpan<char> text, IBufferWriter<int> destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        var sink = new WritingSink(destination);
        EncodeTo(text, ref sink);
    }

    /// <summary>Decodes tokens.</summary>
    /// <param name="ids">Ids of this vocabulary, added tokens among them.</param>
    /// <returns>The text; bytes that are no UTF-8, such as half a character at the end, become U+FFFD.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An id is of no token.</exception>
    public string Decode(ReadOnlySpan<int> ids)
    {
        var bytes = new ArrayBufferWriter<byte>(Math.Max(16, ids.Length * 4));
        foreach (var id in ids)
        {
            bytes.Write(BytesOf(id));
        }

        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    /// <summary>The bytes that a token stands for.</summary>
    /// <param name="id">An id of this vocabulary or of an added token.</param>
    /// <exception cref="ArgumentOutOfRangeException">The id is of no token.</exception>
    public ReadOnlySpan<byte> BytesOf(int id)
    {
        if (_addedBytes.TryGetValue(id, out var added))
        {
            return added;
        }

        return (uint)id < (uint)_vocabulary.Count && _vocabulary.BytesOf(id) is { Length: > 0 } bytes
            ? bytes
            : throw new ArgumentOutOfRangeException(nameof(id), id, $"The vocabulary '{Name}' has no token of this id.");
    }

    /// <inheritdoc/>
    public int PieceEnd(ReadOnlySpan<char> text, int start, out bool isSettled)
    {
        // The first pattern's pieces: what further patterns do stays within them.
        var (end, reach) = EndAndReach(text, start);
        isSettled = reach + Math.Max(LookAhead, _longestAdded) <= text.Length;
        if (_addedTexts is not null)
        {
            var window = text[start..(int)Math.Min(text.Length, reach + (long)_longestAdded)];
            var added = window.IndexOfAny(_addedTexts);
            if (added == 0)
            {
                return start + AddedAt(text[start..]).Text.Length;
            }

            if (added > 0)
            {
                // What stands before an added token is cut as a text of its own.
                return EndAndReach(text[..(start + added)], start).End;
            }
        }

        return end;
    }

    /// <inheritdoc/>
    public int CountPiece(ReadOnlySpan<char> piece)
    {
        var sink = default(CountingSink);
        if (_addedTexts is not null && piece.IndexOfAny(_addedTexts) == 0)
        {
            return 1;
        }

        if (_patterns.Length == 1)
        {
            EncodePiece(piece, 0, piece.Length, ref sink);
        }
        else
        {
            EncodeSection(piece, level: 1, ref sink);
        }

        return sink.Count;
    }

    private (int End, int Reach) EndAndReach(ReadOnlySpan<char> text, int start) => _patterns[0] switch
    {
        SplitPattern.None => EndAndReach(default(WholePiece), text, start),
        SplitPattern.Gpt2 => EndAndReach(default(Gpt2Pieces), text, start),
        SplitPattern.Cl100k => EndAndReach(new Cl100kPieces(3), text, start),
        SplitPattern.Qwen2 => EndAndReach(new Cl100kPieces(1), text, start),
        SplitPattern.O200k => EndAndReach(new O200kPieces(3, contractions: true), text, start),
        SplitPattern.Tekken => EndAndReach(new O200kPieces(1, contractions: false), text, start),
        SplitPattern.SingleDigits => EndAndReach(new DigitPieces(1), text, start),
        _ => EndAndReach(new DigitPieces(int.MaxValue), text, start),
    };

    private static (int End, int Reach) EndAndReach<TPieces>(TPieces pieces, ReadOnlySpan<char> text, int start)
        where TPieces : struct, IPieces
    {
        var end = pieces.End(text, start);
        return (end, pieces.Reach(text, start, end));
    }

    private void EncodeTo<TSink>(ReadOnlySpan<char> text, ref TSink sink)
        where TSink : struct, ITokenSink
    {
        if (_composes && CanCompose && text.IndexOfAnyInRange(FirstComposable, char.MaxValue) >= 0)
        {
            text = Composed(text);
        }

        if (_addedTexts is not null)
        {
            while (text.IndexOfAny(_addedTexts) is >= 0 and var at)
            {
                EncodeSection(text[..at], level: 0, ref sink);
                var token = AddedAt(text[at..]);
                sink.Add(token.Id);
                text = text[(at + token.Text.Length)..];
            }
        }

        EncodeSection(text, level: 0, ref sink);
    }

    private AddedToken AddedAt(ReadOnlySpan<char> text)
    {
        foreach (var token in _added)
        {
            if (text.StartsWith(token.Text, StringComparison.Ordinal))
            {
                return token;
            }
        }

        throw new InvalidOperationException("An added token was found and is not there.");
    }

    private void EncodeSection<TSink>(ReadOnlySpan<char> text, int level, ref TSink sink)
        where TSink : struct, ITokenSink
    {
        switch (_patterns[level])
        {
            case SplitPattern.None: EncodePieces(default(WholePiece), text, level, ref sink); break;
            case SplitPattern.Gpt2: EncodePieces(default(Gpt2Pieces), text, level, ref sink); break;
            case SplitPattern.Cl100k: EncodePieces(new Cl100kPieces(3), text, level, ref sink); break;
            case SplitPattern.Qwen2: EncodePieces(new Cl100kPieces(1), text, level, ref sink); break;
            case SplitPattern.O200k: EncodePieces(new O200kPieces(3, contractions: true), text, level, ref sink); break;
            case SplitPattern.Tekken: EncodePieces(new O200kPieces(1, contractions: false), text, level, ref sink); break;
            case SplitPattern.SingleDigits: EncodePieces(new DigitPieces(1), text, level, ref sink); break;
            default: EncodePieces(new DigitPieces(int.MaxValue), text, level, ref sink); break;
        }
    }

    private void EncodePieces<TPieces, TSink>(TPieces pieces, ReadOnlySpan<char> text, int level, ref TSink sink)
        where TPieces : struct, IPieces
        where TSink : struct, ITokenSink
    {
        var isLast = level + 1 == _patterns.Length;
        for (var start = 0; start < text.Length;)
        {
            var end = pieces.End(text, start);
            if (isLast)
            {
                EncodePiece(text, start, end, ref sink);
            }
            else
            {
                EncodeSection(text[start..end], level + 1, ref sink);
            }

            start = end;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void EncodePiece<TSink>(ReadOnlySpan<char> text, int start, int end, ref TSink sink)
        where TSink : struct, ITokenSink
    {
        // Sixteen characters at once become the bytes of a key, if those of the piece are ASCII: others become bytes of 0x80 and above.
        if (end - start <= TokenTable.ShortLength && start + TokenTable.ReadableBytes <= text.Length)
        {
            ref var characters = ref Unsafe.As<char, ushort>(ref Unsafe.Add(ref MemoryMarshal.GetReference(text), start));
            var bytes = Vector128.NarrowWithSaturation(Vector128.LoadUnsafe(ref characters), Vector128.LoadUnsafe(ref characters, 8)).AsUInt64();
            var key = TokenTable.Key.Of(bytes.ToScalar(), bytes.GetElement(1), end - start);
            if (key.IsAscii)
            {
                var id = _vocabulary.Table.Find(key);
                if (id >= 0 && _vocabulary.IsWhole(id))
                {
                    sink.Add(id);
                    return;
                }
            }
        }

        EncodeBytes(text[start..end], ref sink);
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void EncodeBytes<TSink>(ReadOnlySpan<char> piece, ref TSink sink)
        where TSink : struct, ITokenSink
    {
        var room = Encoding.UTF8.GetMaxByteCount(piece.Length) + TokenTable.ReadableBytes;
        if (room <= StackBytes)
        {
            EncodeBytes(piece, stackalloc byte[StackBytes], ref sink);
            return;
        }

        var rented = ArrayPool<byte>.Shared.Rent(room);
        try
        {
            EncodeBytes(piece, rented, ref sink);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private void EncodeBytes<TSink>(ReadOnlySpan<char> piece, Span<byte> bytes, ref TSink sink)
        where TSink : struct, ITokenSink
    {
        Utf8.FromUtf16(piece, bytes, out _, out var length, replaceInvalidSequences: true, isFinalBlock: true);
        var id = _vocabulary.Table.Find(ref bytes[0], length);
        if (id >= 0 && _vocabulary.IsWhole(id))
        {
            sink.Add(id);
        }
        else
        {
            _vocabulary.Merge(bytes, length, ref sink);
        }
    }

    private static string Composed(ReadOnlySpan<char> text)
    {
        var whole = text.ToString();
        try
        {
            return whole.Normalize(NormalizationForm.FormC);
        }
        catch (ArgumentException)
        {
            // Lone surrogates: what they are encoded as can be composed.
            return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(whole)).Normalize(NormalizationForm.FormC);
        }
    }
}
