using System.Collections.Frozen;
using System.Globalization;

namespace AgentRag.Models.Extractive;

/// <summary>Finds numbers with their units and gives their value.</summary>
internal static class Numbers
{
    private static readonly string[] Small =
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"];

    private static readonly string[] Tens = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

    private static readonly FrozenDictionary<string, double> Scales = new Dictionary<string, double>
    {
        ["hundred"] = 1e2,
        ["thousand"] = 1e3,
        ["million"] = 1e6,
        ["billion"] = 1e9,
        ["trillion"] = 1e12,
        ["dozen"] = 12,
    }.ToFrozenDictionary();

    private static readonly FrozenSet<string> Units = Words.Set("""
        metres meters metre meter feet foot ft m km kilometres kilometers miles mile kg tonnes tons percent % years days hours minutes seconds
        acres hectares litres liters inches cm dollars pounds euros
        """);

    /// <summary>The numbers in a sentence with scale and unit; a date is none.</summary>
    public static IEnumerable<Span> In(IReadOnlyList<Token> tokens)
    {
        for (var i = 0; i < tokens.Count; i++)
        {
            if (!IsNumber(tokens[i]))
            {
                continue;
            }

            var end = i + 1;
            while (end < tokens.Count && (Scales.ContainsKey(tokens[end].Lower) || Units.Contains(tokens[end].Lower)))
            {
                end++;
            }

            yield return new Span(i > 0 && tokens[i - 1].Text is "$" or "£" or "€" ? i - 1 : i, end, SpanForm.Number);
            i = end - 1;
        }
    }

    /// <summary>The value of the first number in a text; null when it holds none.</summary>
    public static double? Value(string text)
    {
        var tokens = Tokenizer.Tokens(text);
        for (var i = 0; i < tokens.Count; i++)
        {
            if (IsNumber(tokens[i]))
            {
                var word = Word(tokens[i].Lower);
                var digits = new string([.. tokens[i].Text.TakeWhile(c => char.IsAsciiDigit(c) || c == '.' || c == ',').Where(c => c != ',')]);
                double? value = word >= 0 ? word
                    : double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out var parsed) ? parsed : null;
                return i + 1 < tokens.Count && Scales.TryGetValue(tokens[i + 1].Lower, out var scale) ? value * scale : value;
            }
        }

        return null;
    }

    private static bool IsNumber(Token token) => (token.IsNumber && char.IsAsciiDigit(token.Text[^1])) || (Word(token.Lower) >= 0);

    // "seven", "forty", "forty-seven"; -1 for another word.
    private static int Word(string lower)
    {
        var dash = lower.IndexOf('-', StringComparison.Ordinal);
        var tens = Array.IndexOf(Tens, dash < 0 ? lower : lower[..dash]);
        var ones = Array.IndexOf(Small, dash < 0 ? lower : lower[(dash + 1)..]);
        return tens < 0 ? (dash < 0 ? ones : -1) : dash < 0 ? 20 + (10 * tens) : ones is > 0 and < 10 ? 20 + (10 * tens) + ones : -1;
    }
}
