using AgentRag.Documents;
using AgentRag.Indexing;
using AgentRag.Retrieval;

namespace AgentRag.Evaluation.Runs;

/// <summary>Brings the passages of the documents that a question's labels name, instead of searching: what a perfect retriever would do.</summary>
/// <remarks>A query that is no labelled question gets nothing. Safe for concurrent use.</remarks>
public sealed class GoldRetriever : IRetriever
{
    private readonly Dictionary<string, IReadOnlyList<Passage>> _passages = new(StringComparer.Ordinal);

    /// <summary>Collects the passages of all supporting documents.</summary>
    /// <param name="index">The index that the other retrievers search.</param>
    /// <param name="questions">The labelled questions.</param>
    public GoldRetriever(Bm25Index index, IReadOnlyList<LabelledQuestion> questions)
    {
        ArgumentNullException.ThrowIfNull(index);
        ArgumentNullException.ThrowIfNull(questions);
        var passages = PassagesOf(index, questions.SelectMany(question => question.Supporting).ToHashSet(StringComparer.Ordinal));
        foreach (var question in questions.Where(question => question.Supporting.Count > 0))
        {
            _passages[question.Question] = [.. question.Supporting.SelectMany(id => passages.GetValueOrDefault(id) ?? [])];
            Labelled++;
            Missing += question.Supporting.Any(id => !passages.ContainsKey(id)) ? 1 : 0;
        }
    }

    /// <summary>Questions whose labels name supporting documents.</summary>
    public int Labelled { get; }

    /// <summary>Of these, questions with a supporting document that is not in the index.</summary>
    public int Missing { get; }

    /// <summary>The most passages that one question has.</summary>
    public int MaxPassages => Math.Min(_passages.Values.Select(passages => passages.Count).DefaultIfEmpty().Max(), RetrievalQuery.MaxK);

    /// <inheritdoc/>
    public string Name => "gold";

    /// <inheritdoc/>
    public Task<IReadOnlyList<RankedPassage>> RetrieveAsync(RetrievalQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult<IReadOnlyList<RankedPassage>>(
            [.. _passages.GetValueOrDefault(query.Text, []).Take(query.K).Select((passage, i) => new RankedPassage(passage, i + 1, 1))]);
    }

    private static Dictionary<string, List<Passage>> PassagesOf(Bm25Index index, HashSet<string> documentIds)
    {
        Dictionary<string, List<Passage>> passages = new(StringComparer.Ordinal);
        foreach (var (number, live) in index.Segments.Index())
        {
            var segment = live.Segment;
            Dictionary<int, string> wanted = [];
            for (var document = 0; document < segment.DocumentCount; document++)
            {
                if (documentIds.Contains(segment.DocumentId(document)))
                {
                    wanted.Add(document, segment.DocumentId(document));
                }
            }

            var documentOf = segment.PassageDocuments;
            for (var passage = 0; passage < documentOf.Length; passage++)
            {
                if (wanted.TryGetValue(documentOf[passage], out var id) && !live.IsDeleted(passage))
                {
                    (passages.TryGetValue(id, out var list) ? list : passages[id] = []).Add(index.PassageAt(number, passage));
                }
            }
        }

        return passages;
    }
}
