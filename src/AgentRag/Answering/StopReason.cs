namespace AgentRag.Answering;

/// <summary>Why the answering of a question ended. All but <see cref="FinalAnswer"/>, <see cref="DraftsAgree"/> and <see cref="Cancelled"/> end in a forced final answer with
/// what is held.</summary>
public enum StopReason
{
    /// <summary>The model gave its final answer.</summary>
    FinalAnswer,

    /// <summary>All n iterations were used.</summary>
    IterationLimit,

    /// <summary>Another step and the final answer would not both fit into the token budget.</summary>
    TokenBudget,

    /// <summary>The model asked a sub-query again, in the same or in other words.</summary>
    RepeatedSubQuery,

    /// <summary>Sub-queries brought no passage that was not held already.</summary>
    NoNewPassages,

    /// <summary>The model's reply was no Self-Ask step, also after one request to mend it.</summary>
    MalformedReply,

    /// <summary>Sub-queries in a row were answered with "not found".</summary>
    UnknownAnswers,

    /// <summary>The optional check said that what is held is enough.</summary>
    Sufficient,

    /// <summary>Drafts of the final answer agreed, step after step; the last of them is the answer.</summary>
    DraftsAgree,

    /// <summary>The time that steps may take was over.</summary>
    Deadline,

    /// <summary>One request was left, and it was kept for the final answer.</summary>
    CallLimit,

    /// <summary>Another step and the final answer would not both be paid for.</summary>
    CostLimit,

    /// <summary>The caller cancelled and had asked for what is held; no final answer was asked for.</summary>
    Cancelled,
}
