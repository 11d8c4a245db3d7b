namespace AgentRag.Answering;

/// <summary>Why the answering of a question ended. All but the first end in a forced final answer.</summary>
public enum StopReason
{
    /// <summary>The model gave its final answer.</summary>
    FinalAnswer,

    /// <summary>All n iterations were used.</summary>
    IterationLimit,

    /// <summary>Another step and the final answer would not both fit into the budget.</summary>
    TokenBudget,

    /// <summary>The model asked a sub-query again.</summary>
    RepeatedSubQuery,

    /// <summary>A sub-query brought no passage that was not held already.</summary>
    NoNewPassages,

    /// <summary>The model's reply was no Self-Ask step, also after one request to mend it.</summary>
    MalformedReply,
}
