using AgentRag.Documents;
using AgentRag.Evaluation.Runs;

namespace AgentRag.Evaluation.Reports;

/// <summary>The questions of a run that are shown with the whole way to their answers, under the best configuration of each strategy.</summary>
internal sealed class DetailedRun
{
    private readonly Dictionary<(string Question, RunConfiguration Configuration), RunRecord> _records;

    private DetailedRun(ReportedRun run, IReadOnlyList<ConfigurationScores> configurations, IReadOnlyList<LabelledQuestion> questions)
    {
        (Run, Configurations, Questions) = (run, configurations, questions);
        var (ids, wanted) = (questions.Select(question => question.Id).ToHashSet(StringComparer.Ordinal), configurations.Select(scored => scored.Configuration).ToHashSet());
        _records = run.Scored.Run.Records().Where(record => ids.Contains(record.QuestionId) && wanted.Contains(record.Configuration))
            .GroupBy(record => (record.QuestionId, record.Configuration)).ToDictionary(same => same.Key, same => same.Last());
    }

    public ReportedRun Run { get; }

    public IReadOnlyList<ConfigurationScores> Configurations { get; }

    /// <summary>The questions, in the order of the data set.</summary>
    public IReadOnlyList<LabelledQuestion> Questions { get; }

    public static DetailedRun Of(ReportedRun run, RunReportOptions options)
    {
        var configurations = run.Scored.BestOfStrategies(options.Metric);
        // What the strategies differ on says most; a question that all get right or wrong, least.
        Dictionary<string, List<double>> values = new(StringComparer.Ordinal);
        foreach (var score in configurations.Where(scored => !scored.Configuration.IsBaseline).SelectMany(scored => scored.Questions))
        {
            (values.TryGetValue(score.QuestionId, out var list) ? list : values[score.QuestionId] = []).Add(score.Value(options.Metric) ?? 0);
        }

        var shown = values.OrderByDescending(pair => pair.Value.Max() - pair.Value.Min()).Take(options.DetailedQuestions).Select(pair => pair.Key).ToHashSet(StringComparer.Ordinal);
        return new DetailedRun(run, configurations, [.. run.Scored.Run.Questions.Where(question => shown.Contains(question.Id))]);
    }

    public RunRecord? RecordOf(LabelledQuestion question, ConfigurationScores scored) => _records.GetValueOrDefault((question.Id, scored.Configuration));

    public static QuestionScore? ScoreOf(LabelledQuestion question, ConfigurationScores scored) => scored.Questions.FirstOrDefault(score => score.QuestionId == question.Id);

    /// <summary>Every passage that one of the shown configurations retrieved for a question, in the order in which they came.</summary>
    public IReadOnlyList<int> PassagesOf(LabelledQuestion question) =>
    [
        .. Configurations.Select(scored => RecordOf(question, scored)).OfType<RunRecord>().SelectMany(record => record.Retrievals).SelectMany(retrieval => retrieval.Passages).Distinct(),
    ];
}
