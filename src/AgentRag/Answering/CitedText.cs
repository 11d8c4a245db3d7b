using System.Globalization;
using System.Text.RegularExpressions;
using AgentRag.Prompting;

namespace AgentRag.Answering;

/// <summary>A text of the model, taken apart into its words and its citation marks such as <c>[2]</c> or <c>[1, 3]</c>.</summary>
/// <param name="Text">The text without marks; <see cref="Answer.NotFound"/> in every way a model says so.</param>
/// <param name="Numbers">The numbers cited, in order, each once.</param>
internal sealed partial record CitedText(string Text, IReadOnlyList<int> Numbers)
{
    private List<CitedGroup> _groups = [];

    public static CitedText Parse(string text)
    {
        var words = WithoutMarks(text).Trim();
        if (words.Length == 0 || NotFound().IsMatch(words))
        {
            return new CitedText(Answer.NotFound, []);
        }

        var groups = Groups(text);
        return new CitedText(words, [.. groups.SelectMany(group => group.Numbers).Distinct()]) { _groups = groups };
    }

    /// <summary>A text without its citation marks, and without the blanks before them.</summary>
    public static string WithoutMarks(string text) => Mark().Replace(text, "");

    /// <summary>The passages that the text rests on: of those it cites the ones that were in the prompt and bear it out; without any mark, those that hold its words.</summary>
    /// <param name="passages">The passages of the prompt that the text replied to.</param>
    /// <param name="known">What was known before it: the question and the steps.</param>
    /// <param name="citedBefore">Ids of the passages that earlier steps rest on.</param>
    public CheckedCitations Check(IReadOnlyList<NumberedPassage> passages, string known, IReadOnlyCollection<string> citedBefore)
    {
        if (Text == Answer.NotFound)
        {
            return new CheckedCitations([], 0);
        }

        if (_groups.Count == 0)
        {
            // A word such as "yes" stands everywhere and proves nothing.
            return new CheckedCitations(
                Text.Length < 4 ? [] : [.. passages.Where(passage => Holds(passage.Passage.Text)).OrderBy(passage => passage.Rank).Take(2).Select(Cite)], 0);
        }

        var byNumber = passages.ToDictionary(passage => passage.Number);
        var support = new CitationSupport(passages, known);
        HashSet<int> held = [.. passages.Where(passage => citedBefore.Contains(passage.Passage.Id, StringComparer.Ordinal)).Select(passage => passage.Number)];
        List<int> kept = [];
        foreach (var group in _groups)
        {
            var supporting = support.Supporting(group.Claims, [.. group.Numbers.Where(byNumber.ContainsKey)], held);
            kept.AddRange(supporting.Except(kept));
            held.UnionWith(supporting);
        }

        // A passage that one part of the text rests on is cited, also if it was named at the wrong place once more.
        return new CheckedCitations([.. kept.Select(number => Cite(byNumber[number]))], Numbers.Count - kept.Count);
    }

    private static Citation Cite(NumberedPassage passage) =>
        new(passage.Passage.Id, passage.Passage.DocumentId, passage.Passage.Title, passage.Passage.Source);

    // Marks that stand together cite together, for what stands before them, or else for their sentence.
    private static List<CitedGroup> Groups(string text)
    {
        List<CitedGroup> groups = [];
        var end = 0;
        foreach (Match mark in Mark().Matches(text))
        {
            List<int> numbers = [];
            foreach (var part in mark.Groups["numbers"].Value.Split(','))
            {
                if (int.TryParse(part, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var number))
                {
                    numbers.Add(number);
                }
            }

            if (groups.Count > 0 && !text.AsSpan(end, mark.Index - end).ContainsAnyExcept(" ,;"))
            {
                groups[^1] = groups[^1] with { Numbers = [.. groups[^1].Numbers.Union(numbers)] };
            }
            else
            {
                var start = Math.Max(end, SentenceStart(text, mark.Index));
                groups.Add(new CitedGroup([text[start..mark.Index], Sentence(text, mark.Index)], [.. numbers.Distinct()]));
            }

            end = mark.Index + mark.Length;
        }

        return [.. groups.Select(group => group with { Claims = [.. group.Claims.Select(claim => WithoutMarks(claim).Trim()).Where(claim => claim.Any(char.IsLetterOrDigit)).Distinct(StringComparer.Ordinal)] })];
    }

    private static string Sentence(string text, int at)
    {
        var end = at;
        while (end < text.Length && !EndsSentence(text, end))
        {
            end++;
        }

        return text[SentenceStart(text, at)..end];
    }

    // Marks may stand behind the full stop as well.
    private static int SentenceStart(string text, int at)
    {
        var start = at;
        while (start > 0 && (char.IsWhiteSpace(text[start - 1]) || EndsSentence(text, start - 1)))
        {
            start--;
        }

        while (start > 0 && !EndsSentence(text, start - 1))
        {
            start--;
        }

        return start;
    }

    private static bool EndsSentence(string text, int at) =>
        text[at] is '\n' or '。' or '！' or '？' || (text[at] is '.' or '!' or '?' && (at + 1 == text.Length || char.IsWhiteSpace(text[at + 1])));

    private bool Holds(string passage) => passage.Contains(Text.TrimEnd('.'), StringComparison.OrdinalIgnoreCase);

    [GeneratedRegex(@"\s*\[(?<numbers>\d{1,6}(?:\s*,\s*\d{1,6})*)\]", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Mark();

    [GeneratedRegex(@"\A\W*(?:not found|unknown|i (?:do not|don't) know)(?: in the (?:passages|documents))?\W*\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex NotFound();
}

/// <summary>Marks that stand together.</summary>
/// <param name="Claims">What they cite for: the words before them, and if those are not borne out their sentence.</param>
/// <param name="Numbers">The numbers cited, each once.</param>
internal sealed record CitedGroup(IReadOnlyList<string> Claims, IReadOnlyList<int> Numbers);

/// <summary>What a text rests on.</summary>
/// <param name="Citations">The passages, each once.</param>
/// <param name="Dropped">Numbers it cites that stand for no passage of the prompt, or for one that does not bear it out; ≥ 0.</param>
internal sealed record CheckedCitations(IReadOnlyList<Citation> Citations, int Dropped);
