using AgentRag.Indexing;
using AgentRag.Retrieval.Qdrant;
using AgentRag.Tests.Fakes;
using Xunit;

namespace AgentRag.Tests.Retrieval.Qdrant;

public sealed class SparseBm25Tests
{
    private static SparseBm25 Bm25(double meanPassageTerms) => new(new()
    {
        Analyzer = AnalyzerOptions.Plain,
        Bm25 = new() { K1 = 1.2, B = 0.75 },
        MeanPassageTerms = meanPassageTerms,
    });

    [Theory]
    [InlineData("", 0x811C9DC5)] // The published test vectors of FNV-1a, 32 bits.
    [InlineData("a", 0xE40C292C)]
    [InlineData("foobar", 0xBF9CF968)]
    public void A_term_has_the_published_hash(string term, uint expected) => Assert.Equal(expected, SparseBm25.TermId(term));

    [Fact]
    public void A_passage_is_weighed_as_worked_by_hand_over_title_headings_and_text()
    {
        // 5 terms against a mean of 2.5: norm = 1.2 * (0.25 + 0.75 * 2) = 2.1. a stands 3 times: 3 / 5.1; b and c once: 1 / 3.1.
        var weights = Bm25(meanPassageTerms: 2.5).Passage(TestPassages.Passage("x", "a c", title: "a b") with { HeadingPath = ["A"] });

        Assert.Equal(3, weights.Count);
        Assert.Equal(3 / 5.1, weights[SparseBm25.TermId("a")], tolerance: 1e-6);
        Assert.Equal(1 / 3.1, weights[SparseBm25.TermId("b")], tolerance: 1e-6);
        Assert.Equal(1 / 3.1, weights[SparseBm25.TermId("c")], tolerance: 1e-6);
    }

    [Fact]
    public void A_query_counts_its_terms() =>
        Assert.Equal([("a", 1), ("b", 2)], Bm25(1).Query("b a B").Select(term => (term.Text, term.Count)).Order());

    [Fact]
    public void Terms_that_share_a_number_count_as_one()
    {
        // "costarring" and "liquid" are a known pair of colliding words for FNV-1a.
        Assert.Equal(SparseBm25.TermId("costarring"), SparseBm25.TermId("liquid"));

        var term = Assert.Single(Bm25(1).Query("costarring liquid"));
        Assert.Equal(("costarring|liquid", 2), (term.Text, term.Count));
        Assert.Equal(2 / (2 + (1.2 * (0.25 + (0.75 * 2)))), Assert.Single(Bm25(1).Passage(TestPassages.Passage("x", "costarring liquid", title: ""))).Value, tolerance: 1e-6);
    }

    [Fact]
    public void A_point_id_is_the_hash_of_the_passage_id_marked_as_version_8()
    {
        // sha256 of "agentrag/passage/handbook#1f" by another tool, version and variant set by hand.
        Assert.Equal("36f63b02-60b8-8b65-8dcc-5712d01e61de", QdrantPointId.Of("handbook#1f").ToString());
        Assert.NotEqual(QdrantPointId.Of("handbook#1f"), QdrantPointId.Of("handbook#1e"));
    }

    [Theory]
    [InlineData("docs/a/b.md", "docs", "docs/a", "docs/a/b.md")]
    [InlineData("/srv/b.md", "/", "/srv", "/srv/b.md")]
    [InlineData("rows.jsonl:12", "rows.jsonl", "rows.jsonl:12")]
    [InlineData(@"C:\docs\b.md", "C:", "C:/docs", "C:/docs/b.md")]
    [InlineData("b.md", "b.md")]
    [InlineData("a:b/c", "a:b", "a:b/c")]
    public void A_source_lies_below_its_folders_and_its_file(string source, params string[] paths) => Assert.Equal(paths, SourcePaths.Of(source));
}
