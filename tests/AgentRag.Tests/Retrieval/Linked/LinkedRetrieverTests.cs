using System.Text;
using AgentRag.Indexing;
using AgentRag.Retrieval;
using AgentRag.Retrieval.Linked;
using AgentRag.Tests.Fakes;
using AgentRag.Tests.Indexing;
using Xunit;

namespace AgentRag.Tests.Retrieval.Linked;

public sealed class LinkedRetrieverTests
{
    private static readonly (string Id, string Title, string Text)[] Films =
    [
        ("film", "Blind Man's Eyes", "A silent drama film directed by John Ince."),
        ("director", "John Ince (actor)", "He died on April 10, 1947 in Hollywood."),
        ("thomas", "Thomas Ince", "A producer, the brother of John Ince, who died on a yacht."),
        ("other", "Miloš Forman", "A film director who died in Danbury."),
        ("noise", "Date Night", "A film about a man and his eyes, by nobody in particular."),
    ];

    [Fact]
    public async Task A_passage_that_shares_no_name_with_the_question_is_found_through_a_title()
    {
        var ranked = await RankAsync(Films, "When did the director of Blind Man's Eyes die?");

        Assert.Equal(["film", "director"], ranked.Take(2).Select(passage => passage.Passage.DocumentId));
    }

    [Fact]
    public async Task Without_titles_passages_are_found_through_the_names_they_begin_with_and_share()
    {
        var ranked = await RankAsync(
            [
                ("1", "", "Decade is an album by Neil Young."), ("2", "", "Scott Young, the father of Neil Young, wrote novels."),
                ("3", "", "Novels are long."), ("4", "", "A decade has ten years."), ("5", "", "The performer sang."),
            ],
            "Who is the father of the performer of Decade?");

        Assert.Equal(["1", "2"], ranked.Take(2).Select(passage => passage.Passage.DocumentId));
    }

    [Theory]
    [InlineData("which words stand here"), InlineData("cat dog"), InlineData("nothing at all matches xyzzy")]
    public async Task Without_links_the_result_is_that_of_bm25(string question)
    {
        var random = new Random(5);
        string[] words = ["cat", "dog", "which", "words", "stand", "here", "some", "other", "things", "run", "all", "match"];
        var index = Bm25Index.Build(Enumerable.Range(0, 300).Select(i => TestPassages.Passage(
            $"d{i}", string.Join(' ', Enumerable.Range(0, random.Next(3, 30)).Select(_ => words[random.Next(words.Length)])), "")));
        RetrievalQuery query = new(question, 200) { Explain = true };

        var linked = await new LinkedRetriever(index, LinksGraph.Build(index)).RetrieveAsync(query);

        var plain = await new Bm25Retriever(index).RetrieveAsync(query);
        Assert.Equal(plain.Select(passage => (passage.Passage.Id, passage.Rank, passage.Score)), linked.Select(passage => (passage.Passage.Id, passage.Rank, passage.Score)));
    }

    [Fact]
    public async Task A_title_of_many_documents_leads_to_each_with_a_share_of_the_weight()
    {
        var index = LinksGraphTests.Index(
            ("song", "Decade", "An album by Neil Young, made with Ann Lee."), ("n1", "Neil Young (singer)", "Alpha."), ("n2", "Neil Young (painter)", "Beta."), ("n3", "Ann Lee", "Gamma."),
            ("x", "Else", "Delta."));
        var ranked = await new LinkedRetriever(index, LinksGraph.Build(index)).RetrieveAsync(new("Decade", 5) { Explain = true });

        // Both names are mentioned once, so they are equally rare: Ann Lee is one document, Neil Young one of two.
        var bonus = ranked.ToDictionary(passage => passage.Passage.DocumentId, passage => Part(passage, "'Decade'"));
        Assert.Equal(bonus["n3"] / 2, bonus["n1"], precision: 12);
        Assert.Equal(bonus["n1"], bonus["n2"], precision: 12);
    }

