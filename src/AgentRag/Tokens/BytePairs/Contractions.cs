namespace AgentRag.Tokens.BytePairs;

/// <summary>English contractions: 's 't 're 've 'm 'll 'd.</summary>
internal static class Contractions
{
    // Case-insensitive patterns go by Unicode's simple folding, where the long s is an s.
    private const char LongS = '\u017F';

    /// <summary>The length of a contraction at a position, apostrophe included; 0 when there is none.</summary>
    public static int LengthAt(ReadOnlySpan<char> text, int position, bool anyCase)
    {
        if (position + 1 >= text.Length || text[position] != '\'')
        {
            return 0;
        }

        var first = Fold(text[position + 1], anyCase);
        if (first is 's' or 't' or 'm' or 'd')
        {
            return 2;
        }

        if (position + 2 >= text.Length)
        {
            return 0;
        }

        return (first, Fold(text[position + 2], anyCase)) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? 3 : 0;
    }

    private static char Fold(char letter, bool anyCase) =>
        !anyCase ? letter : letter == LongS ? 's' : char.IsAsciiLetterUpper(letter) ? (char)(letter | 0x20) : letter;
}
