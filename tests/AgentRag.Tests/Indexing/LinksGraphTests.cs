using AgentRag.Indexing;
using AgentRag.Tests.Fakes;
using Xunit;

namespace AgentRag.Tests.Indexing;

public sealed class LinksGraphTests
{
    [Fact]
    public void A_title_in_a_text_links_the_text_to_the_document_of_that_title()
    {
        var graph = Graph(("a", "Alpha Song", "A song by Neil Young."), ("b", "Neil Young", "He was born in Toronto."));

        Assert.Equal(["neil young"], Mentioned(graph, passage: 0));
        Assert.Equal([1], Subjects(graph, "neil young"));
        Assert.Empty(Mentioned(graph, passage: 1));
    }

    [Fact]
    public void The_longest_title_wins_and_the_shorter_one_inside_it_is_not_mentioned()
    {
        var graph = Graph(
            ("a", "York", "A city."), ("b", "New York City", "Another city."), ("c", "New York", "A state."), ("d", "Text", "We flew to New York City, then to york and New York."));

        Assert.Equal(["new york city", "new york"], Mentioned(graph, passage: 3));
    }

    [Fact]
    public void Of_overlapping_titles_the_first_takes_its_words()
    {
        var graph = Graph(("a", "alpha beta", "x"), ("b", "beta gamma", "x"), ("c", "other", "alpha beta gamma"));

        Assert.Equal(["alpha beta"], Mentioned(graph, passage: 2));
    }

    [Theory]
    [InlineData("Brand (play)", "The play Brand is long.")]
    [InlineData("Brand（戏剧）", "The play Brand is long.")]
    [InlineData("Älpler Brand", "The ALPLER BRAND burns.")] // case and accents do not matter
    [InlineData("Hornet's Nest", "In the Hornet's Nest again.")]
    [InlineData("Amira & Sam", "We saw Amira & Sam.")]
    [InlineData("東京", "彼は東京に住む。")]
    [InlineData("Толстой", "Роман написал Толстой.")]
    [InlineData("(500) Days of Summer", "We saw (500) Days of Summer.")]
    [InlineData("(What)", "It was (What).", false)] // nothing but a common word in brackets
    public void A_title_is_found_as_texts_write_it(string title, string text, bool isFound = true)
    {
        var graph = Graph(("a", title, "x"), ("b", "Second", text));

        Assert.Equal(isFound ? [0] : [], Mentioned(graph, passage: 1).SelectMany(name => Subjects(graph, name)));
    }

    [Theory]
    [InlineData("A")]
    [InlineData("of")]
    [InlineData("It Is")]
    [InlineData("May")]
    [InlineData("")]
    [InlineData("?!")]
    [InlineData("()")]
    [InlineData("one two three four five six seven eight nine ten eleven twelve thirteen")]
    public void Titles_that_would_be_found_everywhere_or_nowhere_make_no_link(string title)
    {
        var graph = Graph(("a", title, "x"), ("b", "Second", $"This is a text of {title} or so."));

        Assert.Empty(Mentioned(graph, passage: 1));
    }

    [Fact]
    public void A_one_word_title_with_a_capital_is_not_found_in_small_letters()
    {
        var graph = Graph(("a", "Heart", "A film."), ("b", "Second", "My heart is broken."), ("c", "Third", "She acted in Heart."), ("d", "kubectl", "A tool."), ("e", "Fifth", "Kubectl and kubectl."));

        Assert.Empty(Mentioned(graph, passage: 1));
        Assert.Equal(["heart"], Mentioned(graph, passage: 2));
        Assert.Equal(["kubectl"], Mentioned(graph, passage: 4));
    }

    [Fact]
    public void A_one_word_title_that_stands_in_more_than_three_of_a_few_passages_is_a_common_word()
    {
        var graph = Graph([("a", "Data", "x"), .. Enumerable.Range(0, 4).Select(i => ($"d{i}", $"Title {i}", "All Data."))]);

        Assert.All(Enumerable.Range(1, 4), passage => Assert.Empty(Mentioned(graph, passage).SelectMany(name => Subjects(graph, name))));
    }

    [Fact]
    public void A_title_of_a_megabyte_costs_no_more_than_any_other_and_links_nothing()
    {
        var long1 = string.Concat(Enumerable.Repeat("word ", 200_000));
        var graph = Graph(("a", long1, "x"), ("b", new string('x', 1_000_000), "y"), ("c", "Third", "Some word word word."));

        Assert.Empty(Mentioned(graph, passage: 2));
        Assert.All(Enumerable.Range(0, graph.NameCount), name => Assert.InRange(graph.Names[name].Length, 1, 200));
    }

