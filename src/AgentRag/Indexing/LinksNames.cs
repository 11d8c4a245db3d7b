using System.Collections.Frozen;

namespace AgentRag.Indexing;

/// <summary>What counts as a name: the rules for titles and for capitalised phrases.</summary>
internal static class LinksNames
{
    /// <summary>Longest name in words: a longer title is a sentence, a longer run of capitals is shouting.</summary>
    public const int MaxWords = 12;

    /// <summary>How far from its beginning an untitled document may name its subject: behind "The", "In the" and the like.</summary>
    private const int LeadWords = 3;

    private const int MinLetters = 3;

    private static readonly FrozenSet<string> Common = Set(
        "a an and are as at be but by for if in into is it no not of on or such that the their then there these they this to was will with he she his her him its " +
        "we i you who whom what when where which why how after before during while since although however also one two three some many most other all both each " +
        "from has have had were been being do does did can could would should may might until under over about against between through because so than too very " +
        "more my our your its only any every another here now january february march april june july august september october november december " +
        "monday tuesday wednesday thursday friday saturday sunday");

    // Small words inside a name: "University of Paris", "Otto von Bismarck".
    private static readonly FrozenSet<string> Inner = Set("of the de la von van der den du di da del dos das bin ibn al el le y e");

    public static bool IsCommonWord(string word) => Common.Contains(word);

    /// <summary>Cuts what tells pages of one name apart: "Brand (play)" is mentioned as "Brand".</summary>
    public static ReadOnlySpan<char> WithoutQualifier(ReadOnlySpan<char> title)
    {
        title = title.TrimEnd();
        if (title is not [.., ')' or '）'])
        {
            return title;
        }

        var open = title.LastIndexOfAny('(', '（');
        return open > 0 && !title[..open].Trim().IsEmpty ? title[..open].TrimEnd() : title;
    }

    /// <summary>Whether the words of a title can be found again in texts without finding everything else too.</summary>
    public static bool CanLink(ReadOnlySpan<LinksWord> title, LinksWords words)
    {
        if (title.Length is 0 or > MaxWords)
        {
            return false;
        }

        if (title.Length == 1)
        {
            var text = words[title[0].Id];
            var minLetters = title[0].IsCapital || title[0].IsLower || char.IsAsciiDigit(text[0]) ? MinLetters : MinLetters - 1;
            return text.Length >= minLetters && !words.IsCommon(title[0].Id);
        }

        foreach (var word in title)
        {
            if (!words.IsCommon(word.Id))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Finds the next capitalised phrase.</summary>
    /// <param name="text">The words of a text.</param>
    /// <param name="words">Their vocabulary.</param>
    /// <param name="start">Where to begin; afterwards where the phrase begins.</param>
    /// <param name="end">Behind the phrase's last word.</param>
    /// <returns>Whether there is one.</returns>
    public static bool NextPhrase(ReadOnlySpan<LinksWord> text, LinksWords words, ref int start, out int end)
    {
        // A common word in capitals begins a sentence, not a name: "The Beatles" is "beatles".
        while (start < text.Length && (!text[start].IsCapital || words.IsCommon(text[start].Id)))
        {
            start++;
        }

        for (end = Math.Min(start + 1, text.Length); end < text.Length && !text[end].BreakBefore;)
        {
            var next = end;
            while (next < text.Length && next - end < 2 && !text[next].IsCapital && !text[next].BreakBefore && Inner.Contains(words[text[next].Id]))
            {
                next++;
            }

            if (next == text.Length || !text[next].IsCapital || text[next].BreakBefore)
            {
                break;
            }

            end = next + 1;
        }

        return start < text.Length;
    }

    /// <summary>Whether a phrase of a text is taken for a name: its document frequency decides later.</summary>
    public static bool IsName(ReadOnlySpan<LinksWord> phrase, LinksWords words) => phrase.Length is > 1 and <= MaxWords || (phrase.Length == 1 && words[phrase[0].Id].Length > 1);

    /// <summary>Finds the name a document begins with, which stands for a title: "Clio Goldsmith (born 1957) is ...".</summary>
    /// <returns>Whether there is one.</returns>
    public static bool LeadName(ReadOnlySpan<LinksWord> text, LinksWords words, out int start, out int end)
    {
        start = 0;
        return NextPhrase(text, words, ref start, out end) && start < LeadWords && IsName(text[start..end], words);
    }

    private static FrozenSet<string> Set(string words) => words.Split(' ').ToFrozenSet(StringComparer.Ordinal);
}
