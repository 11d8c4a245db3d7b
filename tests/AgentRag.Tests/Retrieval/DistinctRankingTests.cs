using AgentRag.Retrieval;
using AgentRag.Tests.Fakes;
using Xunit;
using static AgentRag.Tests.Fakes.TestPassages;

namespace AgentRag.Tests.Retrieval;

public sealed class DistinctRankingTests
{
    // Over 100 characters that count, so that the title plays no part.
    private const string Long = "The Long Pier was built by the Tarn company in the year 1880, after two winters of storms had taken away the old wooden one and its lamp.";

    [Theory]
    [InlineData(Long, true)]
    [InlineData("  THE long pier was built\r\nby the Tarn   company in the year 1880,\tafter two winters of storms had taken away the old wooden one and its lamp.\n", true)]
    [InlineData("\u200BThe Long Pi\u00ADer was built by the\u00A0Tarn company in the year 1880, after two\u3000winters of storms had taken away the old wooden one and its lamp\uFE0F.\uFEFF", true)]
    [InlineData("The Long Pier was built by the Tarn company in the year 1881, after two winters of storms had taken away the old wooden one and its lamp.", false)]
    [InlineData("The Long Pier was built by the Tarn company in the year 1880, after two winters of storms had taken away the old wooden one and its lamp", false)]
    [InlineData("The Long Pier was not built by the Tarn company in the year 1880, after two winters of storms had taken away the old wooden one and its lamp.", false)]
    public void Texts_are_the_same_but_for_white_space_case_and_invisible_characters(string text, bool isSame)
    {
        var (one, other) = (Passage("one", Long), Passage("other", text));
        Assert.Equal(isSame, SamePassageText.Comparer.Equals(one, other));
        Assert.Equal(isSame, SamePassageText.Comparer.Equals(other, one));
        Assert.Equal(isSame, SamePassageText.Comparer.GetHashCode(one) == SamePassageText.Comparer.GetHashCode(other));
    }

    [Fact]
    public void Letters_of_other_scripts_are_compared_without_case_and_line_ends_within_them_do_not_count()
    {
        var (one, other) = (Passage("one", string.Concat(Enumerable.Repeat("Ответ Ёлка 借款人去世 ", 8))), Passage("other", string.Concat(Enumerable.Repeat("ответ ёЛКА 借款\n人去世 ", 8))));
        Assert.True(SamePassageText.Comparer.Equals(one, other));
        Assert.Equal(SamePassageText.Comparer.GetHashCode(one), SamePassageText.Comparer.GetHashCode(other));
    }

    [Fact]
    public void A_short_text_says_something_else_under_another_title_or_heading()
    {
        var answer = Passage("returns", "Yes, within 30 days.", "Can I return it?");
        var same = Passage("copy", "YES, within 30 days. ", "can I  return it?");
        var other = Passage("repairs", "Yes, within 30 days.", "Is it repaired?");
        Assert.True(SamePassageText.Comparer.Equals(answer, same));
        Assert.Equal(SamePassageText.Comparer.GetHashCode(answer), SamePassageText.Comparer.GetHashCode(same));
        Assert.False(SamePassageText.Comparer.Equals(answer, other));
        Assert.False(SamePassageText.Comparer.Equals(answer with { HeadingPath = ["Europe"] }, answer with { HeadingPath = ["Asia"] }));

        // At 100 characters that count the text speaks for itself; at 99 it does not.
        Assert.True(SamePassageText.Comparer.Equals(Passage("a", new string('x', 100), "A"), Passage("b", new string('x', 100), "B")));
        Assert.False(SamePassageText.Comparer.Equals(Passage("a", new string('x', 99) + "   ", "A"), Passage("b", new string('x', 99), "B")));
    }

    [Fact]
    public void Disguises_drawn_at_random_are_seen_through_and_changed_letters_are_not()
    {
        var random = new Random(7);
        for (var i = 0; i < 500; i++)
        {
            var text = string.Concat(Enumerable.Range(0, 120).Select(_ => "abc dé日0"[random.Next(8)])) + Long;
            var disguised = string.Concat(text.Select(letter => random.Next(4) switch
            {
                0 => char.ToUpperInvariant(letter).ToString(),
                1 => $"{letter}\u200D",
                2 => char.IsWhiteSpace(letter) ? "\n " : $"{letter}",
                _ => $"{letter}",
            }));
            var at = text.LastIndexOf('T');
            Assert.True(SamePassageText.Comparer.Equals(Passage("a", text), Passage("b", disguised)));
            Assert.Equal(SamePassageText.Comparer.GetHashCode(Passage("a", text)), SamePassageText.Comparer.GetHashCode(Passage("b", disguised)));
            Assert.False(SamePassageText.Comparer.Equals(Passage("a", text), Passage("b", disguised[..^1] + "!")));
            Assert.False(SamePassageText.Comparer.Equals(Passage("a", text), Passage("b", text.Remove(at, 1))));
        }
    }

