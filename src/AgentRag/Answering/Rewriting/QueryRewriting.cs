namespace AgentRag.Answering.Rewriting;

/// <summary>How a question is put into words for the first retrieval.</summary>
public enum QueryRewriting
{
    /// <summary>As it was asked.</summary>
    None,

    /// <summary>As keywords in the language of the documents; one request.</summary>
    Keywords,

    /// <summary>In several wordings, whose rankings are fused (reciprocal rank, k = 60); one request.</summary>
    MultiQuery,
}

