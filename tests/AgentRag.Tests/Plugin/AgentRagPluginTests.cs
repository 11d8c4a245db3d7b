using System.Text.Json;
using AgentRag.Allocation;
using AgentRag.Answering;
using AgentRag.Fitting;
using AgentRag.Plugin;
using AgentRag.Retrieval;
using AgentRag.Tests.Fakes;
using AgentRag.Tests.Mcp;
using Microsoft.Extensions.AI;
using Xunit;
using static AgentRag.Tests.Fakes.TestPassages;

namespace AgentRag.Tests.Plugin;

public sealed class AgentRagPluginTests
{
    [Fact]
    public void The_tools_are_named_and_described()
    {
        using var plugin = Plugin();
        var tools = plugin.AsAIFunctions();
        Assert.Equal(["retrieve", "decompose", "answer_with_demonstrations", "answer", "allocate_budget", "list_sources", "read_passage"], tools.Select(tool => tool.Name));
        Assert.All(tools, tool => Assert.InRange(tool.Description.Length, 50, 2_000));
    }

    [Theory]
    [InlineData("retrieve", "query,k,max_tokens,response_format,scope,cursor", "query")]
    [InlineData("decompose", "question,limit", "question")]
    [InlineData("answer_with_demonstrations", "question,k,m,budget,max_tokens,scope", "question")]
    [InlineData("answer", "question,k,m,n,budget,max_tokens,scope,state,reply", "")]
    [InlineData("allocate_budget", "budget", "budget")]
    public void Inputs_are_documented_and_only_the_first_is_required(string name, string properties, string required)
    {
        using var plugin = Plugin();
        var schema = Tool(plugin, name).JsonSchema;
        Assert.Equal(properties.Split(','), schema.GetProperty("properties").EnumerateObject().Select(property => property.Name));
        Assert.Equal(required.Length == 0 ? [] : [required], schema.GetProperty("required").EnumerateArray().Select(item => item.GetString()));
        Assert.All(schema.GetProperty("properties").EnumerateObject(), property => Assert.NotEmpty(property.Value.GetProperty("description").GetString()!));
    }

    [Fact]
    public async Task Retrieve_returns_passages_as_json()
    {
        using var plugin = Plugin();
        var result = (JsonElement)(await Tool(plugin, "retrieve").InvokeAsync(new() { ["query"] = "pier", ["k"] = 1 }))!;
        var passage = Assert.Single(result.GetProperty("passages").EnumerateArray());
        Assert.Equal("pier#0", passage.GetProperty("passageId").GetString());
        Assert.Equal("The Long Pier was built by Tarn.", passage.GetProperty("text").GetString());
    }

    [Fact]
    public async Task Answer_runs_the_loop_and_returns_steps_citations_and_cost()
    {
        using var plugin = Plugin("Follow up: Who built it?", "Intermediate answer: Tarn [1]", "So the final answer is: Tarn [1]");
        var result = (JsonElement)(await Tool(plugin, "answer").InvokeAsync(new() { ["question"] = "Who?" }))!;
        Assert.Equal("Tarn", result.GetProperty("answer").GetString());
        Assert.True(result.GetProperty("found").GetBoolean());
        Assert.Equal("finalAnswer", result.GetProperty("stopReason").GetString());
        Assert.Equal("Who built it?", result.GetProperty("steps")[0].GetProperty("subQuery").GetString());
        Assert.Equal("pier#0", result.GetProperty("citations")[0].GetProperty("passageId").GetString());
        Assert.Equal(3, result.GetProperty("requests").GetInt32());
    }

    [Theory]
    [InlineData("answer_with_demonstrations"), InlineData("answer")]
    public async Task An_answer_that_is_given_again_names_the_question_it_was_first_given_to(string tool)
    {
        using var own = Plugin("So the final answer is: Tarn");
        Assert.Equal("", ((JsonElement)(await Tool(own, tool).InvokeAsync(new() { ["question"] = "Who?" }))!).GetProperty("earlierQuestion").GetString());
        using var again = new AgentRagPlugin(Context("So the final answer is: Tarn") with { Answerer = (strategy, answering) => new Again(Answerers.Create(strategy, answering)) });
        var result = tool == "answer"
            ? JsonSerializer.SerializeToElement(await again.AnswerAsync("Who?"), JsonSerializerOptions.Web)
            : (JsonElement)(await Tool(again, tool).InvokeAsync(new() { ["question"] = "Who?" }))!;
        Assert.Equal("Who was it?", result.GetProperty("earlierQuestion").GetString());
    }

    [Fact]
    public async Task Typed_results_come_as_records()
    {
        using var plugin = Plugin("Tarn");
        var tool = plugin.AsAIFunctions(typedResults: true).Single(tool => tool.Name == "answer_with_demonstrations");
        Assert.Equal("Tarn", Assert.IsType<AnswerResult>(await tool.InvokeAsync(new() { ["question"] = "Who?" })).Answer);
    }