    [Fact]
    public void Two_documents_of_one_title_are_both_linked()
    {
        var graph = Graph(("a", "Neil Young", "A singer."), ("b", "Neil Young (painter)", "A painter."), ("c", "Third", "By Neil Young."));

        Assert.Equal([0, 1], Subjects(graph, "neil young"));
        Assert.Equal(2, graph.SubjectDocuments[Name(graph, "neil young")]);
    }

    [Fact]
    public void All_passages_of_a_document_share_its_title()
    {
        var graph = LinksGraph.Build(Bm25Index.Build(
        [
            TestPassages.Passage("a", "Part one.", "Neil Young") with { Id = "a#1" },
            TestPassages.Passage("a", "Part two.", "Neil Young") with { Id = "a#2" },
            TestPassages.Passage("b", "By Neil Young.", "Song"),
        ]));

        Assert.Equal([0, 1], Subjects(graph, "neil young"));
        Assert.Equal(1, graph.SubjectDocuments[Name(graph, "neil young")]);
        Assert.Equal([Name(graph, "neil young")], graph.SubjectsOf(1).ToArray());
    }

    [Fact]
    public void A_document_without_title_is_about_the_name_it_begins_with()
    {
        var graph = Graph(("a", "", "The Clio Goldsmith Award is a prize."), ("b", "", "She won the Clio Goldsmith Award."), ("c", "", "nothing here, only later Some Name."));

        Assert.Equal([0], Subjects(graph, "clio goldsmith award"));
        Assert.Contains("clio goldsmith award", Mentioned(graph, passage: 1));
        Assert.Empty(graph.SubjectsOf(2).ToArray());
    }

    [Fact]
    public void Capitalised_phrases_that_two_passages_share_are_names()
    {
        var graph = Graph(
            ("a", "First", "He studied at the University of Vienna. There he met William A. Berke."),
            ("b", "Second", "The garden of the University of Vienna was made by William A. Berke, Friedrich Hayek."));

        Assert.Equal(["university of vienna", "william a berke"], Mentioned(graph, passage: 0).Order(StringComparer.Ordinal));
        Assert.Equal(Mentioned(graph, passage: 0), Mentioned(graph, passage: 1));
    }

    [Fact]
    public void A_phrase_of_more_than_a_hundred_passages_is_no_name_and_a_title_of_that_many_leads_only_one_way()
    {
        var texts = Enumerable.Range(0, 101).Select(i => ($"d{i}", $"Nr {i}", "In South Africa and in Great Britain."));
        var graph = Graph([("a", "South Africa", "x"), .. texts]);

        Assert.Equal(["south africa"], Mentioned(graph, passage: 1));
        Assert.Equal(101, graph.MentionCounts[Name(graph, "south africa")]);
        Assert.Empty(graph.Mentions[Name(graph, "south africa")].ToArray());
        Assert.Equal([0], Subjects(graph, "south africa"));
    }

    [Fact]
    public void Titles_in_a_question_are_found_the_longest_first_without_overlap()
    {
        var graph = Graph(("a", "Free Guy", "x"), ("b", "Forbidden Ground", "x"), ("c", "Ground", "x"));

        Assert.Equal(["forbidden ground", "free guy"], graph.TitlesIn("Which is younger, Forbidden Ground or free guy?").Select(name => graph.Names[name]));
    }

    [Fact]
    public void An_index_without_passages_has_an_empty_graph()
    {
        var graph = LinksGraph.Build(Bm25Index.Build([]));

        Assert.Equal((0, 0, 0), (graph.PassageCount, graph.NameCount, graph.MentionCount));
        Assert.Empty(graph.TitlesIn("Anything At All"));
    }

    internal static LinksGraph Graph(params (string Id, string Title, string Text)[] documents) => LinksGraph.Build(Index(documents));

    internal static Bm25Index Index(params (string Id, string Title, string Text)[] documents) =>
        Bm25Index.Build(documents.Select(document => TestPassages.Passage(document.Id, document.Text, document.Title)));

    private static int Name(LinksGraph graph, string name) => graph.Names.BinarySearch(System.Text.Encoding.UTF8.GetBytes(name));

    private static int[] Subjects(LinksGraph graph, string name) => graph.Subjects[Name(graph, name)].ToArray();

    private static List<string> Mentioned(LinksGraph graph, int passage) => graph.PassageNames[passage].ToArray().Select(name => graph.Names[name]).ToList();
}
