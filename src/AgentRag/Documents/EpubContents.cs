using System.Xml;

namespace AgentRag.Documents;

/// <summary>What an EPUB book says about itself.</summary>
/// <param name="Title">The book's title as one line; may be empty.</param>
/// <param name="Chapters">The names of the parts to read, in reading order, each once.</param>
internal sealed record EpubContents(string Title, IReadOnlyList<string> Chapters)
{
    /// <summary>Follows the container to the package document and reads its manifest and spine.</summary>
    /// <returns>The contents, or null when the archive is no book.</returns>
    public static async Task<EpubContents?> ReadAsync(PackedFile package, CancellationToken cancellationToken)
    {
        using var container = await package.OpenXmlAsync("META-INF/container.xml", cancellationToken).ConfigureAwait(false);
        if (container is null || !container.ReadToFollowing("rootfile", "urn:oasis:names:tc:opendocument:xmlns:container")
            || container.GetAttribute("full-path") is not { } path)
        {
            return null;
        }

        using var xml = await package.OpenXmlAsync(path, cancellationToken).ConfigureAwait(false);
        return xml is null ? null : Read(xml, path[..(path.LastIndexOf('/') + 1)]);
    }

    private static EpubContents Read(XmlReader xml, string folder)
    {
        var title = "";
        Dictionary<string, string> manifest = new(StringComparer.Ordinal);
        List<string> spine = [];
        while (xml.Read())
        {
            if (xml.NodeType != XmlNodeType.Element)
            {
                continue;
            }

            switch (xml.LocalName)
            {
                case "title" when title.Length == 0 && !xml.IsEmptyElement:
                    xml.Read();
                    title = Titles.OneLine(xml.Value);
                    break;
                case "item" when IsPage(xml.GetAttribute("media-type")) && !HasProperty(xml, "nav"):
                    manifest[xml.GetAttribute("id") ?? ""] = Resolve(folder, xml.GetAttribute("href") ?? "");
                    break;
                case "itemref":
                    spine.Add(xml.GetAttribute("idref") ?? "");
                    break;
            }
        }

        return new(title, [.. spine.Where(manifest.ContainsKey).Select(id => manifest[id]).Distinct(StringComparer.Ordinal)]);
    }

    private static bool IsPage(string? mediaType) => mediaType is "application/xhtml+xml" or "text/html" or "text/x-oeb1-document";

    private static bool HasProperty(XmlReader xml, string name) =>
        (xml.GetAttribute("properties") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Contains(name, StringComparer.Ordinal);

    /// <summary>The name of a part from a reference to it. Names are only compared with those of the archive, so steps upwards lead nowhere else.</summary>
    private static string Resolve(string folder, string reference)
    {
        Stack<string> parts = new();
        foreach (var part in (folder + Uri.UnescapeDataString(reference.Split('#')[0])).Split('/'))
        {
            if (part is "..")
            {
                parts.TryPop(out _);
            }
            else if (part is not ("" or "."))
            {
                parts.Push(part);
            }
        }

        return string.Join('/', parts.Reverse());
    }
}
