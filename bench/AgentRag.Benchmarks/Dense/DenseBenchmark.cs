using System.Diagnostics;
using AgentRag.Benchmarks.Lexical;
using AgentRag.Indexing.Vectors;
using AgentRag.Retrieval.Dense;
using AgentRag.Retrieval.Lexical;

namespace AgentRag.Benchmarks.Dense;

/// <summary>Scans vectors, beside a loop that only reads as many bytes and beside faiss.</summary>
internal static class DenseBenchmark
{
    private const int K = 10;
    private const int Candidates = (4 * K) + 64;
    private const int SignCandidates = 2000;

    public static int Run(DenseArguments arguments)
    {
        var files = new VectorFiles(arguments);
        files.Make();
        var store = Build(files, arguments);
        var scans = new[] { 1, 2 }.ToDictionary(threads => threads, threads => new VectorScan(store, SimdLevels.Best, threads));
        var all = new ulong[(store.Count + 63) / 64];
        Array.Fill(all, ulong.MaxValue);
        var queries = Array.ConvertAll(files.Read(files.Queries, 0, arguments.Queries), query => new VectorQuery(query, store.Layout));
        var codeBytes = (long)store.Layout.Stride * store.Count;
        var memory = new MemoryBandwidth(codeBytes);
        var signMemory = new MemoryBandwidth(codeBytes / 8);
        List<Measurement> rows =
        [
            new("read loop over the codes' bytes", 1, _ => Repeat(memory, 1)),
            new("int8 scan + rescoring", 1, query => Exact(scans[1], query)),
            new("read loop over the codes' bytes", 2, _ => Repeat(memory, 2)),
            new("int8 scan + rescoring", 2, query => Exact(scans[2], query)),
            new("read loop over the signs' bytes", 1, _ => Repeat(signMemory, 1)),
            new("signs, then int8 of 2,000, then rescoring", 1, query => BySigns(scans[1], query)),
            new("signs, then int8 of 2,000, then rescoring", 2, query => BySigns(scans[2], query)),
        ];
        Console.WriteLine($"load before: {Load()}");

        // Taken in turns, so that other work on the machine meets all of them alike. The first turns warm up.
        const int WarmUps = 5;
        for (var i = -WarmUps; i < queries.Length; i++)
        {
            foreach (var row in rows)
            {
                row.Take(queries[(i + queries.Length) % queries.Length], keep: i >= 0);
            }
        }

        Console.WriteLine($"load after:  {Load()}");
        Console.WriteLine($"{store.Count:N0} x {store.Dimensions}, k = {K}, {queries.Length} queries; ms per query: processor time for 1 thread, the wall for 2");
        foreach (var row in rows)
        {
            Console.WriteLine($"| {row.Name,-56} | median {row.At(0.5),7:F2} | best {row.At(0),7:F2} | p95 {row.At(0.95),7:F2} |");
        }

        Console.WriteLine($"scan / read loop, 1 thread:  {rows[1].Ratio(rows[0], 0.5):F2} (median of pairs), {rows[1].At(0) / rows[0].At(0):F2} (best / best)");
        Console.WriteLine($"scan / read loop, 2 threads: {rows[3].Ratio(rows[2], 0.5):F2} (median of pairs), {rows[3].At(0) / rows[2].At(0):F2} (best / best)");
        Console.WriteLine($"memory read, 1 thread: {codeBytes / 1e6 / rows[0].At(0.5):F1} GB/s median, {codeBytes / 1e6 / rows[0].At(0):F1} best");
        Recall(files, arguments, scans[2], queries, all);
        return arguments.Faiss is null ? 0 : Faiss(files, arguments);

        (int Row, float Score)[] Exact(VectorScan scan, VectorQuery query) =>
            Rescored(scan, store, query, scan.Nearest(query, Candidates, all, CancellationToken.None));

        (int Row, float Score)[] BySigns(VectorScan scan, VectorQuery query) => Rescored(
            scan, store, query, scan.NearestOf(Array.ConvertAll(scan.NearestBySigns(query, SignCandidates, all, CancellationToken.None), row => row.Row), query, Candidates));
    }

    private static (int Row, float Score)[] Repeat(MemoryBandwidth memory, int threads)
    {
        memory.Read(threads);
        return [];
    }

    private static (int Row, float Score)[] Rescored(VectorScan scan, VectorStore store, VectorQuery query, (int Row, float Score)[] rows)
    {
        var buffer = new float[store.Dimensions];
        return [.. rows.Select(row => (row.Row, Score: scan.Score(row.Row, query, withFloats: false, buffer))).OrderByDescending(row => row.Score).Take(K)];
    }

