namespace AgentRag.Answering;

/// <summary>The work of a strategy on a run that another may have begun: what composes strategies, such as a router, hands its run on.</summary>
internal interface IStrategy : IAnswerer
{
    /// <summary>Answers the run's question.</summary>
    /// <param name="run">The run: all retrievals and requests go through it.</param>
    /// <param name="parameters">k, m and n.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    Task<Answer> AnswerAsync(QuestionRun run, InferenceParameters parameters, CancellationToken cancellationToken);
}
