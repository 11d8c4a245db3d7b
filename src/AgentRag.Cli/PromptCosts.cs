using AgentRag.Allocation;
using AgentRag.Answering;
using AgentRag.Caching;
using AgentRag.Indexing;
using AgentRag.Prompting;
using AgentRag.Tokens;

namespace AgentRag.Cli;

/// <summary>Measures what the parts of a prompt cost, by rendering prompts with and without them.</summary>
internal static class PromptCosts
{
    private const int SampledPassages = 64;

    // What the paper assumes for a passage, when there is no index to measure.
    private static readonly TokenSizes Assumed = new();

    /// <summary>Measures the sizes.</summary>
    /// <param name="context">Prompts, counter and demonstrations.</param>
    /// <param name="index">The user's index; null to assume the paper's passages.</param>
    /// <param name="demonstrationIndex">The index that demonstrations take their passages from; null when there are none.</param>
    /// <param name="cache">Keeps rendered demonstrations; null to render all of them.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public static async Task<TokenSizes> MeasureAsync(
        AnsweringContext context, Bm25Index? index, Bm25Index? demonstrationIndex, ResultCache? cache, CancellationToken cancellationToken)
    {
        // All of the pool, without passages, as IterDRAG shows them: no question is empty, so none is left out for asking the same.
        var pool = await context.Demonstrations.SelectAsync("", context.Demonstrations.Count, k: 0, withSteps: true, cancellationToken);
        var question = pool.Count == 0 ? "Who designed the bridge that was opened in the year of the flood?" : pool.MaxBy(example => example.Demonstration.Question.Length)!.Demonstration.Question;
        var bare = new PromptContent { Question = question };
        var instructions = Count(bare);
        var rendered = new RenderedDemonstrations(context.Prompts.Get(PromptName.IterDragStep), context.TokenCounter);
        List<int> demonstrations = [];
        // Kept under the counter's name, which says nothing of what a learning one knows by now.
        cache = context.TokenCounter is IChangingTokenCounter ? null : cache;
        foreach (var example in pool)
        {
            demonstrations.Add((cache is null ? rendered.Of(example) : await rendered.OfAsync(example, cache, cancellationToken)).TokenCount);
        }

        return new TokenSizes
        {
            InstructionTokens = instructions,
            PassageTokens = index is { PassageCount: > 0 } ? PassageTokens(index) : Assumed.PassageTokens,
            DemonstrationPassageTokens = demonstrationIndex is { PassageCount: > 0 } ? PassageTokens(demonstrationIndex) : Assumed.DemonstrationPassageTokens,
            DemonstrationTokens = pool.Count == 0 ? 0 : demonstrations.Average(),
            DemonstrationRetrievals = 1 + (pool.Count == 0 ? 0 : pool.Average(example => example.Demonstration.Steps.Count)),
        };

        int Count(PromptContent content) => context.Prompts.Get(PromptName.IterDragStep).Render(content, context.TokenCounter).TokenCount;

        // The mean over all texts is in the index; what title, source and delimiters add is sampled.
        double PassageTokens(Bm25Index from)
        {
            var sampled = Enumerable.Range(0, Math.Min(SampledPassages, from.PassageCount))
                .Select(i => from.PassageAt((int)((long)i * from.PassageCount / Math.Min(SampledPassages, from.PassageCount))));
            return from.MeanPassageTokens + sampled.Average(passage =>
                Count(bare with { Passages = [new NumberedPassage(1, 0, 1, passage)] }) - instructions - passage.TokenCount);
        }
    }
}
