using System.Globalization;
using System.Text.RegularExpressions;
using AgentRag.Prompting;

namespace AgentRag.Answering.Assistants;

/// <summary>A text of several sentences whose citation marks were checked, each against the words before it.</summary>
/// <param name="Text">The text with the marks that hold, numbered from 1 in the order of retrieval.</param>
/// <param name="Passages">The cited passages in that order.</param>
/// <param name="Dropped">Citations that named no passage of the prompt, or one that does not bear out the sentence.</param>
internal sealed partial record CitedSentences(string Text, IReadOnlyList<NumberedPassage> Passages, int Dropped)
{
    /// <summary>Checks the marks of a text.</summary>
    public static CitedSentences Check(string text, IReadOnlyList<NumberedPassage> passages)
    {
        var byNumber = passages.ToDictionary(passage => passage.Number);
        var marks = Mark().Matches(text);
        HashSet<int> held = [];
        List<IReadOnlyList<int>> supported = [];
        var dropped = 0;
        foreach (Match mark in marks)
        {
            var claim = ClaimBefore(text, mark.Index);
            List<int> numbers = [];
            foreach (var part in mark.Groups["numbers"].Value.Split(','))
            {
                var number = int.Parse(part, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);
                if (byNumber.TryGetValue(number, out var passage) && ClaimSupport.Holds(passage.Passage.Text, claim))
                {
                    numbers.Add(number);
                }
                else
                {
                    dropped++;
                }
            }

            held.UnionWith(numbers);
            supported.Add(numbers);
        }

        // Numbers go by the order of retrieval, which the numbers of the prompt already have; gaps are closed.
        var order = held.Order().ToList();
        var next = 0;
        var shown = Mark().Replace(text, mark =>
        {
            var numbers = supported[next++].Select(number => order.IndexOf(number) + 1).Distinct().Order().ToList();
            return numbers.Count == 0 ? "" : $"{mark.Groups["blank"].Value}[{string.Join(", ", numbers)}]";
        });
        return new CitedSentences(shown.Trim(), [.. order.Select(number => byNumber[number])], dropped);
    }

    private static string ClaimBefore(string text, int end)
    {
        var start = end;
        while (start > 0 && !(text[start - 1] is '\n' or '。' or '！' or '？' || (text[start - 1] is '.' or '!' or '?' && start < end && char.IsWhiteSpace(text[start]))))
        {
            start--;
        }

        return CitedText.WithoutMarks(text[start..end]).Trim();
    }

    [GeneratedRegex(@"(?<blank>\s*)\[(?<numbers>\d{1,6}(?:\s*,\s*\d{1,6})*)\](?!\()", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Mark();
}
