using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace AgentRag.Models;

/// <summary>Reads fields of JSON that a server wrote: a field that is absent, null or of another kind is null, never an exception.</summary>
internal static partial class JsonReading
{
    public static JsonElement? Field(this JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public static string? Text(this JsonElement json, string name) =>
        json.Field(name) is { ValueKind: JsonValueKind.String } value ? value.Characters() : null;

    /// <summary>The characters of a string, also halves of one that lack their other half: it may come with the next piece of a stream.</summary>
    public static string Characters(this JsonElement text)
    {
        try
        {
            return text.GetString() ?? "";
        }
        catch (InvalidOperationException)
        {
            // What the parser refuses is read letter by letter.
            return Escape().Replace(text.GetRawText()[1..^1], static escape => escape.Value[1] switch
            {
                'u' => ((char)ushort.Parse(escape.ValueSpan[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)).ToString(),
                'n' => "\n",
                't' => "\t",
                'r' => "\r",
                'b' => "\b",
                'f' => "\f",
                var other => other.ToString(),
            });
        }
    }

    public static long? Integer(this JsonElement json, string name) =>
        json.Field(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out var number) ? number : null;

    public static IEnumerable<JsonElement> Items(this JsonElement json, string name) =>
        json.Field(name) is { ValueKind: JsonValueKind.Array } value ? value.EnumerateArray() : [];

    [GeneratedRegex(@"\\(?:u[0-9a-fA-F]{4}|.)", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Escape();
}
