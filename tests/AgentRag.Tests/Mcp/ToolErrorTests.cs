using Microsoft.Extensions.Logging;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using Xunit;

namespace AgentRag.Tests.Mcp;

public sealed class ToolErrorTests
{
    private const string RetrieveExample = """Example: {"query": "harbour bridge opening year", "k": 5}""";

    [Theory]
    [InlineData("""{}""", "'query' is missing. " + RetrieveExample)]
    [InlineData("""{"query": null}""", "'query' is missing. " + RetrieveExample)]
    [InlineData("""{"subject": "x", "sort": 3}""", "'query' is missing; retrieve does not know 'subject', 'sort'. " + RetrieveExample)]
    [InlineData("""{"query": 5}""", "'query' is 5, must be a string. " + RetrieveExample)]
    [InlineData("""{"query": ["a"]}""", """'query' is ["a"], must be a string. """ + RetrieveExample)]
    [InlineData("""{"query": "x", "k": 0}""", "'k' is 0, must be a whole number in [1, 50]. " + RetrieveExample)]
    [InlineData("""{"query": "x", "k": 51}""", "'k' is 51, must be a whole number in [1, 50]. " + RetrieveExample)]
    [InlineData("""{"query": "x", "k": 5.5}""", "'k' is 5.5, must be a whole number in [1, 50]. " + RetrieveExample)]
    [InlineData("""{"query": "x", "k": 1e99}""", "'k' is 1e99, must be a whole number in [1, 50]. " + RetrieveExample)]
    [InlineData("""{"query": "x", "k": "many"}""", """'k' is "many", must be a whole number in [1, 50]. """ + RetrieveExample)]
    [InlineData("""{"query": "x", "k": true}""", "'k' is true, must be a whole number in [1, 50]. " + RetrieveExample)]
    [InlineData("""{"query": " "}""", """'query' is empty: say what to look for, such as "Who designed the bridge that ...?".""")]
    [InlineData("""{"query": ""}""", """'query' is empty: say what to look for, such as "Who designed the bridge that ...?".""")]
    public async Task A_wrong_argument_is_named_with_what_was_expected_and_an_example(string arguments, string message) =>
        await RequireErrorAsync("retrieve", arguments, message);

    [Theory]
    [InlineData("decompose", """{"question": "x", "limit": 11}""",
        """'limit' is 11, must be a whole number in [1, 10]. Example: {"question": "Where was the designer of the harbour bridge born?", "limit": 5}""")]
    [InlineData("answer", """{"question": "x", "n": 33}""",
        """'n' is 33, must be a whole number in [1, 32]. Example: {"question": "Where was the designer of the harbour bridge born?", "k": 5, "n": 5}""")]
    [InlineData("answer_with_demonstrations", """{"question": "x", "budget": -1}""",
        """'budget' is -1, must be a whole number in [0, 2147483647]. Example: {"question": "Who designed the harbour bridge?", "k": 10}""")]
    [InlineData("allocate_budget", "{}", """'budget' is missing. Example: {"budget": 32768}""")]
    public async Task Each_tool_shows_its_own_range_and_example(string tool, string arguments, string message) =>
        await RequireErrorAsync(tool, arguments, message);

    [Fact]
    public async Task Arguments_above_32000_characters_are_refused_and_the_longest_is_named() =>
        // 5 + 32,002 of query, with its quotes, and 1 + 1 of k
        await RequireErrorAsync(
            "retrieve",
            $$"""{"k": 5, "query": "{{new string('x', 32_000)}}"}""",
            "The arguments have 32,009 characters, at most 32,000 are taken: shorten 'query'.");

    [Fact]
    public async Task A_query_above_2000_characters_is_refused_with_both_numbers() =>
        await RequireErrorAsync("retrieve", $$"""{"query": "{{new string('x', 2001)}}"}""", "'query' has 2,001 characters, at most 2,000 are taken: shorten it.");

    [Fact]
    public async Task A_question_above_the_budget_is_refused_with_both_numbers()
    {
        var text = await ErrorAsync("answer_with_demonstrations", """{"question": "Who was it?", "budget": 3}""", plugin: null);
        Assert.Matches(@"^The question alone takes [0-9,]+ tokens and the budget is 3: ", text);
    }

    [Fact]
    public async Task A_missing_index_is_reported_with_what_to_do_by_each_call_until_it_is_there()
    {
        var exists = false;
        await using var served = new ServedPlugin(new AgentRag.Plugin.AgentRagPlugin(_ => exists
            ? Task.FromResult(BridgeCorpus.Context())
            : throw new AgentRagException("There is no index at '.agentrag': make one with 'agentrag index PATH'.")));
        await using var client = await served.ConnectAsync();
        for (var attempt = 0; attempt < 2; attempt++)
        {
            var failed = await ServedPlugin.CallAsync(client, "retrieve", """{"query": "Quill"}""");
            Assert.Equal("There is no index at '.agentrag': make one with 'agentrag index PATH'.", Text(failed));
        }

        exists = true;
        Assert.NotEqual(true, (await ServedPlugin.CallAsync(client, "retrieve", """{"query": "Quill"}""")).IsError);
    }

    [Fact]
    public async Task An_unforeseen_fault_shows_no_internals_and_is_logged_whole()
    {
        using var log = new ListLoggerFactory();
        var result = await ServedPlugin.CallAsync(
            "retrieve", """{"query": "x"}""", BridgeCorpus.Plugin(new BrokenRetriever(new InvalidOperationException("secret path"))), log);
        Assert.True(result.IsError);
        Assert.Equal("retrieve failed for a reason that other arguments would not change; the server's standard error has the details.", Text(result));
        Assert.Contains(log.Entries, entry => entry is { Level: LogLevel.Error, Fault: InvalidOperationException { Message: "secret path" } });
    }

    [Fact]
    public async Task An_argument_fault_from_deeper_down_keeps_its_words()
    {
        var fault = new System.Text.Json.JsonException("The filter has no field 'x'.");
        await RequireErrorAsync(
            "retrieve", """{"query": "x"}""", "retrieve cannot work with these arguments: The filter has no field 'x'.", BridgeCorpus.Plugin(new BrokenRetriever(fault)));
    }

    [Fact]
    public async Task An_unknown_tool_is_a_protocol_error()
    {
        await using var served = new ServedPlugin();
        await using var client = await served.ConnectAsync();
        var fault = await Assert.ThrowsAsync<McpProtocolException>(() => ServedPlugin.CallAsync(client, "search", "{}"));
        Assert.Equal(McpErrorCode.InvalidParams, fault.ErrorCode);
        Assert.Contains("search", fault.Message, StringComparison.Ordinal);
    }

    private static async Task RequireErrorAsync(string tool, string arguments, string message, AgentRag.Plugin.AgentRagPlugin? plugin = null) =>
        Assert.Equal(message, await ErrorAsync(tool, arguments, plugin));

    private static async Task<string> ErrorAsync(string tool, string arguments, AgentRag.Plugin.AgentRagPlugin? plugin)
    {
        var result = await ServedPlugin.CallAsync(tool, arguments, plugin);
        Assert.True(result.IsError);
        return Text(result);
    }

    private static string Text(CallToolResult result) => Assert.IsType<TextContentBlock>(Assert.Single(result.Content)).Text;

    private sealed class ListLoggerFactory : ILoggerFactory, ILogger
    {
        private readonly Lock _lock = new();

        public List<(LogLevel Level, Exception? Fault)> Entries { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (_lock)
            {
                Entries.Add((logLevel, exception));
            }
        }

        public void Dispose()
        {
        }
    }
}
