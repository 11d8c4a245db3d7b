using System.Globalization;
using AgentRag.Documents;

namespace AgentRag.Evaluation.Runs;

/// <summary>The counts of a run under way. Safe for concurrent use.</summary>
internal sealed class RunState(RunWriter run, IProgress<RunProgress>? progress, EvaluationRunOptions options, int total)
{
    private readonly Lock _lock = new();
    private int _done;
    private int _failed;
    private int _failedInARow;
    private int _answered;
    private int _sent;
    private int _reused;
    private long _tokens;
    private double _spent;
    private bool _overLimit;

    /// <summary>Whether nothing new is to be begun.</summary>
    public bool IsStopped
    {
        get
        {
            lock (_lock)
            {
                return _overLimit |= options.CostLimit is { } limit && _spent >= limit && _done < total;
            }
        }
    }

    /// <summary>Counts the records of the run that belong to these questions and configurations, and tells the listener of them.</summary>
    /// <returns>By question: the records that stand. A failed one that is to be asked again is not among them.</returns>
    public Dictionary<string, List<RunRecord>> Recorded(IReadOnlyList<LabelledQuestion> questions, IReadOnlyList<RunConfiguration> configurations)
    {
        Dictionary<(string Question, RunConfiguration Configuration), RunRecord> latest = [];
        foreach (var record in RunLog.Read<RunRecord>(run.Files.Log))
        {
            _spent += record.Spent ?? 0;
            latest[(record.QuestionId, record.Configuration)] = record;
        }

        Dictionary<string, List<RunRecord>> standing = new(StringComparer.Ordinal);
        foreach (var question in questions)
        {
            foreach (var configuration in configurations)
            {
                if (latest.TryGetValue((question.Id, configuration), out var record) && !(record.IsFailed && options.RetryFailed))
                {
                    (standing.TryGetValue(question.Id, out var list) ? list : standing[question.Id] = []).Add(record);
                    Count(record, isNew: false);
                }
            }
        }

        return standing;
    }

    /// <summary>Records a result.</summary>
    /// <exception cref="AgentRagException">Too many in a row have failed.</exception>
    public void Add(RunRecord record)
    {
        run.Add(record);
        lock (_lock)
        {
            _answered++;
            _spent += record.Spent ?? 0;
            _sent += record.Requests.Count(request => !request.Reused);
            _reused += record.Requests.Count(request => request.Reused);
            Count(record, isNew: true);
            _failedInARow = record.IsFailed ? _failedInARow + 1 : 0;
            if (_failedInARow >= options.MaxFailuresInARow)
            {
                throw new AgentRagException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"The last {_failedInARow:N0} answers all failed, the latest with: {record.Error} Mend the cause and run again with --retry-failed; what is answered stays."));
            }
        }
    }

    public RunEnd End() => new(_done, _failed, _answered, _sent, _reused, options.Prices is null ? null : _spent, _overLimit);

    private void Count(RunRecord record, bool isNew)
    {
        _done++;
        _failed += record.IsFailed ? 1 : 0;
        _tokens += record.Tokens;
        progress?.Report(new RunProgress(_done, total, _failed, _tokens, options.Prices is null ? null : _spent, record, isNew));
    }
}
