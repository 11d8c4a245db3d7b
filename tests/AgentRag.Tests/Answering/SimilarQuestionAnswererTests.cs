using System.Text.Json;
using AgentRag.Answering;
using AgentRag.Caching;
using AgentRag.Documents;
using AgentRag.Evaluation;
using AgentRag.Prompting;
using AgentRag.Tests.Fakes;
using Xunit;
using static AgentRag.Tests.Fakes.TestPassages;

namespace AgentRag.Tests.Answering;

public sealed class SimilarQuestionAnswererTests : IDisposable
{
    private readonly MemoryCache _store = new();
    private readonly ScriptedChatClient _model = new(request => request.Question.Contains("unheard", StringComparison.Ordinal) ? "not found" : $"{request.Question} [1]");

    public void Dispose() => _model.Dispose();

    [Fact]
    public async Task A_question_that_asks_the_same_in_other_words_gets_the_earlier_answer_at_no_cost()
    {
        List<AnswerEvent> events = [];
        var first = await AskAsync("Who wrote the novel Salt?");
        var again = await Answerer().AnswerAsync(Request("Please tell me: who wrote the novel Salt?"), new EventList(events));
        Assert.Single(_model.Sent);
        Assert.Equal(("Please tell me: who wrote the novel Salt?", first.Text, 0L), (again.Question, again.Text, again.EffectiveContextTokens));
        Assert.Equal(JsonSerializer.Serialize(first.Citations), JsonSerializer.Serialize(again.Citations));
        Assert.Empty(again.Trace);
        Assert.Equal(("Who wrote the novel Salt?", AnswerUsage.None), (again.EarlierQuestion, again.Usage));
        Assert.Null(first.EarlierQuestion);
        Assert.Equal([typeof(Planned), typeof(SimilarQuestionFound), typeof(Answered)], events.Select(happened => happened.GetType()));
        Assert.Equal((new SimilarQuestionFound("Who wrote the novel Salt?", 0.97), again), (events[1], ((Answered)events[2]).Answer)); // please, tell, me
    }

    [Fact]
    public async Task Whoever_wants_the_text_as_it_is_written_gets_it_of_an_earlier_answer_too()
    {
        var first = await AskAsync("Who wrote Salt?");
        List<AnswerEvent> events = [];
        await Answerer().AnswerAsync(Request("Who wrote Salt?") with { StreamsText = true }, new EventList(events));
        Assert.Equal(first.Text, Assert.Single(events.OfType<TextStreamed>()).Text);
    }

    [Fact]
    public async Task A_question_with_a_conversation_before_it_is_always_asked()
    {
        await AskAsync("Who wrote Salt?");
        var asked = _model.Sent.Count;
        var again = await Answerer().AnswerAsync(Request("Who wrote Salt?") with { History = [new ChatTurn("Which novels are there?", "Salt.")] });
        Assert.Null(again.EarlierQuestion);
        Assert.True(_model.Sent.Count > asked);
    }

    [Theory]
    [InlineData("Who wrote the novel Salt?", "Who wrote the novel Sand?")]
    [InlineData("Which came first, Salt or Sand?", "Which came last, Salt or Sand?")]
    [InlineData("Did Ida teach Oda?", "Did Oda teach Ida?")]
    [InlineData("Who was mayor in 1878?", "Who was mayor in 1879?")]
    [InlineData("Who was born in Orm?", "Who was not born in Orm?")]
    public async Task A_question_that_asks_something_else_is_asked(string first, string second)
    {
        await AskAsync(first);
        await AskAsync(second);
        Assert.Equal(2, _model.Sent.Count);
    }

    [Fact]
    public async Task Other_parameters_another_scope_and_another_measure_find_nothing()
    {
        await AskAsync("Who wrote Salt?");
        await Answerer().AnswerAsync(Request("Who wrote Salt?") with { Parameters = new InferenceParameters(2, 0, 1) });
        await Answerer("index v2").AnswerAsync(Request("Who wrote Salt?"));
        Assert.Equal(3, _model.Sent.Count);
    }

    [Fact]
    public async Task That_nothing_was_found_is_asked_again()
    {
        await AskAsync("Who wrote the unheard book?");
        await AskAsync("Who wrote the unheard book?");
        Assert.Equal(2, _model.Sent.Count);
    }

