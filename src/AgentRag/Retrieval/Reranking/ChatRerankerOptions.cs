namespace AgentRag.Retrieval.Reranking;

/// <summary>How a chat model is asked to rerank.</summary>
/// <remarks>Source: Sun et al., EMNLP 2023 (RankGPT), section 3.3: windows that slide from the last passages to the first.</remarks>
public sealed record ChatRerankerOptions
{
    /// <summary>Passages in one request, in [2, 100]. Default 20, as in RankGPT.</summary>
    public int WindowSize { get; init; } = 20;

    /// <summary>How far the window moves up, in [1, WindowSize]: the best WindowSize - Step of one window compete in the next. Default 10, as in RankGPT.</summary>
    public int Step { get; init; } = 10;

    /// <summary>Returns these options if they are consistent.</summary>
    /// <exception cref="AgentRagException">Some value is out of range; the message names all of them.</exception>
    public ChatRerankerOptions Validated()
    {
        List<string> problems = [];
        Require(WindowSize is >= 2 and <= 100, $"WindowSize is {WindowSize}, must be in [2, 100]");
        Require(Step >= 1 && Step <= WindowSize, $"Step is {Step}, must be in [1, WindowSize = {WindowSize}]");
        return problems.Count == 0 ? this : throw new AgentRagException($"Chat reranker: {string.Join("; ", problems)}.");

        void Require(bool holds, string problem) => problems.AddRange(holds ? [] : [problem]);
    }
}
