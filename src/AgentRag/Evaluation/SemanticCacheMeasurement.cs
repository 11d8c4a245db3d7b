using System.Globalization;
using System.Text.RegularExpressions;
using AgentRag.Answering;
using AgentRag.Documents;

namespace AgentRag.Evaluation;

/// <summary>How often a semantic cache would be wrong: what it would do at one threshold with a file of labelled questions.</summary>
/// <param name="Threshold">The similarity from which on an earlier answer is given.</param>
/// <param name="Asked">Questions asked one after the other, each compared with all before it.</param>
/// <param name="Hits">How many got the answer of an earlier one.</param>
/// <param name="FalseHits">How many of these got the answer of a question with other gold answers.</param>
/// <param name="Rewordings">Harmless rewordings that were tried: case, politeness, punctuation.</param>
/// <param name="RewordingHits">How many of these got their question's answer, as they should.</param>
/// <param name="Alterations">Rewordings that turn the question round: names or numbers changed, first for last, a negation.</param>
/// <param name="AlterationHits">How many of these got the answer of the question they were made of: all of them false.</param>
public sealed record SemanticCacheMeasurement(
    double Threshold, int Asked, int Hits, int FalseHits, int Rewordings, int RewordingHits, int Alterations, int AlterationHits)
{
    /// <summary>False hits among all hits, in [0, 1]; null when there was no hit.</summary>
    public double? FalseHitRate => AllHits == 0 ? null : (double)(FalseHits + AlterationHits) / AllHits;

    /// <summary>Hits of all three tries.</summary>
    public int AllHits => Hits + RewordingHits + AlterationHits;

    /// <summary>Measures a similarity on labelled questions.</summary>
    /// <param name="similarity">The similarity.</param>
    /// <param name="questions">Labelled questions.</param>
    /// <param name="thresholds">Thresholds to report; length ≥ 1.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>One measurement for each threshold, in their order.</returns>
    public static async Task<IReadOnlyList<SemanticCacheMeasurement>> RunAsync(
        IQuestionSimilarity similarity, IReadOnlyList<LabelledQuestion> questions, IReadOnlyList<double> thresholds, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(similarity);
        ArgumentNullException.ThrowIfNull(questions);
        ArgumentNullException.ThrowIfNull(thresholds);
        List<(double Score, bool IsFalse)> asked = [];
        List<double> rewordings = [], alterations = [];
        foreach (var (place, question) in questions.Index())
        {
            var before = questions.Take(place).ToList();
            var scores = await similarity.CompareAsync(question.Question, before.ConvertAll(other => other.Question), cancellationToken).ConfigureAwait(false);
            if (scores.Count > 0)
            {
                var best = scores.Index().MaxBy(score => score.Item);
                asked.Add((best.Item, !SameAnswer(question, before[best.Index])));
            }

            foreach (var rewording in QuestionVariants.Harmless(question.Question))
            {
                rewordings.AddRange(await similarity.CompareAsync(rewording, [question.Question], cancellationToken).ConfigureAwait(false));
            }

            foreach (var alteration in QuestionVariants.Altered(question.Question))
            {
                alterations.AddRange(await similarity.CompareAsync(alteration, [question.Question], cancellationToken).ConfigureAwait(false));
            }
        }

        return
        [
            .. thresholds.Select(threshold => new SemanticCacheMeasurement(
                threshold,
                questions.Count,
                asked.Count(look => look.Score >= threshold),
                asked.Count(look => look.Score >= threshold && look.IsFalse),
                rewordings.Count,
                rewordings.Count(score => score >= threshold),
                alterations.Count,
                alterations.Count(score => score >= threshold))),
        ];
    }

    private static bool SameAnswer(LabelledQuestion one, LabelledQuestion other) => one.Answers.Count == 0
        ? other.Answers.Count == 0
        : one.Answers.Select(AnswerNormalizer.Normalize).Intersect(other.Answers.Select(AnswerNormalizer.Normalize), StringComparer.Ordinal).Any();
}

/// <summary>Makes other questions out of a question: some that ask the same, some that ask something else.</summary>
internal static partial class QuestionVariants
{
    // Each turns a question round; both ways.
    private static readonly (string One, string Other)[] Opposites =
    [
        ("first", "last"), ("earlier", "later"), ("earliest", "latest"), ("older", "younger"), ("elder", "younger"), ("oldest", "youngest"), ("before", "after"), ("more", "less"),
        ("most", "least"), ("longer", "shorter"), ("longest", "shortest"), ("larger", "smaller"), ("largest", "smallest"), ("higher", "lower"), ("highest", "lowest"),
        ("born", "buried"), ("birth", "death"), ("mother", "father"), ("son", "daughter"), ("wife", "husband"), ("brother", "sister"), ("north", "south"), ("east", "west"),
        ("start", "end"), ("begin", "end"), ("open", "close"), ("opened", "closed"), ("win", "lose"), ("won", "lost"), ("buy", "sell"), ("bought", "sold"),
    ];

    /// <summary>Rewordings that ask the same.</summary>
    public static IEnumerable<string> Harmless(string question)
    {
        yield return question.TrimEnd('?', ' ', '.');
        yield return $"  {question.Replace(" ", "  ", StringComparison.Ordinal)} ";
        yield return $"{question} Thanks!";
        yield return $"Please tell me: {question}";
        yield return $"Hi, could you tell me: {question}";
    }

    /// <summary>Rewordings that ask something else; none for a question in which nothing is found to be turned round.</summary>
    public static IEnumerable<string> Altered(string question)
    {
        if (Number().Match(question) is { Success: true } number)
        {
            yield return Replaced(question, number, (long.Parse(number.Value, CultureInfo.InvariantCulture) + 1).ToString(CultureInfo.InvariantCulture));
        }

        foreach (Match word in Word().Matches(question))
        {
            foreach (var (one, other) in Opposites)
            {
                if (word.Value == one || word.Value == other)
                {
                    yield return Replaced(question, word, word.Value == one ? other : one);
                }
            }
        }

        if (Verb().Match(question) is { Success: true } verb)
        {
            yield return Replaced(question, verb, $"{verb.Value} not");
        }

        if (Name().Matches(question) is { Count: >= 2 } names && names[0].Value != names[^1].Value)
        {
            var (first, last) = (names[0], names[^1]);
            yield return $"{question[..first.Index]}{last.Value}{question[(first.Index + first.Length)..last.Index]}{first.Value}{question[(last.Index + last.Length)..]}";
        }
    }

    private static string Replaced(string text, Match match, string by) => $"{text[..match.Index]}{by}{text[(match.Index + match.Length)..]}";

    [GeneratedRegex(@"(?<![\w.,])\d{1,9}(?![\w.,]*\d)", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Number();

    [GeneratedRegex(@"\w+", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Word();

    [GeneratedRegex(@"\b(?:was|is|were|are|did|does|do|has|had|have)\b", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Verb();

    // A run of words with capitals, not at the beginning of the question.
    [GeneratedRegex(@"(?<=\w\W+)\p{Lu}[\p{L}'’]*(?:[ -]\p{Lu}[\p{L}'’]*)*", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Name();
}