    // Semantic Kernel's GetValue<T> gives what the function returned, if it is a T.
    [Theory]
    [InlineData("retrieve", "query", "pier", typeof(RetrieveResult)), InlineData("decompose", "question", "Who?", typeof(DecomposeResult))]
    [InlineData("answer", "question", "Who?", typeof(AnswerResult)), InlineData("allocate_budget", "budget", "4096", typeof(AllocateBudgetResult))]
    [InlineData("list_sources", "scope", "", typeof(ListSourcesResult)), InlineData("read_passage", "id", "bridge#1", typeof(ReadPassageResult))]
    [InlineData("index_documents", "action", "status", typeof(IndexDocumentsResult))]
    public async Task Every_tool_has_a_typed_result(string name, string argument, string value, Type type)
    {
        await using var indexing = new IndexJob((_, _) => throw new InvalidOperationException());
        using var plugin = BridgeCorpus.Plugin(indexing: indexing);
        var tool = plugin.AsAIFunctions(typedResults: true).Single(tool => tool.Name == name);
        Assert.IsType(type, await tool.InvokeAsync(new() { [argument] = value }));
    }

    [Fact]
    public async Task In_host_mode_the_typed_result_is_the_turn()
    {
        using var plugin = new AgentRagPlugin(Context() with { Mode = AnsweringMode.Host });
        var tool = plugin.AsAIFunctions(typedResults: true).Single(tool => tool.Name == "answer");
        Assert.NotEmpty(Assert.IsType<HostTurnResult>(await tool.InvokeAsync(new() { ["question"] = "Who?" })).State);
    }

    [Fact]
    public async Task Search_fits_the_text_search_of_Agent_Framework()
    {
        using var plugin = BridgeCorpus.Plugin();

        // The shape of TextSearchProvider's delegate.
        Func<string, CancellationToken, Task<IEnumerable<TextSearchResult>>> search = plugin.SearchAsync;
        var found = (await search("Lorn Bridge opened", TestContext.Current.CancellationToken)).First();
        Assert.Equal(("Lorn Bridge", "bridge.md", "The Lorn Bridge was opened in 1931. Its designer was Ada Quill."), (found.SourceName, found.SourceLink, found.Text));
        Assert.Empty(await search(" ", TestContext.Current.CancellationToken));
        Assert.Equal(found, (await search("Lorn Bridge opened" + new string('\n', 3_000), TestContext.Current.CancellationToken)).First());
    }

    [Fact]
    public async Task A_caller_may_ask_for_less_than_the_configured_budget_and_not_for_more()
    {
        using var plugin = new AgentRagPlugin(Context("So the final answer is: 1931") with { Budget = new TokenBudgetOptions { MaxEffectiveContextTokens = 30_000 } });
        Assert.Equal("1931", (await plugin.AnswerAsync("When was it opened?", budget: 30_000, cancellationToken: TestContext.Current.CancellationToken)).Answer);
        foreach (var ask in new[] { plugin.AnswerAsync("When was it opened?", budget: 30_001), plugin.AnswerWithDemonstrationsAsync("When was it opened?", budget: int.MaxValue) })
        {
            var error = await Assert.ThrowsAsync<AgentRagException>(() => ask);
            Assert.Contains("at most 30,000 tokens are configured", error.Message, StringComparison.Ordinal);
        }
    }

    // With RecentMessageMemoryLimit it puts earlier messages before the one that asks.
    [Fact]
    public async Task Search_goes_by_the_end_of_a_long_conversation()
    {
        string? asked = null;
        using var plugin = new AgentRagPlugin(Context() with { Answering = Context().Answering with { Retriever = new NotingRetriever(query => asked = query) } });
        await plugin.SearchAsync($"{string.Concat(Enumerable.Repeat("😀", 1500))} When was the Lorn Bridge opened?", TestContext.Current.CancellationToken);
        Assert.EndsWith("😀 When was the Lorn Bridge opened?", asked, StringComparison.Ordinal);
        Assert.InRange(asked!.Length, 1999, 2000);
        Assert.True(char.IsHighSurrogate(asked[0]));
    }

    [Fact]
    public async Task Decompose_cleans_and_bounds_the_lines()
    {
        using var plugin = Plugin("1. Who built it?\n- Who led #1?\n\n* Where?\nMore?");
        Assert.Equal(["Who built it?", "Who led #1?", "Where?"], (await plugin.DecomposeAsync("Who?", limit: 3)).SubQueries);
    }

