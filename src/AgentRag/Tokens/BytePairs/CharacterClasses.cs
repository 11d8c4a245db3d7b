using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace AgentRag.Tokens.BytePairs;

/// <summary>What the split patterns ask of a character: its Unicode category, put into the groups that they name.</summary>
internal static class CharacterClasses
{
    /// <summary>Lu and Lt.</summary>
    public const int Upper = 1;

    /// <summary>Ll.</summary>
    public const int Lower = 2;

    /// <summary>Lm and Lo.</summary>
    public const int Uncased = 4;

    /// <summary>Mn, Mc and Me.</summary>
    public const int Mark = 8;

    /// <summary>Nd, Nl and No.</summary>
    public const int Number = 16;

    /// <summary>White space but the two below.</summary>
    public const int Blank = 32;

    /// <summary>Carriage return and line feed.</summary>
    public const int LineEnd = 64;

    /// <summary>Everything else: punctuation, symbols, controls, what is not assigned, lone surrogates.</summary>
    public const int Symbol = 128;

    public const int Letter = Upper | Lower | Uncased;

    public const int White = Blank | LineEnd;

    // One byte for each character of the basic plane; 0 for surrogates, which have to be looked at in pairs.
    private static readonly byte[] Basic = [.. Enumerable.Range(0, char.MaxValue + 1).Select(c => char.IsSurrogate((char)c) ? (byte)0 : (byte)OfCodePoint(c))];

    /// <summary>The class of the character at a position.</summary>
    /// <param name="text">The text.</param>
    /// <param name="position">In [0, length).</param>
    /// <param name="width">1, or 2 for a surrogate pair.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int At(ReadOnlySpan<char> text, int position, out int width)
    {
        width = 1;
        var found = (int)Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(Basic), text[position]);
        return found != 0 ? found : OfSurrogate(text, position, out width);
    }

    /// <summary>Skips characters of some classes.</summary>
    /// <returns>The first position at or behind the given one whose character is of none of them; the length of the text if there is none.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Skip(ReadOnlySpan<char> text, int position, int classes)
    {
        ref var basic = ref MemoryMarshal.GetArrayDataReference(Basic);
        ref var characters = ref MemoryMarshal.GetReference(text);
        while ((uint)position < (uint)text.Length)
        {
            var found = (int)Unsafe.Add(ref basic, Unsafe.Add(ref characters, position));
            if ((found & classes) == 0)
            {
                if (found != 0 || (OfSurrogate(text, position, out var width) & classes) == 0)
                {
                    return position;
                }

                position += width - 1;
            }

            position++;
        }

        return position;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int OfSurrogate(ReadOnlySpan<char> text, int position, out int width)
    {
        if (position + 1 < text.Length && char.IsSurrogatePair(text[position], text[position + 1]))
        {
            width = 2;
            return OfCodePoint(char.ConvertToUtf32(text[position], text[position + 1]));
        }

        // Alone it is encoded as U+FFFD, a symbol.
        width = 1;
        return Symbol;
    }

    private static int OfCodePoint(int codePoint) => codePoint is '\r' or '\n' ? LineEnd
        : codePoint <= char.MaxValue && char.IsWhiteSpace((char)codePoint) ? Blank
        : CharUnicodeInfo.GetUnicodeCategory(codePoint) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter => Upper,
            UnicodeCategory.LowercaseLetter => Lower,
            UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => Uncased,
            UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark => Mark,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Number,
            _ => Symbol,
        };
}
