using System.Text;

namespace AgentRag.Models.Extractive;

/// <summary>Answers questions in scripts without spaces with the sentence that shares most pairs of neighbouring characters with the question.</summary>
/// <remarks>
/// It knows no language: it neither splits questions nor cuts names out of sentences. Between sentences, a pair counts by how rare it is among them, so
/// endings and particles count little; the title counts for every sentence, which seldom repeats it.
/// </remarks>
internal static class CharacterPairs
{
    /// <summary>The least part of the question's pairs that a sentence must hold to be given as an answer; a question's own words take up about half.</summary>
    private const double LeastShare = 0.4;

    /// <summary>Whether more letters are Chinese, Japanese, Korean, Thai, Lao, Khmer or Burmese than are not.</summary>
    public static bool Reads(string question)
    {
        var unspaced = question.Count(IsUnspaced);
        return unspaced * 2 > question.Count(char.IsLetter);
    }

    /// <summary>The best sentence; null when none has enough in common with the question.</summary>
    public static Finding? Answer(string question, IReadOnlyList<GroundedPassage> passages)
    {
        var asked = Of(question);
        var candidates = passages.SelectMany(passage =>
        {
            var title = Of(passage.Title);
            return Sentences(passage.Text).Select(sentence => (passage.Number, Text: sentence, Shared: Shared(asked, sentence, title)));
        }).ToList();

        var sentencesWith = asked.ToDictionary(pair => pair, pair => candidates.Count(candidate => candidate.Shared.Contains(pair)));
        return candidates
            .Where(candidate => candidate.Shared.Count >= LeastShare * asked.Count && candidate.Shared.Count > 0)
            .OrderByDescending(candidate => candidate.Shared.Sum(pair => 1.0 / sentencesWith[pair]))
            .Select(candidate => new Finding(candidate.Text, [candidate.Number], (double)candidate.Shared.Count / asked.Count))
            .FirstOrDefault();
    }

    private static HashSet<string> Shared(HashSet<string> asked, string sentence, HashSet<string> title)
    {
        var shared = Of(sentence);
        shared.UnionWith(title);
        shared.IntersectWith(asked);
        return shared;
    }

    private static HashSet<string> Of(string text)
    {
        HashSet<string> pairs = new(StringComparer.Ordinal);
        for (var i = 0; i + 1 < text.Length; i++)
        {
            if (char.IsLetterOrDigit(text[i]) && char.IsLetterOrDigit(text[i + 1]))
            {
                pairs.Add(text.Substring(i, 2).ToLowerInvariant());
            }
        }

        return pairs;
    }

    private static IEnumerable<string> Sentences(string text)
    {
        var sentence = new StringBuilder();
        foreach (var character in text)
        {
            sentence.Append(character);
            if (character is '。' or '！' or '？' or '｡' or '។' or '။' or '\n')
            {
                yield return Taken();
            }
        }

        yield return Taken();

        string Taken()
        {
            var taken = sentence.ToString().Trim();
            sentence.Clear();
            return taken;
        }
    }

    private static bool IsUnspaced(char c) => c is (>= '\u0E00' and < '\u0F00') or (>= '\u1000' and < '\u10A0') or (>= '\u1780' and < '\u1800')
        or (>= '\u3005' and < '\uA000') or (>= '\uAC00' and < '\uFB00') or (>= '\uFF66' and < '\uFFE0');
}
