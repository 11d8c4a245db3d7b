namespace AgentRag.Authoring;

/// <summary>What became of one try, the best last.</summary>
public enum TraceOutcome
{
    /// <summary>The answering ended in an error.</summary>
    Failed,

    /// <summary>Nothing was retrieved for the question.</summary>
    NoPassages,

    /// <summary>The final answer is not a gold answer.</summary>
    WrongAnswer,

    /// <summary>The answer is right, but it was given without any step.</summary>
    NoSteps,

    /// <summary>The answer is right, but a step on the way found nothing: the chain does not lead there.</summary>
    StepNotFound,

    /// <summary>It can be kept.</summary>
    Usable,
}
