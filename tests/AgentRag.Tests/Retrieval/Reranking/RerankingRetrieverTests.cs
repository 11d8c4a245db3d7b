using AgentRag.Retrieval;
using AgentRag.Retrieval.Reranking;
using AgentRag.Tests.Fakes;
using Xunit;

namespace AgentRag.Tests.Retrieval.Reranking;

public sealed class RerankingRetrieverTests
{
    private readonly ListRetriever _first = new([.. "abcde".Select(id => TestPassages.Passage(id.ToString(), "text"))]);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_retrieves_deeper_and_returns_the_best_k()
    {
        RerankingRetriever retriever = new(_first, new Reversing(), new() { Depth = 4 });

        var ranked = await retriever.RetrieveAsync(new("q", 2), Cancellation);

        Assert.Equal("list+reversing", retriever.Name);
        Assert.Equal([("d", 1), ("c", 2)], ranked.Select(passage => (passage.Passage.DocumentId, passage.Rank)));
        Assert.Equal(4, _first.Queries.Single().K);
    }

    [Fact]
    public async Task A_k_beyond_the_depth_is_retrieved_whole()
    {
        Assert.Equal(5, (await new RerankingRetriever(_first, new Reversing(), new() { Depth = 2 }).RetrieveAsync(new("q", 9), Cancellation)).Count);
        Assert.Equal(9, _first.Queries.Single().K);
    }

    [Fact]
    public async Task When_the_reranker_fails_the_first_order_stands_with_the_reason()
    {
        Warnings warnings = new();
        RerankingRetriever retriever = new(new Explaining(_first), new Failing(new AgentRagException("Reranker gone.")), warnings: warnings);

        var ranked = await retriever.RetrieveAsync(new("q", 2) { Explain = true }, Cancellation);

        Assert.Equal([("a", 1, 1.0), ("b", 2, 0.5)], ranked.Select(passage => (passage.Passage.DocumentId, passage.Rank, passage.Score)));
        Assert.Equal("first-stage order kept, because reranking failed: Reranker gone.", ranked[0].Explanation!.Description);
        Assert.Equal("found", ranked[0].Explanation!.Parts.Single().Description);
        Assert.Equal(["Reranking failed, the order of list is kept. Reranker gone."], warnings);
    }

    [Fact]
    public async Task When_strict_the_failure_of_the_reranker_is_the_querys()
    {
        RerankingRetriever retriever = new(_first, new Failing(new AgentRagException("Reranker gone.")), new() { Strict = true });

        Assert.Equal("Reranker gone.", (await Assert.ThrowsAsync<AgentRagException>(() => retriever.RetrieveAsync(new("q", 2), Cancellation))).Message);
    }

    [Fact]
    public async Task Cancelling_is_no_failure_of_the_reranker()
    {
        using CancellationTokenSource cancel = new();
        RerankingRetriever retriever = new(_first, new Failing(new OperationCanceledException(), cancel.Cancel));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => retriever.RetrieveAsync(new("q", 2), cancel.Token));
    }

    [Fact]
    public async Task A_bug_is_not_hidden_as_a_failure() => await Assert.ThrowsAsync<InvalidOperationException>(
        () => new RerankingRetriever(_first, new Failing(new InvalidOperationException())).RetrieveAsync(new("q", 2), Cancellation));

    [Fact]
    public async Task Nothing_found_is_not_reranked()
    {
        RerankingRetriever retriever = new(new ListRetriever(), new Failing(new InvalidOperationException()));

        Assert.Empty(await retriever.RetrieveAsync(new("q", 2), Cancellation));
        Assert.Empty(await new RerankingRetriever(_first, new Failing(new InvalidOperationException())).RetrieveAsync(new("q", 0), Cancellation));
    }

    [Fact]
    public void A_depth_out_of_range_is_refused() => Assert.Equal(
        "Reranking: Depth is 1001, must be in [1, 1000].",
        Assert.Throws<AgentRagException>(() => new RerankingRetriever(_first, new Reversing(), new() { Depth = 1001 })).Message);

    private sealed class Reversing : IReranker
    {
        public string Name => "reversing";

        public Task<IReadOnlyList<RankedPassage>> RerankAsync(
            string query, IReadOnlyList<RankedPassage> passages, int topK, CancellationToken cancellationToken = default) =>
            Task.FromResult<IReadOnlyList<RankedPassage>>([.. passages.Reverse().Take(topK).Select((passage, i) => passage with { Rank = i + 1 })]);
    }

    private sealed class Failing(Exception fault, Action? before = null) : IReranker
    {
        public string Name => "failing";

        public Task<IReadOnlyList<RankedPassage>> RerankAsync(
            string query, IReadOnlyList<RankedPassage> passages, int topK, CancellationToken cancellationToken = default)
        {
            before?.Invoke();
            return Task.FromException<IReadOnlyList<RankedPassage>>(fault);
        }
    }

    private sealed class Explaining(IRetriever inner) : IRetriever
    {
        public string Name => inner.Name;

        public async Task<IReadOnlyList<RankedPassage>> RetrieveAsync(RetrievalQuery query, CancellationToken cancellationToken = default) =>
            [.. (await inner.RetrieveAsync(query, cancellationToken)).Select(passage => passage with { Explanation = query.Explain ? new(passage.Score, "found", []) : null })];
    }

    private sealed class Warnings : List<string>, IProgress<string>
    {
        public void Report(string value) => Add(value);
    }
}
