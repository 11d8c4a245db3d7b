using System.Runtime.InteropServices;

namespace AgentRag.Documents;

/// <summary>A piece of text that is not cut further.</summary>
/// <param name="Range">Its characters, with the white space behind them.</param>
/// <param name="Tokens">Its tokens, with those of the white space: so sums stand for the joined text.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Piece(TextRange Range, int Tokens);

/// <summary>Groups neighbouring pieces into passages.</summary>
internal static class PiecePacking
{
    /// <summary>Packs greedily, then moves pieces from the last but one group to a very small last one.</summary>
    /// <returns>First and last piece of each group, in order; groups overlap only if the options ask for it.</returns>
    public static List<(int First, int Last)> Group(List<Piece> pieces, PassageSplitterOptions options)
    {
        List<(int First, int Last)> groups = [];
        var (first, tokens) = (0, 0);
        for (var i = 0; i < pieces.Count; i++)
        {
            if (i > first && tokens + pieces[i].Tokens > options.MaxPassageTokens)
            {
                groups.Add((first, i - 1));
                (first, tokens) = Overlap(pieces, first, i, options);
            }

            tokens += pieces[i].Tokens;
        }

        if (pieces.Count > 0)
        {
            groups.Add((first, pieces.Count - 1));
        }

        // A passage of a few words matches queries by chance and says little: the one before it can spare some.
        if (groups.Count > 1 && tokens < options.MaxPassageTokens / 4 && options.OverlapTokens == 0)
        {
            BalanceLastTwo(pieces, groups);
        }

        return groups;
    }

    /// <summary>Where the group of piece <paramref name="next"/> begins, and the tokens of the pieces it repeats.</summary>
    private static (int First, int Tokens) Overlap(List<Piece> pieces, int previousFirst, int next, PassageSplitterOptions options)
    {
        var room = Math.Min(options.OverlapTokens, options.MaxPassageTokens - pieces[next].Tokens);
        var (first, tokens) = (next, 0);
        while (first - 1 > previousFirst && tokens + pieces[first - 1].Tokens <= room)
        {
            tokens += pieces[--first].Tokens;
        }

        return (first, tokens);
    }

    private static void BalanceLastTwo(List<Piece> pieces, List<(int First, int Last)> groups)
    {
        var (from, cut, to) = (groups[^2].First, groups[^1].First, groups[^1].Last);
        var (left, right) = (Sum(from, cut - 1), Sum(cut, to));
        while (cut - 1 > from && right + pieces[cut - 1].Tokens <= left - pieces[cut - 1].Tokens)
        {
            cut--;
            (left, right) = (left - pieces[cut].Tokens, right + pieces[cut].Tokens);
        }

        (groups[^2], groups[^1]) = ((from, cut - 1), (cut, to));

        int Sum(int first, int last)
        {
            var sum = 0;
            for (var i = first; i <= last; i++)
            {
                sum += pieces[i].Tokens;
            }

            return sum;
        }
    }
}
