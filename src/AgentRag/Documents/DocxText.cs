using System.Globalization;
using System.Text;
using System.Xml;

namespace AgentRag.Documents;

/// <summary>Turns the XML of a Word document into text: a blank line between paragraphs, a line per list item and table row.</summary>
internal sealed class DocxText(DocxStyles styles, int maxNesting)
{
    private readonly StringBuilder _text = new();
    private readonly StringBuilder _paragraph = new();
    private readonly StringBuilder _row = new();
    private readonly List<Heading> _headings = [];
    private string _style = "";
    private int? _outlineLevel;
    private int? _listLevel;
    private bool _isSeparator;
    private bool _lastWasItem;
    private int _tables;

    /// <summary>The paragraph in the style of a title, if there is one.</summary>
    public string? Title { get; private set; }

    public IReadOnlyList<Heading> Headings => _headings;

    public override string ToString() => _text.ToString();

    /// <summary>Adds what a part holds.</summary>
    /// <exception cref="XmlException">The part is no XML, or nested too deep.</exception>
    public void Add(XmlReader xml, CancellationToken cancellationToken)
    {
        var isMore = xml.Read();
        while (isMore)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (xml.Depth > maxNesting)
            {
                throw new XmlException($"its elements are nested deeper than {maxNesting:N0}.");
            }

            if (xml.NodeType == XmlNodeType.Element && xml.LocalName is "Fallback" or "moveFrom" or "del" && !xml.IsEmptyElement)
            {
                // Fallback repeats a text box for old programs; the other two are what somebody took out.
                isMore = SkipElement(xml);
                continue;
            }

            if (xml.NodeType == XmlNodeType.Element)
            {
                Start(xml);
            }
            else if (xml.NodeType == XmlNodeType.EndElement)
            {
                End(xml.LocalName);
            }

            isMore = xml.Read();
        }
    }

    internal static string? Attribute(XmlReader xml, string name) => xml.GetAttribute(name, xml.NamespaceURI) ?? xml.GetAttribute(name);

    internal static int? Number(XmlReader xml, string name) =>
        int.TryParse(Attribute(xml, name), NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) ? number : null;

    private bool SkipElement(XmlReader xml)
    {
        var depth = xml.Depth;
        while (xml.Read() && xml.Depth > depth)
        {
            if (xml.Depth > maxNesting)
            {
                throw new XmlException($"its elements are nested deeper than {maxNesting:N0}.");
            }
        }

        return xml.Read();
    }

    private void Start(XmlReader xml)
    {
        switch (xml.LocalName)
        {
            case "pStyle":
                _style = Attribute(xml, "val") ?? "";
                break;
            case "outlineLvl":
                _outlineLevel = Number(xml, "val");
                break;
            case "numPr":
                _listLevel ??= 0;
                break;
            case "ilvl":
                _listLevel = Math.Clamp(Number(xml, "val") ?? 0, 0, 8);
                break;
            case "numId" when Number(xml, "val") is 0:
                _listLevel = null;
                break;
            case "t" when !xml.IsEmptyElement:
                _paragraph.Append(ReadText(xml));
                break;
            case "tab" or "ptab":
                _paragraph.Append(' ');
                break;
            case "br" or "cr":
                _paragraph.Append('\n');
                break;
            case "noBreakHyphen":
                _paragraph.Append('-');
                break;
            case "footnote":
                _isSeparator = Attribute(xml, "type") is not null;
                break;
            case "tbl" when !xml.IsEmptyElement:
                EndParagraph();
                if (_tables++ == 0)
                {
                    Separate(2);
                }

                break;
            case "p" when xml.IsEmptyElement:
                EndParagraph();
                break;
        }
    }

    private void End(string name)
    {
        switch (name)
        {
            case "p":
                EndParagraph();
                break;
            case "tc" when _tables == 1:
                _row.Append(" | ");
                break;
            case "tr" when _tables == 1:
                EndRow();
                break;
            case "tbl" when --_tables == 0:
                Separate(2);
                break;
        }
    }

    /// <summary>The characters up to the element's end; other elements in it are none of Word's.</summary>
    private static string ReadText(XmlReader xml)
    {
        var text = new StringBuilder();
        var depth = xml.Depth;
        while (xml.Read() && xml.Depth > depth)
        {
            if (xml.NodeType is XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.SignificantWhitespace or XmlNodeType.Whitespace)
            {
                text.Append(xml.Value);
            }
        }

        return text.ToString();
    }

    private void EndParagraph()
    {
        var paragraph = _paragraph.ToString().Trim();
        if (_tables > 0)
        {
            _row.Append(_row.Length > 0 && !char.IsWhiteSpace(_row[^1]) && paragraph.Length > 0 ? " " : "").Append(Titles.OneLine(paragraph));
        }
        else if (paragraph.Length > 0 && !_isSeparator)
        {
            Write(paragraph);
        }

        _paragraph.Clear();
        (_style, _outlineLevel, _listLevel) = ("", null, null);
    }

    private void Write(string paragraph)
    {
        var level = _outlineLevel is { } outline and < 9 ? Math.Clamp(outline + 1, 1, 6) : styles.HeadingLevel(_style);
        var isItem = level is null && (_listLevel is not null || styles.IsList(_style));
        Separate(isItem && _lastWasItem ? 1 : 2);
        _lastWasItem = isItem;
        if (isItem)
        {
            _text.Append(' ', 2 * (_listLevel ?? 0)).Append("- ");
        }

        var start = _text.Length;
        _text.Append(paragraph);
        if (styles.IsTitle(_style))
        {
            Title ??= Titles.OneLine(paragraph);
        }

        if (level is { } headingLevel && Titles.OneLine(paragraph) is { Length: > 0 } title)
        {
            _headings.Add(new(headingLevel, title, start, _text.Length));
        }
    }

    private void EndRow()
    {
        var row = _row.ToString().TrimEnd(' ', '|');
        _row.Clear();
        if (row.Length > 0)
        {
            Separate(1);
            _lastWasItem = false;
            _text.Append(row);
        }
    }

    private void Separate(int lines)
    {
        if (_text.Length == 0)
        {
            return;
        }

        var present = 0;
        while (present < _text.Length && _text[^(present + 1)] == '\n')
        {
            present++;
        }

        _text.Append('\n', Math.Max(0, lines - present));
    }
}
