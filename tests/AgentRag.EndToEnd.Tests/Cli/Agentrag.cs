using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace AgentRag.EndToEnd.Tests.Cli;

/// <summary>Runs the built program as a child process, in a temporary folder of its own and without the settings of whoever runs the tests.</summary>
internal sealed class Agentrag : IDisposable
{
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "AgentRag.Cli.dll");

    public string Folder { get; } = Directory.CreateTempSubdirectory("agentrag-tests-").FullName;

    /// <summary>Variables that the child gets beside the system's.</summary>
    public Dictionary<string, string> Environment { get; } = [];

    public string Write(string path, string text)
    {
        var full = Path.Combine(Folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
        return full;
    }

    public async Task<Finished> RunAsync(params string[] args) => await RunAsync("", args);

    public async Task<Finished> RunAsync(string input, string[] args)
    {
        using var child = Start(args);
        // Both streams are read from the start: a full pipe would stop the child.
        var (output, error) = (child.StandardOutput.ReadToEndAsync(), child.StandardError.ReadToEndAsync());
        await child.StandardInput.WriteAsync(input);
        child.StandardInput.Close();
        await child.WaitForExitAsync();
        return new Finished(child.ExitCode, await output, await error);
    }

    public Process Start(params string[] args) => Process.Start(StartInfo("dotnet", ["exec", Program, .. args]))!;

    /// <summary>How a program is started in this folder.</summary>
    public ProcessStartInfo StartInfo(string program, IEnumerable<string> args)
    {
        var start = new ProcessStartInfo(program)
        {
            UseShellExecute = false,
            WorkingDirectory = Folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        foreach (var variable in start.Environment.Keys.Where(name => name.StartsWith("AGENTRAG_", StringComparison.Ordinal) || name.EndsWith("_API_KEY", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(variable);
        }

        // Nothing of a test lands in the home of whoever runs it.
        start.Environment["XDG_STATE_HOME"] = Path.Combine(Folder, ".state");
        foreach (var (name, value) in Environment)
        {
            start.Environment[name] = value;
        }

        foreach (var arg in args)
        {
            start.ArgumentList.Add(arg);
        }

        return start;
    }

    /// <summary>Sends Ctrl-C, where the platform lets a parent do that.</summary>
    public static void Interrupt(Process child)
    {
        using var kill = Process.Start("kill", ["-INT", $"{child.Id}"]);
        kill.WaitForExit();
    }

    public static bool CanInterrupt => !OperatingSystem.IsWindows();

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}

/// <summary>What a run left behind.</summary>
internal sealed record Finished(int ExitCode, string Output, string Error)
{
    public IReadOnlyList<string> Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Every line of standard output as JSON; fails when one is not.</summary>
    public IReadOnlyList<JsonElement> Json => [.. Lines.Select(line => JsonDocument.Parse(line).RootElement)];
}