    /// <summary>Writes the vectors into a store as an embedding run does.</summary>
    private static VectorStore Build(VectorFiles files, DenseArguments arguments)
    {
        const int AtOnce = 50_000;
        if (VectorStore.OpenIfAny(files.Folder) is { } made && made.Count == arguments.Vectors)
        {
            return made;
        }

        var clock = Stopwatch.StartNew();
        var directory = new VectorDirectory(files.Folder);
        using var writerLock = directory.Lock();
        var writer = new VectorWriter(
            directory,
            new()
            {
                Format = VectorManifest.FormatName,
                FormatVersion = VectorManifest.CurrentVersion,
                CreatedBy = "",
                Model = "made",
                Dimensions = arguments.Dimensions,
                Normalised = true,
                HasFloats = false,
                PassagePrefix = "",
                QueryPrefix = "",
                Segments = [],
                Placements = [],
            },
            []);
        for (var first = 0; first < arguments.Vectors; first += AtOnce)
        {
            var vectors = files.Read(files.Vectors, first, Math.Min(AtOnce, arguments.Vectors - first));
            writer.Append([.. vectors.Select((_, i) => new VectorKey((ulong)(first + i), 0))], Array.ConvertAll(vectors, vector => new ReadOnlyMemory<float>(vector)));
        }

        Console.WriteLine($"store: {arguments.Vectors:N0} vectors in {clock.Elapsed.TotalSeconds:F1} s, {directory.BytesOnDisk() / 1e6:N0} MB");
        return VectorStore.Open(files.Folder);
    }

    /// <summary>Compares with the plain products of floats.</summary>
    private static void Recall(VectorFiles files, DenseArguments arguments, VectorScan scan, VectorQuery[] queries, ulong[] all)
    {
        const int Compared = 50;
        const int AtOnce = 100_000;
        var exact = queries.Take(Compared).Select(_ => new TopRows(K)).ToArray();
        for (var first = 0; first < arguments.Vectors; first += AtOnce)
        {
            var vectors = files.Read(files.Vectors, first, Math.Min(AtOnce, arguments.Vectors - first));
            Parallel.For(0, exact.Length, query =>
            {
                for (var i = 0; i < vectors.Length; i++)
                {
                    exact[query].Add(first + i, FloatDot.Of(queries[query].Unit, vectors[i]));
                }
            });
        }

        var (int8, signs) = (0, 0);
        for (var query = 0; query < exact.Length; query++)
        {
            var best = TopRows.Merge([exact[query]], K).Select(row => row.Row).ToHashSet();
            var buffer = new float[arguments.Dimensions];
            int8 += Top(scan.Nearest(queries[query], Candidates, all, CancellationToken.None)).Count(best.Contains);
            signs += Top(scan.NearestBySigns(queries[query], SignCandidates, all, CancellationToken.None)).Count(best.Contains);

            IEnumerable<int> Top((int Row, float Score)[] rows) =>
                rows.OrderByDescending(row => scan.Score(row.Row, queries[query], withFloats: false, buffer)).Take(K).Select(row => row.Row);
        }

        Console.WriteLine($"recall@{K} against float32: int8 + rescoring {int8 / (double)(K * exact.Length):F3}, signs + int8 + rescoring {signs / (double)(K * exact.Length):F3}");
    }

    private static int Faiss(VectorFiles files, DenseArguments arguments)
    {
        using var child = Process.Start(new ProcessStartInfo(
            arguments.Faiss!, [files.Vectors, files.Queries, arguments.Dimensions.ToString(), arguments.Queries.ToString(), K.ToString()]))!;
        child.WaitForExit();
        return child.ExitCode;
    }

    private static string Load() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Trim() : "unknown";

    private sealed class Measurement(string name, int threads, Func<VectorQuery, (int Row, float Score)[]> run)
    {
        private readonly List<double> _times = [];
        private double[]? _sorted;

        public string Name => $"{name}, {threads} thread{(threads > 1 ? "s" : "")}";

        public void Take(VectorQuery query, bool keep)
        {
            var start = Now();
            GC.KeepAlive(run(query));
            if (keep)
            {
                _times.Add(Now() - start);
            }
        }

        public double At(double quantile) => Quantile(_sorted ??= [.. _times.Order()], quantile);

        public double Ratio(Measurement bound, double quantile) => Quantile([.. _times.Zip(bound._times, (time, least) => time / least).Order()], quantile);

        /// <summary>Milliseconds: processor time of the one thread, which others disturb less, or the clock on the wall.</summary>
        private double Now() => threads == 1 ? ThreadTime.Now() / 1e3 : Stopwatch.GetTimestamp() * 1e3 / Stopwatch.Frequency;

        private static double Quantile(double[] sorted, double quantile) => sorted[Math.Min(sorted.Length - 1, (int)(quantile * sorted.Length))];
    }
}
