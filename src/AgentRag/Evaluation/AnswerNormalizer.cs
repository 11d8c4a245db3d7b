using System.Text;
using System.Text.RegularExpressions;

namespace AgentRag.Evaluation;

/// <summary>SQuAD's answer normalisation: lower case, no ASCII punctuation, no articles, single spaces.</summary>
/// <remarks>Source: Rajpurkar et al., EMNLP 2016, evaluation script. Pure.</remarks>
public static partial class AnswerNormalizer
{
    private const string AsciiPunctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

    /// <summary>Normalises an answer.</summary>
    /// <param name="answer">Any text.</param>
    /// <returns>The words that count, separated by single spaces; empty when none is left.</returns>
    public static string Normalize(string answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        var kept = new StringBuilder(answer.Length);
        foreach (var character in answer.ToLowerInvariant())
        {
            if (!AsciiPunctuation.Contains(character, StringComparison.Ordinal))
            {
                kept.Append(character);
            }
        }

        return string.Join(' ', Words(Article().Replace(kept.ToString(), " ")));
    }

    /// <summary>The words of a normalised answer.</summary>
    /// <param name="answer">Any text.</param>
    public static string[] NormalizedWords(string answer) => Words(Normalize(answer));

    private static string[] Words(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    [GeneratedRegex(@"\b(?:a|an|the)\b", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Article();
}
