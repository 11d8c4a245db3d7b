using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace AgentRag.Benchmarks.Serving;

/// <summary>One running <c>agentrag mcp</c>, over standard input and output or over HTTP, with what it takes of the machine.</summary>
internal sealed class ServedProcess : IAsyncDisposable
{
    // What a client declares; the newest version is found out by asking, as clients of both eras do.
    private const string OlderProtocol = "2025-11-25";

    private readonly Process _process;
    private readonly ManagedHeap _heap;
    private readonly Uri? _endpoint;

    private ServedProcess(Process process, Uri? endpoint)
    {
        (_process, _endpoint, _heap) = (process, endpoint, new ManagedHeap(process.Id));
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is { Length: > 0 } text)
            {
                Complaints++;
                Console.Error.WriteLine(text);
            }
        };
        process.BeginErrorReadLine();
    }

    /// <summary>Lines on the server's standard error.</summary>
    public int Complaints { get; private set; }

    /// <summary>The program as the solution builds it.</summary>
    public static string BuiltProgram([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(
        Path.GetDirectoryName(here)!, "..", "..", "..", "src", "AgentRag.Cli", "bin", "Release", "net10.0", OperatingSystem.IsWindows() ? "AgentRag.Cli.exe" : "AgentRag.Cli"));

    /// <summary>Runs the program to its end.</summary>
    public static void Run(string program, params IReadOnlyList<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true })!;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
        }
    }

    /// <summary>Starts a server over standard input and output.</summary>
    public static ServedProcess StartOnPipes(string program, string index, string answering) => new(Start(program, ["mcp", "--index", index, "--answering", answering]), endpoint: null);

    /// <summary>Starts a server over HTTP on a free port of this machine.</summary>
    public static async Task<ServedProcess> StartOnHttpAsync(string program, string index, string answering)
    {
        int port;
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            port = ((IPEndPoint)probe.LocalEndpoint).Port;
        }

        var process = Start(program, ["mcp", "--index", index, "--answering", answering, "--http", $"127.0.0.1:{port}"]);
        while (await process.StandardError.ReadLineAsync() is { } line && !line.Contains("serving MCP", StringComparison.Ordinal))
        {
            Console.Error.WriteLine(line);
        }

        return new ServedProcess(process, new Uri($"http://127.0.0.1:{port}/mcp"));
    }

    /// <summary>Connects a client; on pipes a server takes one.</summary>
    /// <param name="isOlder">Whether it speaks the protocol with a handshake, as most clients do, rather than the newest it finds.</param>
    public Task<McpClient> ConnectAsync(bool isOlder) => McpClient.CreateAsync(
        _endpoint is null
            ? new StreamClientTransport(_process.StandardInput.BaseStream, _process.StandardOutput.BaseStream)
            : new HttpClientTransport(new HttpClientTransportOptions { Endpoint = _endpoint, TransportMode = HttpTransportMode.StreamableHttp }),
        new McpClientOptions { ProtocolVersion = isOlder ? OlderProtocol : null });

    /// <summary>What the server takes now.</summary>
    public ProcessSample Sample()
    {
        _process.Refresh();
        return new ProcessSample(_process.WorkingSet64, _heap.Bytes, _process.Threads.Count, OperatingSystem.IsLinux() ? Directory.GetFiles($"/proc/{_process.Id}/fd").Length : 0, _process.TotalProcessorTime);
    }

    /// <summary>Has the server's garbage collected, all of it, so that the next sample shows what is in use.</summary>
    public void Collect() => _heap.Collect();

    public async ValueTask DisposeAsync()
    {
        // The end of its input is a server's ordinary end; over HTTP it waits for nothing of the kind.
        if (_endpoint is null)
        {
            _process.StandardInput.Close();
        }
        else if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync();
        _heap.Dispose();
        _process.Dispose();
    }

    private static Process Start(string program, IReadOnlyList<string> arguments) => Process.Start(new ProcessStartInfo(program, arguments)
    {
        UseShellExecute = false,
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;
}

/// <summary>What a process takes at one moment.</summary>
/// <param name="ResidentBytes">Memory that is resident.</param>
/// <param name="HeapBytes">The managed heap as its last collection left it.</param>
/// <param name="Threads">Threads.</param>
/// <param name="Handles">Open files and sockets.</param>
/// <param name="ProcessorTime">Processor time since its start.</param>
internal sealed record ProcessSample(long ResidentBytes, long HeapBytes, int Threads, int Handles, TimeSpan ProcessorTime)
{
    public static ProcessSample Sum(IReadOnlyCollection<ProcessSample> samples) => new(
        samples.Sum(sample => sample.ResidentBytes), samples.Sum(sample => sample.HeapBytes), samples.Sum(sample => sample.Threads), samples.Sum(sample => sample.Handles),
        TimeSpan.FromTicks(samples.Sum(sample => sample.ProcessorTime.Ticks)));
}