    [Fact]
    public async Task Explanations_add_up_and_name_the_link()
    {
        var ranked = await RankAsync(Films, "When did the director of Blind Man's Eyes die?");

        Assert.All(ranked, passage => AssertAddsUp(passage.Explanation!));
        Assert.All(ranked, passage => Assert.Equal(passage.Score, passage.Explanation!.Value, precision: 12));
        Assert.Contains(ranked[0].Explanation!.Parts, part => part.Description == "the question names 'blind man eyes', the title of 1 document");
        Assert.Contains(
            ranked[1].Explanation!.Parts,
            part => part.Description.StartsWith("'Blind Man's Eyes' (film#0) mentions 'john ince', which this is about: link ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Scores_fall_ranks_rise_and_no_passage_comes_twice()
    {
        var ranked = await RankAsync(Films, "When did the director of Blind Man's Eyes die?");

        Assert.Equal(Enumerable.Range(1, ranked.Count), ranked.Select(passage => passage.Rank));
        Assert.Equal(ranked.OrderByDescending(passage => passage.Score).Select(passage => passage.Score), ranked.Select(passage => passage.Score));
        Assert.Equal(ranked.Count, ranked.Select(passage => passage.Passage.Id).Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public async Task The_same_question_gives_the_same_scores_bit_by_bit()
    {
        var first = await RankAsync(Films, "Which film by John Ince is about eyes?");
        var second = await RankAsync(Films, "Which film by John Ince is about eyes?");

        Assert.Equal(first.Select(passage => (passage.Passage.Id, BitConverter.DoubleToInt64Bits(passage.Score))), second.Select(passage => (passage.Passage.Id, BitConverter.DoubleToInt64Bits(passage.Score))));
    }

    [Theory]
    [InlineData(0), InlineData(1), InlineData(3)]
    public async Task The_first_k_do_not_depend_on_k(int k)
    {
        var all = await RankAsync(Films, "When did the director of Blind Man's Eyes die?");
        var few = await RankAsync(Films, "When did the director of Blind Man's Eyes die?", k);

        Assert.Equal(all.Take(k).Select(passage => passage.Passage.Id), few.Select(passage => passage.Passage.Id));
    }

    [Fact]
    public async Task More_than_the_hundred_candidates_are_ranked_when_they_are_asked_for()
    {
        var many = Enumerable.Range(0, 300).Select(i => ($"d{i}", $"Nr {i}", $"A film, a director and {i} eyes."));

        var ranked = await RankAsync([.. Films, .. many], "When did the director of Blind Man's Eyes die?", k: 250);
        var fewer = await RankAsync([.. Films, .. many], "When did the director of Blind Man's Eyes die?", k: 20);

        Assert.Equal(250, ranked.Count);
        Assert.Equal(fewer.Select(passage => (passage.Passage.Id, passage.Score)), ranked.Take(20).Select(passage => (passage.Passage.Id, passage.Score)));
    }

    [Fact]
    public async Task Chinese_questions_follow_links_too()
    {
        var ranked = await RankAsync([("1", "十年", "一张专辑，作者是尼尔杨。"), ("2", "尼尔杨", "加拿大歌手，生于多伦多。"), ("3", "多伦多大学", "一所大学。"), ("4", "音乐", "音乐的历史。")], "专辑十年的作者是谁？");

        Assert.Equal(["1", "2"], ranked.Take(2).Select(passage => passage.Passage.DocumentId));
    }

    [Fact]
    public void A_graph_of_another_index_is_refused()
    {
        var graph = LinksGraphTests.Graph(Films);
        var error = Assert.Throws<ArgumentException>(() => new LinkedRetriever(LinksGraphTests.Index(Films[0]), graph));

        Assert.StartsWith("The graph has 5 passages, the index 1: make the graph from this index.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_problems_of_the_options_are_named()
    {
        var options = new LinkedOptions { TitleWeight = 0, BigramWeight = -1, NamedWeight = double.NaN, SeedPassages = -1, IndirectWeight = -1, WalkPassages = 0, WalkOn = 1, WalkWeight = -2 };

        var error = Assert.Throws<AgentRagException>(options.Validated);

        Assert.Equal(
            "Linked retrieval: TitleWeight is 0, must be at least 1; BigramWeight is -1, must be finite and not negative; NamedWeight is NaN, must be finite and not negative; " +
            "SeedPassages is -1, must not be negative; IndirectWeight is -1, must be finite and not negative; WalkPassages is 0, must be at least 1; WalkOn is 1, must be in [0, 1); " +
            "WalkWeight is -2, must be finite and not negative.",
            error.Message);
    }

    [Fact]
    public async Task A_hostile_corpus_is_indexed_and_searched()
    {
        var shout = new StringBuilder();
        for (var i = 0; i < 20_000; i++)
        {
            shout.Append("SHOUT").Append(i % 97).Append(' ');
        }

        var ranked = await RankAsync(
            [("1", "A", "a a a"), ("2", "the", "the the"), ("3", new string('Q', 1_000_000), "q"), ("4", "", shout.ToString()), ("5", "\ud800", "\udc00 broken"), ("6", "))((", "((("), ("7", "Normal Title", "Normal text.")],
            "the A SHOUT1 Normal Title ((( \ud800");

        Assert.Equal("7", ranked[0].Passage.DocumentId);
    }

    private static async Task<IReadOnlyList<RankedPassage>> RankAsync((string Id, string Title, string Text)[] documents, string question, int k = 100)
    {
        var index = LinksGraphTests.Index(documents);
        return await new LinkedRetriever(index, LinksGraph.Build(index)).RetrieveAsync(new(question, k) { Explain = true });
    }

    private static double Part(RankedPassage passage, string start) =>
        passage.Explanation!.Parts.Where(part => part.Description.StartsWith(start, StringComparison.Ordinal)).Sum(part => part.Value);

    private static void AssertAddsUp(ScoreExplanation explanation)
    {
        if (explanation.Parts.Count > 0)
        {
            Assert.Equal(explanation.Value, explanation.Parts.Sum(part => part.Value), precision: 12);
            Assert.All(explanation.Parts, AssertAddsUp);
        }
    }
}