    [Fact]
    public async Task Of_several_copies_the_best_ranked_stays_and_the_others_make_room()
    {
        var retriever = new ListRetriever(Passage("a", Long), Passage("b", "Second."), Passage("c", Long.ToUpperInvariant()), Passage("d", "Third."), Passage("e", "Fourth."));
        var found = await retriever.RetrieveDistinctAsync(new RetrievalQuery("pier", 3), TestContext.Current.CancellationToken);
        Assert.Equal([("a#0", 1), ("b#0", 2), ("d#0", 3)], found.Passages.Select(ranked => (ranked.Passage.Id, ranked.Rank)));
        Assert.Equal([("c#0", 3)], found.Copies.Select(ranked => (ranked.Passage.Id, ranked.Rank)));
        Assert.Equal([3, 11], retriever.Queries.Select(query => query.K)); // the second look is 8 deeper
    }

    [Fact]
    public async Task Without_copies_the_retriever_is_asked_once_and_its_ranking_is_kept()
    {
        var retriever = new ListRetriever([.. Enumerable.Range(0, 5).Select(i => Passage($"p{i}", $"{Long} {i}"))]);
        var found = await retriever.RetrieveDistinctAsync(new RetrievalQuery("pier", 4) { Explain = true }, TestContext.Current.CancellationToken);
        Assert.Equal(["p0#0", "p1#0", "p2#0", "p3#0"], found.Passages.Select(ranked => ranked.Passage.Id));
        Assert.Empty(found.Copies);
        Assert.True(Assert.Single(retriever.Queries).Explain);
    }

    [Fact]
    public async Task A_corpus_of_copies_is_looked_into_three_times_at_most()
    {
        var retriever = new ListRetriever([.. Enumerable.Range(0, 900).Select(i => Passage($"p{i}", Long))]);
        var found = await retriever.RetrieveDistinctAsync(new RetrievalQuery("pier", 10), TestContext.Current.CancellationToken);
        Assert.Equal("p0#0", Assert.Single(found.Passages).Passage.Id);
        Assert.Equal([10, 46, 82], retriever.Queries.Select(query => query.K)); // 10, and 4 x 9 missing more each time
        Assert.Equal(81, found.Copies.Count);
    }

    [Fact]
    public async Task What_the_first_look_found_stays_when_a_further_one_fails()
    {
        var retriever = new FailsWhenAskedForMore(2, new ListRetriever(Passage("a", Long), Passage("b", Long), Passage("c", "Third.")));
        var found = await retriever.RetrieveDistinctAsync(new RetrievalQuery("pier", 2), TestContext.Current.CancellationToken);
        Assert.Equal(["a#0"], found.Passages.Select(ranked => ranked.Passage.Id));
        await Assert.ThrowsAsync<AgentRagException>(() => retriever.RetrieveDistinctAsync(new RetrievalQuery("pier", 3), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Nothing_more_is_asked_of_a_retriever_that_has_no_more()
    {
        var retriever = new ListRetriever(Passage("a", Long), Passage("b", Long));
        var found = await retriever.RetrieveDistinctAsync(new RetrievalQuery("pier", 5), TestContext.Current.CancellationToken);
        Assert.Single(found.Passages);
        Assert.Single(retriever.Queries);

        var full = new ListRetriever([.. Enumerable.Range(0, RetrievalQuery.MaxK + 1).Select(_ => Passage("same", Long))]);
        await full.RetrieveDistinctAsync(new RetrievalQuery("pier", RetrievalQuery.MaxK), TestContext.Current.CancellationToken);
        Assert.Single(full.Queries);
    }

    private sealed class FailsWhenAskedForMore(int most, IRetriever inner) : IRetriever
    {
        public string Name => inner.Name;

        public Task<IReadOnlyList<RankedPassage>> RetrieveAsync(RetrievalQuery query, CancellationToken cancellationToken = default) =>
            query.K > most ? throw new AgentRagException("The server is gone.") : inner.RetrieveAsync(query, cancellationToken);
    }
}
