using AgentRag.Answering;
using AgentRag.Cli.Output;
using AgentRag.Documents;
using AgentRag.Evaluation;

namespace AgentRag.Cli.Commands;

/// <summary>Runs strategies one after the other, with a bar.</summary>
internal sealed class StrategyEvaluation(Terminal terminal, AnsweringContext context, InferenceParameters parameters, TokenBudgetOptions bounds)
{
    /// <summary>Makes the answerer of a strategy. Default: the strategy itself.</summary>
    public Func<string, IAnswerer> Answerer { get; init; } = strategy => Answerers.Create(strategy, context);

    /// <summary>Evaluates every strategy on every question.</summary>
    /// <param name="strategies">Names.</param>
    /// <param name="questions">Labelled questions.</param>
    /// <param name="evaluated">Told of each result as it comes.</param>
    /// <param name="writesResults">Whether <paramref name="evaluated"/> writes to the screen.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    public async Task<IReadOnlyList<EvaluationReport>> RunAsync(
        IReadOnlyList<string> strategies,
        IReadOnlyList<LabelledQuestion> questions,
        Action<(string Strategy, EvaluatedQuestion Question)> evaluated,
        bool writesResults,
        CancellationToken cancellationToken) => await terminal.WithProgressAsync("Evaluating", async report =>
    {
        List<EvaluationReport> reports = [];
        var done = 0;
        foreach (var strategy in strategies)
        {
            report(done, strategies.Count * questions.Count, strategy);
            reports.Add(await new Evaluator(Answerer(strategy), context.ModelName).RunAsync(
                questions,
                parameters,
                bounds,
                new SynchronousProgress<EvaluatedQuestion>(question =>
                {
                    report(++done, strategies.Count * questions.Count, strategy);
                    evaluated((strategy, question));
                }),
                cancellationToken));
        }

        return (IReadOnlyList<EvaluationReport>)reports;
    }, writesResults);
}
