using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using AgentRag.Tokens.BytePairs;

namespace AgentRag.Tests.Tokens;

/// <summary>The split patterns as published, run by .NET's backtracking engine.</summary>
/// <remarks>
/// That engine sees surrogates instead of characters beyond the basic plane, so each such character is replaced by one of the basic plane with the same
/// category, and a lone surrogate by a symbol. Its case folding lacks the long s, which is written out.
/// </remarks>
internal static class NaivePieces
{
    private const string AnyCase = "(?:'[sS\u017F]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";
    private const string Tail = @"\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Cased = @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+";
    private const string Capitals = @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*";

    private static readonly Dictionary<SplitPattern, Regex> Regexes = new()
    {
        [SplitPattern.None] = Published(@"[\s\S]+"),
        [SplitPattern.Gpt2] = Published(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"),
        [SplitPattern.Cl100k] = Published($@"{AnyCase}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{Tail}"),
        [SplitPattern.Qwen2] = Published($@"{AnyCase}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{Tail}"),
        [SplitPattern.O200k] = Published($@"{Cased}{AnyCase}?|{Capitals}{AnyCase}?|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{Tail}"),
        [SplitPattern.Tekken] = Published($@"{Cased}|{Capitals}|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{Tail}"),
        [SplitPattern.SingleDigits] = Published(@"\p{N}|[^\p{N}]+"),
        [SplitPattern.DigitRuns] = Published(@"\p{N}+|[^\p{N}]+"),
    };

    private static Regex Published(string pattern) => new(pattern, RegexOptions.None, TimeSpan.FromMinutes(1));

    public static IEnumerable<string> Of(SplitPattern pattern, string text)
    {
        List<string> characters = [];
        var mapped = new StringBuilder();
        for (var i = 0; i < text.Length;)
        {
            var isPair = i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]);
            characters.Add(text.Substring(i, isPair ? 2 : 1));
            mapped.Append(isPair ? Alike(char.ConvertToUtf32(text, i)) : char.IsSurrogate(text[i]) ? '¤' : text[i]);
            i += isPair ? 2 : 1;
        }

        var at = 0;
        foreach (Match match in Regexes[pattern].Matches(mapped.ToString()))
        {
            Assert(match.Index == at);
            at += match.Length;
            yield return string.Concat(characters.Skip(match.Index).Take(match.Length));
        }

        Assert(at == characters.Count);

        static void Assert(bool holds) => Xunit.Assert.True(holds, "The pattern leaves something out.");
    }

    private static char Alike(int codePoint) => CharUnicodeInfo.GetUnicodeCategory(codePoint) switch
    {
        UnicodeCategory.UppercaseLetter => 'Ą',
        UnicodeCategory.LowercaseLetter => 'ą',
        UnicodeCategory.TitlecaseLetter => 'ǅ',
        UnicodeCategory.ModifierLetter => 'ʰ',
        UnicodeCategory.OtherLetter => '中',
        UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark => '\u0301',
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => '½',
        _ => '¤',
    };
}
