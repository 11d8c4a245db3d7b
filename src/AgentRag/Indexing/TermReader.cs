using System.Globalization;
using System.Text;

namespace AgentRag.Indexing;

/// <summary>Reads the terms of a text one after the other, without allocating.</summary>
internal ref struct TermReader
{
    /// <summary>Longest term in characters; a longer run of letters is cut, as Lucene does.</summary>
    private const int MaxTermLength = 255;

    /// <summary>Length of the buffer to pass: one character may be folded into two, one code point may be two.</summary>
    public const int BufferLength = MaxTermLength + 2;

    private readonly ReadOnlySpan<char> _text;
    private readonly AnalyzerOptions _options;
    private readonly Span<char> _buffer;
    private int _position;
    private int _length;
    private bool _isPlainWord;

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
        if (_options.RemoveStopWords && StopWords.Contains(Current))
        {
            return false;
        }

        if (_options.Stem)
        {
            Stem();
        }

        return true;
    }

    /// <summary>Moves to the next word: in lower case and folded, but neither stopped nor stemmed.</summary>
    public bool MoveNextWord()
    {
        (_length, _isPlainWord) = (0, true);
        while (_position < _text.Length && _length < MaxTermLength)
        {
            var c = _text[_position];
            if (char.IsAsciiLetterOrDigit(c))
            {
                _isPlainWord &= char.IsAsciiLetter(c);
                _buffer[_length++] = char.ToLowerInvariant(c);
                _position++;
            }
            else if (c < 0x80)
            {
                if (_length == 0)
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

    /// <summary>Reads one code point that is not ASCII.</summary>
    /// <returns>Whether it ends a word.</returns>
    private bool ReadBeyondAscii()
    {
        Rune.DecodeFromUtf16(_text[_position..], out var rune, out var width);
        var category = Rune.GetUnicodeCategory(rune);
        var isMark = category is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;
        if (!Rune.IsLetterOrDigit(rune) && !(isMark && _length > 0) && category is not UnicodeCategory.LetterNumber)
        {
            if (_length > 0)
            {
                return !ReadApostrophe();
            }

            _position += width;
            return false;
        }

        var standsAlone = IsWrittenWithoutSpaces(rune.Value);
        if (standsAlone && _length > 0)
        {
            return true;
        }

        _position += width;
        Append(Rune.ToLowerInvariant(rune));
        return standsAlone;
    }

    private void Append(Rune lower)
    {
        if (_options.FoldAccents && lower.IsBmp)
        {
            var written = AccentFolding.Fold((char)lower.Value, _buffer[_length..]);
            for (var i = _length; i < _length + written; i++)
            {
                _isPlainWord &= char.IsAsciiLetter(_buffer[i]);
            }

            _length += written;
            return;
        }

        _isPlainWord = false;
        _length += lower.EncodeToUtf16(_buffer[_length..]);
    }

    /// <summary>An apostrophe between two letters is part of the word.</summary>
    private bool ReadApostrophe()
    {
        if (_text[_position] is not ('\'' or '’') || _position + 1 == _text.Length || !char.IsLetterOrDigit(_text[_position + 1]))
        {
            return false;
        }

        _isPlainWord = false;
        _buffer[_length++] = '\'';
        _position++;
        return true;
    }

    private void Stem()
    {
        if (Current.EndsWith("'s", StringComparison.Ordinal))
        {
            _length -= 2;
            _isPlainWord = !Current.ContainsAnyExceptInRange('a', 'z');
        }

        if (_isPlainWord)
        {
            _length = PorterStemmer.Stem(_buffer[.._length]);
        }
    }

    private static bool IsWrittenWithoutSpaces(int codePoint) =>
        codePoint is (>= 0x3040 and < 0x30A0) or (>= 0x3400 and < 0xA000) or (>= 0xF900 and < 0xFB00) or (>= 0x20000 and < 0x32000);
}
