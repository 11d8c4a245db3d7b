using System.Collections.Frozen;

namespace AgentRag.Models.Extractive;

/// <summary>Finds names: runs of capitalised words, also with small words inside ("University of Paris", "Otto von Bismarck").</summary>
internal static class NameSpans
{
    private static readonly FrozenSet<string> Inside = Words.Set(
        "of the de la von van der den du di da del dos das bin ibn al el le y e mac ap ferch zu zum zur & af av ter upon");

    /// <summary>Words that often open a sentence and are no names.</summary>
    private static readonly FrozenSet<string> Openers = Words.Set("""
        since although though while despite following upon once later however together today meanwhile currently according because until unlike based named
        known there here two three four five six seven eight nine ten many several another raised like even further instead besides along built born
        """);

    private static readonly FrozenSet<string> RankAfterComma = Words.Set(
        "jr jr. sr sr. duke duchess count countess earl lord lady king queen prince princess marquess marquis margrave baron viscount landgrave elector archduke");

    /// <summary>The names in a sentence, from left to right, without overlap.</summary>
    public static IEnumerable<Span> In(IReadOnlyList<Token> tokens)
    {
        for (var i = 0; i < tokens.Count;)
        {
            if (IsQuote(tokens[i].Text) && QuoteEnd(tokens, i) is > 0 and var close)
            {
                yield return new Span(i + 1, close, SpanForm.Quote);
                i = close + 1;
            }
            else if (StartsName(tokens, i))
            {
                var end = End(tokens, i);
                yield return new Span(i, end, SpanForm.Name);
                i = end;
            }
            else
            {
                i++;
            }
        }
    }

    /// <summary>The end of the name that starts at a capitalised token.</summary>
    public static int End(IReadOnlyList<Token> tokens, int start)
    {
        var end = start + 1;
        while (end < tokens.Count)
        {
            var next = end;
            if (tokens[end].Text == "," && end + 1 < tokens.Count && Ranks(tokens, end + 1))
            {
                next = end + 1;
            }
            else
            {
                while (next < tokens.Count && next - end < 3 && Inside.Contains(tokens[next].Text))
                {
                    next++;
                }
            }

            if (next >= tokens.Count || !Continues(tokens, next, joined: next > end) || (next > start + 1 && EndsInNationality(tokens, next)))
            {
                break;
            }

            end = next + 1;
        }

        return end;
    }

    // "Is Ada Quist American": the last word says something about the name.
    private static bool EndsInNationality(IReadOnlyList<Token> tokens, int i) =>
        Demonyms.IsKnown(tokens[i].Lower) && (i + 1 >= tokens.Count || !tokens[i + 1].IsCapital);

    public static bool IsQuote(string text) => text is "\"" or "“" or "”" or "„" or "«" or "»";

    private static bool Ranks(IReadOnlyList<Token> tokens, int i) =>
        RankAfterComma.Contains(tokens[i].Lower) || (char.IsAsciiDigit(tokens[i].Text[0]) && i + 1 < tokens.Count && RankAfterComma.Contains(tokens[i + 1].Lower));

    private static bool StartsName(IReadOnlyList<Token> tokens, int i)
    {
        var token = tokens[i];
        if (!token.IsCapital || !token.IsWord || Dates.IsMonth(token.Lower)
            || ((i == 0 || !tokens[i - 1].IsWord) && OpensSentence(tokens, i)))
        {
            return false;
        }

        // A sentence's first word is capitalised anyway; a function word starts a name only inside a sentence, before another capital.
        return !token.IsStop || (i > 0 && i + 1 < tokens.Count && tokens[i + 1].IsCapital && tokens[i + 1].IsWord);
    }

    // "Originally", "Raised", "Following": words of the sentence, unless another capital makes them part of a name.
    private static bool OpensSentence(IReadOnlyList<Token> tokens, int i)
    {
        var lower = tokens[i].Lower;
        return Openers.Contains(lower)
            || ((lower.EndsWith("ly", StringComparison.Ordinal) || lower.EndsWith("ed", StringComparison.Ordinal))
                && (i + 1 >= tokens.Count || !tokens[i + 1].IsCapital));
    }

    private static bool Continues(IReadOnlyList<Token> tokens, int i, bool joined)
    {
        var token = tokens[i];
        return (token.IsCapital && token.IsWord && !Dates.IsMonth(token.Lower))
            || (!joined && token.IsNumber && token.Text.Length < 4)
            || (!joined && token.IsNumber && tokens[i - 1].Text == ",");
    }

    private static int QuoteEnd(IReadOnlyList<Token> tokens, int open)
    {
        for (var i = open + 1; i < tokens.Count && i <= open + 16; i++)
        {
            if (IsQuote(tokens[i].Text))
            {
                return i > open + 1 && tokens[open + 1].IsWord ? i : -1;
            }
        }

        return -1;
    }
}
