using System.Text;
using System.Text.RegularExpressions;
using AngleSharp.Dom;
using AngleSharp.Html.Parser;

namespace AgentRag.Documents;

/// <summary>The readable part of one HTML page.</summary>
/// <param name="Title">The page's title as one line; may be empty.</param>
/// <param name="Text">The text of the main content.</param>
/// <param name="Headings">The headings in the text.</param>
/// <param name="Metadata">The page's language and its meta elements, without those that speak to browsers and crawlers alone.</param>
internal sealed partial record HtmlPage(
    string Title, string Text, IReadOnlyList<Heading> Headings, IReadOnlyDictionary<string, IReadOnlyList<string>> Metadata)
{
    private static readonly HashSet<string> ForBrowsers = new(StringComparer.OrdinalIgnoreCase)
    {
        "viewport", "theme-color", "color-scheme", "referrer", "robots", "googlebot", "format-detection", "csrf-token", "csrf-param", "rating",
    };

    /// <summary>How far into a page a browser looks for its charset.</summary>
    private const int CharsetWithin = 1024;

    /// <summary>Reads a page: its content is <c>main</c>, else a single <c>article</c>, else the body.</summary>
    /// <param name="html">The page.</param>
    /// <param name="maxNesting">Deepest nesting of elements, <c>html</c> and <c>body</c> among them.</param>
    /// <param name="cancellationToken">Asked at every element whether somebody still waits.</param>
    /// <exception cref="InvalidDataException">Elements are nested deeper.</exception>
    public static HtmlPage Parse(string html, int maxNesting, CancellationToken cancellationToken)
    {
        var nesting = new NestingLimit(maxNesting, cancellationToken);
        var parser = new HtmlParser(new HtmlParserOptions { OnCreated = (element, _) => nesting.Next(element) });
        using var page = parser.ParseDocument(html);
        nesting.End();
        var articles = page.QuerySelectorAll("article");
        var content = page.QuerySelector("main, [role=main]") ?? (articles.Length == 1 ? articles[0] : page.Body);
        var (text, headings) = HtmlText.Extract((INode?)content ?? page);
        return new(Titles.OneLine(page.Title ?? ""), text, headings, MetadataOf(page));
    }

    /// <summary>Reads an XHTML page.</summary>
    /// <remarks>An HTML parser takes <c>&lt;title/&gt;</c> for an opening tag and the rest of the page for the title.</remarks>
    public static HtmlPage ParseXhtml(string xhtml, int maxNesting, CancellationToken cancellationToken) =>
        Parse(ClosedInPlace().Replace(xhtml, "<${tag}${attributes}></${tag}>"), maxNesting, cancellationToken);

    /// <summary>Decodes a page: by its byte order mark, as UTF-8 where it is valid, else by the charset that it names.</summary>
    /// <returns>The text, or null for a binary file.</returns>
    public static string? Decode(byte[] content)
    {
        try
        {
            return FileText.Decode(content);
        }
        catch (DecoderFallbackException)
        {
            var head = Encoding.Latin1.GetString(content, 0, Math.Min(content.Length, CharsetWithin));
            return Charsets.Decode(content, NamedCharset().Match(head) is { Success: true } match ? match.Groups["name"].Value : "windows-1252");
        }
    }

    private static IReadOnlyDictionary<string, IReadOnlyList<string>> MetadataOf(IDocument page)
    {
        var metadata = new MetadataBuilder();
        metadata.Add("lang", page.DocumentElement?.GetAttribute("lang"));
        foreach (var meta in page.QuerySelectorAll("meta[content]"))
        {
            var (name, content) = (meta.GetAttribute("name") ?? meta.GetAttribute("property"), meta.GetAttribute("content")!);
            if (string.IsNullOrEmpty(name) || ForBrowsers.Contains(name) || name.StartsWith("msapplication", StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            foreach (var value in name.Equals("keywords", StringComparison.OrdinalIgnoreCase) ? content.Split(',') : [content])
            {
                metadata.Add(name, value);
            }
        }

        return metadata.Build();
    }

    /// <summary>Ends the parser where elements are nested too deep: beyond some ten thousand levels it takes minutes, as it looks through all that are open at each.</summary>
    private sealed class NestingLimit(int maxNesting, CancellationToken cancellationToken)
    {
        // The element at hand has no place in the tree yet, the one before has.
        private IElement? _latest;

        public void Next(IElement element)
        {
            cancellationToken.ThrowIfCancellationRequested();
            End();
            _latest = element;
        }

        public void End()
        {
            var depth = 0;
            for (INode? node = _latest; node is not null; node = node.Parent)
            {
                if (node is IElement && ++depth > maxNesting)
                {
                    throw new InvalidDataException($"its elements are nested deeper than {maxNesting:N0}");
                }
            }
        }
    }

    [GeneratedRegex(@"<(?<tag>title|script|style|iframe|textarea|noscript)\b(?<attributes>[^<>]*)/>", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex ClosedInPlace();

    [GeneratedRegex(@"charset\s*=\s*[""']?\s*(?<name>[\w.:-]+)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex NamedCharset();
}
