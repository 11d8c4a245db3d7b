using System.Buffers;
using System.Globalization;

namespace AgentRag.Documents;

/// <summary>Finds where sentences begin.</summary>
/// <remarks>
/// A rule of thumb, made to cut too seldom rather than in the wrong place: a full stop, question or exclamation mark ends a sentence when white space
/// and something that can begin a sentence follow, unless the word before it is a common abbreviation or an initial. The wide marks of Chinese and
/// Japanese need no white space; behind a closing bracket, Hiragana goes on with the sentence that quotes, as in 「来た。」と言った。
/// </remarks>
internal static class Sentences
{
    private const int LongestAbbreviation = 8;

    private static readonly SearchValues<char> Marks = SearchValues.Create(".!?。！？｡．؟۔।។။");

    private static readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> Abbreviations = new HashSet<string>(
        [
            "dr", "mr", "mrs", "ms", "prof", "st", "sr", "jr", "rev", "hon", "gen", "col", "capt", "lt", "sgt", "gov", "sen", "rep", "pres", "messrs",
            "e.g", "i.e", "cf", "vs", "viz", "al", "etc", "ca", "approx", "no", "nos", "vol", "ch", "sec", "fig", "figs", "eq", "p", "pp", "ed", "eds",
            "inc", "ltd", "co", "corp", "bros", "dept", "univ", "assn", "mt", "ft", "ave", "blvd", "b", "d", "fl", "jan", "feb", "mar", "apr", "jun",
            "jul", "aug", "sep", "sept", "oct", "nov", "dec", "ph.d", "u.s", "u.k", "u.n", "a.m", "p.m",
        ],
        StringComparer.OrdinalIgnoreCase).GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>The starts of the sentences in a range, ascending; the first is the range's own.</summary>
    public static List<int> Starts(string text, TextRange range)
    {
        List<int> starts = [range.Start];
        var position = range.Start;
        while (position < range.End)
        {
            var mark = text.AsSpan(position, range.End - position).IndexOfAny(Marks);
            if (mark < 0)
            {
                break;
            }

            mark += position;
            position = mark + 1;
            while (position < range.End && IsCloser(text[position]))
            {
                position++;
            }

            var next = position;
            while (next < range.End && char.IsWhiteSpace(text[next]))
            {
                next++;
            }

            if (next < range.End && EndsSentence(text, range.Start, mark, position, next))
            {
                starts.Add(next);
                position = next;
            }
        }

        return starts;
    }

    private static bool EndsSentence(string text, int start, int mark, int behind, int next)
    {
        switch (text[mark])
        {
            case '。' or '！' or '？' or '｡':
                return behind == mark + 1 || text[next] is not (>= 'ぁ' and <= 'ゖ');
            case '．': // between digits or letters it is a decimal point or an abbreviation
                return text[next] is not (>= '\uFF10' and <= '\uFF5A') && !char.IsAsciiLetterOrDigit(text[next]);
        }

        return next > behind && CanBegin(text[next]) && (text[mark] != '.' || behind > mark + 1 || !IsAbbreviation(text, start, mark));
    }

    private static bool IsAbbreviation(string text, int start, int mark)
    {
        var first = mark;
        while (first > start && mark - first <= LongestAbbreviation && (char.IsLetter(text[first - 1]) || text[first - 1] == '.'))
        {
            first--;
        }

        var word = text.AsSpan(first, mark - first);
        var isInitial = word.Length == 1 && char.IsUpper(word[0]);
        return isInitial || Abbreviations.Contains(word);
    }

    private static bool CanBegin(char c) => !char.IsLower(c) && char.GetUnicodeCategory(c) is not (
        UnicodeCategory.ClosePunctuation or UnicodeCategory.FinalQuotePunctuation or UnicodeCategory.NonSpacingMark) && c is not (',' or ';' or ':');

    private static bool IsCloser(char c) => c is '.' or '!' or '?' or '"' or '\'' or ')' or ']' or '”' or '’' or '»'
        or '！' or '？' or '」' or '』' or '）' or '］' or '】' or '〕' or '〉' or '》' or '｣';
}
