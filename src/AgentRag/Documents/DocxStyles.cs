using System.Xml;

namespace AgentRag.Documents;

/// <summary>What a Word document's paragraph styles say about structure.</summary>
internal sealed class DocxStyles
{
    /// <summary>Styles based on styles based on …: longer chains are cycles.</summary>
    private const int MaxBasedOn = 20;

    private readonly Dictionary<string, Style> _styles = new(StringComparer.Ordinal);

    /// <summary>Reads the part <c>styles.xml</c>.</summary>
    public static DocxStyles Read(XmlReader xml)
    {
        var styles = new DocxStyles();
        var style = default(Style);
        while (xml.Read())
        {
            if (xml.NodeType != XmlNodeType.Element)
            {
                continue;
            }

            switch (xml.LocalName)
            {
                case "style":
                    style = new();
                    styles._styles[DocxText.Attribute(xml, "styleId") ?? ""] = style;
                    break;
                case "name" when style is not null:
                    style.Name = DocxText.Attribute(xml, "val") ?? "";
                    break;
                case "basedOn" when style is not null:
                    style.BasedOn = DocxText.Attribute(xml, "val");
                    break;
                case "outlineLvl" when style is not null:
                    style.OutlineLevel = DocxText.Number(xml, "val");
                    break;
                case "numPr" when style is not null:
                    style.IsList = true;
                    break;
            }
        }

        return styles;
    }

    /// <summary>The heading level of a style.</summary>
    /// <returns>1 to 6, or null for a style that is no heading's.</returns>
    public int? HeadingLevel(string style) => Chain(style).Select(Level).FirstOrDefault(level => level is not null) is { } found ? Math.Clamp(found, 1, 6) : null;

    /// <summary>Whether the style is that of the document's title.</summary>
    public bool IsTitle(string style) => (_styles.TryGetValue(style, out var found) ? found.Name : style).Equals("Title", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether the style makes a paragraph a list item.</summary>
    public bool IsList(string style) => HeadingLevel(style) is null && Chain(style).Any(found => found.IsList);

    private static int? Level(Style style) => style switch
    {
        { OutlineLevel: { } level and < 9 } => level + 1,
        { Name: var name } when name.StartsWith("heading ", StringComparison.OrdinalIgnoreCase) && int.TryParse(name.AsSpan(8), out var level) => level,
        _ => null,
    };

    private IEnumerable<Style> Chain(string style)
    {
        for (var i = 0; i < MaxBasedOn && _styles.TryGetValue(style, out var found); i++)
        {
            yield return found;
            style = found.BasedOn ?? "";
        }
    }

    private sealed class Style
    {
        public string Name { get; set; } = "";

        public string? BasedOn { get; set; }

        public int? OutlineLevel { get; set; }

        public bool IsList { get; set; }
    }
}
