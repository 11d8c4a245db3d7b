using System.Collections.Frozen;
using System.Globalization;

namespace AgentRag.Models.Extractive;

/// <summary>Finds dates and years and puts them in order.</summary>
internal static class Dates
{
    private static readonly FrozenDictionary<string, int> Months = new Dictionary<string, int>
    {
        ["january"] = 1,
        ["february"] = 2,
        ["march"] = 3,
        ["april"] = 4,
        ["may"] = 5,
        ["june"] = 6,
        ["july"] = 7,
        ["august"] = 8,
        ["september"] = 9,
        ["october"] = 10,
        ["november"] = 11,
        ["december"] = 12,
    }.ToFrozenDictionary();

    public static bool IsMonth(string lower) => Months.ContainsKey(lower);

    /// <summary>The dates in a sentence: "3 May 1912", "May 3, 1912", "May 1912", "1912", "19th century", "1990s".</summary>
    public static IEnumerable<Span> In(IReadOnlyList<Token> tokens)
    {
        for (var i = 0; i < tokens.Count;)
        {
            var end = End(tokens, i);
            if (end > i)
            {
                yield return new Span(i, end, SpanForm.Date);
            }

            i = Math.Max(end, i + 1);
        }
    }

    /// <summary>The first date of a text as a sortable number, year × 10,000 + month × 100 + day; null when it holds none.</summary>
    public static int? Order(string text)
    {
        var tokens = Tokenizer.Tokens(text);
        int? best = null;
        foreach (var span in In(tokens))
        {
            var (year, month, day) = (0, 0, 0);
            for (var i = span.Start; i < span.End; i++)
            {
                if (Months.TryGetValue(tokens[i].Lower, out var found))
                {
                    month = found;
                }
                else if (IsYear(tokens[i]) && (tokens[i].Text.Length > 2 || month > 0 && day > 0))
                {
                    year = int.Parse(tokens[i].Text.AsSpan(0, Math.Min(4, tokens[i].Text.Length)), CultureInfo.InvariantCulture);
                }
                else if (IsDay(tokens[i]))
                {
                    day = DayOf(tokens[i]);
                }
            }

            if (year > 0)
            {
                best ??= (year * 10_000) + (month * 100) + day;
            }
        }

        return best;
    }

    private static int End(IReadOnlyList<Token> tokens, int i)
    {
        var token = tokens[i];
        if (IsMonth(token.Lower) && token.IsCapital)
        {
            var afterDay = i + 1 < tokens.Count && IsDay(tokens[i + 1]) ? i + 2 : i + 1;
            var year = afterDay < tokens.Count && tokens[afterDay].Text == "," ? afterDay + 1 : afterDay;
            return year < tokens.Count && IsYear(tokens[year]) ? year + 1 : afterDay > i + 1 ? afterDay : i;
        }

        if (IsDay(token))
        {
            var month = i + 1 < tokens.Count && tokens[i + 1].Text is "of" ? i + 2 : i + 1;
            if (month < tokens.Count && IsMonth(tokens[month].Lower))
            {
                return month + 1 < tokens.Count && IsYear(tokens[month + 1]) ? month + 2 : month + 1;
            }

            return i + 1 < tokens.Count && tokens[i + 1].Lower is "century" or "centuries" && !char.IsAsciiDigit(token.Text[^1]) ? i + 2 : i;
        }

        return IsYear(token) && token.Text.Length >= 4 && !CountsSomething(tokens, i) ? i + 1 : i;
    }

    private static bool IsDay(Token token)
    {
        var length = token.Text.Length;
        return token.IsNumber && length <= 4 && DayOf(token) is >= 1 and <= 31
            && (length <= 2 || token.Lower.EndsWith("st", StringComparison.Ordinal) || token.Lower.EndsWith("nd", StringComparison.Ordinal)
                || token.Lower.EndsWith("rd", StringComparison.Ordinal) || token.Lower.EndsWith("th", StringComparison.Ordinal));
    }

    private static int DayOf(Token token)
    {
        var digits = token.Text.TakeWhile(char.IsAsciiDigit).Count();
        return digits is 1 or 2 ? int.Parse(token.Text.AsSpan(0, digits), CultureInfo.InvariantCulture) : 0;
    }

    private static bool IsYear(Token token) =>
        token.IsNumber && (token.Text.Length is 3 or 4 || (token.Text.Length == 5 && token.Text[4] == 's')) && token.Text.Take(Math.Min(4, token.Text.Length)).All(char.IsAsciiDigit)
        && token.Text[0] is '1' or '2' or '3' or '4' or '5' or '6' or '7' or '8' or '9';

    private static bool CountsSomething(IReadOnlyList<Token> tokens, int i) =>
        i + 1 < tokens.Count && tokens[i + 1].Lower is "people" or "inhabitants" or "metres" or "meters" or "feet" or "km" or "miles" or "kilometres" or "m" or "tonnes";
}
