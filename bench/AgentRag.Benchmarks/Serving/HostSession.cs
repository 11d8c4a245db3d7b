using System.Text.Encodings.Web;
using System.Text.Json;
using ModelContextProtocol.Protocol;

namespace AgentRag.Benchmarks.Serving;

/// <summary>Plays a client whose own model answers, over pipes and the protocol, and writes down what goes back and forth. The model's lines are read from a file.</summary>
internal static class HostSession
{
    private const int ShownCharacters = 220;

    private static readonly JsonSerializerOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static async Task<int> RunAsync(HostSessionArguments arguments)
    {
        var replies = await File.ReadAllLinesAsync(arguments.Replies);
        await using var server = ServedProcess.StartOnPipes(arguments.Server, Path.GetFullPath(arguments.Index), "host");
        await using var client = await server.ConnectAsync(isOlder: false);
        var call = new Dictionary<string, object?> { ["question"] = arguments.Question };
        for (var turn = 0; ; turn++)
        {
            Console.WriteLine($"**Call {turn + 1}**: `answer` {Shown(call)}");
            Console.WriteLine();
            var result = await client.CallToolAsync("answer", call);
            if (result.IsError is true || result.StructuredContent is not { } content)
            {
                Console.WriteLine($"Error: {string.Concat(result.Content.OfType<TextContentBlock>().Select(block => block.Text))}");
                return 1;
            }

            if (!content.TryGetProperty("state", out var state))
            {
                WriteAnswer(content);
                return 0;
            }

            WriteTurn(content);
            if (turn == replies.Length)
            {
                Console.WriteLine("There is no further reply in the file.");
                return 1;
            }

            Console.WriteLine($"The client's model writes: `{replies[turn]}`");
            Console.WriteLine();
            call = new() { ["state"] = state.GetString(), ["reply"] = replies[turn] };
        }
    }

    private static void WriteTurn(JsonElement turn)
    {
        Console.WriteLine($"- iteration {turn.GetProperty("iteration")} of {turn.GetProperty("maxIterations")}, {turn.GetProperty("effectiveContextTokens").GetInt64():N0} of {turn.GetProperty("budgetTokens").GetInt64():N0} tokens");
        Console.WriteLine($"- `instructions`: {OneLine(turn.GetProperty("instructions").GetString()!)}");
        var prompt = turn.GetProperty("prompt").GetString()!;
        var own = prompt.LastIndexOf("\nQuestion: ", StringComparison.Ordinal);
        Console.WriteLine($"- `prompt`{(own > 0 ? $" (its worked examples, {own:N0} characters, left out here)" : "")}:");
        Console.WriteLine();
        foreach (var line in prompt[(own + 1)..].Split('\n'))
        {
            Console.WriteLine($"      {line}".TrimEnd());
        }

        Console.WriteLine();
        foreach (var passage in turn.GetProperty("passages").EnumerateArray())
        {
            Console.WriteLine($"- passage [{passage.GetProperty("number")}] {passage.GetProperty("title").GetString()}: {Cut(OneLine(passage.GetProperty("text").GetString()!))}");
        }

        Console.WriteLine($"- `replyStartsWith`: {string.Join(", ", turn.GetProperty("replyStartsWith").EnumerateArray().Select(start => $"\"{start.GetString()}\""))}");
        if (turn.GetProperty("note").GetString() is { Length: > 0 } note)
        {
            Console.WriteLine($"- `note`: {note}");
        }

        Console.WriteLine();
    }

    private static void WriteAnswer(JsonElement answer)
    {
        Console.WriteLine($"- `answer`: **{answer.GetProperty("answer").GetString()}** (found: {answer.GetProperty("found").GetBoolean()}, stopReason: {answer.GetProperty("stopReason").GetString()})");
        foreach (var step in answer.GetProperty("steps").EnumerateArray())
        {
            Console.WriteLine($"- step: {step.GetProperty("subQuery").GetString()} -> {step.GetProperty("intermediateAnswer").GetString()}");
        }

        foreach (var citation in answer.GetProperty("citations").EnumerateArray())
        {
            Console.WriteLine($"- citation: {citation.GetProperty("title").GetString()}, `{citation.GetProperty("passageId").GetString()}`");
        }

        Console.WriteLine($"- {answer.GetProperty("requests")} turns, {answer.GetProperty("effectiveContextTokens").GetInt64():N0} tokens by the budget's measure, citations that no passage supports: {answer.GetProperty("droppedCitations")}");
    }

    private static string Shown(Dictionary<string, object?> call) => JsonSerializer.Serialize(
        call.ToDictionary(argument => argument.Key, argument => argument.Key == "state" ? $"{((string)argument.Value!)[..14]}… ({((string)argument.Value!).Length} characters)" : argument.Value), Compact);

    private static string OneLine(string text) => string.Join(' ', text.Split((char[])['\n', ' '], StringSplitOptions.RemoveEmptyEntries));

    private static string Cut(string text) => text.Length <= ShownCharacters ? text : $"{text.AsSpan(0, ShownCharacters)}…";
}

/// <summary>What <c>host-session</c> is asked to do; bench/README.md says what each argument means.</summary>
internal sealed record HostSessionArguments
{
    public string Server { get; init; } = ServedProcess.BuiltProgram();

    public string Index { get; init; } = ".agentrag";

    public string Question { get; init; } = "";

    public string Replies { get; init; } = "replies.txt";

    public static HostSessionArguments Parse(string[] args)
    {
        var parsed = new HostSessionArguments();
        for (var i = 0; i < args.Length; i++)
        {
            parsed = args[i] switch
            {
                "--server" => parsed with { Server = args[++i] },
                "--index" => parsed with { Index = args[++i] },
                "--question" => parsed with { Question = args[++i] },
                "--replies" => parsed with { Replies = args[++i] },
                _ => throw new ArgumentException($"'{args[i]}' is not known: see bench/README.md.", nameof(args)),
            };
        }

        return parsed;
    }
}
