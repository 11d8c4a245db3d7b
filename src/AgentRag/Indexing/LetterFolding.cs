using System.Globalization;
using System.Text;

namespace AgentRag.Indexing;

/// <summary>Writes letters that differ in accents, width or spelling habits alone as one letter.</summary>
/// <remarks>
/// Tables of our own: with invariant globalization the platform's normalisation leaves text outside of ASCII as it is. Arabic and Persian letters follow
/// Lucene's ArabicNormalizer and PersianNormalizer; halfwidth and fullwidth forms, ligatures, digits, Kana and Hangul follow Unicode's compatibility
/// composition. Left as they are: compatibility ideographs, presentation forms of Arabic and Hebrew, traditional against simplified Han.
/// </remarks>
internal static class LetterFolding
{
    /// <summary>Most characters that one letter becomes.</summary>
    public const int MaxLength = 3;

    private const int FullwidthOffset = 0xFEE0;
    private const int KatakanaOffset = 'ァ' - 'ぁ';
    private const char Nothing = '\0';

    // U+FF65 to U+FF9F.
    private const string HalfwidthKatakana =
        "・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン\u3099\u309A";

    /// <summary>Folds a lower-case letter, a digit or a mark.</summary>
    /// <param name="letter">The code point.</param>
    /// <param name="buffer">Where to write, with room for <see cref="MaxLength"/> characters behind the word.</param>
    /// <param name="length">Length of the word that is already in the buffer; a mark may change its last letter.</param>
    /// <returns>The new length of the word.</returns>
    public static int Append(Rune letter, Span<char> buffer, int length)
    {
        if (Rune.GetUnicodeCategory(letter) == UnicodeCategory.DecimalDigitNumber)
        {
            buffer[length] = (char)('0' + (int)Rune.GetNumericValue(letter));
            return length + 1;
        }

        if (!letter.IsBmp)
        {
            var isVariationSelector = letter.Value is >= 0xE0100 and < 0xE01F0;
            return isVariationSelector ? length : length + letter.EncodeToUtf16(buffer[length..]);
        }

        var bmp = (char)letter.Value;
        if (length > 0 && Composed(buffer[length - 1], bmp) is var composed and not Nothing)
        {
            buffer[length - 1] = composed;
            return length;
        }

        return length + Fold(bmp, buffer[length..]);
    }

    private static int Fold(char letter, Span<char> target)
    {
        if (letter is < '\u0370' or (>= '\u1E00' and < '\u1F00'))
        {
            return AccentFolding.Fold(letter, target);
        }

        if (letter is >= '\uFB00' and <= '\uFB06')
        {
            var letters = letter switch { '\uFB00' => "ff", '\uFB01' => "fi", '\uFB02' => "fl", '\uFB03' => "ffi", '\uFB04' => "ffl", _ => "st" };
            letters.CopyTo(target);
            return letters.Length;
        }

        target[0] = letter switch
        {
            >= '\uFF01' and <= '\uFF5E' => (char)(letter - FullwidthOffset),
            >= '\uFF65' and <= '\uFF9F' => HalfwidthKatakana[letter - '\uFF65'],
            >= '\uFE00' and <= '\uFE0F' => Nothing, // variation selectors
            < '\u0400' => Greek(letter),
            'ё' => 'е',
            >= '\u0590' and < '\u0600' => char.GetUnicodeCategory(letter) == UnicodeCategory.NonSpacingMark ? Nothing : letter, // Hebrew
            < '\u0700' => Arabic(letter),
            _ => letter,
        };
        return target[0] == Nothing ? 0 : 1;
    }

    private static char Greek(char letter) => letter switch
    {
        'ά' => 'α',
        'έ' => 'ε',
        'ή' => 'η',
        'ί' or 'ϊ' or 'ΐ' => 'ι',
        'ό' => 'ο',
        'ύ' or 'ϋ' or 'ΰ' => 'υ',
        'ώ' => 'ω',
        'ς' => 'σ',
        _ => letter,
    };

    private static char Arabic(char letter) => letter switch
    {
        '\u0640' => Nothing, // tatweel
        '\u0622' or '\u0623' or '\u0625' or '\u0671' => '\u0627', // alef
        '\u0629' or '\u06C0' or '\u06C1' or '\u06D5' => '\u0647', // teh marbuta, heh
        '\u0649' or '\u06CC' or '\u06D2' => '\u064A', // yeh
        '\u06A9' => '\u0643', // kaf
        >= '\u0600' when char.GetUnicodeCategory(letter) == UnicodeCategory.NonSpacingMark => Nothing, // vowel marks
        _ => letter,
    };

    /// <summary>The letter that two code points together spell; nothing when they spell none.</summary>
    private static char Composed(char previous, char next) => next switch
    {
        '\u0306' => previous == 'и' ? 'й' : Nothing,
        >= '\u1161' and <= '\u1175' => previous is >= '\u1100' and <= '\u1112'
            ? (char)('가' + ((((previous - '\u1100') * 21) + (next - '\u1161')) * 28))
            : Nothing,
        >= '\u11A8' and <= '\u11C2' => previous is >= '가' and <= '힣' && (previous - '가') % 28 == 0 ? (char)(previous + (next - '\u11A7')) : Nothing,
        '\u3099' or '\uFF9E' => Voiced(previous),
        '\u309A' or '\uFF9F' => "はひふへほ".Contains(Hiragana(previous), StringComparison.Ordinal) ? (char)(previous + 2) : Nothing,
        _ => Nothing,
    };

    private static char Voiced(char kana) => Hiragana(kana) switch
    {
        'う' => (char)(kana + ('ゔ' - 'う')),
        var hiragana when "かきくけこさしすせそたちつてとはひふへほゝ".Contains(hiragana, StringComparison.Ordinal) => (char)(kana + 1),
        _ => Nothing,
    };

    private static char Hiragana(char kana) => kana is >= 'ァ' and <= 'ヾ' ? (char)(kana - KatakanaOffset) : kana;
}
