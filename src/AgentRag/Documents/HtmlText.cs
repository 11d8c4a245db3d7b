using System.Text;
using AngleSharp.Dom;

namespace AgentRag.Documents;

/// <summary>Turns HTML elements into text: a blank line between blocks, a line per list item and table row, the words of links in place.</summary>
internal sealed class HtmlText
{
    private static readonly HashSet<string> Dropped = new(StringComparer.OrdinalIgnoreCase)
    {
        "script", "style", "nav", "noscript", "template", "head", "svg", "form", "button", "select", "iframe", "object", "canvas", "aside", "footer",
        "dialog",
    };

    private static readonly HashSet<string> DroppedRoles = new(StringComparer.OrdinalIgnoreCase)
    {
        "navigation", "search", "banner", "contentinfo", "complementary", "dialog",
    };

    private static readonly HashSet<string> Blocks = new(StringComparer.OrdinalIgnoreCase)
    {
        "address", "article", "blockquote", "dd", "details", "div", "dl", "dt", "fieldset", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6",
        "header", "hr", "main", "ol", "p", "pre", "section", "summary", "table", "ul", "caption",
    };

    private readonly StringBuilder _text = new();
    private readonly List<Heading> _headings = [];
    private int _headingStart = -1;
    private int _lineBreaks;
    private bool _space;
    private int _preformatted;
    private int _cells;
    private bool _afterMarker;

    /// <summary>Extracts the text below a node and the headings in it.</summary>
    public static (string Text, IReadOnlyList<Heading> Headings) Extract(INode root)
    {
        var writer = new HtmlText();
        writer.Walk(root);
        return (writer._text.ToString(), writer._headings);
    }

    /// <summary>Visits the tree without recursion: elements may be nested deeper than the stack is.</summary>
    private void Walk(INode root)
    {
        var node = root;
        while (true)
        {
            var next = Enter(node) ? node.FirstChild : null;
            while (next is null)
            {
                Leave(node);
                if (ReferenceEquals(node, root))
                {
                    return;
                }

                next = node.NextSibling;
                node = next is null ? node.Parent! : node;
            }

            node = next;
        }
    }

    private bool Enter(INode node)
    {
        if (node is IText text)
        {
            Write(text.Data);
            return false;
        }

        if (node is not IElement element)
        {
            return node is IDocument;
        }

        var name = element.LocalName;
        if (IsDropped(element))
        {
            return false;
        }

        if (Blocks.Contains(name))
        {
            Break(2);
        }

        switch (name)
        {
            case "br":
                Break(_lineBreaks + 1);
                break;
            case "li":
                Break(1);
                Write("- ");
                _afterMarker = true;
                break;
            case "tr":
                Break(1);
                break;
            case "td" or "th":
                Write(_cells == 0 && element.PreviousElementSibling is not null ? " | " : " ");
                _cells++;
                break;
            case "pre":
                _preformatted++;
                break;
            case ['h', >= '1' and <= '6']:
                _headingStart = _text.Length;
                break;
        }

        return true;
    }

    private void Leave(INode node)
    {
        if (node is not IElement element || IsDropped(element))
        {
            return;
        }

        var name = element.LocalName;
        if (name is "td" or "th")
        {
            _cells--;
        }

        if (name is "pre")
        {
            _preformatted--;
        }

        if (name is ['h', >= '1' and <= '6'] && _headingStart >= 0)
        {
            AddHeading(level: name[1] - '0');
        }

        Break(Blocks.Contains(name) ? 2 : name is "li" or "tr" ? 1 : 0);
    }

    private void AddHeading(int level)
    {
        // The line breaks before the heading were written with its first word, so they may stand at the noted start.
        var start = _headingStart;
        while (start < _text.Length && char.IsWhiteSpace(_text[start]))
        {
            start++;
        }

        var title = Titles.OneLine(_text.ToString(start, _text.Length - start));
        if (title.Length > 0)
        {
            _headings.Add(new(level, title, start, _text.Length));
        }

        _headingStart = -1;
    }

    private static bool IsDropped(IElement element) =>
        Dropped.Contains(element.LocalName)
        || element.HasAttribute("hidden")
        || string.Equals(element.GetAttribute("aria-hidden"), "true", StringComparison.OrdinalIgnoreCase)
        || DroppedRoles.Contains(element.GetAttribute("role") ?? "");

    private void Break(int lines)
    {
        // A table row stays one line whatever its cells hold, and a list item's first paragraph stays beside its mark.
        if (_cells > 0 || _afterMarker)
        {
            _space = true;
        }
        else
        {
            _lineBreaks = Math.Max(_lineBreaks, Math.Min(lines, 2));
        }
    }

    private void Write(string text)
    {
        foreach (var c in text)
        {
            if (char.IsWhiteSpace(c) && !(_preformatted > 0 && _cells == 0 && _text.Length > 0 && _lineBreaks == 0))
            {
                _space = true;
                continue;
            }

            if (_lineBreaks > 0 && _text.Length > 0)
            {
                _text.Append('\n', _lineBreaks);
            }
            else if (_space && _text.Length > 0 && !char.IsWhiteSpace(_text[^1]))
            {
                _text.Append(' ');
            }

            (_lineBreaks, _space, _afterMarker) = (0, false, false);
            _text.Append(c == '\0' ? '\uFFFD' : c);
        }
    }
}
