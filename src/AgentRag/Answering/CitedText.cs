using System.Globalization;
using System.Text.RegularExpressions;
using AgentRag.Prompting;

namespace AgentRag.Answering;

/// <summary>A text of the model, taken apart into its words and its citation marks such as <c>[2]</c> or <c>[1, 3]</c>.</summary>
/// <param name="Text">The text without marks; <see cref="Answer.NotFound"/> in every way a model says so.</param>
/// <param name="Numbers">The numbers cited, in order, each once.</param>
internal sealed partial record CitedText(string Text, IReadOnlyList<int> Numbers)
{
    public static CitedText Parse(string text)
    {
        List<int> numbers = [];
        foreach (Match mark in Mark().Matches(text))
        {
            foreach (var part in mark.Groups["numbers"].Value.Split(','))
            {
                if (int.TryParse(part, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var number)
                    && !numbers.Contains(number))
                {
                    numbers.Add(number);
                }
            }
        }

        var words = WithoutMarks(text).Trim();
        return words.Length == 0 || NotFound().IsMatch(words) ? new CitedText(Answer.NotFound, []) : new CitedText(words, numbers);
    }

    /// <summary>A text without its citation marks, and without the blanks before them.</summary>
    public static string WithoutMarks(string text) => Mark().Replace(text, "");

    /// <summary>The passages that the text rests on: those it cites if they were in the prompt; without any mark, those that hold its words.</summary>
    /// <param name="passages">The passages of the prompt that the text replied to.</param>
    public IEnumerable<Citation> Citations(IReadOnlyList<NumberedPassage> passages)
    {
        if (Text == Answer.NotFound)
        {
            return [];
        }

        var cited = Numbers.Count > 0
            ? Numbers.Select(number => passages.FirstOrDefault(passage => passage.Number == number)).OfType<NumberedPassage>()
            // A word such as "yes" stands everywhere and proves nothing.
            : Text.Length < 4 ? [] : passages.Where(passage => Holds(passage.Passage.Text)).OrderBy(passage => passage.Rank).Take(2);
        return cited.Select(passage => new Citation(passage.Passage.Id, passage.Passage.DocumentId, passage.Passage.Title, passage.Passage.Source));
    }

    private bool Holds(string passage) => passage.Contains(Text.TrimEnd('.'), StringComparison.OrdinalIgnoreCase);

    [GeneratedRegex(@"\s*\[(?<numbers>\d{1,6}(?:\s*,\s*\d{1,6})*)\]", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Mark();

    [GeneratedRegex(@"\A\W*(?:not found|unknown|i (?:do not|don't) know)(?: in the (?:passages|documents))?\W*\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex NotFound();
}
