using System.Text.Json;
using Xunit;

namespace AgentRag.EndToEnd.Tests.Cli;

public sealed class EvaluationTests
{
    private const string Hotpot =
        """
        [{"_id":"h1","answer":"Tarrow","question":"Where was the builder of the lighthouse of Orm born?","type":"bridge","level":"hard","supporting_facts":[["Orm",0],["Ada Venn",1]],
          "context":[["Orm",["Orm is a harbour town."," Its lighthouse was built by Ada Venn in 1871."]],["Ada Venn",["Ada Venn was an engineer."," Ada Venn was born in Tarrow."]],["Lisk",["The Lisk is a river."]]]},
         {"_id":"h2","answer":"Ada Venn","question":"Who built the lighthouse of Orm?","type":"bridge","level":"easy","supporting_facts":[["Orm",1]],"context":[["Tarrow",["Tarrow is a village of weavers."]]]}]
        """;

    [Fact]
    public async Task A_grid_brings_the_probes_that_a_fit_needs()
    {
        using var agentrag = await Town.IndexedAsync();

        await agentrag.RunAsync("evaluate", "--questions", "questions.jsonl", "--strategy", "drag", "--k", "1,2", "--m", "2", "--run", "grid");
        await agentrag.RunAsync("evaluate", "--questions", "questions.jsonl", "--strategy", "drag", "--k", "2", "--m", "2", "--run", "one");

        Assert.Equal(["0 0", "0 1", "1 0", "1 2", "2 2"], Measured("grid"));
        Assert.Equal(["2 2"], Measured("one"));

        IEnumerable<string> Measured(string run) => File.ReadLines(Path.Combine(agentrag.Folder, run, "observations.jsonl"))
            .Select(line => System.Text.Json.JsonDocument.Parse(line).RootElement)
            .Select(row => $"{row.GetProperty("k").GetInt32()} {row.GetProperty("m").GetInt32()}").Distinct().Order(StringComparer.Ordinal);
    }

