using System.Text.Json;
using Xunit;

namespace AgentRag.EndToEnd.Tests.Cli;

/// <summary>From runs to a fitted model, to a choice, to the news that the model no longer holds.</summary>
public sealed class AllocationTests
{
    [Theory] // what the reference replays with the coefficients of the paper's table 8, 130 tokens a passage
    [InlineData("0,0,1", "0,0", -2.690, -2.123)]
    [InlineData("1,0,1", "0,0", -1.190, -1.485)]
    [InlineData("10,4,1", "0,0", 0.161, 0.310)]
    [InlineData("100,8,5", "0,0", 1.262, 0.980)]
    [InlineData("200,64,4", "0,0", 1.658, 1.050)]
    [InlineData("20,4,3", "2,0.5", 0.172, 0.323)]
    [InlineData("20,2,4", "2,0.5", null, 0.305)]
    [InlineData("100,8,3", "2,0.5", null, 0.66)]
    public async Task Predict_with_the_published_coefficients_gives_the_golden_values(string parameters, string informativeness, double? linear, double predicted)
    {
        using var agentrag = new Agentrag();

        var finished = await agentrag.RunAsync("allocate", "--predict", parameters, "--informativeness", informativeness, "--coefficients", "published", "--json");

        Assert.Equal((0, ""), (finished.ExitCode, finished.Error));
        var line = Assert.Single(finished.Json);
        Assert.Equal(["linear", "predicted"], line.EnumerateObject().Select(field => field.Name));
        Assert.Equal(predicted, line.GetProperty("predicted").GetDouble(), tolerance: 0.006);
        Assert.Equal(linear ?? line.GetProperty("linear").GetDouble(), line.GetProperty("linear").GetDouble(), tolerance: 6e-4);
    }

    [Fact]
    public async Task Simulated_runs_are_fitted_allocated_from_and_checked_for_drift()
    {
        using var agentrag = new Agentrag();
        string[] grid = ["--questions", "60", "--k", "0,1,5,20,50", "--m", "0,1,4", "--n", "1,2,4"];
        Directory.CreateDirectory(Path.Combine(agentrag.Folder, "runs", "a"));

        var simulated = await agentrag.RunAsync("", ["simulate", "--output", "runs/a/observations.jsonl", .. grid]);
        var fitted = await agentrag.RunAsync("fit", "runs", "--output", "model.json", "--report", "report.md", "--budgets", "4k,16k,64k");

        Assert.Equal((0, ""), (simulated.ExitCode, simulated.Error));
        // Four sets, three metrics, 15 configurations of DRAG and 45 of IterDRAG.
        Assert.Equal("Wrote 720 simulated observations to runs/a/observations.jsonl. Next: agentrag fit runs/a/observations.jsonl --output model.json", simulated.Lines[0]);
        Assert.Equal((0, ""), (fitted.ExitCode, fitted.Error));
        Assert.StartsWith("Fitted 720 simulated observations of simulator on simulated-bridge, simulated-chain", fitted.Lines[0], StringComparison.Ordinal);
        Assert.Contains("simulated, so it says nothing about any real model", fitted.Lines[0], StringComparison.Ordinal);
        var report = await File.ReadAllTextAsync(Path.Combine(agentrag.Folder, "report.md"), TestContext.Current.CancellationToken);
        Assert.StartsWith("# Allocation model (simulated)", report, StringComparison.Ordinal);
        Assert.Contains("## Leave one domain out, up to 64k tokens", report, StringComparison.Ordinal);
        Assert.Contains("| 4k -> 16k (EM/F1/Acc) | 16k -> 64k (EM/F1/Acc) |", report, StringComparison.Ordinal);

        var allocated = await agentrag.RunAsync("allocate", "--budget", "32k", "--allocation-model", "model.json", "--explain", "--json");
        Assert.Equal(0, allocated.ExitCode);
        Assert.StartsWith("warning: The allocation model was fitted to simulated observations", allocated.Error, StringComparison.Ordinal);
        var recommended = allocated.Json[0].GetProperty("recommended");
        Assert.InRange(recommended.GetProperty("plannedTokens").GetInt64(), 1, 32_000);
        var predicted = recommended.GetProperty("predicted");
        Assert.InRange(
            predicted.GetProperty("value").GetDouble(), predicted.GetProperty("prediction").GetProperty("low").GetDouble(), predicted.GetProperty("prediction").GetProperty("high").GetDouble());
        Assert.True(allocated.Json[0].GetProperty("simulated").GetBoolean());
        var candidates = allocated.Json[0].GetProperty("explanation").GetProperty("candidates").EnumerateArray().ToList();
        Assert.True(candidates.Count > 20);
        Assert.Equal(candidates.Select(Score).OrderDescending(), candidates.Select(Score));

        var measured = await agentrag.RunAsync("allocate", "--target-accuracy", "0.3", "--allocation-model", "model.json", "--json");
        Assert.True(measured.Json[0].GetProperty("cheapest").GetProperty("measured").GetProperty("value").GetDouble() >= 0.3);
        var unreachable = await agentrag.RunAsync("allocate", "--target-accuracy", "0.99", "--allocation-model", "model.json");
        Assert.Equal(2, unreachable.ExitCode);
        Assert.Contains("error: Nothing that was measured or can be predicted reaches accuracy 0.99: the best is", unreachable.Error, StringComparison.Ordinal);

        var calm = await agentrag.RunAsync("drift", "--model", "model.json", "runs", "--json");
        Assert.Equal((0, ""), (calm.ExitCode, calm.Error));
        Assert.False(calm.Json[0].GetProperty("refit").GetBoolean());
        await MakeWorseAsync(agentrag, "runs/a/observations.jsonl", "worse.jsonl");
        var drifted = await agentrag.RunAsync("drift", "--model", "model.json", "worse.jsonl");
        Assert.Equal((0, ""), (drifted.ExitCode, drifted.Error));
        Assert.Contains("worse than expected", drifted.Output, StringComparison.Ordinal);
        Assert.EndsWith("Fit again: agentrag fit RUNS --output model.json\n", drifted.Output, StringComparison.Ordinal);

        static double Score(JsonElement candidate) => candidate.GetProperty("score").GetDouble();
    }

