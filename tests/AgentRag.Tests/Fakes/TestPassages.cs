using AgentRag.Documents;
using AgentRag.Retrieval;

namespace AgentRag.Tests.Fakes;

/// <summary>Passages for tests.</summary>
internal static class TestPassages
{
    public static Passage Passage(string id, string text, string? title = null) => new()
    {
        Id = $"{id}#0",
        DocumentId = id,
        Title = title ?? id,
        Source = $"{id}.md",
        Start = 0,
        End = text.Length,
        Text = text,
        ContentHash = "00",
        TokenCount = new WordCounter().Count(text),
    };
}

/// <summary>Returns, for each query, the passages written down for it; for other queries the standard ones.</summary>
internal sealed class ListRetriever(params Passage[] standard) : IRetriever
{
    public Dictionary<string, Passage[]> ByQuery { get; } = new(StringComparer.Ordinal);

    public List<RetrievalQuery> Queries { get; } = [];

    public string Name => "list";

    public Task<IReadOnlyList<RankedPassage>> RetrieveAsync(RetrievalQuery query, CancellationToken cancellationToken = default)
    {
        Queries.Add(query);
        var passages = ByQuery.GetValueOrDefault(query.Text, standard);
        return Task.FromResult<IReadOnlyList<RankedPassage>>(
            [.. passages.Take(query.K).Select((passage, index) => new RankedPassage(passage, index + 1, 1.0 / (index + 1)))]);
    }
}
