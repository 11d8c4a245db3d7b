using AgentRag.Answering;
using AgentRag.Decoding.Chat;
using AgentRag.Decoding.Tests.Transformers;
using AgentRag.Decoding.Transformers;
using AgentRag.Decoding.Weights;
using AgentRag.Indexing;
using AgentRag.Prompting;
using AgentRag.Retrieval;
using AgentRag.Tokens;
using Microsoft.Extensions.AI;
using Xunit;

namespace AgentRag.Decoding.Tests.Chat;

public sealed class LocalTokenCounterTests : IDisposable
{
    private static readonly string TestModel = Path.Combine(AppContext.BaseDirectory, "TestModel", "recall.gguf");

    private static readonly string[] Texts =
    [
        "Orm is a harbour town. Its lamp was lit by Ada Venn in 1871, a stormy year.", "Ada Venn was born in Lisk. She kept the notes ; k12 v01 v02 f01.",
        "Lisk lies on the river Tarrow; the river freezes each winter.", "Weavers of Dube weave wool — and sell it in Orm.",
    ];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true), InlineData(false)]
    public async Task Every_request_of_an_IterDRAG_question_is_counted_as_the_model_takes_it(bool isTestModel)
    {
        using var model = new LocalChatClient(isTestModel ? TestModel : RandomModelFile(), new LocalModelOptions { Threads = 1, ContextTokens = 16_384 });

        // The model reads each request; what it would say is replaced by steps, one of them not of the asked form, so that requests of every kind are made.
        using var talking = new Scripted(model, "Follow up: Who lit the lamp of Orm?", "Ada Venn [1]", "What do you mean?", "Follow up: Where was Ada Venn born?", "So the answer is: Lisk", "Lisk [2]");
        var context = new AnsweringContext { Model = talking, Retriever = new Bm25Retriever(Index()), TokenCounter = model.TokenCounter };
        var answer = await Answerers.Create(IterDragAnswerer.Name, context).AnswerAsync(
            new AnswerRequest("Where was she who lit the lamp of Orm born?", new(3, 0, 4), new TokenBudgetOptions { ContextWindowTokens = 16_384, ReservedAnswerTokens = 64 }));

        Assert.True(answer.Trace.Count >= 5, $"{answer.Trace.Count} requests");
        Assert.Contains(answer.Trace, request => request.Purpose == "repair");
        Assert.Contains(answer.Trace, request => request.Purpose == "final answer" || request.Purpose == "next step");
        Assert.All(answer.Trace, request => Assert.Equal(request.PromptTokens, request.ReportedInputTokens));
        Assert.Equal(answer.Usage.InputTokens, answer.EffectiveContextTokens);

        // The estimator, which knows nothing of this vocabulary, is far off: it would not keep the budget.
        var prompt = new PromptContent { Question = "Where was she who lit the lamp of Orm born?" };
        var (exact, estimated) = (Count(model.TokenCounter), Count(new EstimatingTokenCounter()));
        Assert.True(exact > estimated, $"{exact} and {estimated}");

        int Count(ITokenCounter counter) => PromptLibrary.Default.Get(PromptName.IterDragStep).CountTokens(prompt, counter);
    }

    [Fact]
    public async Task A_budget_is_kept_in_the_models_own_tokens()
    {
        using var model = new LocalChatClient(TestModel, new LocalModelOptions { Threads = 1, ContextTokens = 16_384 });
        using var talking = new Scripted(model, "Lisk [1]");
        var context = new AnsweringContext { Model = talking, Retriever = new Bm25Retriever(Index()), TokenCounter = model.TokenCounter };
        var bare = PromptLibrary.Default.Get(PromptName.Drag).CountTokens(new PromptContent { Question = "Where does the river of Lisk freeze?" }, model.TokenCounter);
        var answer = await Answerers.Create(DragAnswerer.Name, context).AnswerAsync(
            new AnswerRequest("Where does the river of Lisk freeze?", new(4, 0, 1), new TokenBudgetOptions { MaxEffectiveContextTokens = bare + 200, ContextWindowTokens = 16_384, ReservedAnswerTokens = 64 }));

        Assert.True(answer.Trimmed.Passages > 0);
        Assert.InRange(answer.Usage.InputTokens!.Value, bare, bare + 200);
    }

    [Fact]
    public void A_conversation_counts_with_its_template_and_a_text_without()
    {
        var counter = LocalTokenCounter.Open(RandomModelFile());
        List<ChatMessage> messages = [new(ChatRole.System, " Be brief. "), new(ChatRole.User, "babe cadi")];

        // <s>, then "System: Be brief.\n\nUser: babe cadi\n\nAssistant:" as one text.
        Assert.Equal(1 + counter.Count("System: Be brief.\n\nUser: babe cadi\n\nAssistant:"), counter.CountConversation(messages));

        // A space is put before the text, and no two neighbours of its ten characters are a token together.
        Assert.Equal(10, counter.Count("babe cadi"));
        Assert.Equal(0, counter.Count(""));
        Assert.Equal(counter.CountConversation(messages), RenderedPrompt.CountTokens(counter, " Be brief. ", "babe cadi"));
        Assert.True(counter.ChatTemplate.PerMessage > 0 && counter.ChatTemplate.PerRequest > 0);
    }

    [Fact]
    public void The_name_tells_the_tokenizer_whatever_the_weights()
    {
        RandomModel.Write(_folder["a.gguf"], Shapes.Llama, TensorType.F32, seed: 1);
        RandomModel.Write(_folder["b.gguf"], Shapes.Llama, TensorType.Q8_0, seed: 2);
        RandomModel.Write(_folder["c.gguf"], Shapes.Llama with { VocabularySize = 301 }, TensorType.F32, seed: 1);
        var (a, b, c) = (Hash("a.gguf"), Hash("b.gguf"), Hash("c.gguf"));
        Assert.Equal(a, b);
        Assert.NotEqual(a, c);
        Assert.Equal(12, a.Length);

        string Hash(string name) => LocalTokenCounter.Open(_folder[name]).Name is var full && full.StartsWith($"{name}@", StringComparison.Ordinal) ? full[(name.Length + 1)..] : "";
    }

    [Theory]
    [InlineData(2_000, 2_000), InlineData(200_000, 32_768)]
    public void A_file_says_how_many_tokens_the_model_takes_without_its_weights_being_read(int trained, int expected)
    {
        RandomModel.Write(_folder["trained.gguf"], Shapes.Llama with { ContextTokens = trained }, TensorType.F32, seed: 4);
        Assert.Equal(expected, LocalTokenCounter.Open(_folder["trained.gguf"]).ContextTokens);
    }

    [Fact]
    public void The_client_offers_its_counter_as_a_service()
    {
        using var model = new LocalChatClient(TestModel, new LocalModelOptions { Threads = 1 });
        Assert.Same(model.TokenCounter, model.GetService<ITokenCounter>());
        Assert.Equal(LocalTokenCounter.Open(TestModel).Name, model.TokenCounter.Name);
        Assert.Equal(model.ContextTokens, LocalTokenCounter.Open(TestModel).ContextTokens);
    }

    private static Bm25Index Index() => Bm25Index.Build(Texts.Select((text, i) => new Documents.Passage
    {
        Id = $"d{i}#0",
        DocumentId = $"d{i}",
        Title = $"Note {i}",
        Source = $"note{i}.txt",
        Start = 0,
        End = text.Length,
        Text = text,
        ContentHash = "",
        TokenCount = 20,
    }));

    private string RandomModelFile()
    {
        RandomModel.Write(_folder["random.gguf"], Shapes.Llama with { VocabularySize = 600, ContextTokens = 16_384 }, TensorType.F32, seed: 3);
        return _folder["random.gguf"];
    }

    private sealed class Scripted(IChatClient model, params string[] replies) : IChatClient
    {
        private int _next;

        public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            var clone = options!.Clone();
            clone.MaxOutputTokens = 1;
            var response = await model.GetResponseAsync(messages, clone, cancellationToken);
            response.Messages = [new ChatMessage(ChatRole.Assistant, replies[Math.Min(_next++, replies.Length - 1)])];
            return response;
        }

        public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException("No test streams.");

        public object? GetService(Type serviceType, object? serviceKey = null) => model.GetService(serviceType, serviceKey);

        // The model is the test's.
        public void Dispose()
        {
        }
    }
}
