using AgentRag.Answering;
using AgentRag.Cli.Commands;
using AgentRag.Documents;
using AgentRag.Evaluation;
using AgentRag.Evaluation.Runs;

namespace AgentRag.Cli.Output;

/// <summary>Writes the results of <c>evaluate</c>: JSON lines as they come, or a table at the end, and both into a file where wanted.</summary>
internal sealed class EvaluationOutput(Terminal terminal, bool json, IReadOnlyList<LabelledQuestion> questions)
{
    private readonly Dictionary<string, LabelledQuestion> _questions = questions.ToDictionary(question => question.Id, StringComparer.Ordinal);
    private readonly List<string> _lines = [];

    /// <summary>Writes one result.</summary>
    public void Write(RunRecord record)
    {
        var question = _questions[record.QuestionId];
        var metrics = record.IsFailed ? null : AnswerMetrics.Score(record.Answer ?? "", record.IsNotFound, question.Answers);
        _lines.Add(Json.Line(EvaluationText.Row(record, question, metrics)));
        if (json)
        {
            terminal.WriteLine(_lines[^1]);
        }
    }

    /// <summary>Writes the totals.</summary>
    public async Task FinishAsync(
        ScoredRun scored, RunEnd? end, SupportRecall? recall, TokenBudgetOptions? bounds, ulong seed, string? file, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _lines.Add(Json.Line(EvaluationText.Totals(scored, end, recall, bounds, seed)));
        if (file is not null)
        {
            await Task.Run(() => OutputFile.Write(file, string.Concat(_lines.Select(line => $"{line}\n"))), cancellationToken);
        }

        if (json)
        {
            terminal.WriteLine(_lines[^1]);
            return;
        }

        EvaluationText.WriteTable(terminal, scored, recall, seed);
        EvaluationText.WriteComparisons(terminal, scored, seed);
        EvaluationText.WriteEnd(terminal, scored, end);
    }
}
