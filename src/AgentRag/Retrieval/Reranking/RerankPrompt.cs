using AgentRag.Documents;
using Microsoft.Extensions.AI;

namespace AgentRag.Retrieval.Reranking;

/// <summary>What a listwise reranking request says. The caller renders it, because prompts are files and rendering lies behind retrieval.</summary>
/// <param name="Render">
/// Makes the messages from a query and passages. The i-th passage must stand there as number i, from 1, and the reply be asked for in the form
/// <c>[3] &gt; [1] &gt; [2]</c>: numbers alone, best first. Query and passages come from outside: the renderer makes them harmless.
/// </param>
public sealed record RerankPrompt(Func<string, IReadOnlyList<Passage>, IReadOnlyList<ChatMessage>> Render)
{
    /// <summary>Cap on the reply's tokens, ≥ 1. Default 256: about 8 for each passage of a window, and some to spare.</summary>
    public int MaxOutputTokens { get; init; } = 256;
}
