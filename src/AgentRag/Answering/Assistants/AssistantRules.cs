namespace AgentRag.Answering.Assistants;

/// <summary>How an assistant shows what its answers rest on.</summary>
public enum AssistantCitations
{
    /// <summary>Not at all: neither numbers nor any mention of documents.</summary>
    Hidden,

    /// <summary>By numbers in the text, counted in the order of retrieval.</summary>
    Numbers,

    /// <summary>By numbers in the text and a list of links below it.</summary>
    Links,
}

/// <summary>What an assistant's answers must keep to, whatever the model writes: the part <c>agentrag_assistant</c> of its prompt file.</summary>
public sealed record AssistantRules
{
    /// <summary>The one sentence that says that the documents do not hold the answer.</summary>
    public required string Refusal { get; init; }

    /// <summary>How sources are shown. Default: by numbers.</summary>
    public AssistantCitations Citations { get; init; } = AssistantCitations.Numbers;

    /// <summary>The link of a source, with <c>{id}</c> for its document's id; needed for <see cref="AssistantCitations.Links"/>.</summary>
    public string? Link { get; init; }

    /// <summary>The most words of an answer, ≥ 1; null for no bound. A character of a script without spaces counts as one.</summary>
    public int? MaxWords { get; init; }
}
