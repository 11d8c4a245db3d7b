using System.Text;

namespace AgentRag.Documents;

/// <summary>A structured header of a mail: a value and parameters, as in <c>text/plain; charset="utf-8"</c>.</summary>
/// <param name="Value">The value in lower case.</param>
internal sealed record MimeField(string Value)
{
    private readonly Dictionary<string, string> _parameters = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>A parameter's value, or null.</summary>
    public string? this[string name] => _parameters.GetValueOrDefault(name) ?? Extended(_parameters.GetValueOrDefault(name + '*'));

    /// <summary>Parses a header's text; what is malformed is left out.</summary>
    public static MimeField Parse(string text)
    {
        var parts = Parts(text);
        var field = new MimeField(parts[0].Trim().ToLowerInvariant());
        foreach (var part in parts.Skip(1))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
            {
                field._parameters.TryAdd(part[..equals].Trim(), part[(equals + 1)..].Trim());
            }
        }

        return field;
    }

    /// <summary>Cuts at semicolons outside of quotes and takes the quotes away.</summary>
    private static List<string> Parts(string text)
    {
        List<string> parts = [];
        var (part, isQuoted) = (new StringBuilder(), false);
        for (var i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '"':
                    isQuoted = !isQuoted;
                    break;
                case '\\' when isQuoted && i + 1 < text.Length:
                    part.Append(text[++i]);
                    break;
                case ';' when !isQuoted:
                    parts.Add(part.ToString());
                    part.Clear();
                    break;
                default:
                    part.Append(text[i]);
                    break;
            }
        }

        parts.Add(part.ToString());
        return parts;
    }

    /// <summary>RFC 2231: <c>charset'language'percent-encoded</c>.</summary>
    private static string? Extended(string? value) =>
        value?.Split('\'', 3) is [var charset, _, var encoded] ? Charsets.Decode(PercentDecoded(encoded), charset) : value;

    private static byte[] PercentDecoded(string text) => TransferEncodings.QuotedPrintable(Encoding.UTF8.GetBytes(text.Replace('%', '=')), underscoreIsSpace: false);
}
