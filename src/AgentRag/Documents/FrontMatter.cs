using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace AgentRag.Documents;

/// <summary>The YAML block at the head of a Markdown file.</summary>
/// <param name="Title">The value of <c>title</c> as one line; null when there is none: then the file's headings name it.</param>
/// <param name="Metadata">The other fields whose values are plain or lists of plain values; what is nested deeper is left out.</param>
internal sealed record FrontMatter(string? Title, IReadOnlyDictionary<string, IReadOnlyList<string>> Metadata)
{
    private const string TitleField = "title";

    /// <summary>Reads a block. Where it is not YAML, what stands before the fault counts.</summary>
    public static FrontMatter Read(string yaml)
    {
        var (title, metadata) = (default(string), new MetadataBuilder());
        try
        {
            foreach (var (name, value) in Values(yaml))
            {
                if (name == TitleField)
                {
                    title ??= Titles.OneLine(value);
                }
                else
                {
                    metadata.Add(name, value);
                }
            }
        }
        catch (YamlException)
        {
            // The file's words are worth finding all the same.
        }

        return new(string.IsNullOrEmpty(title) ? null : title, metadata.Build());
    }

    /// <summary>The plain values of the outermost mapping, and those of lists right below it.</summary>
    private static IEnumerable<(string Name, string Value)> Values(string yaml)
    {
        // Events, not objects: a hostile block of ten thousand open brackets costs no stack.
        var parser = new Parser(new StringReader(yaml));
        var (depth, isMapping, isKey, name) = (0, false, true, default(string));
        var list = default(string);
        while (parser.MoveNext())
        {
            var inMapping = depth == 1 && isMapping;
            switch (parser.Current)
            {
                case Scalar scalar when inMapping && isKey:
                    (name, isKey) = (scalar.Value, false);
                    break;
                case Scalar scalar when inMapping:
                    isKey = true;
                    if (name is not null)
                    {
                        yield return (name, scalar.Value);
                    }

                    break;
                case Scalar scalar when depth == 2 && list is not null && list != TitleField:
                    yield return (list, scalar.Value);
                    break;
                case AnchorAlias when inMapping:
                    (name, isKey) = (null, !isKey);
                    break;
                case MappingStart or SequenceStart:
                    list = inMapping && !isKey && parser.Current is SequenceStart ? name : null;
                    name = inMapping && isKey ? null : name;
                    isMapping = depth == 0 ? parser.Current is MappingStart : isMapping;
                    depth++;
                    break;
                case MappingEnd or SequenceEnd:
                    depth--;
                    isKey = depth == 1 && isMapping ? !isKey : isKey;
                    break;
            }
        }
    }
}
