using System.Text;
using System.Text.RegularExpressions;

namespace AgentRag.Documents;

/// <summary>A pattern for paths, as in .gitignore files.</summary>
/// <remarks>
/// <c>*</c> and <c>?</c> stay within one name, <c>**</c> crosses folders, <c>[a-z]</c> is a set. A pattern with a slash before its end is anchored at its
/// folder, one without is for names at any depth; a slash at its end is for folders alone.
/// </remarks>
internal sealed class GlobPattern
{
    private readonly Regex _regex;
    private readonly bool _foldersOnly;

    private GlobPattern(bool isNegated, bool foldersOnly, Regex regex) => (IsNegated, _foldersOnly, _regex) = (isNegated, foldersOnly, regex);

    /// <summary>Whether the pattern began with an exclamation mark.</summary>
    public bool IsNegated { get; }

    /// <summary>Reads a pattern.</summary>
    /// <returns>The pattern, or null for a blank line or a comment.</returns>
    public static GlobPattern? Parse(string text)
    {
        var pattern = TrimEnd(text);
        if (pattern.Length == 0 || pattern[0] == '#')
        {
            return null;
        }

        var isNegated = pattern[0] == '!';
        pattern = isNegated ? pattern[1..] : pattern;
        var foldersOnly = pattern.EndsWith('/');
        pattern = pattern.TrimEnd('/');
        var isAnchored = pattern.Contains('/', StringComparison.Ordinal);
        pattern = pattern.TrimStart('/');
        return pattern.Length == 0 ? null : new(isNegated, foldersOnly, Compile(pattern, isAnchored));
    }

    /// <summary>Whether a path matches.</summary>
    /// <param name="path">Relative to the pattern's folder, with slashes.</param>
    /// <param name="isFolder">Whether it is that of a folder.</param>
    public bool IsMatch(string path, bool isFolder) => (isFolder || !_foldersOnly) && _regex.IsMatch(path);

    private static string TrimEnd(string text)
    {
        var pattern = text.TrimEnd('\r', '\n');
        while (pattern.EndsWith(' ') && !pattern.EndsWith("\\ ", StringComparison.Ordinal))
        {
            pattern = pattern[..^1];
        }

        return pattern;
    }

    private static Regex Compile(string pattern, bool isAnchored)
    {
        var regex = new StringBuilder(isAnchored ? "^" : "^(?:.*/)?");
        for (var i = 0; i < pattern.Length; i++)
        {
            var rest = pattern.AsSpan(i);
            var atStart = i == 0 || pattern[i - 1] == '/';
            if (atStart && rest.StartsWith("**/", StringComparison.Ordinal))
            {
                regex.Append("(?:.*/)?");
                i += 2;
            }
            else if (atStart && rest is "**")
            {
                regex.Append(".+");
                i++;
            }
            else if (rest[0] == '[' && SetLength(rest) is > 0 and var length)
            {
                regex.Append(Set(rest[1..(length - 1)]));
                i += length - 1;
            }
            else if (rest[0] == '\\' && rest.Length > 1)
            {
                regex.Append(Regex.Escape(pattern[++i].ToString()));
            }
            else
            {
                regex.Append(rest[0] switch
                {
                    '*' => "[^/]*",
                    '?' => "[^/]",
                    var c => Regex.Escape(c.ToString()),
                });
            }
        }

        // Non-backtracking: a hostile .gitignore of many stars costs no more than others.
        const RegexOptions Options = RegexOptions.NonBacktracking | RegexOptions.Singleline | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant;
        return new(regex.Append('$').ToString(), Options, TimeSpan.FromSeconds(10));
    }

    /// <summary>The length of a set with its brackets; 0 when it is never closed.</summary>
    private static int SetLength(ReadOnlySpan<char> text)
    {
        var first = text.Length > 1 && text[1] is '!' or '^' ? 2 : 1;
        var end = text.Length > first + 1 ? text[(first + 1)..].IndexOf(']') : -1;
        return end < 0 ? 0 : first + 1 + end + 1;
    }

    private static string Set(ReadOnlySpan<char> set)
    {
        var isNegated = set[0] is '!' or '^';
        var members = (isNegated ? set[1..] : set).ToString();
        var escaped = new StringBuilder(members).Replace("\\", "\\\\").Replace("[", "\\[").Replace("]", "\\]").Replace("^", "\\^");
        return isNegated ? $"[^/{escaped}]" : $"[{escaped}]";
    }
}
