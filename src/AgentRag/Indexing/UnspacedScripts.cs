using System.Globalization;
using System.Text;

namespace AgentRag.Indexing;

/// <summary>Knows the scripts whose words stand next to each other without a space, and what one character of them is.</summary>
/// <remarks>
/// Chinese, Japanese and Korean: Han, Hiragana, Katakana, Bopomofo and Hangul with the iteration and prolonged sound marks, a character for each code
/// point. Korean has spaces, but particles stand on its words. Thai, Lao, Khmer, Myanmar, Tai Tham: a character is a base letter with its marks, the
/// vowels that cannot stand apart from it and the letters stacked below it, so two of them say about as much as two Han characters.
/// </remarks>
internal static class UnspacedScripts
{
    private const char ZeroWidthSpace = '\u200B';

    /// <summary>Whether a code point can begin a character of such a script.</summary>
    public static bool IsLetter(Rune rune) =>
        IsInRange(rune.Value) && (Rune.IsLetter(rune) || Rune.GetUnicodeCategory(rune) == UnicodeCategory.LetterNumber);

    /// <summary>Whether a code point belongs to the character that the one before it belongs to.</summary>
    public static bool Continues(Rune previous, Rune next) =>
        IsMark(Rune.GetUnicodeCategory(next)) || IsInvisible(next)
        || next.Value switch
        {
            0xFF9E or 0xFF9F => true, // the voiced sound marks of halfwidth Katakana, letters to Unicode
            0x0E30 or 0x0E32 or 0x0E33 or 0x0E45 or 0x0EB0 or 0x0EB2 or 0x0EB3 => true, // Thai and Lao vowels written behind
            >= 0x1160 and < 0x1200 or >= 0xD7B0 and < 0xD800 => true, // Hangul vowels and finals spelt out
            _ => JoinsNext(previous.Value) && IsLetter(next),
        };

    /// <summary>Whether one of the most frequent Chinese, Japanese and Korean letters stands here with nothing behind it that belongs to it: found fast.</summary>
    public static bool IsPlain(ReadOnlySpan<char> text, int position) =>
        position < text.Length && IsFrequent(text[position])
        && (position + 1 == text.Length || text[position + 1] is < '\u0080' or (>= '\u3000' and <= '\u3002') || IsFrequent(text[position + 1]));

    public static bool IsMark(UnicodeCategory category) =>
        category is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;

    /// <summary>Whether a code point is not seen and does not end a word: joiners, soft hyphens, marks of direction. A zero width space ends one.</summary>
    public static bool IsInvisible(Rune rune) => Rune.GetUnicodeCategory(rune) == UnicodeCategory.Format && rune.Value != ZeroWidthSpace;

    // Thai and Lao vowels written before their consonant, and the signs that put the next consonant below.
    private static bool JoinsNext(int codePoint) =>
        codePoint is (>= 0x0E40 and <= 0x0E44) or (>= 0x0EC0 and <= 0x0EC4) or 0x17D2 or 0x1039 or 0x1A60;

    // None of them is folded.
    private static bool IsFrequent(char letter) =>
        letter is (>= '\u4E00' and < '\u9FFD') or (>= 'ぁ' and <= 'ゖ') or (>= 'ァ' and <= 'ヺ') or (>= '가' and <= '힣');

    private static bool IsInRange(int codePoint) => codePoint switch
    {
        < 0x0E00 => false,
        < 0x0F00 => true, // Thai, Lao
        < 0x3000 => codePoint is (>= 0x1000 and < 0x10A0) // Myanmar
            or (>= 0x1100 and < 0x1200) // Hangul, spelt out
            or (>= 0x1780 and < 0x1800) // Khmer
            or (>= 0x1950 and < 0x19E0) or (>= 0x1A20 and < 0x1AB0), // Tai Le, New Tai Lue, Tai Tham
        < 0xA000 => codePoint is (>= 0x3005 and < 0x3008) // iteration mark, closing mark, zero
            or (>= 0x3031 and < 0x3200) // Hiragana, Katakana, Bopomofo
            or >= 0x3400, // Han
        < 0x10000 => codePoint is (>= 0xA960 and < 0xA980) or (>= 0xAC00 and < 0xD800) // Hangul
            or (>= 0xA9E0 and < 0xAA00) or (>= 0xAA60 and < 0xAA80) // Myanmar
            or (>= 0xF900 and < 0xFB00) // Han
            or (>= 0xFF66 and < 0xFFE0), // halfwidth Katakana and Hangul
        _ => codePoint is (>= 0x1AFF0 and < 0x1B170) or (>= 0x20000 and < 0x323B0), // Kana, Han
    };
}
