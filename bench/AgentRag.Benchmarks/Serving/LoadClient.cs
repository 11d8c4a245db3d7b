using System.Diagnostics;
using System.Text.Json;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace AgentRag.Benchmarks.Serving;

/// <summary>One client that calls as agents do: it searches, reads around what it found, has questions answered, looks at resources, and now and then errs or gives up.</summary>
/// <param name="client">The connection.</param>
/// <param name="questions">What it asks.</param>
/// <param name="log">Where calls are entered.</param>
/// <param name="pace">Waits before each call; false when there are to be no more.</param>
/// <param name="random">Chooses.</param>
internal sealed class LoadClient(McpClient client, IReadOnlyList<string> questions, CallLog log, Func<Task<bool>> pace, Random random)
{
    private string _passage = "";
    private string _document = "";

    public async Task RunAsync()
    {
        while (await StepAsync())
        {
        }
    }

    // The shares are those of agents at work: mostly searches, some whole questions, little else.
    private Task<bool> StepAsync() => random.Next(100) switch
    {
        < 34 => RetrieveAsync(),
        < 46 => _passage.Length == 0 ? RetrieveAsync() : ToolAsync("read_passage", new() { ["id"] = _passage, ["before"] = 1, ["after"] = 1 }),
        < 58 => AnswerAsync(),
        < 66 => ToolAsync("answer_with_demonstrations", new() { ["question"] = Question(), ["k"] = random.Next(1, 11) }),
        < 71 => ToolAsync("decompose", new() { ["question"] = Question() }),
        < 77 => ToolAsync("allocate_budget", new() { ["budget"] = 1_000 * random.Next(4, 200) }),
        < 82 => ToolAsync("list_sources", new() { ["max_tokens"] = 2_000 }),
        < 84 => ToolAsync("index_documents", new() { ["action"] = "status" }),
        < 87 => TimedAsync("resources/list", async token => (await client.ListResourcesAsync(new ListResourcesRequestParams(), token)).Resources.Count > 0),
        < 92 => ReadResourceAsync(),
        < 94 => TimedAsync("completion/complete", async token =>
            (await client.CompleteAsync(new CompleteRequestParams { Ref = new ResourceTemplateReference { Uri = "agentrag://document/{id}" }, Argument = new Argument { Name = "id", Value = "" } }, token))
                .Completion.Values.Count > 0),
        < 96 => TimedAsync("prompts/get", async token => (await client.GetPromptAsync("iterdrag", new Dictionary<string, object?> { ["question"] = Question() }, cancellationToken: token)).Messages.Count == 1),
        < 97 => TimedAsync("tools/list", async token => (await client.ListToolsAsync(new ListToolsRequestParams(), token)).Tools.Count == 8),
        < 98 => TimedAsync("refused call", async token => await CallAsync("retrieve", new() { ["query"] = "x", ["k"] = 5_000 }, token) is { IsError: true }),
        _ => GiveUpAsync(),
    };

    private string Question() => questions[random.Next(questions.Count)];

    private async Task<bool> RetrieveAsync()
    {
        JsonElement? found = null;
        var goesOn = await ToolAsync("retrieve", new() { ["query"] = Question(), ["k"] = random.Next(1, 11), ["response_format"] = random.Next(2) == 0 ? "concise" : "detailed" }, result => found = result);
        if (found?.GetProperty("passages") is { } passages && passages.GetArrayLength() > 0)
        {
            _passage = passages[0].GetProperty("passageId").GetString()!;
            _document = passages[0].GetProperty("documentId").GetString()!;
        }

        return goesOn;
    }

    private Task<bool> ReadResourceAsync() => _document.Length == 0
        ? RetrieveAsync()
        : TimedAsync("resources/read", async token => (await client.ReadResourceAsync($"agentrag://document/{Uri.EscapeDataString(_document)}", cancellationToken: token)).Contents.Count == 1);

    // In host mode this client is the model: it asks one sub-query, answers it and ends, as the result wants it.
    private async Task<bool> AnswerAsync()
    {
        JsonElement? last = null;
        var isGoingOn = await ToolAsync("answer", new() { ["question"] = Question(), ["k"] = 5, ["n"] = 3 }, result => last = result, "answer, first call");
        for (var turn = 0; isGoingOn && last is { } result && result.TryGetProperty("state", out var state) && state.GetString() is { Length: > 0 } handle; turn++)
        {
            var starts = result.GetProperty("replyStartsWith").EnumerateArray().Select(start => start.GetString()!).ToList();
            var arguments = new Dictionary<string, object?> { ["state"] = handle };
            if (starts.Count > 0)
            {
                arguments["reply"] = starts.Find(start => start.StartsWith("Intermediate", StringComparison.Ordinal)) is { } intermediate ? $"{intermediate} something"
                    : turn == 0 && starts.Find(start => start.StartsWith("Follow", StringComparison.Ordinal)) is { } followUp ? $"{followUp} {Question()}"
                    : "So the final answer is: something";
            }

            last = null;
            isGoingOn = await ToolAsync("answer", arguments, next => last = next, "answer, further call");
        }

        return isGoingOn;
    }

    private async Task<bool> GiveUpAsync()
    {
        if (!await pace())
        {
            return false;
        }

        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(random.Next(1, 30)));
        try
        {
            await CallAsync("answer", new() { ["question"] = Question(), ["k"] = 10 }, patience.Token);
        }
        catch (OperationCanceledException)
        {
            // That is what was wanted.
        }

        log.Add("given up by the client", elapsed: null, isGood: true);
        return true;
    }

    private Task<bool> ToolAsync(string tool, Dictionary<string, object?> arguments, Action<JsonElement>? look = null, string? name = null) => TimedAsync(name ?? tool, async token =>
    {
        var result = await CallAsync(tool, arguments, token);
        if (result.IsError is true || result.StructuredContent is not { } content)
        {
            Console.Error.WriteLine($"{tool}: {string.Concat(result.Content.OfType<TextContentBlock>().Select(block => block.Text))}");
            return false;
        }

        look?.Invoke(content);
        return true;
    });

    private ValueTask<CallToolResult> CallAsync(string tool, Dictionary<string, object?> arguments, CancellationToken cancellationToken) => client.CallToolAsync(tool, arguments, cancellationToken: cancellationToken);

    private async Task<bool> TimedAsync(string name, Func<CancellationToken, Task<bool>> call)
    {
        if (!await pace())
        {
            return false;
        }

        var started = Stopwatch.GetTimestamp();
        bool isGood;
        try
        {
            isGood = await call(CancellationToken.None);
        }
        catch (Exception e) when (e is ModelContextProtocol.McpException or IOException or HttpRequestException or TimeoutException)
        {
            Console.Error.WriteLine($"{name}: {e.Message}");
            isGood = false;
        }

        log.Add(name, Stopwatch.GetElapsedTime(started), isGood);
        return true;
    }
}
