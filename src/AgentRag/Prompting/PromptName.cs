namespace AgentRag.Prompting;

/// <summary>The prompts that exist. Each is a file <c>prompts/NAME.yaml</c>, with the name in lower case and hyphens.</summary>
public enum PromptName
{
    /// <summary><c>zero-shot.yaml</c>: the question alone.</summary>
    ZeroShot,

    /// <summary><c>many-shot.yaml</c>: demonstrations without passages, then the question.</summary>
    ManyShot,

    /// <summary><c>rag.yaml</c>: passages, then the question.</summary>
    Rag,

    /// <summary><c>drag.yaml</c>: demonstrations with passages, passages, then the question.</summary>
    Drag,

    /// <summary><c>iterdrag-step.yaml</c>: one step of IterDRAG.</summary>
    IterDragStep,

    /// <summary><c>iterdrag-final.yaml</c>: the forced final answer of IterDRAG.</summary>
    IterDragFinal,

    /// <summary><c>sufficiency.yaml</c>: whether what is held is enough for the final answer of IterDRAG.</summary>
    Sufficiency,

    /// <summary><c>decompose.yaml</c>: split the question into sub-queries.</summary>
    Decompose,

    /// <summary><c>rerank.yaml</c>: put passages into the order in which they help to answer the question.</summary>
    Rerank,
}
