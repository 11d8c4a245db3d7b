using AgentRag.Documents;
using Xunit;

namespace AgentRag.Tests.Documents;

/// <summary>Each data set's own form, with made-up content. Field names and nesting are those of the published files.</summary>
public sealed class DataSetFileTests : IDisposable
{
    private const string Hotpot =
        """
        [{"_id":"h1","answer":"Orm","question":"Where was the builder of the light born?",
          "supporting_facts":[["Gannet Light",0],["Ada Venn",1],["Ada Venn",0],["Not Retrieved",0]],
          "context":[["Gannet Light",["The light was built by Ada Venn."," It is white."]],["Ada Venn",["Ada Venn was an engineer."," She was born in Orm."]],["Orm",["Orm is a town."]]],
          "type":"bridge","level":"hard"},
         {"_id":"h2","answer":"yes","question":"Are both towns?","supporting_facts":[["Orm",0]],"context":[["Orm",["Orm is a town."]],["Ada Venn",["Another text."]]],"type":"comparison","level":"easy"}]
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task HotpotQA_brings_questions_supporting_titles_and_paragraphs()
    {
        var set = await LoadAsync("hotpot.json", Hotpot);

        Assert.Equal((DataSetFormat.HotpotQa, "hotpotqa"), (set.Format, set.Name));
        Assert.Equal(["h1", "h2"], set.Questions.Select(question => question.Id));
        Assert.Equal(["Gannet Light", "Ada Venn", "Not Retrieved"], set.Questions[0].Supporting);
        Assert.Equal(("bridge", 2), (set.Questions[0].Type, set.Questions[0].Hops));
        Assert.Equal(["yes"], set.Questions[1].Answers);
        Assert.Equal(new DataSetParagraph("Gannet Light", "Gannet Light", "The light was built by Ada Venn. It is white."), set.Paragraphs[0]);
    }

    [Fact]
    public async Task A_title_with_two_texts_becomes_two_documents()
    {
        var set = await LoadAsync("hotpot.json", Hotpot);

        Assert.Equal(["Gannet Light", "Ada Venn", "Orm"], set.Paragraphs.Take(3).Select(paragraph => paragraph.Id));
        Assert.Equal("Ada Venn", set.Paragraphs[3].Title);
        Assert.Matches("^Ada Venn~[0-9a-f]{8}$", set.Paragraphs[3].Id);
        Assert.Equal("Another text.", set.Paragraphs[3].Text);
    }

    [Fact]
    public async Task HotpotQAs_columns_are_read_as_well()
    {
        var set = await LoadAsync(
            "rows.jsonl",
            """{"id":"h3","question":"Q?","answer":"A","type":"bridge","level":"hard","supporting_facts":{"title":["T","U","T"],"sent_id":[0,0,1]},"context":{"title":["T","U"],"sentences":[["One."," Two."],["Three."]]}}""");

        Assert.Equal(DataSetFormat.HotpotQa, set.Format);
        Assert.Equal(["T", "U"], Assert.Single(set.Questions).Supporting);
        Assert.Equal(["One. Two.", "Three."], set.Paragraphs.Select(paragraph => paragraph.Text));
    }

    [Fact]
    public async Task TwoWiki_is_known_by_its_evidences_and_its_sentences_are_put_apart()
    {
        var set = await LoadAsync(
            "dev.json",
            """
            [{"_id":"w1","type":"bridge_comparison","question":"Which film?","context":[["Film A",["A is a film.","It was made by X."]]],"entity_ids":"Q1_Q2",
              "supporting_facts":[["Film A",0]],"evidences":[["Film A","director","X"]],"answer":"Film A"}]
            """);

        Assert.Equal((DataSetFormat.TwoWikiMultiHopQa, "2wikimultihopqa"), (set.Format, set.Name));
        Assert.Equal(4, set.Questions[0].Hops);
        Assert.Equal("A is a film. It was made by X.", set.Paragraphs[0].Text);
    }

    [Fact]
    public async Task MuSiQue_brings_aliases_decomposition_and_the_passage_of_each_step()
    {
        var set = await LoadAsync(
            "musique_ans.jsonl",
            """
            {"id":"2hop__1_2","paragraphs":[{"idx":0,"title":"Orm","paragraph_text":"Orm lies on the Lisk.","is_supporting":true},{"idx":1,"title":"Orm","paragraph_text":"Orm has a light.","is_supporting":false},{"idx":2,"title":"Lisk","paragraph_text":"The Lisk is long.","is_supporting":true}],"question":"How long is the river of Orm?","question_decomposition":[{"id":1,"question":"What river is Orm on?","answer":"Lisk","paragraph_support_idx":0},{"id":2,"question":"How long is #1?","answer":"long","paragraph_support_idx":2}],"answer":"long","answer_aliases":["very long","long"],"answerable":true}
            {"id":"2hop__1_2","paragraphs":[{"idx":0,"title":"Orm","paragraph_text":"Orm lies on the Lisk.","is_supporting":false}],"question":"How long is the river of Orm?","question_decomposition":[],"answer":"long","answer_aliases":[],"answerable":false}
            """);

        var question = Assert.Single(set.Questions);
        Assert.Equal((DataSetFormat.MuSiQue, "musique", 1), (set.Format, set.Name, set.LeftOut));
        Assert.Equal(["long", "very long"], question.Answers);
        Assert.Equal(("2hop", 2), (question.Type, question.Hops));
        Assert.Equal(3, set.Paragraphs.Count);
        Assert.Equal([set.Paragraphs[0].Id, set.Paragraphs[2].Id], question.Supporting);
        Assert.Equal(
            [new LabelledStep("What river is Orm on?", "Lisk", set.Paragraphs[0].Id), new LabelledStep("How long is #1?", "long", set.Paragraphs[2].Id)],
            question.Decomposition);
    }

    [Fact]
    public async Task MuSiQues_paragraph_ids_do_not_depend_on_which_other_questions_are_in_the_file()
    {
        const string First = """{"id":"a","paragraphs":[{"idx":0,"title":"T","paragraph_text":"one","is_supporting":true}],"question":"Q","answer":"A"}""";
        const string Second = """{"id":"b","paragraphs":[{"idx":0,"title":"T","paragraph_text":"two","is_supporting":true}],"question":"R","answer":"B"}""";

        var both = await LoadAsync("both.jsonl", $"{First}\n{Second}\n");
        var alone = await LoadAsync("alone.jsonl", $"{Second}\n");

        Assert.Equal(both.Questions[1].Supporting, alone.Questions[0].Supporting);
    }

    [Theory]
    [InlineData("Bamboogle Prerelease.csv", "Question,Answer\nWho was first?,\"Venn, Ada\"\nWho was last?,Orm\n")]
    [InlineData("bamboogle.json", """[{"Question":"Who was first?","Answer":"Venn, Ada"},{"Question":"Who was last?","Answer":"Orm"}]""")]
    [InlineData("bamboogle.jsonl", "{\"Question\":\"Who was first?\",\"Answer\":\"Venn, Ada\"}\n{\"Question\":\"Who was last?\",\"Answer\":\"Orm\"}\n")]
    public async Task Bamboogle_is_read_as_CSV_and_JSON(string name, string text)
    {
        var set = await LoadAsync(name, text);

        Assert.Equal((DataSetFormat.Bamboogle, "bamboogle"), (set.Format, set.Name));
        Assert.Equal(["bamboogle-00001", "bamboogle-00002"], set.Questions.Select(question => question.Id));
        Assert.Equal("Who was first?", set.Questions[0].Question);
        Assert.Equal(["Venn, Ada"], set.Questions[0].Answers);
    }

    [Theory]
    [InlineData("NQ-open.dev.jsonl", """{"question": "when was the light lit", "answer": ["1871", "in 1871"]}""", "NQ-open.dev")]
    [InlineData("trivia/dev.jsonl", """{"question": "when was the light lit", "answers": ["1871", "in 1871"], "ctxs": []}""", "trivia")]
    [InlineData("nq/test.jsonl", """{"id":"test_0","question": "when was the light lit", "golden_answers": ["1871", "in 1871"]}""", "nq")]
    public async Task Open_questions_keep_all_their_answers_and_are_named_after_file_or_folder(string name, string text, string expected)
    {
        var set = await LoadAsync(name, text);

        Assert.Equal((DataSetFormat.OpenQuestions, expected), (set.Format, set.Name));
        Assert.Equal(["1871", "in 1871"], Assert.Single(set.Questions).Answers);
    }

    [Theory]
    [InlineData("{\n \"Data\": [\n  {\"Answer\":{\"Aliases\":[\"Oslo\",\"Christiania\"],\"Value\":\"Oslo\"},\"Question\":\"Q?\",\"QuestionId\":\"tc_1\"}\n ],\n \"Domain\": \"Web\"\n}\n")]
    [InlineData("{\"Data\":[{\"Answer\":{\"Aliases\":[\"Oslo\",\"Christiania\"],\"Value\":\"Oslo\"},\"Question\":\"Q?\",\"QuestionId\":\"tc_1\"}],\"Domain\":\"Web\"}")]
    public async Task TriviaQAs_own_file_is_one_object_with_aliases(string text)
    {
        var set = await LoadAsync("unfiltered-web-dev.json", text);

        Assert.Equal(DataSetFormat.TriviaQa, set.Format);
        Assert.Equal(("tc_1", 2), (set.Questions[0].Id, set.Questions[0].Answers.Count));
    }

    [Fact]
    public async Task StrategyQA_is_answered_by_yes_and_no_and_takes_the_first_persons_evidence()
    {
        var set = await LoadAsync(
            "strategyqa_train.json",
            """
            [{"qid":"s1","term":"Orm","description":"town","question":"Could Ada swim?","answer":true,"facts":["f"],"decomposition":["Is #1?"],
              "evidence":[[[["Ada-1","Ada-2"]],["operation"]],[[["Orm-1"]],["no_evidence"]]]},
             {"qid":"s2","term":"Orm","question":"Could Orm swim?","answer":false}]
            """);

        Assert.Equal(DataSetFormat.StrategyQa, set.Format);
        Assert.Equal(["yes", "no"], set.Questions.Select(question => question.Answers[0]));
        Assert.Equal(["Ada-1", "Ada-2"], set.Questions[0].Supporting);
        Assert.Empty(set.Questions[0].Decomposition); // its steps have no answers, so they cannot be shown as worked ones
    }

    [Fact]
    public async Task Our_own_rows_are_read_by_their_own_reader_and_split_names_give_way_to_the_folders()
    {
        var set = await LoadAsync("2wiki/questions.dev.jsonl", """{"id":"1","question":"Q?","answers":["A"],"supporting":["d"]}""");

        Assert.Equal((DataSetFormat.AgentRag, "2wiki"), (set.Format, set.Name));
        Assert.Equal(["d"], set.Questions[0].Supporting);
    }

    [Theory]
    [InlineData("a.json", "[{\"colour\":\"red\",\"size\":1}]", "a.json: row 1: not a data set that is known, by its fields colour, size. Known are HotpotQA")]
    [InlineData("b.txt", "hello there", "b.txt:1: this is neither JSON nor a table of questions: a CSV file needs the columns Question and Answer (Bamboogle). Known are HotpotQA")]
    [InlineData("c.json", "  \n ", "c.json: the file is empty; it needs labelled questions")]
    [InlineData("d.json", "[]", "d.json: there is no question in it.")]
    [InlineData("e.jsonl", "{\"question\":\"Q\",\"answer\":7}", "e.jsonl:1: \"answer\" is missing or no text; it must be a text or a list of texts.")]
    [InlineData("f.jsonl", "{\"question\":\"Q\",\"answer\":\"a\"}\n{\"question\":\"Q\"", "f.jsonl:2: not valid JSON: ")]
    [InlineData("g.json", "[{\"_id\":\"1\",\"question\":\"Q\",\"context\":[],\"supporting_facts\":[]}]", "g.json: row 1: \"answer\" is missing or no text; it must be a text; test splits without answers cannot be scored.")]
    [InlineData("h.json", "[{\"_id\":\"1\",\"question\":\"Q\",\"answer\":\"a\",\"context\":[[\"T\"]],\"supporting_facts\":[]}]", "h.json: row 1: \"context\" or \"supporting_facts\" is not in the form of HotpotQA")]
    [InlineData("i.jsonl", "{\"id\":\"1\",\"question\":\"Q\",\"answer\":\"a\"}\n{\"id\":\"1\",\"question\":\"R\",\"answer\":\"a\"}", "i.jsonl:2: the id \"1\" occurs twice; ids must differ.")]
    [InlineData("j.json", "{\"rows\":[]}", "j.json:1: not a data set that is known, by its fields rows.")]
    [InlineData("k.csv", "Question,Answer\nOnly a question,\n", "k.csv:2: the row needs a question and an answer.")]
    [InlineData("l.jsonl", "{\"id\":\"1\"}", "l.jsonl:1: no \"question\" field;")]
    public async Task What_cannot_be_read_is_an_error_that_names_file_and_row(string name, string text, string expected)
    {
        var exception = await Assert.ThrowsAsync<AgentRagException>(() => LoadAsync(name, text));
        Assert.StartsWith(_folder[expected], exception.Message, StringComparison.Ordinal);
    }

    private Task<DataSet> LoadAsync(string name, string text) => DataSetFile.LoadAsync(_folder.Write(name, text), TestContext.Current.CancellationToken);
}