    [Fact]
    public async Task Progress_is_taken_from_the_context_of_the_call_and_not_from_the_model()
    {
        using var plugin = Plugin("Tarn");
        List<AnswerEvent> events = [];
        await Tool(plugin, "answer_with_demonstrations").InvokeAsync(new AIFunctionArguments
        {
            ["question"] = "Who?",
            Context = new Dictionary<object, object?> { [typeof(IProgress<AnswerEvent>)] = new EventList(events) },
        });
        Assert.IsType<Answered>(events[^1]);
    }

    [Fact]
    public async Task Allocate_budget_knows_the_index_and_says_whose_coefficients_decide()
    {
        using var plugin = Plugin();
        var result = await plugin.AllocateBudgetAsync(16_000);
        Assert.Equal(("drag", 2, 0, 1), (result.Recommended.Strategy, result.Recommended.K, result.Recommended.M, result.Recommended.N)); // two passages, no demonstrations
        Assert.StartsWith("Ranked with the coefficients of Gemini 1.5 Flash (arXiv 2410.04343, table 8), not of your model and documents", result.Note, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Allocate_budget_uses_the_fitted_model_and_passes_its_warnings_on()
    {
        var measured = new MeasuredPerformance("d", "drag", "accuracy", new(1, 0, 1), 0.7, 0.02, 100, 0);
        var uncertainty = new EquationUncertainty { Parameters = [EquationParameter.Constant], Covariance = [[0.1]], ResidualVariance = 1, IntervalFactor = 2 };
        var model = new AllocationModel
        {
            Source = "30 observations of m on d",
            Strategies = [new("drag", PerformanceEquation.Published, uncertainty)],
            Scales = [new("d", "accuracy", 0.5, 0.1, 30)],
            Measured = [measured, measured with { Parameters = new(2, 0, 1), Value = 0.6 }],
        };
        using var plugin = new AgentRagPlugin(Context() with { AllocationModel = model, AllocationWarnings = ["Fitted with another index."] });

        var result = await plugin.AllocateBudgetAsync(16_000);

        // One passage was measured to be better than two, whatever the coefficients say.
        Assert.Equal(("drag", 1, 0, 1), (result.Recommended.Strategy, result.Recommended.K, result.Recommended.M, result.Recommended.N));
        Assert.StartsWith("Ranked with a model fitted to 30 observations of m on d; what was measured counts", result.Note, StringComparison.Ordinal);
        Assert.EndsWith("Fitted with another index.", result.Note, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", 5, "'query' is empty: say what to look for, such as \"Who designed the bridge that ...?\".")]
    [InlineData("x", 51, "'k' is 51, must be in [1, 50].")]
    public async Task Bad_arguments_are_named(string query, int k, string expected)
    {
        using var plugin = Plugin();
        Assert.Equal(expected, (await Assert.ThrowsAsync<AgentRagException>(() => plugin.RetrieveAsync(query, k))).Message);
    }

    [Fact]
    public async Task Nothing_is_opened_before_the_first_call_and_each_call_asks_for_what_is_current()
    {
        var opened = 0;
        using var plugin = new AgentRagPlugin(_ => ++opened == 1 ? throw new AgentRagException("No index.") : Task.FromResult(Context()));
        plugin.AsAIFunctions();
        Assert.Equal(0, opened);
        await Assert.ThrowsAsync<AgentRagException>(() => plugin.RetrieveAsync("x"));
        await plugin.RetrieveAsync("x");
        await plugin.RetrieveAsync("x");
        Assert.Equal(3, opened);
    }

    private sealed class NotingRetriever(Action<string> note) : IRetriever
    {
        public string Name => "noting";

        public Task<IReadOnlyList<RankedPassage>> RetrieveAsync(RetrievalQuery query, CancellationToken cancellationToken = default)
        {
            note(query.Text);
            return Task.FromResult<IReadOnlyList<RankedPassage>>([]);
        }
    }

    private static AIFunction Tool(AgentRagPlugin plugin, string name) => plugin.AsAIFunctions().Single(tool => tool.Name == name);

    private static AgentRagPlugin Plugin(params string[] replies) => new(Context(replies));

    private static PluginContext Context(params string[] replies) => new()
    {
        Answering = new AnsweringContext
        {
            Retriever = new ListRetriever(Passage("pier", "The Long Pier was built by Tarn."), Passage("tarn", "Tarn was led by Bo Lind.")),
            Model = new ScriptedChatClient(replies),
            TokenCounter = new WordCounter(),
        },
        PassageCount = 2,
        Sizes = new TokenSizes(),
    };

    private sealed class Again(IAnswerer inner) : IAnswerer
    {
        public string Strategy => inner.Strategy;

        public async IAsyncEnumerable<AnswerEvent> StreamAsync(AnswerRequest request, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            await foreach (var happened in inner.StreamAsync(request, cancellationToken))
            {
                yield return happened is Answered answered ? new Answered(answered.Answer with { EarlierQuestion = "Who was it?" }) : happened;
            }
        }
    }
}
