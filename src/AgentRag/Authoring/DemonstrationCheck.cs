using System.Globalization;
using AgentRag.Caching;
using AgentRag.Demonstrations;
using AgentRag.Documents;
using AgentRag.Evaluation;
using AgentRag.Prompting;
using AgentRag.Tokens;

namespace AgentRag.Authoring;

/// <summary>What may be wrong with a demonstration.</summary>
public enum DemonstrationFault
{
    /// <summary>It asks the same as another of the pool, but for case, spaces and punctuation.</summary>
    DuplicateQuestion,

    /// <summary>It asks nearly the same as another of the pool.</summary>
    NearDuplicateQuestion,

    /// <summary>It asks the same as a test question: it gives the answer away.</summary>
    TestQuestion,

    /// <summary>It asks nearly the same as a test question.</summary>
    NearTestQuestion,

    /// <summary>It rests on all supporting documents of a test question.</summary>
    TestEvidence,

    /// <summary>It shows no passage.</summary>
    NoPassages,

    /// <summary>Its passages do not hold its answer.</summary>
    AnswerNotInPassages,

    /// <summary>The passages hold none of the accepted answers, and it is a number: it may have been worked out.</summary>
    NumberNotInPassages,

    /// <summary>A step's answer is not in its passages.</summary>
    StepNotInPassages,
}

/// <summary>One thing found in a pool.</summary>
/// <param name="Id">The demonstration.</param>
/// <param name="Fault">What was found.</param>
/// <param name="IsError">Whether it makes the pool unfit; otherwise it is for a person to judge.</param>
/// <param name="Text">The words for a person.</param>
public sealed record DemonstrationFinding(string Id, DemonstrationFault Fault, bool IsError, string Text);

/// <summary>The sizes of a pool's demonstrations as they are shown, in model tokens.</summary>
/// <param name="Min">The smallest.</param>
/// <param name="Median">The one in the middle; of an even number the lower of the two.</param>
/// <param name="Max">The largest.</param>
/// <param name="Total">All together.</param>
public sealed record DemonstrationTokens(int Min, int Median, int Max, long Total)
{
    /// <summary>Summarises sizes.</summary>
    /// <param name="sizes">Tokens of each demonstration; length ≥ 0.</param>
    public static DemonstrationTokens Of(IEnumerable<int> sizes)
    {
        List<int> sorted = [.. sizes.Order()];
        return sorted.Count == 0 ? new(0, 0, 0, 0) : new(sorted[0], sorted[(sorted.Count - 1) / 2], sorted[^1], sorted.Sum(size => (long)size));
    }
}

/// <summary>What a check of a pool came to.</summary>
/// <param name="Demonstrations">How many were checked.</param>
/// <param name="WithSteps">How many have steps.</param>
/// <param name="Tokens">Their sizes at the k of the check.</param>
/// <param name="Findings">What was found, in the pool's order.</param>
public sealed record DemonstrationCheckReport(int Demonstrations, int WithSteps, DemonstrationTokens Tokens, IReadOnlyList<DemonstrationFinding> Findings)
{
    /// <summary>Whether nothing makes the pool unfit.</summary>
    public bool IsGood => Findings.All(finding => !finding.IsError);
}

/// <summary>Checks a pool of demonstrations: evidence, leakage, duplicates, sizes.</summary>
/// <param name="template">The prompt that shows the demonstrations.</param>
/// <param name="counter">Counts their tokens.</param>
/// <param name="cache">Keeps what was rendered; null to render everything.</param>
public sealed class DemonstrationCheck(PromptTemplate template, ITokenCounter counter, ResultCache? cache = null)
{
    /// <summary>From which cosine of their tf-idf vectors on questions count as nearly the same.</summary>
    public const double NearDuplicate = 0.9;

    /// <summary>Checks a pool.</summary>
    /// <param name="store">The pool.</param>
    /// <param name="k">Passages that each shows for its question and for each step, ≥ 0.</param>
    /// <param name="against">Test questions that must not be given away; length ≥ 0.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public async Task<DemonstrationCheckReport> RunAsync(
        DemonstrationStore store, int k, IReadOnlyList<LabelledQuestion> against, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(against);

        // No question is empty, so none is left out for asking the same.
        var prepared = await store.SelectAsync("", store.Count, k, withSteps: true, cancellationToken).ConfigureAwait(false);
        var questions = new Questions(prepared.Select(example => example.Demonstration), against);
        List<DemonstrationFinding> findings = [];
        foreach (var example in prepared.OrderBy(example => questions.PlaceOf(example.Demonstration)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            findings.AddRange(questions.Findings(example.Demonstration));
            findings.AddRange(k == 0 ? [] : Evidence(example));
        }

        var rendered = new RenderedDemonstrations(template, counter);
        List<int> sizes = [];
        foreach (var example in prepared)
        {
            sizes.Add((cache is null ? rendered.Of(example) : await rendered.OfAsync(example, cache, cancellationToken).ConfigureAwait(false)).TokenCount);
        }

        return new DemonstrationCheckReport(
            prepared.Count,
            prepared.Count(example => example.Demonstration.Steps.Count > 0),
            DemonstrationTokens.Of(sizes),
            findings);
    }

