using AgentRag.Demonstrations;
using AgentRag.Prompting;
using AgentRag.Tests.Fakes;
using Xunit;
using static AgentRag.Tests.Fakes.TestPassages;

namespace AgentRag.Tests.Prompting;

public sealed class PromptLayoutTests
{
    // Two batches: 1 to 5 ranked first to fifth, then 6 to 8; the fourth was found again by the second retrieval, as its second.
    private static readonly NumberedPassage[] Passages =
    [
        Numbered(1, 0, 1, "b", 40), Numbered(2, 0, 2, "a", 30), Numbered(3, 0, 3, "b", 10), Numbered(4, 0, 4, "c", 0) with { BestRank = 2 }, Numbered(5, 0, 5, "a", 5),
        Numbered(6, 1, 1, "d", 0), Numbered(7, 1, 3, "b", 20), Numbered(8, 1, 4, "e", 0),
    ];

    [Theory]
    [InlineData("reversed-rank", "append-batches", "54321 876")]
    [InlineData("rank", "append-batches", "12345 678")]
    [InlineData("document-order", "append-batches", "45231 876")] // c; then a by position, 5 before 2; then b, 3 before 1, whose document ranks first
    [InlineData("ends-first", "append-batches", "24531 786")]
    [InlineData("reversed-rank", "reverse-rank-global", "58374216")] // by best rank, of equal ones the newer batch nearer to the question: 6, 1; 2, 4; 7, 3; 8; 5
    [InlineData("rank", "reverse-rank-global", "61247385")]
    public void Passages_stand_as_worked_by_hand(string order, string batches, string expected)
    {
        var layout = new PromptLayout { Order = PromptLayout.ParseOrder(order), Batches = PromptLayout.ParseBatches(batches) };
        Assert.Equal(expected.Replace(" ", "", StringComparison.Ordinal), string.Concat(layout.Arrange(Passages).Select(passage => passage.Number)));
        Assert.Equal($"{order}, {batches}", layout.ToString());
    }

    [Fact]
    public void Unknown_names_are_refused_with_those_there_are()
    {
        Assert.Equal(
            "there is no order of passages 'best': use reversed-rank, rank, document-order, ends-first",
            Assert.Throws<AgentRagException>(() => PromptLayout.ParseOrder("best")).Message);
        Assert.Equal(
            "there is no layout 'x': use append-batches, reverse-rank-global", Assert.Throws<AgentRagException>(() => PromptLayout.ParseBatches("x")).Message);
    }

    [Fact]
    public void Demonstrations_show_their_passages_in_the_same_order()
    {
        var demonstration = new PreparedDemonstration(
            new Demonstration { Id = "d", Question = "q", Answer = "a", Steps = [], Supporting = [] }, [[Passage("x", "1"), Passage("y", "2"), Passage("z", "3")], [Passage("v", "4")]]);
        var content = new PromptContent { Question = "Who?", Demonstrations = [demonstration] };
        Assert.Equal("zyxv", Sources(content));
        Assert.Equal("xyzv", Sources(content with { Layout = new PromptLayout { Order = PassageOrder.Rank } }));
        Assert.Equal("zyxv", Sources(content with { Layout = new PromptLayout { Batches = BatchLayout.ReverseRankGlobal } }));

        static string Sources(PromptContent content) => string.Concat(PromptLibrary.Default.Get(PromptName.Drag).Render(content, new WordCounter()).User
            .Split("source=\"").Skip(1).Select(text => text[0]));
    }

    [Fact]
    public void Appended_batches_leave_what_came_before_untouched_and_the_boundaries_say_where_it_ends()
    {
        var first = Render(Passages[..5]);
        var later = Render(Passages);
        Assert.Equal(2, first.CacheBoundaries.Count); // behind the demonstrations, behind the batch
        Assert.Equal(3, later.CacheBoundaries.Count);
        Assert.Equal(first.CacheBoundaries, later.CacheBoundaries.Take(2));
        foreach (var boundary in first.CacheBoundaries)
        {
            Assert.Equal(first.User[..boundary], later.User[..boundary]);
        }

        Assert.EndsWith("</example>\n\n", first.User[..first.CacheBoundaries[0]], StringComparison.Ordinal);
        Assert.EndsWith("</passage>\n", first.User[..first.CacheBoundaries[1]], StringComparison.Ordinal);
        Assert.StartsWith("\nQuestion: Who?", later.User[later.CacheBoundaries[2]..], StringComparison.Ordinal);
        Assert.Equal(first.CacheBoundaries, PromptCacheMarks.Of(first.Messages[1]));

        static RenderedPrompt Render(NumberedPassage[] passages) => PromptLibrary.Default.Get(PromptName.IterDragStep).Render(
            new PromptContent
            {
                Question = "Who?",
                Passages = passages,
                Demonstrations = [new PreparedDemonstration(new Demonstration { Id = "d", Question = "q", Answer = "a", Steps = [], Supporting = [] }, [])],
            },
            new WordCounter());
    }

    [Fact]
    public void The_global_order_shares_only_the_demonstrations() => Assert.Single(PromptLibrary.Default.Get(PromptName.IterDragStep).Render(
        new PromptContent
        {
            Question = "Who?",
            Passages = Passages,
            Layout = new PromptLayout { Batches = BatchLayout.ReverseRankGlobal },
            Demonstrations = [new PreparedDemonstration(new Demonstration { Id = "d", Question = "q", Answer = "a", Steps = [], Supporting = [] }, [])],
        },
        new WordCounter()).CacheBoundaries.SkipLast(1));

    private static NumberedPassage Numbered(int number, int batch, int rank, string document, int start) =>
        new(number, batch, rank, Passage($"{document}{number}", "text") with { DocumentId = document, Start = start });
}