    [Fact]
    public async Task Only_the_latest_questions_are_kept()
    {
        foreach (var question in new[] { "Who wrote Salt?", "Who wrote Sand?", "Who wrote Silt?", "Who wrote Salt?" })
        {
            await Answerer(options: new() { MaxQuestions = 2 }).AnswerAsync(Request(question));
        }

        Assert.Equal(4, _model.Sent.Count);
    }

    [Fact]
    public async Task Embeddings_can_be_the_measure()
    {
        using var embedder = new HashingEmbedder();
        var similarity = new EmbeddingSimilarity(embedder);
        var scores = await similarity.CompareAsync("salt and sand", ["salt and sand", "sand and salt", "ferry"]);
        Assert.Equal((1.0, 1.0, true), (scores[0], Math.Round(scores[1], 9), scores[2] < 0.5));
        await similarity.CompareAsync("ferry", ["salt and sand"]);
        Assert.Single(embedder.Requests); // each text once
    }

    [Theory]
    [InlineData("Who wrote Salt?", "who wrote Salt", 1)]
    [InlineData("Who wrote Salt?", "Could you tell me who wrote Salt?", 0.96)] // could, you, tell, me
    [InlineData("When were the bridges opened?", "When were a bridge opening?", 1)] // one article for another, and the same stems
    [InlineData("When was the bridge built?", "When was the old bridge built?", 0.9)] // one word
    [InlineData("When was it built?", "Why was it built?", 0.8)] // one word each
    [InlineData("Did he see Ida before Oda?", "Did he see Oda before Ida?", 0)] // names in another order
    public async Task The_lexical_measure_counts_differences(string one, string other, double expected)
    {
        Assert.Equal(expected, (await new LexicalSimilarity().CompareAsync(one, [other]))[0], precision: 9);
        Assert.Equal(expected, (await new LexicalSimilarity().CompareAsync(other, [one]))[0], precision: 9);
    }

    [Fact]
    public async Task The_measurement_counts_hits_false_hits_rewordings_and_alterations()
    {
        // 2 repeats 1 with the same answer, 4 repeats 3 with another. Rewordings: five of each. Alterations: 1878 -> 1879 in questions 3 and 4; "not" in all four.
        LabelledQuestion[] questions =
        [
            Labelled("1", "Who was the builder of Kettle Bridge?", "Ada Quill"), Labelled("2", "Please, who was the builder of Kettle Bridge?", "ada quill"),
            Labelled("3", "Who was mayor in 1878?", "Ida"), Labelled("4", "Who was the mayor in 1878?", "Oda"),
        ];
        var measured = await SemanticCacheMeasurement.RunAsync(new LexicalSimilarity(), questions, [0.95, 0.9]);
        Assert.Equal((0.95, 4, 2, 1, 20), (measured[0].Threshold, measured[0].Asked, measured[0].Hits, measured[0].FalseHits, measured[0].Rewordings));
        Assert.Equal((20, 6, 0), (measured[0].RewordingHits, measured[0].Alterations, measured[0].AlterationHits));
        Assert.Equal(1 / 22.0, measured[0].FalseHitRate!.Value, precision: 9);
        // At 0.9 one more word is let pass: the four with "not".
        Assert.Equal(4, measured[1].AlterationHits);
        Assert.Equal(5 / 26.0, measured[1].FalseHitRate!.Value, precision: 9);
    }

    private static LabelledQuestion Labelled(string id, string question, string answer) => new() { Id = id, Question = question, Answers = [answer] };

    private static AnswerRequest Request(string question) => new(question, new InferenceParameters(1, 0, 1), new TokenBudgetOptions());

    private Task<Answer> AskAsync(string question) => Answerer().AnswerAsync(Request(question));

    private SimilarQuestionAnswerer Answerer(string scope = "index v1", SimilarQuestionOptions? options = null) => new(
        new RagAnswerer(new AnsweringContext { Retriever = new ListRetriever(Passage("salt", "x"), Passage("sea", "y")), Model = _model, TokenCounter = new WordCounter() }),
        new ResultCache(_store),
        new LexicalSimilarity(),
        scope,
        options);
}
