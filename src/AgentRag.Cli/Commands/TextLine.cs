using System.Globalization;
using System.Text;
using System.Text.Json;

namespace AgentRag.Cli.Commands;

/// <summary>Reads the <c>text</c> of a JSON line.</summary>
internal static class TextLine
{
    /// <summary>Reads the text, lone surrogates included, which JSON can escape and the library's reader refuses.</summary>
    /// <param name="json">The line.</param>
    /// <param name="where">File and line, for messages.</param>
    /// <exception cref="AgentRagException">The line is no JSON object with a text.</exception>
    public static string TextOf(JsonElement json, string where)
    {
        if (json.ValueKind != JsonValueKind.Object || !json.TryGetProperty("text", out var text) || text.ValueKind != JsonValueKind.String)
        {
            throw new AgentRagException($"{where}: expected is an object with a \"text\".");
        }

        try
        {
            return text.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return Unescape(text.GetRawText()[1..^1]);
        }
    }

    /// <summary>Parses a line.</summary>
    public static JsonDocument Parse(string line, string where)
    {
        try
        {
            return JsonDocument.Parse(line);
        }
        catch (JsonException e)
        {
            throw new AgentRagException($"{where}: this is no JSON: {e.Message}", e);
        }
    }

    private static string Unescape(string raw)
    {
        var text = new StringBuilder(raw.Length);
        for (var i = 0; i < raw.Length; i++)
        {
            if (raw[i] != '\\')
            {
                text.Append(raw[i]);
                continue;
            }

            i++;
            text.Append(raw[i] switch
            {
                'b' => '\b',
                'f' => '\f',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => (char)int.Parse(raw.AsSpan(i + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture),
                var other => other,
            });
            i += raw[i] == 'u' ? 4 : 0;
        }

        return text.ToString();
    }
}
