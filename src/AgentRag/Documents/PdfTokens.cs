using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace AgentRag.Documents;

/// <summary>What a token of a PDF file is.</summary>
internal enum PdfTokenKind
{
    End,
    Number,
    Name,
    String,
    Open,
    Close,
    Operator,
}

/// <summary>A token of a PDF file, a content stream or a character map.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">The text of a name (without its slash) or an operator.</param>
/// <param name="Number">The value of a number.</param>
/// <param name="Bytes">The bytes of a string.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct PdfToken(PdfTokenKind Kind, string Text, double Number, byte[] Bytes);

/// <summary>Cuts a PDF file's objects, a content stream or a character map into tokens.</summary>
/// <remarks>Brackets are tokens, so nesting costs no stack. PDF 32000-1:2008, section 7.2.</remarks>
internal sealed class PdfTokens(ReadOnlyMemory<byte> content)
{
    private int _position;

    /// <summary>Where the next token is looked for.</summary>
    public int Position => _position;

    /// <summary>Moves to the next token; past the end there are only <see cref="PdfTokenKind.End"/> tokens.</summary>
    public PdfToken Next()
    {
        var bytes = content.Span;
        SkipGap(bytes);
        while (_position < bytes.Length && IsStray(bytes))
        {
            _position++;
            SkipGap(bytes);
        }

        if (_position >= bytes.Length)
        {
            return Make(PdfTokenKind.End);
        }

        var c = bytes[_position];
        switch (c)
        {
            case (byte)'(':
                return Make(PdfTokenKind.String, bytes: Literal(bytes));
            case (byte)'<' when _position + 1 < bytes.Length && bytes[_position + 1] == '<':
                _position += 2;
                return Make(PdfTokenKind.Open, "<<");
            case (byte)'>' when _position + 1 < bytes.Length && bytes[_position + 1] == '>':
                _position += 2;
                return Make(PdfTokenKind.Close, ">>");
            case (byte)'<':
                return Make(PdfTokenKind.String, bytes: Hexadecimal(bytes));
            case (byte)'[' or (byte)'{':
                _position++;
                return Make(PdfTokenKind.Open, "[");
            case (byte)']' or (byte)'}':
                _position++;
                return Make(PdfTokenKind.Close, "]");
            case (byte)'/':
                _position++;
                return Make(PdfTokenKind.Name, Name(Regular(bytes)));
            default:
                return Word(Regular(bytes));
        }
    }

    /// <summary>Passes over the data of an inline image, whose <c>ID</c> was just read.</summary>
    public void SkipInlineImage()
    {
        var bytes = content.Span;
        while (_position < bytes.Length)
        {
            var end = bytes[_position..].IndexOf("EI"u8);
            if (end < 0)
            {
                _position = bytes.Length;
                return;
            }

            // The image's bytes may hold the two letters by chance: they end it only as a word.
            var (before, after) = (_position + end - 1, _position + end + 2);
            _position = after;
            if ((before < 0 || IsGap(bytes[before])) && (after >= bytes.Length || IsGap(bytes[after])))
            {
                return;
            }
        }
    }

    internal static bool IsGap(byte b) => b is 0 or 9 or 10 or 12 or 13 or 32;

    internal static bool IsDelimiter(byte b) =>
        b is (byte)'(' or (byte)')' or (byte)'<' or (byte)'>' or (byte)'[' or (byte)']' or (byte)'{' or (byte)'}' or (byte)'/' or (byte)'%';

    /// <summary>A closing bracket of a string that was never opened.</summary>
    private bool IsStray(ReadOnlySpan<byte> bytes) =>
        bytes[_position] == ')' || (bytes[_position] == '>' && !(_position + 1 < bytes.Length && bytes[_position + 1] == '>'));

    private static PdfToken Make(PdfTokenKind kind, string text = "", double number = 0, byte[]? bytes = null) => new(kind, text, number, bytes ?? []);

    private static PdfToken Word(string word) =>
        word[0] is (>= '0' and <= '9') or '+' or '-' or '.'
            ? Make(PdfTokenKind.Number, number: double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : 0)
            : Make(PdfTokenKind.Operator, word);

    private static string Name(string name)
    {
        if (!name.Contains('#', StringComparison.Ordinal))
        {
            return name;
        }

        var text = new StringBuilder();
        for (var i = 0; i < name.Length; i++)
        {
            if (name[i] == '#' && i + 2 < name.Length && byte.TryParse(name.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
            {
                text.Append((char)code);
                i += 2;
            }
            else
            {
                text.Append(name[i]);
            }
        }

        return text.ToString();
    }

    private void SkipGap(ReadOnlySpan<byte> bytes)
    {
        while (_position < bytes.Length && (IsGap(bytes[_position]) || bytes[_position] == '%'))
        {
            if (bytes[_position] == '%')
            {
                var end = bytes[_position..].IndexOfAny((byte)'\r', (byte)'\n');
                _position = end < 0 ? bytes.Length : _position + end;
            }
            else
            {
                _position++;
            }
        }
    }

    private string Regular(ReadOnlySpan<byte> bytes)
    {
        var start = _position;
        while (_position < bytes.Length && !IsGap(bytes[_position]) && !IsDelimiter(bytes[_position]))
        {
            _position++;
        }

        return Encoding.Latin1.GetString(bytes[start.._position]);
    }

    private byte[] Literal(ReadOnlySpan<byte> bytes)
    {
        List<byte> value = [];
        var depth = 1;
        for (_position++; _position < bytes.Length; _position++)
        {
            var b = bytes[_position];
            if (b == '\\' && _position + 1 < bytes.Length)
            {
                _position++;
                Escaped(bytes, value);
                continue;
            }

            depth += b == '(' ? 1 : b == ')' ? -1 : 0;
            if (depth == 0)
            {
                _position++;
                break;
            }

            value.Add(b);
        }

        return [.. value];
    }

    private void Escaped(ReadOnlySpan<byte> bytes, List<byte> value)
    {
        var b = bytes[_position];
        if (b is >= (byte)'0' and <= (byte)'7')
        {
            var code = 0;
            for (var digits = 0; digits < 3 && _position < bytes.Length && bytes[_position] is >= (byte)'0' and <= (byte)'7'; digits++, _position++)
            {
                code = (8 * code) + bytes[_position] - '0';
            }

            _position--;
            value.Add((byte)code);
            return;
        }

        if (b == '\r')
        {
            _position += _position + 1 < bytes.Length && bytes[_position + 1] == '\n' ? 1 : 0;
        }
        else if (b != '\n')
        {
            value.Add(b switch
            {
                (byte)'n' => (byte)'\n',
                (byte)'r' => (byte)'\r',
                (byte)'t' => (byte)'\t',
                (byte)'b' => (byte)'\b',
                (byte)'f' => (byte)'\f',
                _ => b,
            });
        }
    }

    private byte[] Hexadecimal(ReadOnlySpan<byte> bytes)
    {
        List<byte> value = [];
        var (high, isHigh) = (0, true);
        for (_position++; _position < bytes.Length && bytes[_position] != '>'; _position++)
        {
            var c = (char)bytes[_position];
            if (!char.IsAsciiHexDigit(c))
            {
                continue;
            }

            var digit = char.IsAsciiDigit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
            if (!isHigh)
            {
                value.Add((byte)((high << 4) | digit));
            }

            (high, isHigh) = (digit, !isHigh);
        }

        _position++;
        if (!isHigh)
        {
            value.Add((byte)(high << 4));
        }

        return [.. value];
    }
}