    [Fact]
    public async Task A_measured_run_is_not_fitted_together_with_simulated_ones()
    {
        using var agentrag = new Agentrag();
        await agentrag.RunAsync("simulate", "--output", "a.jsonl", "--questions", "10", "--k", "0,1", "--m", "0,1", "--n", "1");
        agentrag.Write(
            "b.jsonl",
            """{"observation":1,"dataSet":"d","strategy":"drag","k":5,"m":2,"n":1,"metric":"f1","value":0.5,"questions":100,"meanEffectiveContextTokens":80.5,"maxEffectiveContextTokens":90}""");

        var finished = await agentrag.RunAsync("fit", "a.jsonl", "b.jsonl");

        Assert.Equal((2, ""), (finished.ExitCode, finished.Output));
        Assert.Equal("error: 96 of 97 observations are simulated and the others measured: they are never mixed; name the runs of one kind.\n", finished.Error);
    }

    [Theory]
    [InlineData("error: --predict: '1,2' is not K,M,N, such as 10,4,1.\n", "allocate", "--predict", "1,2")]
    [InlineData("error: --predict: 'x' is not a whole number.\n", "allocate", "--predict", "1,x,2")]
    [InlineData("error: --informativeness: '1' is not DOC,SHOT, such as 2,0.5.\n", "allocate", "--predict", "1,1,1", "--informativeness", "1")]
    [InlineData("error: --coefficients: 'mine' is not known; use published, or name your own with --allocation-model FILE.\n", "allocate", "--coefficients", "mine")]
    [InlineData("error: --target-accuracy is 60, must be in (0, 1]: 60 % is 0.6.\n", "allocate", "--target-accuracy", "60")]
    [InlineData("error: --variant: 'cubic' is none of sigmoid, linear, without-informativeness, quadratic, sigmoid-in-two-stages.\n", "fit", "x", "--variant", "cubic")]
    [InlineData("error: Name the allocation model with --model FILE; 'agentrag fit' makes one.\n", "drift", "x")]
    [InlineData("error: Say where the observations go with --output FILE, such as --output runs.jsonl.\n", "simulate")]
    [InlineData("error: There is no simulated data set 'x': use onehop, comparison, bridge, chain.\n", "simulate", "--output", "-", "--data-sets", "x")]
    public async Task What_cannot_be_read_is_told_in_one_line(string expected, params string[] args)
    {
        using var agentrag = new Agentrag();

        var finished = await agentrag.RunAsync(args);

        Assert.Equal((2, "", expected), (finished.ExitCode, finished.Output, finished.Error));
    }

    private static async Task MakeWorseAsync(Agentrag agentrag, string from, string to)
    {
        var lines = await File.ReadAllLinesAsync(Path.Combine(agentrag.Folder, from), TestContext.Current.CancellationToken);
        agentrag.Write(to, string.Concat(lines.Select(line =>
        {
            var fields = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(line)!;
            fields["value"] = JsonSerializer.SerializeToElement(0.7 * fields["value"].GetDouble());
            return $"{JsonSerializer.Serialize(fields)}\n";
        })));
    }
}
