using System.Collections.Concurrent;
using AgentRag.Documents;
using AgentRag.Indexing;
using AgentRag.Retrieval;
using AgentRag.Retrieval.Fusion;
using Microsoft.Extensions.AI;

namespace AgentRag.Decoding.Speculation;

/// <summary>Makers of retrievers over the parts of one prompt: who chooses what RAPID's drafter reads.</summary>
public static class DraftRetrievers
{
    /// <summary>By words alone: needs no model, and is the default.</summary>
    /// <param name="parts">The parts.</param>
    public static IRetriever Bm25(IReadOnlyList<Passage> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        return new Bm25Retriever(Bm25Index.Build(parts));
    }

    /// <summary>By words and by vectors, fused: the paper (RAPID, section 3.1) ranks by vectors.</summary>
    /// <param name="embedder">Embeds parts and questions. Vectors of some thousand parts are kept: one question's requests share most of them.</param>
    /// <param name="weights">The weights of words and vectors; null for equal ones. Scores are fused, as a part's score decides whether it is kept at all.</param>
    /// <exception cref="AgentRagException">The weights are not two numbers greater than 0.</exception>
    public static Func<IReadOnlyList<Passage>, IRetriever> Hybrid(IEmbeddingGenerator<string, Embedding<float>> embedder, IReadOnlyList<double>? weights = null)
    {
        ArgumentNullException.ThrowIfNull(embedder);
        var vectors = new PartVectors(embedder);
        var fusion = new FusionOptions { Method = FusionMethod.MinMaxScore, Weights = weights }.Validated(retrievers: 2);
        return parts => new HybridRetriever([Bm25(parts), new PartRetriever(parts, vectors)], fusion);
    }

    /// <summary>Ranks parts by the cosine of their vectors with the query's.</summary>
    private sealed class PartRetriever(IReadOnlyList<Passage> parts, PartVectors vectors) : IRetriever
    {
        public string Name => "dense";

        public async Task<IReadOnlyList<RankedPassage>> RetrieveAsync(RetrievalQuery query, CancellationToken cancellationToken = default)
        {
            var all = await vectors.OfAsync([query.Text, .. parts.Select(part => part.Text)], cancellationToken).ConfigureAwait(false);
            return
            [
                .. parts.Select((part, i) => (Part: part, Score: Cosine(all[0].Span, all[i + 1].Span)))
                    .OrderByDescending(ranked => ranked.Score).Take(query.K).Select((ranked, i) => new RankedPassage(ranked.Part, i + 1, ranked.Score)),
            ];
        }

        private static double Cosine(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
        {
            var (product, lengthA, lengthB) = (0.0, 0.0, 0.0);
            for (var i = 0; i < Math.Min(a.Length, b.Length); i++)
            {
                product += (double)a[i] * b[i];
                lengthA += (double)a[i] * a[i];
                lengthB += (double)b[i] * b[i];
            }

            return lengthA > 0 && lengthB > 0 ? product / Math.Sqrt(lengthA * lengthB) : 0;
        }
    }

    /// <summary>Vectors of texts, kept.</summary>
    private sealed class PartVectors(IEmbeddingGenerator<string, Embedding<float>> embedder)
    {
        private const int MostKept = 8_192;

        private readonly ConcurrentDictionary<string, ReadOnlyMemory<float>> _kept = new(StringComparer.Ordinal);

        public async Task<List<ReadOnlyMemory<float>>> OfAsync(IReadOnlyList<string> texts, CancellationToken cancellationToken)
        {
            List<string> missing = [.. texts.Where(text => !_kept.ContainsKey(text)).Distinct(StringComparer.Ordinal)];
            if (_kept.Count + missing.Count > MostKept)
            {
                _kept.Clear();
                missing = [.. texts.Distinct(StringComparer.Ordinal)];
            }

            Dictionary<string, ReadOnlyMemory<float>> made = new(StringComparer.Ordinal);
            foreach (var batch in missing.Chunk(64))
            {
                var embeddings = await embedder.GenerateAsync(batch, cancellationToken: cancellationToken).ConfigureAwait(false);
                for (var i = 0; i < batch.Length; i++)
                {
                    _kept[batch[i]] = made[batch[i]] = embeddings[i].Vector;
                }
            }

            // Another request may have cleared what was kept meanwhile.
            List<ReadOnlyMemory<float>> vectors = [];
            foreach (var text in texts)
            {
                vectors.Add(made.TryGetValue(text, out var vector) || _kept.TryGetValue(text, out vector)
                    ? vector
                    : _kept[text] = (await embedder.GenerateAsync([text], cancellationToken: cancellationToken).ConfigureAwait(false))[0].Vector);
            }

            return vectors;
        }
    }
}
