using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text;
using AgentRag.Indexing.Segments;

namespace AgentRag.Indexing;

/// <summary>Reads the terms of a text one after the other, without allocating.</summary>
internal ref struct TermReader
{
    /// <summary>Longest term in characters; a longer run of letters is cut, as Lucene does.</summary>
    private const int MaxTermLength = 255;

    /// <summary>Most characters in a base letter and its marks; the marks behind them are passed over.</summary>
    private const int MaxCharacterLength = 16;

    /// <summary>Length of the buffer to pass: the last letter of a longest term may be folded into several.</summary>
    public const int BufferLength = MaxTermLength + LetterFolding.MaxLength - 1;

    /// <summary>For each ASCII character what stands for it in a word; 0 for what stands in none.</summary>
    private static readonly byte[] Ascii = [.. Enumerable.Range(0, 128).Select(c => char.IsAsciiLetterOrDigit((char)c) ? (byte)char.ToLowerInvariant((char)c) : (byte)0)];

    private readonly ReadOnlySpan<char> _text;
    private readonly AnalyzerOptions _options;
    private readonly Span<char> _buffer;
    private int _position;
    private int _length;
    private bool _isBehindPair;

    public TermReader(ReadOnlySpan<char> text, AnalyzerOptions options, Span<char> buffer)
    {
        _text = text;
        _options = options;
        _buffer = buffer;
    }

    /// <summary>The current word or term; valid until the next move.</summary>
    public readonly ReadOnlySpan<char> Current => _buffer[.._length];

    /// <summary>Moves to the next term.</summary>
    public bool MoveNext()
    {
        while (MoveNextWord())
        {
            if (MakeTerm())
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Makes a term of the current word; from then on it is <see cref="Current"/>.</summary>
    /// <returns>False when the word is a stop word, which makes none.</returns>
    public bool MakeTerm()
    {
        _length = MakeTerm(_buffer[.._length], _options);
        return _length > 0;
    }

    /// <summary>Makes a term of a word.</summary>
    /// <param name="word">A word as <see cref="MoveNextWord"/> finds it; its beginning is overwritten with the term.</param>
    /// <param name="options">The steps that are taken.</param>
    /// <returns>Length of the term; 0 for a stop word, which makes none.</returns>
    public static int MakeTerm(Span<char> word, AnalyzerOptions options)
    {
        if (options.RemoveStopWords && StopWords.Contains(word))
        {
            return 0;
        }

        if (options.Stem)
        {
            word = word is [.. var owner, '\'', 's'] ? owner : word;
            return word.ContainsAnyExceptInRange('a', 'z') ? word.Length : PorterStemmer.Stem(word);
        }

        return word.Length;
    }

    /// <summary>Packs the current word.</summary>
    /// <returns>False when it is too long for that, or not ASCII.</returns>
    public readonly bool TryPack(out ShortWord word)
    {
        var buffer = MemoryMarshal.Cast<char, ushort>(_buffer);
        var (first, second) = (Vector128.Create<ushort>(buffer), Vector128.Create<ushort>(buffer[8..]));
        var length = Vector128.Create((ushort)_length);
        first &= Vector128.LessThan(Vector128<ushort>.Indices, length);
        second &= Vector128.LessThan(Vector128<ushort>.Indices + Vector128.Create((ushort)8), length);
        var bytes = Vector128.Narrow(first, second).AsUInt64();
        word = new(bytes[0], (uint)bytes[1]);
        return _length <= ShortWords.MaxLength && ((first | second) & Vector128.Create((ushort)0xFF80)) == Vector128<ushort>.Zero;
    }

    /// <summary>Moves to the next word: in lower case and folded, but neither stopped nor stemmed.</summary>
    public bool MoveNextWord()
    {
        _length = 0;
        while (_position < _text.Length && _length < MaxTermLength)
        {
            var c = _text[_position];
            if (c < 0x80)
            {
                if (Ascii[c] is not 0 and var letter)
                {
                    _buffer[_length++] = (char)letter;
                    _position++;
                }
                else if (_length == 0)
                {
                    _position++;
                }
                else if (!ReadApostrophe())
                {
                    return true;
                }
            }
            else if (ReadBeyondAscii())
            {
                return true;
            }
        }

        return _length > 0;
    }

    /// <summary>Reads one code point that is not ASCII, or two characters of a script written without spaces.</summary>
    /// <returns>Whether a word has ended.</returns>
    private bool ReadBeyondAscii()
    {
        if (UnspacedScripts.IsPlain(_text, _position))
        {
            return _length > 0 || ReadPair();
        }

        Rune.DecodeFromUtf16(_text[_position..], out var rune, out var width);
        if (UnspacedScripts.IsLetter(rune))
        {
            return _length > 0 || ReadPair();
        }

        var category = Rune.GetUnicodeCategory(rune);
        if (Rune.IsLetterOrDigit(rune) || category is UnicodeCategory.LetterNumber || (_length > 0 && UnspacedScripts.IsMark(category)))
        {
            _position += width;
            Append(rune);
            return false;
        }

        if (_length == 0 || UnspacedScripts.IsInvisible(rune) || IsHebrewMark(rune))
        {
            _position += width;
            return false;
        }

        return !ReadApostrophe();
    }

    /// <summary>Reads two neighbouring characters of a run and stays at the second, with which the next pair begins.</summary>
    /// <returns>False behind the last pair of a run. The character of a run of one is a term.</returns>
    private bool ReadPair()
    {
        var second = ReadCharacter(_position);
        var isPair = ReadCharacter(second) > second;
        var isTerm = isPair || !_isBehindPair;
        (_position, _isBehindPair) = (second, isPair);
        _length = isTerm ? _length : 0;
        return isTerm;
    }

    /// <summary>Puts one character of a script written without spaces into the buffer.</summary>
    /// <returns>Where it ends in the text; the given position if there is none.</returns>
    private int ReadCharacter(int position)
    {
        if (UnspacedScripts.IsPlain(_text, position))
        {
            _buffer[_length++] = _text[position];
            return position + 1;
        }

        Rune.DecodeFromUtf16(_text[position..], out var rune, out var width);
        if (!UnspacedScripts.IsLetter(rune))
        {
            return position;
        }

        var end = _length + MaxCharacterLength;
        do
        {
            Append(rune);
            position += width;
            var previous = rune;
            Rune.DecodeFromUtf16(_text[position..], out rune, out width);
            if (!UnspacedScripts.Continues(previous, rune))
            {
                break;
            }
        }
        while (_length < end);

        return position;
    }

    private void Append(Rune rune)
    {
        if (UnspacedScripts.IsInvisible(rune))
        {
            return;
        }

        var lower = Rune.ToLowerInvariant(rune);
        _length = _options.FoldAccents ? LetterFolding.Append(lower, _buffer, _length) : _length + lower.EncodeToUtf16(_buffer[_length..]);
    }

    /// <summary>An apostrophe between two letters is part of the word.</summary>
    private bool ReadApostrophe()
    {
        if (_text[_position] is not ('\'' or '’') || _position + 1 == _text.Length || !char.IsLetterOrDigit(_text[_position + 1]))
        {
            return false;
        }

        _buffer[_length++] = '\'';
        _position++;
        return true;
    }

    // Geresh and gershayim stand inside abbreviations.
    private static bool IsHebrewMark(Rune rune) => rune.Value is 0x05F3 or 0x05F4;
}
