using AgentRag.Answering;
using AgentRag.Documents;

namespace AgentRag.Evaluation;

/// <summary>Answers labelled questions with one strategy and scores the answers.</summary>
/// <param name="answerer">The strategy.</param>
/// <param name="modelName">The model's name, for the report.</param>
public sealed class Evaluator(IAnswerer answerer, string modelName)
{
    /// <summary>Runs the questions one after the other.</summary>
    /// <param name="questions">The questions.</param>
    /// <param name="parameters">k, m, n for all of them.</param>
    /// <param name="budget">The budget of each.</param>
    /// <param name="progress">Told of each question when it is done; null when nobody listens.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <returns>The report. A question whose answering failed is in it with its error, and never as a silent 0.</returns>
    public async Task<EvaluationReport> RunAsync(
        IReadOnlyList<LabelledQuestion> questions,
        InferenceParameters parameters,
        TokenBudgetOptions budget,
        IProgress<EvaluatedQuestion>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(questions);
        List<EvaluatedQuestion> results = [];
        foreach (var question in questions)
        {
            var result = await EvaluateAsync(question, new AnswerRequest(question.Question, parameters, budget), cancellationToken).ConfigureAwait(false);
            results.Add(result);
            progress?.Report(result);
        }

        return new EvaluationReport { Strategy = answerer.Strategy, Model = modelName, Parameters = parameters, Questions = results };
    }

    private async Task<EvaluatedQuestion> EvaluateAsync(LabelledQuestion question, AnswerRequest request, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await answerer.AnswerAsync(request, progress: null, cancellationToken).ConfigureAwait(false);
            return new EvaluatedQuestion(question, answer, AnswerMetrics.Score(answer.Text, answer.IsNotFound, question.Answers), Error: null);
        }
        catch (AgentRagException e)
        {
            return new EvaluatedQuestion(question, Answer: null, Metrics: null, e.Message);
        }
    }
}
