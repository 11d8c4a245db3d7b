using AgentRag.Documents;
using AgentRag.Indexing;
using AgentRag.Retrieval;
using Xunit;

namespace AgentRag.Tests.Retrieval;

public sealed class Bm25RetrieverTests
{
    [Fact]
    public async Task Ranking_of_three_passages_equals_the_one_worked_by_hand()
    {
        // Lengths with the title's one term: 3, 5, 4; mean 4. k1 1, b 0.5: norm = 0.5 + 0.5 * length / 4 = 0.875, 1.125, 1.
        // "red": df 2 of 3, idf ln(1 + 1.5/2.5) = 0.470004; "fox": df 1, idf ln(8/3) = 0.980829.
        var index = Bm25Index.Build([Make("a", "red dog"), Make("b", "red red fox sky"), Make("c", "dog dog sky")], AnalyzerOptions.Plain);
        var ranked = await RetrieveAsync(index, "Red FOX unicorn", 10, new() { K1 = 1, B = 0.5 });

        Assert.Equal(["b", "a"], ranked.Select(r => r.Passage.Id));
        Assert.Equal([1, 2], ranked.Select(r => r.Rank));
        Assert.Equal((0.470004 * 2 / 3.125) + (0.980829 / 2.125), ranked[0].Score, precision: 5);
        Assert.Equal(0.470004 / 1.875, ranked[1].Score, precision: 5);
    }

    [Fact]
    public async Task Scores_and_order_agree_with_a_scorer_that_looks_at_every_passage()
    {
        var random = new Random(6);
        for (var run = 0; run < 200; run++)
        {
            var passages = Enumerable.Range(0, random.Next(1, 60)).Select(i => Make($"p{i}", Words(random, random.Next(0, 30)), Words(random, 2))).ToList();
            var (k, query) = (random.Next(0, 20), Words(random, random.Next(1, 6)));
            var (k1, b) = (0.1 + (2 * random.NextDouble()), random.NextDouble());
            var ranked = await RetrieveAsync(Bm25Index.Build(passages, AnalyzerOptions.Plain), query, k, new() { K1 = k1, B = b });

            var expected = Naive(passages, query, k1, b).Take(k).ToList();
            Assert.Equal(expected.Select(e => e.Id), ranked.Select(r => r.Passage.Id));
            Assert.All(ranked.Zip(expected), pair => Assert.Equal(pair.Second.Score, pair.First.Score, tolerance: 1e-9));
            Assert.All(ranked, r => Assert.Equal(r.Score, r.Explanation!.Parts.Sum(part => part.Value), tolerance: 1e-9));
        }
    }

    [Fact]
    public async Task Explanation_names_the_numbers_the_score_was_made_of()
    {
        var index = Bm25Index.Build([Make("a", "red dog"), Make("b", "red red fox sky"), Make("c", "dog dog sky")], AnalyzerOptions.Plain);
        var explanation = (await RetrieveAsync(index, "red red fox", 1, new() { K1 = 1, B = 0.5 }))[0].Explanation!;

        Assert.Equal("BM25 with k1 1, b 0.5 over 3 passages", explanation.Description);
        Assert.Equal(
            ["'red': tf 2, df 2, idf 0.4700, length ratio 1.2500, 2 times in the query", "'fox': tf 1, df 1, idf 0.9808, length ratio 1.2500"],
            explanation.Parts.Select(part => part.Description));
    }

    [Fact]
    public async Task Title_and_headings_are_searched()
    {
        var index = Bm25Index.Build([Make("a", "text", "Zebra") with { HeadingPath = ["Stripes"] }, Make("b", "text", "Lion")]);
        Assert.Equal("a", Assert.Single(await RetrieveAsync(index, "zebras", 5)).Passage.Id);
        Assert.Equal("a", Assert.Single(await RetrieveAsync(index, "stripe", 5)).Passage.Id);
    }

    [Fact]
    public async Task Nothing_matches_in_an_empty_index_or_for_stop_words()
    {
        Assert.Empty(await RetrieveAsync(Bm25Index.Build([]), "zebra", 5));
        Assert.Empty(await RetrieveAsync(Bm25Index.Build([Make("a", "the of")]), "the of", 5));
    }

    [Fact]
    public void Parameters_out_of_range_are_all_named() => Assert.Equal(
        "BM25: K1 is 0, must be greater than 0; B is 2, must be in [0, 1].",
        Assert.Throws<AgentRagException>(() => new Bm25Options { K1 = 0, B = 2 }.Validated()).Message);

    private static Task<IReadOnlyList<RankedPassage>> RetrieveAsync(Bm25Index index, string query, int k, Bm25Options? options = null) =>
        new Bm25Retriever(index, options).RetrieveAsync(new(query, k) { Explain = true }, TestContext.Current.CancellationToken);

    private static IEnumerable<(string Id, double Score)> Naive(List<Passage> passages, string query, double k1, double b)
    {
        var texts = passages.ConvertAll(p => $"{p.Title} {p.Text}".Split(' ', StringSplitOptions.RemoveEmptyEntries));
        var mean = texts.Average(text => text.Length);
        return passages
            .Select((p, i) => (p.Id, Score: query.Split(' ').Sum(term => Term(term, texts[i])), i))
            .Where(p => p.Score > 0).OrderByDescending(p => Math.Round(p.Score, 9)).ThenBy(p => p.i).Select(p => (p.Id, p.Score));

        double Term(string term, string[] text)
        {
            double df = texts.Count(t => t.Contains(term)), tf = text.Count(t => t == term);
            return Math.Log(1 + ((texts.Count - df + 0.5) / (df + 0.5))) * tf / (tf + (k1 * (1 - b + (b * text.Length / mean))));
        }
    }

    private static string Words(Random random, int count) => string.Join(' ', Enumerable.Range(0, count).Select(_ => "abcdefghijkl"[(int)(12 * Math.Pow(random.NextDouble(), 2))]));

    private static Passage Make(string id, string text, string title = "t") => new()
    {
        Id = id,
        DocumentId = id,
        Title = title,
        Source = "s",
        Start = 0,
        End = text.Length,
        Text = text,
        ContentHash = PassageSplitter.ContentHash(text),
        TokenCount = 1,
    };
}
