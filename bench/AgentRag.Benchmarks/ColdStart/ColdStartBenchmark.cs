using System.Diagnostics;

namespace AgentRag.Benchmarks.ColdStart;

/// <summary>Starts MCP servers as clients do, one after the other in each round, and measures each until its reply to <c>initialize</c>.</summary>
/// <remarks>Processor time of all threads, as the wall of a busy machine says nothing. The order within a round is drawn anew, by a seed.</remarks>
internal static class ColdStartBenchmark
{
    private const string Initialize =
        """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"cold-start","version":"1.0.0"}}}""";

    public static int Run(ColdStartArguments arguments)
    {
        var folder = Directory.CreateTempSubdirectory("agentrag-cold-start-").FullName;
        try
        {
            var random = new Random(1);
            var times = arguments.Servers.Select(_ => new List<(double Processor, double Wall)>()).ToList();

            // The first round brings the files into memory.
            for (var round = -1; round < arguments.Rounds; round++)
            {
                var order = Enumerable.Range(0, arguments.Servers.Count).ToArray();
                random.Shuffle(order);
                foreach (var server in order)
                {
                    var time = Start(arguments.Servers[server], folder);
                    if (round >= 0)
                    {
                        times[server].Add(time);
                    }
                }
            }

            Print(arguments, times);
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static (double Processor, double Wall) Start((string Name, string Program, string[] Arguments) server, string folder)
    {
        var start = new ProcessStartInfo(server.Program, server.Arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = folder,
            Environment = { ["XDG_STATE_HOME"] = folder },
        };
        foreach (var setting in start.Environment.Keys.Where(name => name.StartsWith("AGENTRAG_", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(setting);
        }

        var begin = Stopwatch.GetTimestamp();
        using var process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        process.StandardInput.WriteLine(Initialize);
        process.StandardInput.Flush();
        var reply = process.StandardOutput.ReadLine();
        var (processor, wall) = (ProcessTime.Of(process), Stopwatch.GetElapsedTime(begin));
        process.StandardInput.Close();
        process.WaitForExit();
        return reply?.Contains("\"serverInfo\"", StringComparison.Ordinal) is true
            ? (processor.TotalMilliseconds, wall.TotalMilliseconds)
            : throw new InvalidOperationException($"{server.Name} did not answer initialize but: {reply}");
    }

    private static void Print(ColdStartArguments arguments, List<List<(double Processor, double Wall)>> times)
    {
        Console.WriteLine($"{arguments.Rounds} rounds. Processor time to the reply in ms: median (quartiles; least); times the first, the median over the rounds; wall in ms, median.");
        for (var i = 0; i < times.Count; i++)
        {
            var processor = times[i].Select(time => time.Processor).Order().ToList();
            var ratios = times[i].Select((time, round) => time.Processor / times[0][round].Processor).ToList();
            Console.WriteLine(
                $"{arguments.Servers[i].Name,-24} {Quantile(processor, 0.5),7:F1} ({Quantile(processor, 0.25):F1} to {Quantile(processor, 0.75):F1}; {processor[0]:F1})" +
                $" {Quantile(ratios, 0.5),6:F2} {Quantile([.. times[i].Select(time => time.Wall)], 0.5),8:F0}");
        }
    }

    private static double Quantile(List<double> values, double share) => values.Order().ElementAt((int)((values.Count - 1) * share));
}
