using System.Text;
using System.Text.RegularExpressions;
using AgentRag.Evaluation.Runs;
using AgentRag.Tests.Fakes;
using Xunit;

namespace AgentRag.Tests.Evaluation.Runs;

/// <summary>A run that ended anywhere goes on to the same results as one that never stopped.</summary>
public sealed class TornRunTests : IDisposable
{
    private readonly RunFixture _fixture = new(questions: 4);
    private readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        _fixture.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Of_100_runs_whose_files_end_at_any_byte_each_goes_on_with_nothing_lost_or_doubled()
    {
        var configurations = RunFixture.Grid(1, 5);
        await _fixture.RunAsync(new ScriptedChatClient(RunFixture.Reply), configurations);
        var expected = _fixture.Results();
        var log = File.ReadAllBytes(Path.Combine(_fixture.Folder, "log.jsonl"));
        var passages = File.ReadAllBytes(Path.Combine(_fixture.Folder, "passages.jsonl"));
        var random = new Random(11);
        var torn = 0;
        for (var i = 0; i < 100; i++)
        {
            // A passage is written before the record that names it: the passages may be ahead of the log, and what is behind them is not there.
            var kept = random.Next(log.Length + 1);
            var named = RunPassagesNamed(log.AsSpan(0, kept));
            var passageEnd = random.Next(EndOfLine(passages, named), passages.Length + 1);
            var run = _folder[$"run-{i}"];
            Directory.CreateDirectory(run);
            File.Copy(Path.Combine(_fixture.Folder, "run.json"), Path.Combine(run, "run.json"));
            File.Copy(Path.Combine(_fixture.Folder, "questions.jsonl"), Path.Combine(run, "questions.jsonl"));
            File.WriteAllBytes(Path.Combine(run, "log.jsonl"), log[..kept]);
            File.WriteAllBytes(Path.Combine(run, "passages.jsonl"), passages[..passageEnd]);
            torn += kept > 0 && log[kept - 1] != (byte)'\n' ? 1 : 0;

            await _fixture.RunAsync(new ScriptedChatClient(RunFixture.Reply), configurations, folder: run);

            Assert.Equal(expected, _fixture.Results(run));
        }

        Assert.True(torn > 75, $"Only {torn} logs ended within a line.");
    }

    [Fact]
    public async Task A_run_that_ended_before_its_manifest_begins_again()
    {
        Directory.CreateDirectory(_fixture.Folder);
        File.WriteAllText(Path.Combine(_fixture.Folder, "questions.jsonl"), "{\"id\":\"half");
        File.WriteAllText(Path.Combine(_fixture.Folder, "run.json.tmp"), "{");

        var end = await _fixture.RunAsync(new ScriptedChatClient(RunFixture.Reply), RunFixture.Grid(1));

        Assert.Equal(4 * RunFixture.Grid(1).Count, end.Records);
        Assert.Equal(4, RunReader.Open(_fixture.Folder).Questions.Count);
    }

    [Fact]
    public async Task A_damaged_line_in_the_middle_is_an_error_that_names_it()
    {
        await _fixture.RunAsync(new ScriptedChatClient(RunFixture.Reply), RunFixture.Grid(1));
        var path = Path.Combine(_fixture.Folder, "log.jsonl");
        var lines = File.ReadAllLines(path);
        lines[2] = "{\"question\":";
        File.WriteAllLines(path, lines);

        var exception = Assert.Throws<AgentRagException>(() => _fixture.Scored());

        Assert.StartsWith($"{path}:3: the run's file is damaged: ", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_run_is_said_to_be_none()
    {
        Assert.StartsWith($"There is no evaluation run in '{_folder.Path}'", Assert.Throws<AgentRagException>(() => RunReader.Open(_folder.Path)).Message, StringComparison.Ordinal);
        _folder.Write("run.json", "{\"format\":\"something\"}");
        Assert.Contains("is not the manifest of an evaluation run", Assert.Throws<AgentRagException>(() => RunReader.Open(_folder.Path)).Message, StringComparison.Ordinal);
        _folder.Write("run.json", "{\"format\":\"agentrag-run\",\"formatVersion\":99}");
        Assert.Contains("has format version 99, this program reads version 1", Assert.Throws<AgentRagException>(() => RunReader.Open(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_passages_of_1000_random_prompts_come_back_as_they_were()
    {
        var random = new Random(5);
        for (var i = 0; i < 1000; i++)
        {
            List<(RunRequest, IReadOnlyList<int>)> requests = [];
            List<int> held = [];
            for (var request = random.Next(1, 8); request > 0; request--)
            {
                held.AddRange(Enumerable.Range(0, 30).Except(held).OrderBy(_ => random.Next()).Take(random.Next(0, 6)));
                // Trimming leaves some out, which may come back; sometimes the order is another.
                var prompt = held.Where(_ => random.Next(8) > 0).ToList();
                requests.Add((new RunRequest { Purpose = "answer", Tokens = 1, Reply = "" }, random.Next(5) == 0 ? [.. prompt.OrderBy(_ => random.Next())] : prompt));
            }

            Assert.Equal(requests.Select(request => request.Item2), PromptDeltas.Decode(PromptDeltas.Encode(requests)));
        }
    }

    private static int RunPassagesNamed(ReadOnlySpan<byte> log)
    {
        var most = -1;
        foreach (Match list in Regex.Matches(
            Encoding.UTF8.GetString(log), "\"(?:passages|added)\":\\[(?<numbers>[0-9,]+)", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(10)))
        {
            most = Math.Max(most, list.Groups["numbers"].Value.Split(',', StringSplitOptions.RemoveEmptyEntries).Max(int.Parse));
        }

        return most;
    }

    // Behind line number n, from 0.
    private static int EndOfLine(byte[] text, int line)
    {
        var end = 0;
        for (; line >= 0; line--)
        {
            end = Array.IndexOf(text, (byte)'\n', end) + 1;
        }

        return end;
    }
}
