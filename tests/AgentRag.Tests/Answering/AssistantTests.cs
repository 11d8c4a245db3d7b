using AgentRag.Answering;
using AgentRag.Answering.Assistants;
using AgentRag.Documents;
using AgentRag.Prompting;
using AgentRag.Tests.Fakes;
using Xunit;
using static AgentRag.Tests.Fakes.TestPassages;

namespace AgentRag.Tests.Answering;

public sealed class AssistantTests
{
    private static readonly Passage[] Law =
    [
        Passage("q1", "问：借款人去世，继承人是否应履行偿还义务？答：继承人在所得遗产实际价值范围内清偿债务；放弃继承的，可以不负清偿责任。"),
        Passage("q2", "问：合同何时成立？"),
    ];

    private static readonly Passage[] Papers =
    [
        Passage("1706.03762", "The Transformer is based solely on attention mechanisms, dispensing with recurrence.", "Attention [is] all you need"),
        Passage("1603.06393", "Copying mechanism in sequence-to-sequence learning for summarisation.", "Incorporating Copying"),
        Passage("1409.0473", "Neural machine translation with a recurrent encoder and soft alignment search.", "Jointly Learning to Align"),
    ];

    [Fact]
    public void Two_assistants_are_shipped() => Assert.Equal(["arxiv", "legal"], Assistant.Shipped);

    [Fact]
    public async Task The_legal_assistant_states_the_law_and_never_mentions_documents()
    {
        var answer = await AskAsync("legal", Law, "根据Doc_1，继承人应在所得遗产实际价值范围内清偿债务（Doc_1）。放弃继承的，可以不负清偿责任[1]。");
        Assert.Equal("继承人应在所得遗产实际价值范围内清偿债务。放弃继承的，可以不负清偿责任。", answer.Text);
        Assert.Empty(answer.Citations);
    }

    [Fact]
    public async Task What_still_mentions_documents_is_asked_for_again_and_dropped_if_it_stays()
    {
        var model = new ScriptedChatClient("上述文档指出应当偿还。", "应当在遗产范围内偿还。文档中没有更多内容。");
        var answer = await AskAsync("legal", Law, model);
        Assert.Equal("应当在遗产范围内偿还。", answer.Text);
        Assert.Equal(["answer", "repair"], answer.Trace.Select(request => request.Purpose));
    }

    [Theory]
    [InlineData("未找到相关答案")]
    [InlineData("「未找到相关答案」。")]
    [InlineData("not found")]
    [InlineData("文档中没有答案。")]
    public async Task The_legal_assistant_refuses_with_one_fixed_sentence(string reply)
    {
        var answer = await AskAsync("legal", Law, new ScriptedChatClient(_ => reply));
        Assert.Equal("未找到相关答案", answer.Text);
        Assert.True(answer.IsNotFound);
    }

    [Fact]
    public async Task Without_any_passage_an_assistant_refuses_whatever_the_model_knows() =>
        Assert.Equal("未找到相关答案", (await AskAsync("legal", [], "应当偿还。")).Text);

    [Fact]
    public async Task The_arxiv_assistant_cites_what_bears_a_sentence_out_in_the_order_of_retrieval_and_lists_links()
    {
        var answer = await AskAsync(
            "arxiv",
            Papers,
            "Soft alignment search came with recurrent machine translation [3]. The Transformer dispenses with recurrence and uses attention mechanisms alone [1, 2]. It won a prize [7].");
        Assert.Equal(
            """
            Soft alignment search came with recurrent machine translation [2]. The Transformer dispenses with recurrence and uses attention mechanisms alone [1]. It won a prize.

            [1] [Attention (is) all you need](https://arxiv.org/abs/1706.03762)
            [2] [Jointly Learning to Align](https://arxiv.org/abs/1409.0473)
            """.ReplaceLineEndings("\n"),
            answer.Text);
        Assert.Equal(["1706.03762#0", "1409.0473#0"], answer.Citations.Select(citation => citation.PassageId));
        Assert.Equal(2, answer.DroppedCitations);
    }

    [Fact]
    public async Task An_assistant_may_name_authors_and_years_that_the_passage_lacks_where_a_short_answer_may_not()
    {
        const string Sentence = "Vaswani et al. (2017) showed that attention mechanisms can replace recurrence [1].";
        var answer = await AskAsync("arxiv", Papers, Sentence);
        Assert.Equal(["1706.03762#0"], answer.Citations.Select(citation => citation.PassageId));

        // The same words as a short answer: a name and a year that no passage holds.
        var shortAnswer = CitedText.Parse(Sentence).Check([new NumberedPassage(1, 0, 1, Papers[0])], "What replaced recurrence?", []);
        Assert.Equal((0, 1), (shortAnswer.Citations.Count, shortAnswer.Dropped));
    }

    [Fact]
    public async Task An_answer_of_too_many_words_ends_behind_its_last_whole_sentence()
    {
        var answer = await AskAsync("arxiv", Papers, string.Concat(Enumerable.Range(0, 200).Select(i => $"Sentence number {i} ends. ")));
        Assert.EndsWith("Sentence number 124 ends.", answer.Text, StringComparison.Ordinal); // 125 sentences of 4 words are 500
    }

    [Theory]
    [InlineData("Doc_3", "")]
    [InlineData("According to the provided documents, it rains (Doc_2).", "it rains.")]
    [InlineData("See document 4.", "See .")]
    [InlineData("The doctor documented it.", "The doctor documented it.")]
    [InlineData("根据《民法典》第1161条，应当偿还。", "根据《民法典》第1161条，应当偿还。")]
    public void Sources_are_taken_out_and_the_law_is_left_in(string text, string expected) => Assert.Equal(expected, AssistantText.WithoutSources(text));

    [Fact]
    public void A_first_sentence_that_is_too_long_is_cut_behind_a_word() => Assert.Equal("one two…", AssistantText.Cut("one two three four", 2));

    [Fact]
    public void A_file_of_one_s_own_is_an_assistant_and_its_mistakes_are_named()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("mine.yaml", """
            name: mine
            template: "{{question}}"
            execution_settings:
              default:
                agentrag_system: Reply {{refusal}} at {{temperature}}
                agentrag_assistant:
                  refusal: No idea.
                  citations: footnotes
            """);
        var e = Assert.Throws<AgentRagException>(() => Assistant.Load(path));
        Assert.Equal($"{path}:5: agentrag_assistant.citations is 'footnotes', must be hidden, numbers or links.", e.Message);
    }

    [Fact]
    public void An_unknown_name_is_an_error_that_names_the_shipped_ones() => Assert.Equal(
        "There is no assistant 'medical': use one of arxiv, legal, or the path of a prompt file with a part agentrag_assistant.",
        Assert.Throws<AgentRagException>(() => Assistant.Load("medical")).Message);

    private static Task<Answer> AskAsync(string assistant, Passage[] corpus, string reply) => AskAsync(assistant, corpus, new ScriptedChatClient(reply));

    private static Task<Answer> AskAsync(string assistant, Passage[] corpus, ScriptedChatClient model) =>
        new AssistantAnswerer(new AnsweringContext { Retriever = new ListRetriever(corpus), Model = model, TokenCounter = new WordCounter() }, Assistant.Load(assistant))
            .AnswerAsync(new AnswerRequest("借款人去世，继承人是否应履行偿还义务？", new InferenceParameters(5, 0, 1), new TokenBudgetOptions()), cancellationToken: TestContext.Current.CancellationToken);
}
