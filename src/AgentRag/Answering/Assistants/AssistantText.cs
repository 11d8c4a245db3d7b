using System.Text;
using System.Text.RegularExpressions;

namespace AgentRag.Answering.Assistants;

/// <summary>Holds an assistant's text to its rules, whatever the model wrote.</summary>
internal static partial class AssistantText
{
    /// <summary>Takes away how a text names its sources: citation marks, <c>Doc_3</c>, "according to the documents".</summary>
    public static string WithoutSources(string text) =>
        Blanks().Replace(EmptyBrackets().Replace(Attribution().Replace(Name().Replace(Mark().Replace(text, ""), ""), ""), ""), " ").Trim();

    /// <summary>Whether a text still tells the user that it was given documents.</summary>
    public static bool MentionsSources(string text) => Mention().IsMatch(text);

    /// <summary>Drops the sentences that tell the user of documents.</summary>
    public static string WithoutMentions(string text) => string.Concat(Sentences(text).Where(sentence => !MentionsSources(sentence))).Trim();

    /// <summary>Cuts a text behind the last whole sentence within a number of words; within the first sentence, behind a word.</summary>
    /// <param name="text">The text.</param>
    /// <param name="maxWords">Words there is room for, ≥ 1; a letter of a script without spaces counts as one.</param>
    public static string Cut(string text, int maxWords)
    {
        var kept = new StringBuilder();
        var words = 0;
        foreach (var sentence in Sentences(text))
        {
            var length = Words(sentence);
            if (words + length > maxWords)
            {
                if (kept.Length == 0)
                {
                    var end = Word().Matches(sentence)[maxWords - 1];
                    kept.Append(sentence.AsSpan(0, end.Index + end.Length)).Append('…');
                }

                break;
            }

            words += length;
            kept.Append(sentence);
        }

        return kept.ToString().Trim();
    }

    /// <summary>Whether a reply is the refusal, alone or with nothing around it but marks.</summary>
    public static bool IsRefusal(string text, string refusal) => Bare(text).Equals(Bare(refusal), StringComparison.OrdinalIgnoreCase);

    public static int Words(string text) => Word().Count(text);

    private static string Bare(string text) => string.Concat(text.Where(char.IsLetterOrDigit));

    private static IEnumerable<string> Sentences(string text)
    {
        var start = 0;
        foreach (Match end in SentenceEnd().Matches(text))
        {
            yield return text[start..(end.Index + end.Length)];
            start = end.Index + end.Length;
        }

        if (start < text.Length)
        {
            yield return text[start..];
        }
    }

    [GeneratedRegex(@"\s*\[\d{1,6}(?:\s*,\s*\d{1,6})*\]", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Mark();

    [GeneratedRegex(@"(?:《|<|「)?(?<![A-Za-z])doc(?:ument)?[_ ]?\d{1,4}(?:》|>|」)?(?:\s*[、,]\s*doc(?:ument)?[_ ]?\d{1,4})*|文档\s*\d{1,4}", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Name();

    // What stood in front of a source that is gone, or names the documents in passing: "According to the documents provided," and "根据上述文档，".
    [GeneratedRegex(
        @"(?<=\A|[.!?。！？;；\n]\s*)(?:according\s+to|based\s+on)\s+(?:(?:the|these|those)?\s*(?:provided\s+|given\s+|above\s+|supplied\s+)?(?:documents?|passages?|context|materials?)(?:\s+(?:provided|given|above))?)?\s*,\s*" +
        @"|(?:根据|依据|参考|按照)\s*(?:(?:您|你|用户)?(?:所)?(?:提供|给出|上述|以上|参考)?的?(?:文档|资料|材料|上下文|片段))?(?:的内容|中的内容|内容|的规定)?\s*[，,]\s*",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Attribution();

    [GeneratedRegex(@"\s*[(（]\s*[)）]", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex EmptyBrackets();

    [GeneratedRegex(@"[ \t]{2,}", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Blanks();

    [GeneratedRegex(
        @"(?:provided|given|supplied|above|retrieved)\s+(?:documents?|passages?|context)|(?:documents?|passages?|context)\s+(?:provided|given|supplied|above)|(?<![A-Za-z])doc_?\d|" +
        @"(?:提供|给出|上述|以上|参考)的?(?:文档|资料|材料|上下文|片段)|文档(?:中|里|显示|提到|指出)|\bpassages?\s+(?:\d|say|state|mention|show|indicate|do\b|does\b)",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Mention();

    [GeneratedRegex(@"[。！？]+\s*|[.!?]+(?:\s*\[[\d, ]+\])*(?:\s+|\z)|\n+", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex SentenceEnd();

    [GeneratedRegex(@"[\p{IsCJKUnifiedIdeographs}\p{IsHiragana}\p{IsKatakana}]|[\p{L}\p{N}][\p{L}\p{N}\p{M}'’\-]*", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Word();
}
