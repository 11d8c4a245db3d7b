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

    /// <summary><c>cot.yaml</c>: all steps and the final answer in one reply.</summary>
    ChainOfThought,

    /// <summary><c>sufficiency.yaml</c>: whether what is held is enough for the final answer of IterDRAG.</summary>
    Sufficiency,

    /// <summary><c>decompose.yaml</c>: split the question into sub-queries, to be answered one after the other.</summary>
    Decompose,

    /// <summary><c>rerank.yaml</c>: put passages into the order in which they help to answer the question.</summary>
    Rerank,

    /// <summary><c>decompose-parallel.yaml</c>: split the question into sub-queries, to be answered side by side.</summary>
    DecomposeParallel,

    /// <summary><c>keywords.yaml</c>: what the question is about, as keywords.</summary>
    Keywords,

    /// <summary><c>keyword-note.yaml</c>: what passages say about one keyword.</summary>
    KeywordNote,

    /// <summary><c>multi-query.yaml</c>: the question in several wordings.</summary>
    MultiQuery,

    /// <summary><c>standalone.yaml</c>: a follow-up question made to stand alone.</summary>
    Standalone,

    /// <summary><c>classify.yaml</c>: how many facts the question needs.</summary>
    Classify,

    /// <summary><c>quality.yaml</c>: how surely the passages show that an answer is right.</summary>
    Quality,
}
