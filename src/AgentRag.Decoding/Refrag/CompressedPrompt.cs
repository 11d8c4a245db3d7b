using AgentRag.Decoding.Generation;
using AgentRag.Decoding.Transformers;

namespace AgentRag.Decoding.Refrag;

/// <summary>A prompt in which most chunks of some stretches stand as one embedding each.</summary>
/// <param name="Input">What the model reads.</param>
/// <param name="Compressed">Chunks that stand as embeddings.</param>
/// <param name="Expanded">Chunks that stand as tokens.</param>
internal sealed record CompressedPrompt(PromptInput Input, int Compressed, int Expanded)
{
    /// <summary>Compresses a prompt.</summary>
    /// <param name="tokens">The prompt.</param>
    /// <param name="stretches">Where stretches begin and end, in order. The last tokens of each stay if they are no whole chunk.</param>
    /// <param name="question">Tokens of what is asked.</param>
    /// <param name="transformer">The model, whose cache is not touched.</param>
    /// <param name="embeddings">Makes or remembers embeddings.</param>
    /// <param name="encoder">The adapter or another encoder; the policy needs an adapter.</param>
    /// <param name="options">What is expanded.</param>
    /// <param name="seed">For random expansion.</param>
    public static CompressedPrompt Of(
        IReadOnlyList<int> tokens, IReadOnlyList<(int From, int To)> stretches, IReadOnlyList<int> question, Transformer transformer, ChunkEmbeddings embeddings, IChunkEncoder encoder,
        RefragOptions options, long seed)
    {
        var rate = encoder.Rate;
        List<int> places = [.. stretches.SelectMany(stretch => Enumerable.Range(0, Math.Max(0, stretch.To - stretch.From) / rate).Select(chunk => stretch.From + (chunk * rate)))];
        List<int[]> chunks = [.. places.Select(place => Enumerable.Range(place, rate).Select(at => tokens[at]).ToArray())];
        var expanded = Choose(chunks, question, transformer, embeddings, encoder, options, seed);
        var (input, next) = (new PromptInput(), 0);
        for (var chunk = 0; chunk < chunks.Count; chunk++)
        {
            input.Add(Enumerable.Range(next, places[chunk] - next).Select(at => tokens[at]));
            next = places[chunk] + rate;
            if (expanded.Contains(chunk))
            {
                input.Add(chunks[chunk]);
            }
            else
            {
                var (row, key) = embeddings.Get(chunks[chunk]);
                input.Add(row, key);
            }
        }

        input.Add(tokens.Skip(next));
        embeddings.Flush();
        return new CompressedPrompt(input, chunks.Count - expanded.Count, expanded.Count);
    }

    private static HashSet<int> Choose(
        List<int[]> chunks, IReadOnlyList<int> question, Transformer transformer, ChunkEmbeddings embeddings, IChunkEncoder encoder, RefragOptions options, long seed)
    {
        var count = options.Policy == ExpansionPolicy.None ? 0 : Expansion.Count(chunks.Count, options.ExpandedShare);
        return count == 0 ? [] : count == chunks.Count ? [.. Enumerable.Range(0, count)] : Expansion.Highest(
            options.Policy switch
            {
                ExpansionPolicy.Query => Expansion.ByQuestion(chunks, question),
                ExpansionPolicy.Policy => Expansion.ByPolicy(
                    encoder as RefragAdapter ?? throw new AgentRagException("The expansion policy needs an adapter file that holds one."),
                    [.. chunks.Select(chunk => embeddings.Get(chunk).Row)], MeanEmbedding(transformer, question)),
                ExpansionPolicy.Perplexity => [.. chunks.Select(chunk => Surprise(transformer, chunk))],
                _ => Expansion.ByChance(chunks.Count, seed),
            },
            count);
    }

    /// <summary>The mean embedding of tokens.</summary>
    internal static float[] MeanEmbedding(Transformer transformer, IReadOnlyList<int> tokens)
    {
        var (mean, row) = (new float[transformer.Weights.Shape.Width], new float[transformer.Weights.Shape.Width]);
        foreach (var token in tokens)
        {
            transformer.ReadEmbedding(token, row);
            Training.VectorLoops.AddScaled(row, 1f / tokens.Count, mean);
        }

        return mean;
    }

    // Mean -ln p of a chunk's tokens but the first, read by themselves.
    private static double Surprise(Transformer transformer, int[] chunk)
    {
        if (chunk.Length < 2)
        {
            return 0;
        }

        using var cache = new KeyValueCache(transformer.Weights.Shape, chunk.Length, CachePrecision.F32);
        var surprise = 0.0;
        for (var t = 0; t + 1 < chunk.Length; t++)
        {
            transformer.Run(cache, chunk.AsSpan(t, 1), 1);
            var logits = transformer.Logits(0);
            var sum = 0.0;
            foreach (var logit in logits)
            {
                sum += Math.Exp(logit - logits[chunk[t + 1]]);
            }

            surprise += Math.Log(sum) / (chunk.Length - 1);
        }

        return surprise;
    }
}
