using System.Diagnostics;
using System.Globalization;
using AgentRag.Allocation.Routing;
using AgentRag.Answering;
using AgentRag.Cli.Configuration;
using AgentRag.Cli.Output;
using AgentRag.Documents;
using AgentRag.Evaluation.Runs;
using AgentRag.Retrieval;

namespace AgentRag.Cli.Commands;

/// <summary>Runs an evaluation and shows how far it is: done, time left, tokens and cost so far.</summary>
internal sealed class StrategyEvaluation(Terminal terminal, AnsweringContext context, IRetriever? gold, Settings settings, TokenBudgetOptions bounds, EvaluationRunOptions options)
{
    // Where no bar can be shown, a line now and then says that the work goes on.
    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(30);

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private TimeSpan _latestLine;
    private int _answered;

    /// <summary>How the strategies that choose for themselves choose; null when none is run.</summary>
    public RoutingOptions? Routing { get; init; }

    /// <summary>Answers what the run has no record of yet.</summary>
    /// <param name="run">The run.</param>
    /// <param name="questions">Labelled questions.</param>
    /// <param name="configurations">The configurations.</param>
    /// <param name="recorded">Told of each record, also of those that were there.</param>
    /// <param name="writesResults">Whether <paramref name="recorded"/> writes to the screen.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    public async Task<RunEnd> RunAsync(
        RunWriter run,
        IReadOnlyList<LabelledQuestion> questions,
        IReadOnlyList<RunConfiguration> configurations,
        Action<RunRecord> recorded,
        bool writesResults,
        CancellationToken cancellationToken) => await terminal.WithProgressAsync(
            "Evaluating",
            async report => await new EvaluationRun(context, gold, bounds, options, TimeProvider.System)
            {
                StopRules = settings.Answering.StopRules,
                Answerer = (strategy, answering) => Strategies.Create(strategy, answering, Routing),
            }.RunAsync(
                run,
                questions,
                configurations,
                new SynchronousProgress<RunProgress>(progress =>
                {
                    recorded(progress.Record);
                    _answered += progress.IsNew ? 1 : 0;
                    report(progress.Done, progress.Total, Describe(progress));
                    WriteLine(progress);
                }),
                cancellationToken),
            writesResults);

    private static string Describe(RunProgress progress) => string.Create(
        CultureInfo.InvariantCulture,
        $"{progress.Done:N0} of {progress.Total:N0}, {Scores.ShortTokens(progress.Tokens)} tokens{Cost(progress.SpentCost)}{(progress.Failed > 0 ? $", {progress.Failed:N0} failed" : "")}");

    private static string Cost(double? cost) => cost is { } dollars ? $", {Scores.Dollars(dollars)}" : "";

    private void WriteLine(RunProgress progress)
    {
        if (terminal.IsInteractive || _clock.Elapsed - _latestLine < LineEvery || _answered == 0)
        {
            return;
        }

        _latestLine = _clock.Elapsed;
        var left = _clock.Elapsed / _answered * (progress.Total - progress.Done);
        terminal.WriteError($"{Describe(progress)}, about {Scores.Duration(left)} left");
    }
}