    [Fact]
    public async Task Strategies_that_choose_and_early_stops_are_measured_and_shown_like_the_others()
    {
        using var agentrag = new Agentrag();
        agentrag.Write("hotpot_dev_distractor_v1.json", Hotpot);
        await agentrag.RunAsync("index", "--corpus-from", "hotpot_dev_distractor_v1.json");
        string[] command = ["evaluate", "--questions", "hotpot_dev_distractor_v1.json", "--strategy", "iterdrag,iterdrag+drafts,auto,escalate", "--k", "1,3", "--m", "0", "--n", "2", "--no-probes", "--run", "run"];

        var measured = await agentrag.RunAsync([.. command, "--json"]);
        Assert.Equal((0, ""), (measured.ExitCode, measured.Error));
        Assert.Equal(
            ["iterdrag 1", "iterdrag 3", "iterdrag+drafts 1", "iterdrag+drafts 3", "auto 0", "escalate 0"],
            measured.Json[^1].GetProperty("totals").EnumerateArray().Select(total => $"{total.GetProperty("strategy").GetString()} {total.GetProperty("k").GetInt32()}"));
        var drafts = measured.Json[^1].GetProperty("totals")[3];
        Assert.InRange(drafts.GetProperty("budgetUtilization").GetDouble(), 0.001, 0.5);
        Assert.True(drafts.GetProperty("scalingEfficiency").TryGetProperty("f1", out _));
        Assert.InRange(drafts.GetProperty("meanUsed").GetProperty("n").GetDouble(), 1, 2);

        var shown = await agentrag.RunAsync(command);
        Assert.Contains("0 requests sent", shown.Output, StringComparison.Ordinal);
        Assert.Matches("auto +– +– +–", shown.Output);
        Assert.DoesNotContain(await File.ReadAllLinesAsync(Path.Combine(agentrag.Folder, "run", "observations.jsonl")), line => line.Contains("auto", StringComparison.Ordinal) || line.Contains("drafts", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_data_set_with_its_own_paragraphs_is_indexed_measured_replayed_reported_and_traced()
    {
        using var agentrag = new Agentrag();
        agentrag.Write("hotpot_dev_distractor_v1.json", Hotpot);

        var indexed = await agentrag.RunAsync("index", "--corpus-from", "hotpot_dev_distractor_v1.json", "--json");
        Assert.Equal(4, Assert.Single(indexed.Json).GetProperty("documents").GetInt32());

        var measured = await agentrag.RunAsync(
            "evaluate", "--questions", "hotpot_dev_distractor_v1.json", "--strategy", "rag,iterdrag", "--k", "1,3", "--m", "0", "--n", "2", "--no-probes", "--baselines", "all", "--run", "run", "--json");
        Assert.Equal((0, ""), (measured.ExitCode, measured.Error));
        var totals = measured.Json[^1].GetProperty("totals").EnumerateArray().ToDictionary(
            total => $"{total.GetProperty("strategy").GetString()} {total.GetProperty("k").GetInt32()}", StringComparer.Ordinal);
        // m is 0 alone, so there is no many-shot baseline.
        Assert.Equal(["rag 1", "rag 3", "iterdrag 1", "iterdrag 3", "zero-shot 0", "gold-passages 2"], totals.Keys);
        Assert.Equal(1, totals["gold-passages 2"].GetProperty("recall").GetDouble());
        Assert.Equal(0, totals["zero-shot 0"].GetProperty("exactMatch").GetDouble());
        Assert.Equal(1, totals["iterdrag 3"].GetProperty("exactMatch").GetDouble());
        Assert.Equal("hotpotqa", measured.Json[^1].GetProperty("dataSet").GetString());

        var replayed = await agentrag.RunAsync("evaluate", "--replay", "run", "--json");
        Assert.Equal(0, replayed.ExitCode);
        Assert.Equal(
            measured.Json[^1].GetProperty("totals").EnumerateArray().Select(total => total.GetRawText()).Order(StringComparer.Ordinal),
            replayed.Json[^1].GetProperty("totals").EnumerateArray().Select(total => total.GetRawText()).Order(StringComparer.Ordinal));
        Assert.Equal(6 * 3, (await File.ReadAllLinesAsync(Path.Combine(agentrag.Folder, "run", "observations.jsonl"))).Length);

        var reported = await agentrag.RunAsync("report", "run", "--output", "report.html");
        Assert.Equal(0, reported.ExitCode);
        Assert.Contains("Where was the builder of the lighthouse of Orm born?", await File.ReadAllTextAsync(Path.Combine(agentrag.Folder, "report.html")), StringComparison.Ordinal);

        var traced = await agentrag.RunAsync("trace", "run", "h1", "--strategy", "iterdrag", "--k", "3", "--json");
        var trace = Assert.Single(traced.Json);
        Assert.Equal("Tarrow", trace.GetProperty("answer").GetString());
        Assert.NotEmpty(trace.GetProperty("retrievals")[0].GetProperty("passages").EnumerateArray());
        Assert.Contains("[supporting]", (await agentrag.RunAsync("trace", "run", "lighthouse of Orm born", "--k", "3")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_command_goes_on_with_its_run_and_another_setting_begins_another()
    {
        using var agentrag = await Town.IndexedAsync();
        string[] command = ["evaluate", "--questions", "questions.jsonl", "--strategy", "rag", "--json"];

        var first = await agentrag.RunAsync(command);
        var again = await agentrag.RunAsync(command);
        var other = await agentrag.RunAsync([.. command, "--retriever", "bm25"]);

        Assert.Equal(2, first.Json[^1].GetProperty("requestsSent").GetInt32());
        Assert.Equal(0, again.Json[^1].GetProperty("requestsSent").GetInt32());
        Assert.Equal(first.Json[^1].GetProperty("run").GetString(), again.Json[^1].GetProperty("run").GetString());
        Assert.NotEqual(first.Json[^1].GetProperty("run").GetString(), other.Json[^1].GetProperty("run").GetString());
        Assert.Equal(2, Directory.GetDirectories(Path.Combine(agentrag.Folder, "agentrag-runs")).Length);
    }

    [Fact]
    public async Task A_named_run_of_other_settings_is_refused_with_the_difference()
    {
        using var agentrag = await Town.IndexedAsync();
        await agentrag.RunAsync("evaluate", "--questions", "questions.jsonl", "--strategy", "rag", "--run", "run");

        var finished = await agentrag.RunAsync("evaluate", "--questions", "questions.jsonl", "--strategy", "rag", "--run", "run", "--retriever", "bm25");

        Assert.Equal(
            new Finished(2, "", "error: Run 'run' was made with something else (retriever: linked, now bm25): go back to that, or start another run with --run DIR.\n"), finished);
    }

    [Fact]
    public async Task Of_runs_killed_at_random_none_loses_or_doubles_a_result()
    {
        Assert.SkipUnless(Agentrag.CanInterrupt, "Needs a parent that can kill its child.");
        using var agentrag = new Agentrag();
        agentrag.Write("set.json", ManyQuestions(40));
        await agentrag.RunAsync("index", "--corpus-from", "set.json");
        string[] grid = ["evaluate", "--questions", "set.json", "--strategy", "rag,drag,iterdrag", "--k", "1,2,3,5,8,13", "--m", "0,1,2", "--n", "1,3", "--no-probes", "--parallel", "2"];
        var expected = Results(await RunWholeAsync(agentrag, [.. grid, "--run", "whole"]), Path.Combine(agentrag.Folder, "whole"));
        Assert.Equal(40 * (6 + 18 + 36), expected.Count);

        var wanted = int.Parse(Environment.GetEnvironmentVariable("AGENTRAG_TEST_KILLS") ?? "20");
        var random = new Random(17);
        var (kills, runs, withResults) = (0, 0, 0);
        while (kills < wanted)
        {
            var run = Path.Combine(agentrag.Folder, $"run-{runs++}");
            for (var isDone = false; !isDone && kills < wanted;)
            {
                var before = LinesOf(run);
                isDone = !await KillAsync(agentrag, [.. grid, "--run", run], run, before, random);
                kills += isDone ? 0 : 1;
                withResults += LinesOf(run) > before ? 1 : 0;
            }

            await RunWholeAsync(agentrag, [.. grid, "--run", run]);
            Assert.Equal(expected, Results(0, run));
        }

        Assert.True(withResults > wanted / 2, $"Only {withResults} of {wanted} killed processes had recorded something.");
    }

    // Waits until this process has recorded something, and a random while more: so that most kills come while results are written.
    private static async Task<bool> KillAsync(Agentrag agentrag, string[] command, string run, long before, Random random)
    {
        using var child = agentrag.Start(command);
        var drained = Task.WhenAll(child.StandardOutput.ReadToEndAsync(), child.StandardError.ReadToEndAsync());
        while (!child.HasExited && LinesOf(run) == before)
        {
            await Task.Delay(5);
        }

        await Task.Delay(random.Next(0, 60));
        var killed = !child.HasExited;
        if (killed)
        {
            child.Kill();
        }

        await child.WaitForExitAsync();
        await drained;
        return killed;
    }

    private static async Task<int> RunWholeAsync(Agentrag agentrag, string[] command)
    {
        var finished = await agentrag.RunAsync(command);
        Assert.Equal((0, ""), (finished.ExitCode, finished.Error));
        return finished.ExitCode;
    }

    private static long LinesOf(string run) => new FileInfo(Path.Combine(run, "log.jsonl")) is { Exists: true } log ? log.Length : 0;

    /// <summary>Every result without its times: question, configuration, answer, tokens, replies, and the passages of its prompts by id.</summary>
    private static List<string> Results(int exitCode, string run)
    {
        Assert.Equal(0, exitCode);
        List<string> passages = [.. File.ReadLines(Path.Combine(run, "passages.jsonl")).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("id").GetString()!)];
        return [.. File.ReadLines(Path.Combine(run, "log.jsonl")).Select(Result).Order(StringComparer.Ordinal)];

        string Result(string line)
        {
            var record = JsonDocument.Parse(line).RootElement;
            var requests = record.GetProperty("requests").EnumerateArray().Select(request =>
                $"{request.GetProperty("key")} {request.GetProperty("tokens")} {request.GetProperty("reply")} {Ids(request, "passages")} +{Ids(request, "added")} -{Ids(request, "removed")}");
            return $"{record.GetProperty("question")} {record.GetProperty("strategy")} {record.GetProperty("k")} {record.GetProperty("m")} {record.GetProperty("n")} " +
                $"{record.GetProperty("answer")} {record.GetProperty("tokens")} {string.Join(" / ", requests)}";
        }

        string Ids(JsonElement request, string name) =>
            request.TryGetProperty(name, out var numbers) ? string.Join(',', numbers.EnumerateArray().Select(number => passages[number.GetInt32()])) : "";
    }

    private static string ManyQuestions(int count) => JsonSerializer.Serialize(Enumerable.Range(1, count).Select(i => new
    {
        _id = $"q{i}",
        question = $"Where was the builder of the lighthouse of Orm{i} born?",
        answer = $"Tarrow{i}",
        type = "bridge",
        supporting_facts = new object[] { new object[] { $"Orm{i}", 0 }, new object[] { $"Ada Venn{i}", 0 } },
        context = new object[]
        {
            new object[] { $"Orm{i}", new[] { $"Orm{i} is a harbour town. Its lighthouse was built by Ada Venn{i} in {1800 + i}." } },
            new object[] { $"Ada Venn{i}", new[] { $"Ada Venn{i} was an engineer. Ada Venn{i} was born in Tarrow{i}." } },
            new object[] { $"Tarrow{i}", new[] { $"Tarrow{i} is a village of weavers on the Lisk." } },
        },
    }));
}
