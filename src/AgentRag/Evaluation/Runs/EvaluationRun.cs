using AgentRag.Answering;
using AgentRag.Documents;
using AgentRag.Retrieval;
using Microsoft.Extensions.AI;

namespace AgentRag.Evaluation.Runs;

/// <summary>Answers labelled questions under every configuration of a grid, and records each result as it comes.</summary>
/// <remarks>
/// Question by question, each under all configurations: so one retrieval and one reply serve all of them, and a run that is stopped has measured every configuration on
/// the same questions. A question whose answering failed is recorded with its error and never as a silent 0.
/// </remarks>
public sealed class EvaluationRun
{
    private readonly AnsweringContext _context;
    private readonly IRetriever? _gold;
    private readonly TokenBudgetOptions _bounds;
    private readonly EvaluationRunOptions _options;
    private readonly TimeProvider _time;
    private readonly IChatClient _model;

    /// <summary>Makes a run.</summary>
    /// <param name="context">What answering works with.</param>
    /// <param name="gold">The retriever of the gold-passage baseline; null when no configuration needs it.</param>
    /// <param name="bounds">Context window and reserve of every request; its budget is that of each configuration.</param>
    /// <param name="options">How to go about it.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="AgentRagException">An option is out of range.</exception>
    public EvaluationRun(AnsweringContext context, IRetriever? gold, TokenBudgetOptions bounds, EvaluationRunOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(bounds);
        ArgumentNullException.ThrowIfNull(options);
        (_context, _gold, _bounds, _options, _time) = (context, gold, bounds, options.Validated(), time);
        _model = PacedChatClient.Over(context.Model, options.RequestsPerMinute, time);
    }

    /// <summary>When a loop ends before n iterations are used. Default: as in <see cref="Answering.StopRules"/>.</summary>
    public StopRules StopRules { get; init; } = new();

    /// <summary>Makes the answerer of a strategy. Default: <see cref="Answerers.Create"/>, which knows none that choose among others.</summary>
    public Func<string, AnsweringContext, IAnswerer> Answerer { get; init; } = Answerers.Create;

    /// <summary>Answers what the run has no record of yet.</summary>
    /// <param name="run">The run.</param>
    /// <param name="questions">The questions to ask, in order.</param>
    /// <param name="configurations">The configurations, in order.</param>
    /// <param name="progress">Told of each record, also of those that were there already; called by one thread at a time. Null when nobody listens.</param>
    /// <param name="cancellationToken">Ends the run; what is recorded stays.</param>
    /// <returns>How the run ended.</returns>
    /// <exception cref="AgentRagException">Too many questions in a row failed, or the run's files cannot be used.</exception>
    public async Task<RunEnd> RunAsync(
        RunWriter run,
        IReadOnlyList<LabelledQuestion> questions,
        IReadOnlyList<RunConfiguration> configurations,
        IProgress<RunProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(questions);
        ArgumentNullException.ThrowIfNull(configurations);
        var state = new RunState(run, progress, _options, questions.Count * configurations.Count);
        var largestK = configurations.Select(configuration => configuration.Parameters.K).DefaultIfEmpty().Max();
        var recorded = state.Recorded(questions, configurations);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = _options.Parallel, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(questions, parallel, async (question, cancellation) =>
        {
            var there = recorded.GetValueOrDefault(question.Id) ?? [];
            List<RunConfiguration> open = [.. configurations.Where(configuration => !there.Exists(record => record.Configuration == configuration))];
            if (open.Count == 0 || state.IsStopped)
            {
                return;
            }

            var one = new QuestionEvaluation(_context, _model, _gold, _bounds, StopRules, Answerer, _options.Prices, largestK, _time, run);
            there.ForEach(one.Remember);
            foreach (var configuration in open.TakeWhile(_ => !state.IsStopped))
            {
                state.Add(await one.AnswerAsync(question, configuration, cancellation).ConfigureAwait(false));
            }
        }).ConfigureAwait(false);
        return state.End();
    }
}

/// <summary>Where a run stands.</summary>
/// <param name="Done">Records there are.</param>
/// <param name="Total">Records there will be.</param>
/// <param name="Failed">Records of failed questions.</param>
/// <param name="Tokens">Effective context tokens of all records.</param>
/// <param name="SpentCost">US dollars really spent; null when no prices are known.</param>
/// <param name="Record">The record that has just come.</param>
/// <param name="IsNew">Whether it was answered now; false for one that was there already.</param>
public sealed record RunProgress(int Done, int Total, int Failed, long Tokens, double? SpentCost, RunRecord Record, bool IsNew);

/// <summary>How a run ended.</summary>
/// <param name="Records">Records there are.</param>
/// <param name="Failed">Records of failed questions.</param>
/// <param name="Answered">Records that this sitting added.</param>
/// <param name="RequestsSent">Requests that this sitting sent to the model.</param>
/// <param name="RequestsReused">Requests whose reply was known from another configuration.</param>
/// <param name="SpentCost">US dollars spent in all sittings; null when no prices are known.</param>
/// <param name="IsOverCostLimit">Whether the cost limit ended it before all was answered.</param>
public sealed record RunEnd(int Records, int Failed, int Answered, int RequestsSent, int RequestsReused, double? SpentCost, bool IsOverCostLimit);
