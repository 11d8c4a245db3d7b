using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using AgentRag.EndToEnd.Tests.Cli;
using Xunit;

namespace AgentRag.EndToEnd.Tests.Readme;

/// <summary>A folder in which the README's commands find what they name: the demo world, documents, questions, a data set and a model file.</summary>
internal sealed partial class ReadmeFolder : IAsyncDisposable
{
    private readonly Agentrag _agentrag = new();
    private readonly ReadmeServers _servers = new();
    private readonly List<(Process Process, string Command, Task<string> Output)> _running = [];
    private readonly Dictionary<string, string> _adaptations;

    public ReadmeFolder()
    {
        var (http, model) = (ReadmeServers.FreePort(), ReadmeServers.FreePort());
        _adaptations = new(StringComparer.Ordinal)
        {
            // The README leaves the question to its reader.
            ["\"...\""] = "\"When did the composer of the Ithrel Symphony die?\"",
            // Servers of this run stand in for those of the reader, on ports that are free.
            ["127.0.0.1:11434"] = $"127.0.0.1:{_servers.ModelPort}",
            ["127.0.0.1:8081"] = $"127.0.0.1:{_servers.ModelPort}",
            ["http://127.0.0.1:6333"] = _servers.Qdrant.Url.ToString().TrimEnd('/'),
            ["127.0.0.1:8080"] = $"127.0.0.1:{http}",
            // The model of the tests knows no words and has little room.
            ["--base-url http://127.0.0.1:8091/v1"] = $"--base-url http://127.0.0.1:{model}/v1 --strategy zero-shot --context-window 1024 --reserved-answer-tokens 100",
            ["serve-model small.gguf"] = $"serve-model small.gguf --port {model}",
            ["--model openai:gpt-4.1-mini"] = $"--model openai:gpt-4.1-mini --base-url http://127.0.0.1:{_servers.ModelPort}/v1",
            ["--model anthropic:claude-sonnet-4-5"] = $"--model anthropic:claude-sonnet-4-5 --base-url http://127.0.0.1:{_servers.ModelPort}",
            // Nobody is there to say yes.
            ["init docs --client claude-code"] = "init docs --client claude-code --yes",
            // As the sentence around the two says.
            ["agentrag cache show"] = "agentrag cache show --cache cache",
            ["agentrag cache clear"] = "agentrag cache clear --cache cache",
        };
    }

