using System.Text;

namespace AgentRag.Documents;

/// <summary>A font's ToUnicode map: which text a code stands for.</summary>
/// <remarks>PDF 32000-1:2008, section 9.10.3. Ranges are kept as ranges, so that a hostile one costs nothing.</remarks>
internal sealed class PdfCharacterMap
{
    /// <summary>Longest text of one code, in UTF-16 units: ligatures have three.</summary>
    private const int MaxLength = 32;

    private readonly Dictionary<int, string> _single = [];
    private readonly List<(int First, int Last, string Text)> _ranges = [];

    /// <summary>Bytes of a code where the map says; 0 where it does not.</summary>
    public int CodeBytes { get; private set; }

    /// <summary>Reads a map.</summary>
    public static PdfCharacterMap Parse(byte[] content)
    {
        var map = new PdfCharacterMap();
        var tokens = new PdfTokens(content);
        for (var token = tokens.Next(); token.Kind != PdfTokenKind.End; token = tokens.Next())
        {
            switch (token)
            {
                case { Kind: PdfTokenKind.Operator, Text: "begincodespacerange" }:
                    map.CodeBytes = Math.Clamp(tokens.Next().Bytes.Length, 0, 2);
                    break;
                case { Kind: PdfTokenKind.Operator, Text: "beginbfchar" }:
                    map.ReadCharacters(tokens);
                    break;
                case { Kind: PdfTokenKind.Operator, Text: "beginbfrange" }:
                    map.ReadRanges(tokens);
                    break;
            }
        }

        return map;
    }

    /// <summary>The text of a code, or null.</summary>
    public string? this[int code]
    {
        get
        {
            if (_single.TryGetValue(code, out var text))
            {
                return text;
            }

            foreach (var range in _ranges)
            {
                if (code >= range.First && code <= range.Last)
                {
                    return range.Text[..^1] + (char)(range.Text[^1] + (code - range.First));
                }
            }

            return null;
        }
    }

    private void ReadCharacters(PdfTokens tokens)
    {
        for (var code = tokens.Next(); code.Kind == PdfTokenKind.String; code = tokens.Next())
        {
            Add(Code(code.Bytes), tokens.Next());
        }
    }

    private void ReadRanges(PdfTokens tokens)
    {
        for (var first = tokens.Next(); first.Kind == PdfTokenKind.String; first = tokens.Next())
        {
            var (from, to, target) = (Code(first.Bytes), Code(tokens.Next().Bytes), tokens.Next());
            if (target.Kind == PdfTokenKind.Open)
            {
                var code = from;
                for (var item = tokens.Next(); item.Kind is not (PdfTokenKind.Close or PdfTokenKind.End); item = tokens.Next())
                {
                    Add(code++, item);
                }
            }
            else if (Text(target) is { } text)
            {
                _ranges.Add((from, to, text));
            }
        }
    }

    private void Add(int code, PdfToken target)
    {
        if (Text(target) is { } text)
        {
            _single[code] = text;
        }
    }

    private static string? Text(PdfToken target) =>
        target is { Kind: PdfTokenKind.String, Bytes.Length: > 0 and <= 2 * MaxLength } ? Encoding.BigEndianUnicode.GetString(target.Bytes) : null;

    internal static int Code(ReadOnlySpan<byte> bytes)
    {
        var code = 0;
        foreach (var b in bytes[..Math.Min(bytes.Length, 3)])
        {
            code = (code << 8) | b;
        }

        return code;
    }
}
