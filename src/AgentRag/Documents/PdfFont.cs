namespace AgentRag.Documents;

/// <summary>What a font of a PDF says about its codes: their text and their widths.</summary>
internal sealed class PdfFont
{
    private const double DefaultWidth = 0.5;
    private const int SymbolicFlag = 4;

    private readonly PdfFile _file;
    private readonly PdfCharacterMap? _map;
    private readonly string?[] _encoding = new string?[256];
    private readonly Dictionary<int, double> _widths = [];
    private readonly bool _isComposite;
    private readonly bool _isUtf16;
    private readonly double _defaultWidth = DefaultWidth;

    /// <summary>Reads a font's dictionaries.</summary>
    public PdfFont(PdfFile file, PdfDictionary font)
    {
        _file = file;
        _isComposite = file.Name(font, "Subtype") is "Type0";
        _map = file.Dictionary(font, "ToUnicode") is { } map && file.Content(map) is { } content ? PdfCharacterMap.Parse(content) : null;
        if (_isComposite)
        {
            // The names of these maps say that their codes are Unicode: UniGB-UCS2-H, UniJIS-UTF16-H and so on.
            var name = file.Name(font, "Encoding") ?? "";
            _isUtf16 = name.Contains("UCS2", StringComparison.Ordinal) || name.Contains("UTF16", StringComparison.Ordinal);
            var descendant = file.Array(font, "DescendantFonts") is [var first, ..] ? file.Resolve(first) as PdfDictionary : null;
            _defaultWidth = (descendant is null ? null : file.Number(descendant, "DW")) / 1000 ?? 1;
            ReadCompositeWidths((descendant is null ? null : file.Array(descendant, "W")) ?? []);
        }
        else
        {
            ReadEncoding(font);
            var code = (int)(file.Number(font, "FirstChar") ?? 0);
            var hasOwnUnits = file.Name(font, "Subtype") is "Type3";
            foreach (var width in (file.Array(font, "Widths") ?? []).Take(256))
            {
                _widths[code++] = hasOwnUnits ? DefaultWidth : (file.Number(width) ?? 0) / 1000;
            }
        }
    }

    /// <summary>Cuts a string into its codes.</summary>
    /// <returns>The text of each code, null where the font does not say; its width in units of the font's size; and whether it is the space of one byte.</returns>
    public IEnumerable<(string? Text, double Width, bool IsSpace)> Decode(byte[] bytes)
    {
        var length = _isComposite && _map is not { CodeBytes: 1 } ? 2 : 1;
        for (var i = 0; i + length <= bytes.Length; i += length)
        {
            var code = PdfCharacterMap.Code(bytes.AsSpan(i, length));
            var text = _map?[code] ?? (_isUtf16 ? ((char)code).ToString() : _isComposite ? null : _encoding[code]);
            yield return (text, _widths.GetValueOrDefault(code, _defaultWidth), length == 1 && code == ' ');
        }
    }

    private void ReadEncoding(PdfDictionary font)
    {
        var encoding = _file.Resolve(font.Entries.GetValueOrDefault("Encoding"));
        var details = encoding as PdfDictionary;
        var name = (encoding as PdfName)?.Text ?? (details is null ? null : _file.Name(details, "BaseEncoding"));

        // An embedded symbolic font without an encoding has codes of its own: guessing would make nonsense of them.
        var descriptor = _file.Dictionary(font, "FontDescriptor");
        var isSymbolic = descriptor is not null && ((int)(_file.Number(descriptor, "Flags") ?? 0) & SymbolicFlag) != 0
            && descriptor.Entries.Keys.Any(key => key.StartsWith("FontFile", StringComparison.Ordinal));
        if (name is not null || !isSymbolic)
        {
            var table = Charsets.Find(name is "MacRomanEncoding" ? "macintosh" : "windows-1252")!;
            for (var code = 32; code < 256; code++)
            {
                var text = table.GetString([(byte)code]);
                _encoding[code] = char.IsControl(text[0]) ? null : text;
            }

            if (name is null)
            {
                (_encoding['\''], _encoding['`']) = ("’", "‘"); // StandardEncoding, the default, differs from ASCII in these two
            }
        }

        var position = 0;
        foreach (var item in (details is null ? null : _file.Array(details, "Differences")) ?? [])
        {
            if (_file.Number(item) is { } number)
            {
                position = (int)number;
            }
            else if (_file.Resolve(item) is PdfName glyph && position is >= 0 and < 256)
            {
                _encoding[position++] = PdfGlyphNames.Text(glyph.Text);
            }
        }
    }

    /// <summary>PDF 32000-1:2008, section 9.7.4.3: <c>first [w w …]</c> or <c>first last w</c>.</summary>
    private void ReadCompositeWidths(List<object?> items)
    {
        for (var i = 0; i + 1 < items.Count;)
        {
            var code = (int)Math.Clamp(_file.Number(items[i]) ?? 0, 0, 0xFFFF);
            if (_file.Resolve(items[i + 1]) is List<object?> widths)
            {
                foreach (var width in widths.Take(0x10000))
                {
                    _widths[code++] = (_file.Number(width) ?? 0) / 1000;
                }

                i += 2;
            }
            else
            {
                var last = Math.Clamp(_file.Number(items[i + 1]) ?? 0, 0, 0xFFFF);
                var width = i + 2 < items.Count ? (_file.Number(items[i + 2]) ?? 0) / 1000 : 0;
                for (; code <= last; code++)
                {
                    _widths[code] = width;
                }

                i += 3;
            }
        }
    }
}
