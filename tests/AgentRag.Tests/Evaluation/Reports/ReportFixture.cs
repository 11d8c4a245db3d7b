using AgentRag.Answering;
using AgentRag.Documents;
using AgentRag.Evaluation.Runs;
using AgentRag.Models;

namespace AgentRag.Tests.Evaluation.Reports;

/// <summary>Runs written record by record, so that every number of a report can be worked out by hand.</summary>
internal sealed class ReportFixture : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static RunManifest Manifest(string dataSet = "towns", bool isSimulated = false) => new()
    {
        DataSet = dataSet,
        Model = "scripted",
        Fingerprint = new Dictionary<string, string>(StringComparer.Ordinal) { ["model"] = "scripted" },
        CreatedAt = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero),
        IsSimulated = isSimulated,
    };

    /// <summary>A run of ten questions whose answers are right for the first so many.</summary>
    public ScoredRun Run(string name, RunManifest manifest, params (string Strategy, int K, int M, int N, long Tokens, int Right)[] configurations)
    {
        LabelledQuestion[] questions = [.. Enumerable.Range(1, 10).Select(i => new LabelledQuestion { Id = $"q{i}", Question = $"Question {i}?", Answers = ["right"], Supporting = ["d"] })];
        return Run(name, manifest, questions, configurations.SelectMany(c => questions.Select((question, i) => Record(question.Id, c.Strategy, c.K, c.M, c.N, c.Tokens, i < c.Right ? "right" : "wrong"))));
    }

    public ScoredRun Run(string name, RunManifest manifest, IReadOnlyList<LabelledQuestion> questions, IEnumerable<RunRecord> records, params Passage[] passages)
    {
        using (var run = RunWriter.Open(_folder[name], manifest, questions, TimeProvider.System))
        {
            foreach (var passage in passages)
            {
                run.NumberOf(passage);
            }

            foreach (var record in records)
            {
                run.Add(record);
            }
        }

        return ScoredRun.Of(RunReader.Open(_folder[name]));
    }

    public static RunRecord Record(string question, string strategy, int k, int m, int n, long tokens, string answer) => new()
    {
        QuestionId = question,
        Strategy = strategy,
        K = k,
        M = m,
        N = n,
        Budget = 1_000_000,
        Answer = answer,
        Model = "scripted",
        StopReason = StopReason.FinalAnswer,
        Used = [k, m, n],
        Tokens = tokens,
        Retrievals = [new RunRetrieval($"query of {question}", [])],
        Requests = [new RunRequest { Purpose = "answer", Tokens = (int)tokens, Passages = [], Reply = answer }],
        Steps = [new SelfAskStep("step", "done")],
    };

    public void Dispose() => _folder.Dispose();
}
