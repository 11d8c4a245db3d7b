namespace AgentRag.Indexing;

/// <summary>Replaces accented Latin letters by their base letters.</summary>
/// <remarks>
/// A table of our own: with invariant globalization the platform's normalisation leaves text outside of ASCII as it is. The base letters follow the
/// canonical decompositions of Unicode; letters with strokes and the ligatures have none and take the letters they are commonly spelt with.
/// </remarks>
internal static class AccentFolding
{
    private const char LatinStart = '\u00C0';
    private const char VietnameseStart = '\u1E00';
    private const char Unfolded = '-';

    // One base letter for each character from U+00C0 to U+024F.
    private const string Latin =
        "aaaaaa-ceeeeiiiidnooooo-ouuuuy--aaaaaa-ceeeeiiiidnooooo-ouuuuy-yaaaaaaccccccccddddeeeeeeeeeegggg" +
        "gggghhhhiiiiiiiiii--jjkk-llllll--llnnnnnn-nnoooooo--rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs" +
        "b----------------------i--------oo-------------uu----------------------------aaiioouuuuuuuuuu-aa" +
        "aa----ggkkoooo--j---gg--nnaa----aaaaeeeeiiiioooorrrruuuusstt--hh------aaeeooooooooyy------a-c---" +
        "----------------";

    // One base letter for each character from U+1E00 to U+1EFF.
    private const string Vietnamese =
        "aabbbbbbccddddddddddeeeeeeeeeeffgghhhhhhhhhhiiiikkkkkkllllllllmmmmmmnnnnnnnnoooooooopppprrrrrrrr" +
        "ssssssssssttttttttuuuuuuuuuuvvvvwwwwwwwwwwxxxxyyzzzzzzhtwy------aaaaaaaaaaaaaaaaaaaaaaaaeeeeeeee" +
        "eeeeeeeeiiiioooooooooooooooooooooooouuuuuuuuuuuuuuyyyyyyyy------";

    /// <summary>Writes the folded form of one lower-case character.</summary>
    /// <param name="letter">The character.</param>
    /// <param name="target">Room for two characters.</param>
    /// <returns>Characters written: 0 for a combining accent, 2 for a ligature, else 1.</returns>
    public static int Fold(char letter, Span<char> target)
    {
        switch (letter)
        {
            case < LatinStart:
                target[0] = letter;
                return 1;
            case >= '\u0300' and <= '\u036F':
                return 0;
            case 'ß':
                (target[0], target[1]) = ('s', 's');
                return 2;
            case 'æ':
                (target[0], target[1]) = ('a', 'e');
                return 2;
            case 'œ':
                (target[0], target[1]) = ('o', 'e');
                return 2;
            case 'þ':
                (target[0], target[1]) = ('t', 'h');
                return 2;
            default:
                var table = letter - LatinStart < Latin.Length ? Latin[letter - LatinStart]
                    : letter >= VietnameseStart && letter - VietnameseStart < Vietnamese.Length ? Vietnamese[letter - VietnameseStart]
                    : Unfolded;
                target[0] = table == Unfolded ? letter : table;
                return 1;
        }
    }
}