    private static IEnumerable<DemonstrationFinding> Evidence(PreparedDemonstration example)
    {
        var demonstration = example.Demonstration;
        var passages = example.Passages.SelectMany(batch => batch).Select(passage => $" {AnswerNormalizer.Normalize($"{passage.Title} {passage.Text}")} ").ToList();
        if (passages.Count == 0)
        {
            yield return new(demonstration.Id, DemonstrationFault.NoPassages, IsError: true, "it shows no passage: build it anew, or index the documents it is about");
            yield break;
        }

        foreach (var step in demonstration.Steps.Where(step => step.IntermediateAnswer is { } answer && !IsWorkedOut(answer) && !Hold(passages, [answer])))
        {
            yield return new(demonstration.Id, DemonstrationFault.StepNotInPassages, IsError: false, $"no passage holds \"{step.IntermediateAnswer}\", the answer to \"{step.SubQuery}\"");
        }

        if (demonstration.Answers.Count > 0 && !demonstration.Answers.Any(IsWorkedOut) && !Hold(passages, demonstration.Answers))
        {
            var isNumber = demonstration.Answers.Any(answer => answer.Any(char.IsDigit));
            yield return new(
                demonstration.Id,
                isNumber ? DemonstrationFault.NumberNotInPassages : DemonstrationFault.AnswerNotInPassages,
                IsError: !isNumber,
                $"no passage holds the answer \"{demonstration.Answer}\"");
        }
    }

    // A yes or no is worked out, not read; and what is not found cannot be held.
    private static bool IsWorkedOut(string answer) => AnswerNormalizer.Normalize(answer) is "yes" or "no" or Demonstration.NotFound;

    private static bool Hold(List<string> passages, IEnumerable<string> answers) => answers
        .Select(answer => $" {AnswerNormalizer.Normalize(answer)} ")
        .Any(answer => passages.Exists(passage => passage.Contains(answer, StringComparison.Ordinal) || HoldsUnspaced(passage, answer)));

    // Nothing stands between the words of some languages, so an answer need not be a whole word.
    private static bool HoldsUnspaced(string passage, string answer) =>
        answer.Trim() is { Length: > 0 } bare && bare.All(letter => letter >= 0x2E80) && passage.Contains(bare, StringComparison.Ordinal);

    /// <summary>The questions of pool and test with their likeness.</summary>
    private sealed class Questions
    {
        private readonly List<Demonstration> _pool;
        private readonly Dictionary<string, int> _places;
        private readonly List<IReadOnlyDictionary<string, double>> _poolVectors;
        private readonly List<(LabelledQuestion Question, string Key, IReadOnlyDictionary<string, double> Vector)> _tests;

        public Questions(IEnumerable<Demonstration> pool, IReadOnlyList<LabelledQuestion> against)
        {
            _pool = [.. pool];
            _places = _pool.Index().ToDictionary(place => place.Item.Id, place => place.Index, StringComparer.Ordinal);
            var vectors = new QuestionVectors(_pool.Select(demonstration => demonstration.Question).Concat(against.Select(test => test.Question)));
            _poolVectors = _pool.ConvertAll(demonstration => vectors.Of(demonstration.Question));
            _tests = [.. against.Select(test => (test, QuestionKey.Of(test.Question), vectors.Of(test.Question)))];
        }

        public int PlaceOf(Demonstration demonstration) => _places[demonstration.Id];

        public IEnumerable<DemonstrationFinding> Findings(Demonstration demonstration)
        {
            var (place, key) = (PlaceOf(demonstration), QuestionKey.Of(demonstration.Question));
            for (var other = 0; other < place; other++)
            {
                if (QuestionKey.Of(_pool[other].Question) == key)
                {
                    yield return new(demonstration.Id, DemonstrationFault.DuplicateQuestion, IsError: true, $"it asks the same as {_pool[other].Id}");
                }
                else if (QuestionVectors.Cosine(_poolVectors[place], _poolVectors[other]) is >= NearDuplicate and var cosine)
                {
                    yield return new(demonstration.Id, DemonstrationFault.NearDuplicateQuestion, IsError: false, $"it asks nearly the same as {_pool[other].Id} ({Share(cosine)})");
                }
            }

            foreach (var (test, testKey, vector) in _tests)
            {
                if (testKey == key)
                {
                    yield return new(demonstration.Id, DemonstrationFault.TestQuestion, IsError: true, $"it asks the same as the test question {test.Id}");
                    continue;
                }

                if (QuestionVectors.Cosine(_poolVectors[place], vector) is >= NearDuplicate and var cosine)
                {
                    yield return new(demonstration.Id, DemonstrationFault.NearTestQuestion, IsError: true, $"it asks nearly the same as the test question {test.Id} ({Share(cosine)})");
                }

                if (test.Supporting.Count > 0 && LeakageGuard.Shares(demonstration, test.Supporting))
                {
                    // One document holds many facts; a chain of several is seldom shared by chance.
                    yield return new(
                        demonstration.Id,
                        DemonstrationFault.TestEvidence,
                        IsError: test.Supporting.Count > 1,
                        $"it rests on all supporting documents of the test question {test.Id}: {string.Join(", ", test.Supporting)}");
                }
            }
        }

        private static string Share(double cosine) => string.Create(CultureInfo.InvariantCulture, $"cosine {cosine:0.00}");
    }
}
