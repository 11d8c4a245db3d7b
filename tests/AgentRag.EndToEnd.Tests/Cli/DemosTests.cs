using System.Text.Json;
using Xunit;

namespace AgentRag.EndToEnd.Tests.Cli;

public sealed class DemosTests : IDisposable
{
    private const string Documents =
        """
        {"id":"bridge","title":"Kettle Bridge","text":"Kettle Bridge was designed by Ada Quill. It was opened in 1878."}
        {"id":"ada","title":"Ada Quill","text":"Ada Quill was born in Orm. She built mills before she built bridges."}
        {"id":"orm","title":"Orm","text":"Orm is a town on the river Sill."}
        """;

    private const string Questions =
        """
        {"id":"q1","question":"Where was the designer of Kettle Bridge born?","answers":["Orm"],"supporting":["bridge","ada"]}
        {"id":"q2","question":"When was Kettle Bridge opened?","answers":["1878"],"supporting":["bridge"]}
        {"id":"q3","question":"where was the designer of KETTLE BRIDGE born","answers":["Orm"],"supporting":["bridge","ada"]}
        """;

    private readonly Agentrag _agentrag = new();

    public void Dispose() => _agentrag.Dispose();

    [Fact]
    public async Task A_pool_is_built_resumed_checked_reviewed_shown_and_used_without_its_index()
    {
        _agentrag.Write("corpus.jsonl", Documents);
        _agentrag.Write("questions.jsonl", Questions);
        await _agentrag.RunAsync("index", "corpus.jsonl");

        var built = await _agentrag.RunAsync("demos", "build", "--questions", "questions.jsonl", "--output", "pool.jsonl", "--review", "review.yaml", "--retriever", "bm25", "--json");
        Assert.Equal(0, built.ExitCode);
        Assert.Contains("2 of 2, 1 kept, ", built.Error, StringComparison.Ordinal);
        using var yield = JsonDocument.Parse(built.Output);
        Assert.Equal((2, 2, 1), (yield.RootElement.GetProperty("questions").GetInt32(), yield.RootElement.GetProperty("asked").GetInt32(), yield.RootElement.GetProperty("repeated").GetInt32()));
        Assert.Equal(1, yield.RootElement.GetProperty("kept").GetInt32());

        var again = await _agentrag.RunAsync("demos", "build", "--questions", "questions.jsonl", "--output", "pool.jsonl", "--retriever", "bm25", "--json");
        Assert.Equal(built.Output, again.Output);

        // From here on there is no index.
        Directory.Delete(Path.Combine(_agentrag.Folder, ".agentrag"), recursive: true);
        var shown = await _agentrag.RunAsync("demos", "show", "pool.jsonl", "q1");
        Assert.Contains("So the final answer is: Orm\n</example>", shown.Output, StringComparison.Ordinal);

        Assert.Equal(0, (await _agentrag.RunAsync("demos", "check", "pool.jsonl")).ExitCode);
        var leaking = await _agentrag.RunAsync("demos", "check", "pool.jsonl", "--against", "questions.jsonl");
        Assert.Equal(3, leaking.ExitCode);
        Assert.StartsWith("error  q1: it asks the same as the test question q1\n", leaking.Output, StringComparison.Ordinal);

        var applied = await _agentrag.RunAsync("demos", "apply", "review.yaml", "--pool", "pool.jsonl", "--output", "reviewed.jsonl");
        Assert.Equal("1 demonstration in 'reviewed.jsonl': 0 dropped, 0 edited\n", applied.Output);
        Assert.Equal(File.ReadAllText(Path.Combine(_agentrag.Folder, "pool.jsonl")), File.ReadAllText(Path.Combine(_agentrag.Folder, "reviewed.jsonl")));

        await _agentrag.RunAsync("index", "corpus.jsonl");
        var asked = await _agentrag.RunAsync("ask", "When was Kettle Bridge opened?", "--demonstrations", "pool.jsonl", "--demonstration-selection", "nearest", "--demonstration-k", "1", "--trace");
        Assert.Contains("demonstrations: q1", asked.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Faults_are_told_with_the_path_of_the_command()
    {
        var missing = await _agentrag.RunAsync("demos", "check");
        Assert.Equal((2, "error: Required argument 'POOL' missing for command: 'check'.\nhint: 'agentrag demos check --help' lists what it takes, with examples.\n"), (missing.ExitCode, missing.Error));
        var selection = await _agentrag.RunAsync("ask", "Who?", "--demonstration-selection", "best");
        Assert.Equal("error: --demonstration-selection: there is no selection 'best': use fixed, random, nearest or diverse\n", selection.Error);
    }
}
