using System.Globalization;
using System.Text;

namespace AgentRag.Decoding.Tokenizers;

/// <summary>How BERT brings a text into shape before it is cut into words.</summary>
internal sealed record BertWordOptions
{
    /// <summary>Whether control characters are dropped and every white space becomes one space. Default true.</summary>
    public bool CleansText { get; init; } = true;

    /// <summary>Whether each Chinese character is a word. Default true.</summary>
    public bool SplitsChinese { get; init; } = true;

    /// <summary>Whether letters become lower case. Default true.</summary>
    public bool Lowercases { get; init; } = true;

    /// <summary>Whether accents are taken off; null (default) if letters become lower case.</summary>
    public bool? StripsAccents { get; init; }
}

/// <summary>Cuts texts into words as BERT's tokenizers do: at white space, around punctuation, around Chinese characters.</summary>
/// <remarks>Source: the reference tokenizer of Devlin et al., NAACL 2019, as Hugging Face's BertNormalizer and BertPreTokenizer have it.</remarks>
internal static class BertWords
{
    // Letters that a text calls Chinese; Japanese and Korean scripts are not among them.
    private static readonly (int First, int Last)[] Chinese =
        [(0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F), (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F)];

    /// <summary>Cuts a text.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="options">What is done to it first.</param>
    /// <param name="found">Told of each word; what it gets is void when it returns.</param>
    public static void Read(ReadOnlySpan<char> text, BertWordOptions options, Action<StringBuilder> found)
    {
        var (word, bases) = (new StringBuilder(), new StringBuilder());
        foreach (var rune in text.EnumerateRunes())
        {
            if (Rune.IsWhiteSpace(rune) && (!options.CleansText || !IsDropped(rune)))
            {
                End();
            }
            else if (options.CleansText && IsDropped(rune))
            {
                // As if it were not there: what stands around it is one word.
            }
            else if (options.SplitsChinese && IsChinese(rune.Value))
            {
                End();
                Add(rune);
                End();
            }
            else
            {
                Add(rune);
            }
        }

        End();

        void Add(Rune rune)
        {
            if (rune.IsAscii || !(options.StripsAccents ?? options.Lowercases))
            {
                AddShaped(rune);
                return;
            }

            bases.Clear();
            CanonicalBases.Append(rune, bases);
            foreach (var letter in bases.ToString().EnumerateRunes())
            {
                AddShaped(letter);
            }
        }

        void AddShaped(Rune rune)
        {
            if (IsPunctuation(rune))
            {
                End();
                Append(rune);
                End();
            }
            else if (options.Lowercases && rune.Value == 0x130)
            {
                // The one letter whose lower case is two characters.
                word.Append("i\u0307");
            }
            else
            {
                Append(options.Lowercases ? Rune.ToLowerInvariant(rune) : rune);
            }
        }

        void Append(Rune rune)
        {
            if (rune.IsBmp)
            {
                word.Append((char)rune.Value);
            }
            else
            {
                word.Append(rune.ToString());
            }
        }

        void End()
        {
            if (word.Length > 0)
            {
                found(word);
                word.Clear();
            }
        }
    }

    // Zero, what stands for broken characters, and all of the categories "other" but the three that count as white space.
    private static bool IsDropped(Rune rune) => rune.Value is 0 or 0xFFFD || (rune.Value is not ('\t' or '\n' or '\r') && Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);

    // In ASCII everything that is neither letter nor digit, such as $ and ^, which Unicode calls symbols.
    private static bool IsPunctuation(Rune rune) => rune.IsAscii
        ? rune.Value is (>= 33 and <= 47) or (>= 58 and <= 64) or (>= 91 and <= 96) or (>= 123 and <= 126)
        : Rune.IsPunctuation(rune);

    private static bool IsChinese(int value)
    {
        foreach (var (first, last) in Chinese)
        {
            if (value >= first && value <= last)
            {
                return true;
            }
        }

        return false;
    }
}
