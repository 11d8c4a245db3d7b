using Xunit;

namespace AgentRag.EndToEnd.Tests.Cli;

public sealed class CacheTests
{
    private const string Question = "Who built the lighthouse of Orm?";

    [Fact]
    public async Task What_was_asked_before_is_found_until_the_index_changes()
    {
        using var agentrag = await Town.IndexedAsync();
        var plain = await agentrag.RunAsync("ask", Question, "--strategy", "rag", "--json");
        var first = await agentrag.RunAsync("ask", Question, "--strategy", "rag", "--cache", "cache", "--json");
        var second = await agentrag.RunAsync("ask", Question, "--strategy", "rag", "--cache", "cache", "--json");

        Assert.EndsWith("cache: response 0 of 1 found, retrieval 0 of 1 found\n", first.Error, StringComparison.Ordinal);
        Assert.EndsWith("cache: response 1 of 1 found, retrieval 1 of 1 found\n", second.Error, StringComparison.Ordinal);
        foreach (var field in new[] { "answer", "citations", "effectiveContextTokens", "requests", "stopReason" })
        {
            Assert.Equal(plain.Json[0].GetProperty(field).GetRawText(), first.Json[0].GetProperty(field).GetRawText());
            Assert.Equal(plain.Json[0].GetProperty(field).GetRawText(), second.Json[0].GetProperty(field).GetRawText());
        }

        agentrag.Write("docs/lisk.txt", "The Lisk is a slow river.\n");
        await agentrag.RunAsync("index", "docs");
        var third = await agentrag.RunAsync("ask", Question, "--strategy", "rag", "--cache", "cache");
        Assert.Contains(", retrieval 0 of 1 found\n", third.Error, StringComparison.Ordinal);

        var shown = await agentrag.RunAsync("cache", "show", "--cache", "cache", "--json");
        Assert.Equal(["response", "retrieval"], shown.Json[0].GetProperty("kinds").EnumerateArray().Select(kind => kind.GetProperty("name").GetString()));
        var cleared = await agentrag.RunAsync("cache", "clear", "--cache", "cache", "--kind", "retrieval");
        Assert.StartsWith("2 entries removed from '", cleared.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answers_to_like_questions_are_given_only_when_told_so_and_say_where_they_come_from()
    {
        using var agentrag = await Town.IndexedAsync();
        const string Reworded = "Please tell me: who built the lighthouse of Orm?";
        await agentrag.RunAsync("ask", Question, "--cache", "cache", "--cache-reuse", "semantic");
        var exact = await agentrag.RunAsync("ask", Reworded, "--cache", "cache");
        Assert.DoesNotContain("answer 1 of 1 found", exact.Error, StringComparison.Ordinal);

        var again = await agentrag.RunAsync("ask", Reworded, "--cache", "cache", "--cache-reuse", "semantic");
        Assert.StartsWith("Answer: Ada Venn\n", again.Output, StringComparison.Ordinal);
        Assert.Contains($"Taken from the cache: it was the answer to \"{Question}\"\nUsed: 0 of ", again.Output, StringComparison.Ordinal);
        Assert.Contains($"  answered before (0.97 alike): {Question}\n", again.Error, StringComparison.Ordinal);
        Assert.EndsWith("cache: answer 1 of 1 found\n", again.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_strategy_of_an_evaluation_keeps_to_the_flag_and_to_the_flag_alone()
    {
        using var agentrag = await Town.IndexedAsync();
        agentrag.Write(
            "like.jsonl",
            """
            {"id":"1","question":"Who built the lighthouse of Orm?","answers":["Ada Venn"]}
            {"id":"2","question":"Please, who built the lighthouse of Orm?","answers":["Ada Venn"]}
            """);
        var evaluated = await agentrag.RunAsync("evaluate", "--questions", "like.jsonl", "--strategy", "rag,drag", "--cache", "cache");
        var again = await agentrag.RunAsync("evaluate", "--questions", "like.jsonl", "--strategy", "rag,drag", "--run", "second", "--cache", "cache");
        var semantic = await agentrag.RunAsync("evaluate", "--questions", "like.jsonl", "--cache", "cache", "--cache-reuse", "semantic");
        Assert.Contains("cache: response 0 of 4 found", evaluated.Error, StringComparison.Ordinal);
        Assert.Contains("cache: response 4 of 4 found", again.Error, StringComparison.Ordinal);
        Assert.StartsWith("error: 'evaluate' measures the answers to its own questions;", semantic.Error, StringComparison.Ordinal);

        // Without the flag an evaluation is measured as it is, whatever the settings say.
        agentrag.Environment["AGENTRAG_CACHE"] = "cache";
        var measured = await agentrag.RunAsync("evaluate", "--questions", "like.jsonl", "--strategy", "rag");
        Assert.DoesNotContain("cache: ", measured.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_false_hits_of_a_threshold_are_measured_without_an_index()
    {
        using var agentrag = Town.With();
        var measured = await agentrag.RunAsync("cache", "measure", "--questions", "questions.jsonl", "--cache-similarity", "0.85", "--json");
        Assert.Equal([1, 0.98, 0.95, 0.9, 0.85, 0.8, 0.7], measured.Json.Select(line => line.GetProperty("threshold").GetDouble()));
        // Five rewordings of each of the two, all within 0.95; "is not served" is the one word more of 0.9.
        var (at95, at90) = (measured.Json[2], measured.Json[3]);
        Assert.Equal((10, 10, 0), (at95.GetProperty("rewordings").GetInt32(), at95.GetProperty("rewordingHits").GetInt32(), at95.GetProperty("alterationHits").GetInt32()));
        Assert.Equal(1, at90.GetProperty("alterationHits").GetInt32());
        Assert.Equal(1 / 11.0, at90.GetProperty("falseHitRate").GetDouble(), precision: 9);
    }

    [Fact]
    public async Task A_folder_that_is_no_cache_is_refused()
    {
        using var agentrag = Town.With();
        var shown = await agentrag.RunAsync("cache", "show", "--cache", "docs");
        Assert.Equal((2, "error: There is no cache in 'docs': 'agentrag ask ... --cache docs' makes one.\n"), (shown.ExitCode, shown.Error));
        var asked = await agentrag.RunAsync("ask", Question, "--cache", "docs");
        Assert.Equal((2, "error: 'docs' is not empty and is no cache of agentrag: name another folder with --cache DIR.\n"), (asked.ExitCode, asked.Error.Replace(agentrag.Folder + Path.DirectorySeparatorChar, "", StringComparison.Ordinal)));
        Assert.Equal(2, (await agentrag.RunAsync("cache", "clear")).ExitCode);
    }
}
