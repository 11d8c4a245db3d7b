using System.Diagnostics;
using System.Runtime.CompilerServices;
using AgentRag.Documents;
using ModelContextProtocol.Client;

namespace AgentRag.Benchmarks.Serving;

/// <summary>Real MCP clients at once: how long their calls take, and whether the servers' memory stays flat.</summary>
internal static class LoadBenchmark
{
    public static async Task<int> RunAsync(LoadArguments arguments)
    {
        var folder = Directory.CreateTempSubdirectory("agentrag-load-");
        try
        {
            var index = arguments.Index is { } given ? Path.GetFullPath(given) : Path.Combine(folder.FullName, "index");
            if (arguments.Index is null)
            {
                ServedProcess.Run(arguments.Server, "index", Path.Combine(World(), "documents"), "--index", index);
            }

            var questions = (await LabelledQuestionFile.LoadAsync(arguments.Questions ?? Path.Combine(World(), "test.jsonl"))).Select(question => question.Question).ToList();
            List<ServedProcess> servers = [];
            try
            {
                await StartAsync(arguments, index, servers);
                return await LoadAsync(arguments, servers, questions);
            }
            finally
            {
                foreach (var server in servers)
                {
                    await server.DisposeAsync();
                }
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task StartAsync(LoadArguments arguments, string index, List<ServedProcess> servers)
    {
        if (arguments.IsHttp)
        {
            servers.Add(await ServedProcess.StartOnHttpAsync(arguments.Server, index, arguments.AnsweringOf(0)));
            return;
        }

        for (var i = 0; i < arguments.Clients; i++)
        {
            servers.Add(ServedProcess.StartOnPipes(arguments.Server, index, arguments.AnsweringOf(i)));
        }
    }

    private static async Task<int> LoadAsync(LoadArguments arguments, List<ServedProcess> servers, List<string> questions)
    {
        List<McpClient> clients = [];
        for (var i = 0; i < arguments.Clients; i++)
        {
            clients.Add(await servers[i % servers.Count].ConnectAsync(isOlder: i % 2 == 1));
        }

        var (log, curve, watch) = (new CallLog(), new MemoryCurve(), Stopwatch.StartNew());
        using var sampled = new CancellationTokenSource();
        var sampling = SampleAsync(arguments, servers, curve, watch, sampled.Token);
        var begun = 0;
        await Task.WhenAll(clients.Select((client, i) =>
        {
            var random = new Random(arguments.Seed + i);
            return new LoadClient(client, questions, log, () => PaceAsync(random), random).RunAsync();
        }));
        var elapsed = watch.Elapsed;
        await sampled.CancelAsync();
        await sampling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var inUse = await InUseAsync(servers);
        foreach (var client in clients)
        {
            await client.DisposeAsync();
        }

        Console.WriteLine(FormattableString.Invariant(
            $"{arguments.Clients} clients, {(arguments.IsHttp ? "one server over HTTP" : "a server process each, over pipes")}, answering {arguments.Answering}: {log.Count:N0} calls in {elapsed.TotalSeconds:F0} s, {log.Count / elapsed.TotalSeconds:F1} per second; load {Load()}"));
        Console.WriteLine();
        log.Write();
        Console.WriteLine();
        curve.Write(arguments.WarmUp);
        Console.WriteLine(FormattableString.Invariant($"After a full collection at the end, all servers: {inUse.ResidentBytes / 1e6:F1} MB resident, {inUse.HeapBytes / 1e6:F1} MB managed heap; {servers.Sum(server => server.Complaints)} lines on standard error."));
        return 0;

        async Task<bool> PaceAsync(Random random)
        {
            if (arguments.Rate > 0)
            {
                // Between half and one and a half times the mean distance.
                await Task.Delay(TimeSpan.FromSeconds(arguments.Clients / arguments.Rate * (0.5 + random.NextDouble())));
            }

            return (arguments.Calls == 0 || Interlocked.Increment(ref begun) <= arguments.Calls) && (arguments.Time == TimeSpan.Zero || watch.Elapsed < arguments.Time);
        }
    }

    private static async Task SampleAsync(LoadArguments arguments, List<ServedProcess> servers, MemoryCurve curve, Stopwatch watch, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(arguments.SampleInterval);
        var hasShownInUse = arguments.Time == TimeSpan.Zero;
        do
        {
            var sample = ProcessSample.Sum([.. servers.Select(server => server.Sample())]);
            curve.Add(watch.Elapsed, sample);
            Console.Error.WriteLine(FormattableString.Invariant($"{watch.Elapsed.TotalMinutes:F1} min: {sample.ResidentBytes / 1e6:F1} MB resident, {sample.HeapBytes / 1e6:F1} MB managed heap, load {Load()}"));
            if (!hasShownInUse && watch.Elapsed >= arguments.WarmUp)
            {
                hasShownInUse = true;
                var inUse = await InUseAsync(servers);
                Console.WriteLine(FormattableString.Invariant($"After a full collection at minute {watch.Elapsed.TotalMinutes:F1}, all servers: {inUse.ResidentBytes / 1e6:F1} MB resident, {inUse.HeapBytes / 1e6:F1} MB managed heap."));
            }
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    private static async Task<ProcessSample> InUseAsync(List<ServedProcess> servers)
    {
        servers.ForEach(server => server.Collect());
        // The counters are told every two seconds.
        await Task.Delay(TimeSpan.FromSeconds(5), CancellationToken.None);
        return ProcessSample.Sum([.. servers.Select(server => server.Sample())]);
    }

    private static string Load() => OperatingSystem.IsLinux() ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown";

    private static string World([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "demos", "world"));
}
