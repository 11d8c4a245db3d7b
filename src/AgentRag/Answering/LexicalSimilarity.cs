using System.Collections.Frozen;
using AgentRag.Indexing;

namespace AgentRag.Answering;

/// <summary>Compares questions by their words in order, counting differences rather than a share of what is the same.</summary>
/// <remarks>
/// One word can turn a question round, however long it is: each word that only one of the two has, in order, takes a tenth off; words of politeness and
/// articles take a hundredth. Numbers and names (words with a capital or a digit, behind the first) must be the same in the same order, else the score is 0.
/// A measure of shared words or of embeddings gives 0.83 to 0.9997 to questions that ask the opposite (GPTCache, issue 694).
/// </remarks>
public sealed class LexicalSimilarity : IQuestionSimilarity
{
    private const double WordCost = 0.1;
    private const double LightWordCost = 0.01;

    private static readonly FrozenSet<string> Light = FrozenSet.ToFrozenSet(
        ["a", "an", "the", "please", "tell", "me", "could", "can", "would", "you", "i", "we", "us", "want", "like", "know", "wonder", "just", "hi", "hello", "thanks", "thank"],
        StringComparer.Ordinal);

    private static readonly Analyzer Stems = new(AnalyzerOptions.English with { RemoveStopWords = false });
    private static readonly Analyzer NoStopWords = new(AnalyzerOptions.English with { Stem = false });
    private static readonly FrozenSet<string> LightStems = Light.SelectMany(Stems.Terms).ToFrozenSet(StringComparer.Ordinal);

    /// <inheritdoc/>
    public string Name => "lexical";

    /// <inheritdoc/>
    public Task<IReadOnlyList<double>> CompareAsync(string question, IReadOnlyList<string> others, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(question);
        ArgumentNullException.ThrowIfNull(others);
        cancellationToken.ThrowIfCancellationRequested();
        var asked = Read(question);
        return Task.FromResult<IReadOnlyList<double>>([.. others.Select(other => Compare(asked, Read(other)))]);
    }

    private static double Compare(Words one, Words other)
    {
        if (!one.Names.AsSpan().SequenceEqual(other.Names))
        {
            return 0;
        }

        var common = CommonLength(one.Content, other.Content);
        var words = one.Content.Length + other.Content.Length - (2 * common);
        return Math.Max(0, 1 - (WordCost * words) - (LightWordCost * Math.Abs(one.LightWords - other.LightWords)));
    }

    /// <summary>Length of the longest common subsequence: a word in another place is a difference.</summary>
    private static int CommonLength(string[] one, string[] other)
    {
        var lengths = new int[other.Length + 1];
        foreach (var word in one)
        {
            var diagonal = 0;
            for (var i = 1; i <= other.Length; i++)
            {
                (diagonal, lengths[i]) = (lengths[i], word == other[i - 1] ? diagonal + 1 : Math.Max(lengths[i], lengths[i - 1]));
            }
        }

        return lengths[^1];
    }

    private static Words Read(string question)
    {
        var stems = Stems.Terms(question);
        var names = question.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Skip(1)
            .Where(word => word.Any(letter => char.IsUpper(letter) || char.IsDigit(letter)))
            .SelectMany(NoStopWords.Terms).Where(term => !Light.Contains(term) && !IsQuestionWord(term)).ToArray();
        return new Words([.. stems.Where(stem => !LightStems.Contains(stem))], stems.Count(LightStems.Contains), names);
    }

    // "Please tell me: Who ...": a capital that is no name's.
    private static bool IsQuestionWord(string term) => term is "who" or "whom" or "whose" or "what" or "when" or "where" or "which" or "why" or "how" or "were" or "did" or "do" or "does" or "has" or "had" or "from";

    private sealed record Words(string[] Content, int LightWords, string[] Names);
}
