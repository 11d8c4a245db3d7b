using AgentRag.Answering;
using AgentRag.Demonstrations;
using AgentRag.Models;
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
        Assert.Equal("there is no place of the question 'left': use below, above", Assert.Throws<AgentRagException>(() => PromptLayout.ParseQuestion("left")).Message);
        Assert.Equal((QuestionPlace.Below, QuestionPlace.Above), (PromptLayout.ParseQuestion("below"), PromptLayout.ParseQuestion("above")));
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

    [Theory]
    [InlineData(PromptName.Rag), InlineData(PromptName.Drag), InlineData(PromptName.ChainOfThought), InlineData(PromptName.IterDragStep), InlineData(PromptName.IterDragFinal)]
    [InlineData(PromptName.Sufficiency), InlineData(PromptName.KeywordNote)]
    public void The_question_stands_above_or_below_the_passages_and_nothing_else_differs(PromptName name)
    {
        var demonstration = new PreparedDemonstration(new Demonstration { Id = "d", Question = "What was asked?", Answer = "a", Steps = [], Supporting = [] }, [[Passage("x", "1")]]);
        var content = new PromptContent { Question = "Who did it?", Demonstrations = [demonstration], Passages = Passages, Steps = [new SelfAskStep("Sub?", null)] };
        var template = PromptLibrary.Default.Get(name);
        Assert.True(template.TakesQuestionAbove && template.IsRenderedInParts);
        var below = template.Render(content, new WordCounter());
        var above = template.Render(content with { Layout = new PromptLayout { Question = QuestionPlace.Above } }, new WordCounter());

        Assert.True(below.User.IndexOf("Who did it?", StringComparison.Ordinal) > below.User.LastIndexOf("</passage>", StringComparison.Ordinal));
        Assert.Contains("Question: Who did it?\n", above.User, StringComparison.Ordinal);
        var place = above.User.IndexOf("Who did it?", StringComparison.Ordinal);
        Assert.Equal(place, above.User.LastIndexOf("Who did it?", StringComparison.Ordinal)); // once
        Assert.True(place < above.User.IndexOf("<passage number=\"5\"", StringComparison.Ordinal));
        Assert.Equal(Lines(below.User), Lines(above.User));
        Assert.Equal((below.System, below.TokenCount), (above.System, above.TokenCount));
        if (below.User.Contains("What was asked?", StringComparison.Ordinal))
        {
            // Worked examples show it in the same place.
            Assert.True(below.User.IndexOf("What was asked?", StringComparison.Ordinal) > below.User.IndexOf("</passage>", StringComparison.Ordinal));
            Assert.True(above.User.IndexOf("What was asked?", StringComparison.Ordinal) < above.User.IndexOf("<passage", StringComparison.Ordinal));
        }

        static IEnumerable<string> Lines(string text) => text.Split('\n').Where(line => line.Length > 0).Order(StringComparer.Ordinal);
    }

    [Fact]
    public void With_the_question_above_appended_batches_still_leave_what_came_before_untouched()
    {
        var layout = new PromptLayout { Question = QuestionPlace.Above };
        var template = PromptLibrary.Default.Get(PromptName.IterDragStep);
        var first = template.Render(new PromptContent { Question = "Who?", Passages = Passages[..5], Layout = layout }, new WordCounter());
        var later = template.Render(
            new PromptContent { Question = "Who?", Passages = Passages, Steps = [new SelfAskStep("Sub?", null)], Layout = layout }, new WordCounter());
        var shared = first.User[..(first.User.LastIndexOf("</passage>", StringComparison.Ordinal) + "</passage>".Length)];
        Assert.StartsWith(shared, later.User, StringComparison.Ordinal);
        Assert.Contains("Question: Who?", shared, StringComparison.Ordinal);

        // What providers are told to keep ends behind the first batch in both.
        var end = Assert.Single(first.CacheBoundaries);
        Assert.Contains(end, later.CacheBoundaries);
        Assert.Equal(first.User[..end], later.User[..end]);
        Assert.Equal("reversed-rank, append-batches, question above", layout.ToString());
    }

    [Fact]
    public async Task A_prompt_with_one_place_for_the_question_cannot_show_it_above()
    {
        using var files = new TemporaryFolder();
        var path = files["rag.yaml"];
        await File.WriteAllTextAsync(
            path,
            "name: own\ntemplate_format: handlebars\ntemplate: |\n  {{#each passages}}{{text}}{{/each}}\n  {{question}}\nexecution_settings:\n  default:\n    agentrag_system: Answer.\n",
            TestContext.Current.CancellationToken);
        var context = new AnsweringContext
        {
            Retriever = new ListRetriever(Passage("a", "Tarn built it.")),
            Model = new ScriptedChatClient("Tarn"),
            TokenCounter = new WordCounter(),
            Prompts = PromptLibrary.Load(files.Path),
            Layout = new PromptLayout { Question = QuestionPlace.Above },
        };
        var request = new AnswerRequest("Who?", new InferenceParameters(1, 0, 1), new TokenBudgetOptions());
        var error = await Assert.ThrowsAsync<AgentRagException>(() => new RagAnswerer(context).AnswerAsync(request, cancellationToken: TestContext.Current.CancellationToken));
        Assert.Equal(
            $"{path}: the question is to stand above the passages, and this prompt has one place for it: write {{{{#if question_above}}}} around a place above and " +
            "{{#unless question_above}} around the one below, or leave the question below.",
            error.Message);
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