    /// <summary>Writes the files, and indexes the demo world as the README's first block does.</summary>
    public async Task PrepareAsync(string section)
    {
        var bin = Directory.CreateDirectory(Path.Combine(_agentrag.Folder, "bin")).FullName;
        var shim = Path.Combine(bin, "agentrag");
        await File.WriteAllTextAsync(shim, $"#!/usr/bin/env bash\nexec dotnet exec '{Path.Combine(AppContext.BaseDirectory, "AgentRag.Cli.dll")}' \"$@\"\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(shim, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        // Nothing lands in the home of whoever runs the tests.
        _agentrag.Environment["PATH"] = $"{bin}:{Environment.GetEnvironmentVariable("PATH")}";
        _agentrag.Environment["HOME"] = Directory.CreateDirectory(Path.Combine(_agentrag.Folder, "home")).FullName;
        var world = Path.Combine(ReadmeCommand.Repository, "demos", "world");
        foreach (var file in Directory.EnumerateFiles(Path.Combine(world, "documents"), "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(_agentrag.Folder, "demos", "world", Path.GetRelativePath(world, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        _agentrag.Write("docs/bridge.md", "---\nauthor: Ada Venn\nyear: 1871\n---\n# The bridge of Orm\n\nThe bridge of Orm was opened in 1871.\n");
        _agentrag.Write("docs/drafts/later.md", "# Later\n\nNot done yet.\n");
        _agentrag.Write("corpus.jsonl", """{"id":"orm","title":"Orm","text":"Orm is a harbour town on the Lisk."}""" + "\n");
        _agentrag.Write("questions.jsonl", await File.ReadAllTextAsync(Path.Combine(world, "demonstrations.jsonl")));
        // A grid of 75 settings is measured on them, and the model without a language model behind it should reach the accuracy that is asked for.
        _agentrag.Write(
            "test.jsonl",
            """
            {"id":"t1","question":"When was the bridge of Orm opened?","answers":["1871"],"supporting":["bridge"]}
            {"id":"t2","question":"When did the composer of the Ithrel Symphony die?","answers":["1924"],"supporting":["works/ithrel-symphony","people/anselm-maldry"]}
            """ + "\n");
        _agentrag.Write("prices.json", """{"extractive": {"input": 0.15, "cachedInput": 0.075, "output": 0.6}}""");
        _agentrag.Write(
            "hotpot_dev_distractor_v1.json",
            """
            [{"_id":"h1","question":"Where was the builder of the lighthouse of Orm born?","answer":"Tarrow","type":"bridge","level":"hard","supporting_facts":[["Orm",0],["Ada Venn",0]],
              "context":[["Orm",["The lighthouse of Orm was built by Ada Venn."]],["Ada Venn",["Ada Venn was born in Tarrow."]]]}]
            """);
        File.Copy(Path.Combine(ReadmeCommand.Repository, "tests", "AgentRag.Decoding.Tests", "TestModel", "recall.gguf"), Path.Combine(_agentrag.Folder, "small.gguf"));
        await SucceedsAsync("agentrag index demos/world/documents docs");
        foreach (var before in ReadmeExceptions.Before.Where(before => before.Section == section))
        {
            await SucceedsAsync(before.Command);
        }
    }

    /// <summary>Runs a command of the README to its end, or, when it serves, until it does; it must end well.</summary>
    /// <returns>What it wrote.</returns>
    public async Task<string> RunAsync(ReadmeCommand command)
    {
        var text = _adaptations.Aggregate(command.Text, (adapted, adaptation) => adapted.Replace(adaptation.Key, adaptation.Value, StringComparison.Ordinal));
        if (text.StartsWith("curl ", StringComparison.Ordinal))
        {
            return await PostAsync(text);
        }

        return ReadmeExceptions.Serving.FirstOrDefault(serving => command.Text.Contains(serving.Part, StringComparison.Ordinal)) is { Part: not null } serves
            ? await StartAsync(text, serves.Sign)
            : await SucceedsAsync(text);
    }

    /// <summary>Ends what serves, as Ctrl-C does; that is its ordinary end.</summary>
    public async Task EndAsync()
    {
        foreach (var (process, command, output) in _running)
        {
            Agentrag.Interrupt(process);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(process.ExitCode == 0, $"'{command}' ended with {process.ExitCode}:\n{await output}");
        }

        _running.Clear();
    }

    /// <summary>What a command's help says.</summary>
    public Task<string> HelpAsync(string command) => SucceedsAsync($"{command} --help");

    public async ValueTask DisposeAsync()
    {
        foreach (var (process, _, _) in _running)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }

        await _servers.DisposeAsync();
        _agentrag.Dispose();
    }

    private async Task<string> SucceedsAsync(string command)
    {
        using var process = Start(command);
        process.StandardInput.Close();
        var (output, error) = (process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(
            process.ExitCode == 0,
            $"'{command}' ended with {process.ExitCode}. Mend the command, or enter it in {nameof(ReadmeExceptions)} with the reason why it cannot run here.\n{await output}\n{await error}");
        return await output + await error;
    }

    private async Task<string> StartAsync(string command, string sign)
    {
        var process = Start(command);
        var (said, isServing) = (new StringBuilder(), new TaskCompletionSource());
        var output = Task.WhenAll(ReadAsync(process.StandardOutput), ReadAsync(process.StandardError)).ContinueWith(_ => said.ToString(), TaskScheduler.Default);
        _running.Add((process, command, output));
        await Task.WhenAny(isServing.Task, output).WaitAsync(TestContext.Current.CancellationToken);
        Assert.True(isServing.Task.IsCompleted, $"'{command}' ended before it said '{sign}':\n{said}");
        return said.ToString();

        async Task ReadAsync(StreamReader reader)
        {
            while (await reader.ReadLineAsync() is { } line)
            {
                lock (said)
                {
                    said.AppendLine(line);
                }

                if (line.Contains(sign, StringComparison.Ordinal))
                {
                    isServing.TrySetResult();
                }
            }
        }
    }

    // In a shell, as a reader runs it: quotes, variables and comments are the shell's.
    private Process Start(string command)
    {
        var assignments = Assignments().Match(command).Length;
        var start = _agentrag.StartInfo("bash", ["-c", $"{command[..assignments]}exec {command[assignments..]}"]);
        return Process.Start(start)!;
    }

    private static async Task<string> PostAsync(string command)
    {
        var (url, header, body) = (Url().Match(command).Value, Header().Match(command).Groups["value"].Value, Body().Match(command).Groups["text"].Value);
        using var client = new HttpClient();
        using var content = new StringContent(body, Encoding.UTF8, header);
        using var response = await client.PostAsync(new Uri($"http://{url}"), content, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"'{command}' was answered with {(int)response.StatusCode}: {text}");
        return text;
    }

    [GeneratedRegex(@"^(?:[A-Z_]+=\S+ +)*", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Assignments();

    [GeneratedRegex(@"(?<=^curl )\S+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Url();

    [GeneratedRegex("-H 'Content-Type: (?<value>[^']+)'", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Header();

    [GeneratedRegex("-d '(?<text>[^']+)'", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Body();
}
