using System.Globalization;
using System.Text;

namespace AgentRag.Indexing;

/// <summary>A word as links see it: unlike an index term it is neither stemmed nor dropped, and its capital counts.</summary>
/// <param name="Id">Its number in the vocabulary; equal words in lower case without accents share it.</param>
/// <param name="IsCapital">Whether it starts with a capital.</param>
/// <param name="IsLower">Whether it starts with a small letter; neither holds for digits and for scripts without case.</param>
/// <param name="BreakBefore">Whether punctuation that ends a name stands before it.</param>
internal readonly record struct LinksWord(int Id, bool IsCapital, bool IsLower, bool BreakBefore);

/// <summary>Numbers words and reads texts into them.</summary>
internal sealed class LinksWords
{
    /// <summary>A longer run of letters is cut: no name is that long, and no hostile text makes the vocabulary grow without bound.</summary>
    private const int MaxWordLength = 64;

    // Punctuation that a name does not cross. Hyphens, apostrophes and ampersands stand inside names.
    private static readonly HashSet<char> Breaks = [.. ",;:.!?()[]{}\"“”„«»/|–—·\n\r\t、。，；：！？（）「」『』"];

    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _bySpan;
    private readonly List<string> _texts = [];
    private readonly List<bool> _isCommon = [];

    public LinksWords() => _bySpan = _ids.GetAlternateLookup<ReadOnlySpan<char>>();

    public string this[int id] => _texts[id];

    /// <summary>Whether a word says nothing on its own: a function word, a month, a weekday.</summary>
    public bool IsCommon(int id) => _isCommon[id];

    /// <summary>Reads the words of a text.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="words">Receives the words; what it held is removed.</param>
    /// <param name="maxWords">Where to stop.</param>
    public void Read(ReadOnlySpan<char> text, List<LinksWord> words, int maxWords = int.MaxValue)
    {
        words.Clear();
        Span<char> buffer = stackalloc char[MaxWordLength + 2];
        var breakBefore = true;
        for (var position = 0; position < text.Length && words.Count < maxWords;)
        {
            Rune.DecodeFromUtf16(text[position..], out var first, out var width);
            if (!Rune.IsLetterOrDigit(first))
            {
                breakBefore |= Breaks.Contains(text[position]) && !(text[position] == '.' && IsInitial(words));
                position += width;
                continue;
            }

            var length = ReadWord(text, ref position, first, buffer);
            if (length > 0)
            {
                words.Add(new(Id(buffer[..length]), Rune.IsUpper(first), Rune.IsLower(first), breakBefore));
                breakBefore = false;
                position += PossessiveLength(text[position..]);
            }
        }
    }

    /// <summary>Writes a sequence of words as one text: the form in which names are stored and compared.</summary>
    public string Join(ReadOnlySpan<LinksWord> words)
    {
        var text = new StringBuilder();
        foreach (var word in words)
        {
            text.Append(text.Length > 0 ? " " : "").Append(_texts[word.Id]);
        }

        return text.ToString();
    }

    private static int ReadWord(ReadOnlySpan<char> text, ref int position, Rune first, Span<char> buffer)
    {
        var length = 0;
        while (position < text.Length)
        {
            Rune.DecodeFromUtf16(text[position..], out var rune, out var width);
            var standsAlone = IsWrittenWithoutSpaces(rune.Value);
            if (!(Rune.IsLetterOrDigit(rune) || IsMark(rune)) || (standsAlone && rune != first))
            {
                break;
            }

            position += width;
            if (length < MaxWordLength)
            {
                var lower = Rune.ToLowerInvariant(rune);
                length += lower.IsBmp ? AccentFolding.Fold((char)lower.Value, buffer[length..]) : lower.EncodeToUtf16(buffer[length..]);
            }

            if (standsAlone)
            {
                break;
            }
        }

        return length;
    }

    private int Id(ReadOnlySpan<char> word)
    {
        if (!_bySpan.TryGetValue(word, out var id))
        {
            var text = word.ToString();
            _ids.Add(text, id = _texts.Count);
            _texts.Add(text);
            _isCommon.Add(LinksNames.IsCommonWord(text));
        }

        return id;
    }

    /// <summary>Whether the last word is one letter: the dot behind it belongs to a name, as in "William A. Berke".</summary>
    private bool IsInitial(List<LinksWord> words) => words.Count > 0 && _texts[words[^1].Id].Length == 1;

    private static int PossessiveLength(ReadOnlySpan<char> rest) =>
        rest is ['\'' or '’', 's' or 'S', ..] && (rest.Length == 2 || !char.IsLetterOrDigit(rest[2])) ? 2 : 0;

    private static bool IsMark(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;

    private static bool IsWrittenWithoutSpaces(int codePoint) =>
        codePoint is (>= 0x3040 and < 0x30A0) or (>= 0x3400 and < 0xA000) or (>= 0xF900 and < 0xFB00) or (>= 0x20000 and < 0x32000);
}
