using System.Diagnostics;
using AgentRag.Indexing;
using AgentRag.Retrieval;

namespace AgentRag.Benchmarks.Lexical;

/// <summary>Measures opening and querying, in a process that has done nothing else.</summary>
internal static class QueryMeasurement
{
    private const int Passes = 5;
    private static readonly int[] Ks = [10, 100, 1000];

    public static int Run(string corpus, string directory, int maxQueries)
    {
        var files = new CorpusFiles(corpus);
        var before = Environment.WorkingSet;
        var processor = ThreadTime.Now();
        _ = Bm25Index.Open(directory).PassageCount;
        processor = (ThreadTime.Now() - processor) / 1e3;
        var opens = Enumerable.Range(0, 5).Select(_ =>
        {
            var time = Stopwatch.StartNew();
            GC.KeepAlive(Bm25Index.Open(directory));
            return time.Elapsed.TotalMilliseconds;
        }).ToList();
        var index = Bm25Index.Open(directory);
        var size = new DirectoryInfo(directory).EnumerateFiles().Sum(file => file.Length);
        Console.WriteLine($"open: {processor:F1} ms of processor in a fresh process, {opens.Min():F1} ms by the wall once the code is compiled");

        var retriever = new Bm25Retriever(index);
        List<(string Name, string[] Queries)> sets =
            [("queries", [.. File.ReadLines(files.Queries).Take(maxQueries)]), ("content", [.. File.ReadLines(files.ContentQueries).Take(maxQueries)])];
        foreach (var (name, queries) in sets)
        {
            foreach (var k in Ks)
            {
                Report(name, k, queries, query => retriever.Rank(query, k, filter: null, out _));
            }
        }

        Console.WriteLine(
            $"memory: {Environment.WorkingSet / 1e6:N0} MB while querying, {before / 1e6:N0} MB before the index was opened; index {size / 1e6:N0} MB on disk: " +
            $"{(double)Environment.WorkingSet / size:F2} times");
        Report("queries with passages", 10, sets[0].Queries, query => retriever.RetrieveAsync(new(query, 10)).GetAwaiter().GetResult());
        WriteTop10(files, retriever, index, sets[0].Queries);
        return 0;
    }

    private static void Report(string name, int k, string[] queries, Action<string> search)
    {
        var times = new double[queries.Length];
        var passes = new double[Passes][];
        for (var pass = 0; pass < Passes; pass++)
        {
            passes[pass] = new double[queries.Length];
            for (var i = 0; i < queries.Length; i++)
            {
                var start = ThreadTime.Now();
                search(queries[i]);
                passes[pass][i] = ThreadTime.Now() - start;
            }
        }

        // The first pass warms up.
        for (var i = 0; i < queries.Length; i++)
        {
            times[i] = passes.Skip(1).Select(pass => pass[i]).Order().ElementAt((Passes - 1) / 2);
        }

        Array.Sort(times);
        Console.WriteLine($"{name,-22} k {k,4}: p50 {At(0.5),8:F1} us   p95 {At(0.95),8:F1} us   mean {times.Average(),8:F1} us");

        double At(double quantile) => times[Math.Min(times.Length - 1, (int)(quantile * times.Length))];
    }

    private static void WriteTop10(CorpusFiles files, Bm25Retriever retriever, Bm25Index index, string[] queries)
    {
        using var writer = new StreamWriter(files.Top10) { NewLine = "\n" };
        foreach (var query in queries)
        {
            var search = retriever.Rank(query, 10, filter: null, out var count);
            writer.WriteLine(string.Join(' ', Enumerable.Range(0, count).Select(rank => FormattableString.Invariant($"{search.PassageAt(rank)}:{search.ScoreAt(rank):R}"))));
        }

        GC.KeepAlive(index);
    }
}
