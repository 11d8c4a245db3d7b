using Xunit;

namespace AgentRag.EndToEnd.Tests.Cli;

public sealed class OtherCommandsTests
{
    [Fact]
    public async Task Decompose_gives_sub_queries()
    {
        using var agentrag = new Agentrag();

        var finished = await agentrag.RunAsync("decompose", "Who founded the yard that built the Kittiwake?", "--json");

        Assert.Equal((0, ""), (finished.ExitCode, finished.Error));
        Assert.NotEmpty(Assert.Single(finished.Json).GetProperty("subQueries").EnumerateArray());
    }

    [Fact]
    public async Task Allocate_uses_the_sizes_of_the_index_and_without_one_says_what_it_assumes()
    {
        using var agentrag = await Town.IndexedAsync();

        var measured = (await agentrag.RunAsync("allocate", "--budget", "32k", "--json")).Json[0];
        var assumed = (await agentrag.RunAsync("allocate", "--budget", "32k", "--index", "nowhere", "--json")).Json[0];

        Assert.Equal(".agentrag", measured.GetProperty("sizesFrom").GetString());
        Assert.NotEqual(130, measured.GetProperty("sizes").GetProperty("passageTokens").GetDouble());
        Assert.InRange(measured.GetProperty("recommended").GetProperty("k").GetInt32(), 0, 4);
        Assert.Equal("assumed", assumed.GetProperty("sizesFrom").GetString());
        Assert.Equal(130, assumed.GetProperty("sizes").GetProperty("passageTokens").GetDouble());
        Assert.EndsWith("Nothing is indexed in 'nowhere', so passages are taken to cost 130 tokens, as in the paper.", assumed.GetProperty("note").GetString(), StringComparison.Ordinal);
        Assert.Contains("Gemini 1.5 Flash", assumed.GetProperty("note").GetString(), StringComparison.Ordinal);
        Assert.InRange(assumed.GetProperty("recommended").GetProperty("plannedTokens").GetInt64(), 1, 32_000);
    }

    [Fact]
    public async Task Evaluate_scores_each_strategy_and_ends_in_the_totals()
    {
        using var agentrag = await Town.IndexedAsync();

        var finished = await agentrag.RunAsync(
            "evaluate", "--questions", "questions.jsonl", "--strategy", "rag,zero-shot", "--limit", "1", "--json", "--output", "report.jsonl");

        Assert.Equal((0, ""), (finished.ExitCode, finished.Error));
        Assert.Equal(["rag", "zero-shot"], finished.Json.Take(2).Select(line => line.GetProperty("strategy").GetString()!));
        var totals = finished.Json[2].GetProperty("totals");
        Assert.Equal(1, totals[0].GetProperty("exactMatch").GetDouble()); // "Ada Venn" stands in the documents
        Assert.Equal(0, totals[1].GetProperty("exactMatch").GetDouble()); // and an offline model knows nothing without them
        Assert.Equal(1, finished.Json[2].GetProperty("recall").GetProperty("questions").GetInt32());
        Assert.Equal(finished.Output, await File.ReadAllTextAsync(Path.Combine(agentrag.Folder, "report.jsonl"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_strategy_that_is_named_twice_is_evaluated_once()
    {
        using var agentrag = await Town.IndexedAsync();

        var finished = await agentrag.RunAsync("evaluate", "--questions", "questions.jsonl", "--strategy", "rag, rag", "--limit", "1", "--json");

        Assert.Equal((0, 2), (finished.ExitCode, finished.Lines.Count)); // one question, and the totals
        Assert.Single(finished.Json[1].GetProperty("totals").EnumerateArray());
    }

    [Fact]
    public async Task Doctor_says_what_is_in_effect_and_from_where()
    {
        using var agentrag = await Town.IndexedAsync(("agentrag.json", """{"k": 7, "m": 1, "budget": "16k"}"""));
        agentrag.Environment["AGENTRAG_M"] = "3";

        var finished = await agentrag.RunAsync("doctor", "--budget", "8k", "--json");

        Assert.Equal(0, finished.ExitCode);
        var settings = finished.Json[0].GetProperty("settings");
        Assert.Equal(("7", "agentrag.json \"k\""), Setting("k"));
        Assert.Equal(("3", "AGENTRAG_M"), Setting("m"));
        Assert.Equal(("8000", "--budget"), Setting("budget"));
        Assert.Equal(("5", "default"), Setting("n"));

        (string?, string?) Setting(string name) => (settings.GetProperty(name).GetProperty("value").GetString(), settings.GetProperty(name).GetProperty("source").GetString());
    }

    [Fact]
    public async Task Doctor_ends_with_2_when_something_cannot_be_used_and_never_prints_a_key()
    {
        using var agentrag = await Town.IndexedAsync();
        agentrag.Environment["OPENAI_API_KEY"] = "sk-do-not-print";

        // Port 9 discards: on no machine a model answers there.
        var finished = await agentrag.RunAsync("doctor", "--model", "openai:any", "--base-url", "http://127.0.0.1:9/v1");

        Assert.Equal(2, finished.ExitCode);
        Assert.Contains("from OPENAI_API_KEY", finished.Output, StringComparison.Ordinal);
        Assert.Contains("FAIL model:", finished.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("sk-do-not-print", finished.Output + finished.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Demo_runs_without_settings_and_leaves_nothing_behind()
    {
        using var agentrag = new Agentrag();
        agentrag.Environment["AGENTRAG_MODEL"] = "openai:not-asked-by-the-demo";

        var finished = await agentrag.RunAsync("demo", "--json");

        Assert.Equal((0, ""), (finished.ExitCode, finished.Error));
        Assert.Equal(133, finished.Json[0].GetProperty("documents").GetInt32());
        var answers = finished.Json.Skip(1).Take(3).ToList();
        Assert.All(answers, answer => Assert.Equal("extractive", answer.GetProperty("model").GetString()));
        // The composer died in 1924; the bridge is of 1869 and the viaduct of 1878; the architect is Wendrick, and his mother is nowhere named.
        Assert.Equal(["1924", "Tollgate Bridge"], answers.Take(2).Select(answer => answer.GetProperty("answer").GetString()!));
        Assert.False(answers[2].GetProperty("found").GetBoolean());
        Assert.Equal("Anselm Maldry", Steps(answers[0])[0]);
        Assert.Equal("Caspar Wendrick", Steps(answers[2])[0]);
        Assert.Equal(
            ["zero-shot", "many-shot", "rag", "cot", "drag", "decompose-parallel", "keyword-expansion", "iterdrag"],
            finished.Json[^1].GetProperty("totals").EnumerateArray().Select(total => total.GetProperty("strategy").GetString()!));
        Assert.Empty(Directory.EnumerateFileSystemEntries(agentrag.Folder));

        static List<string> Steps(System.Text.Json.JsonElement answer) =>
            [.. answer.GetProperty("steps").EnumerateArray().Select(step => step.GetProperty("intermediateAnswer").GetString()!)];
    }

    [Fact]
    public async Task Demo_says_below_its_table_whose_limits_the_scores_show()
    {
        using var agentrag = new Agentrag();

        var finished = await agentrag.RunAsync("demo");

        Assert.Contains(
            "These scores show the limits of the offline model, not of the method; with a language model run " +
            "'agentrag evaluate --questions FILE --strategy all --model openai:MODEL'.",
            finished.Lines);
    }
}
