using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace AgentRag.Documents;

/// <summary>The YAML block at the head of a Markdown file.</summary>
internal static class FrontMatter
{
    /// <summary>Finds the value of <c>title</c>.</summary>
    /// <returns>The title as one line; null when there is none, or when the block is not YAML: then the file's headings name it.</returns>
    public static string? Title(string yaml)
    {
        // Events, not objects: a hostile block of ten thousand open brackets costs no stack.
        var parser = new Parser(new StringReader(yaml));
        try
        {
            var (depth, isKey) = (0, true);
            while (parser.MoveNext())
            {
                var inMap = depth == 1;
                if (inMap && isKey && parser.Current is Scalar { Value: "title" })
                {
                    var title = parser.MoveNext() && parser.Current is Scalar value ? Titles.OneLine(value.Value) : "";
                    return title.Length > 0 ? title : null;
                }

                depth += parser.Current switch
                {
                    MappingStart or SequenceStart => 1,
                    MappingEnd or SequenceEnd => -1,
                    _ => 0,
                };
                if (depth == 1)
                {
                    isKey = !inMap && parser.Current is MappingStart ? true : !isKey;
                }
            }
        }
        catch (YamlException)
        {
            return null;
        }

        return null;
    }
}
