namespace AgentRag.Retrieval.Qdrant;

/// <summary>A source as the list of all paths above it, because Qdrant filters by whole values, not by their beginnings.</summary>
internal static class SourcePaths
{
    /// <summary>Lists the folders that a source lies in, outermost first, then the file and, for a row, the row.</summary>
    /// <param name="source">Such as <c>docs/a/b.md</c> or <c>data/rows.jsonl:7</c>.</param>
    public static IEnumerable<string> Of(string source)
    {
        var path = Normal(source);
        if (path.Length > 1 && path[0] == '/')
        {
            yield return "/";
        }

        for (var i = 1; i < path.Length; i++)
        {
            // A colon in front of digits to the end is a row; any other is part of a name, such as a drive's.
            if (path[i] == '/' || (path[i] == ':' && i + 1 < path.Length && !path.AsSpan(i + 1).ContainsAnyExceptInRange('0', '9')))
            {
                yield return path[..i];
            }
        }

        yield return path;
    }

    /// <summary>The form that paths are compared in: forward slashes, none at the end.</summary>
    public static string Normal(string path)
    {
        var normal = path.Replace('\\', '/');
        return normal.Length > 1 ? normal.TrimEnd('/') is { Length: > 0 } trimmed ? trimmed : "/" : normal;
    }
}
