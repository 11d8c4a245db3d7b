using System.Diagnostics;
using AgentRag.Benchmarks.Lexical;
using AgentRag.Indexing;
using AgentRag.Retrieval;
using AgentRag.Retrieval.Linked;

namespace AgentRag.Benchmarks.Linked;

/// <summary>Measures opening, questions and memory, first of BM25 and then with the links, in a process that has done nothing else.</summary>
internal static class LinkedQueries
{
    private const int Opens = 5;

    public static async Task<int> RunAsync(string directory, string questionFile)
    {
        var questions = await File.ReadAllLinesAsync(questionFile);
        var before = Environment.WorkingSet;
        var segments = new DirectoryInfo(directory).EnumerateFiles().Sum(file => file.Name.StartsWith("links", StringComparison.Ordinal) ? 0 : file.Length);
        var all = new DirectoryInfo(directory).EnumerateFiles().Sum(file => file.Length);
        Console.WriteLine(FormattableString.Invariant($"memory before anything is opened: {before / 1e6:N0} MB; index {segments / 1e6:N0} MB, with links {all / 1e6:N0} MB"));
        var index = Opened("BM25", () => Bm25Index.Open(directory));
        await MeasureAsync(new Bm25Retriever(index), questions, segments);
        var linked = Opened("with links", () => LinksIndex.Open(directory));
        await MeasureAsync(new LinkedRetriever(linked.Index, linked.Graph), questions, all);
        return 0;
    }

    private static T Opened<T>(string name, Func<T> open)
    {
        var (clock, processor) = (Stopwatch.StartNew(), ThreadTime.Now());
        var opened = open();
        var (first, used) = (clock.Elapsed.TotalMilliseconds, (ThreadTime.Now() - processor) / 1e3);
        List<double> times = [];
        for (var i = 0; i < Opens; i++)
        {
            clock.Restart();
            processor = ThreadTime.Now();
            GC.KeepAlive(open());
            times.Add(clock.Elapsed.TotalMilliseconds);
        }

        GC.Collect();
        Console.WriteLine(FormattableString.Invariant(
            $"open, {name}: {first:F1} ms by the wall and {used:F1} ms of processor at first, with compilation; then {times.Min():F1} ms at best of {Opens}"));
        return opened;
    }

    private static async Task MeasureAsync(IRetriever retriever, string[] questions, long bytes)
    {
        List<double> times = [];
        for (var pass = 0; pass < 2; pass++)
        {
            times.Clear();
            foreach (var question in questions)
            {
                var start = ThreadTime.Now();
                await retriever.RetrieveAsync(new(question, 10));
                times.Add((ThreadTime.Now() - start) / 1e3);
            }
        }

        times.Sort();
        var memory = Environment.WorkingSet;
        Console.WriteLine(FormattableString.Invariant(
            $"{retriever.Name,-6} k 10, {questions.Length} questions: p50 {times[times.Count / 2]:F2} ms, p95 {times[(int)(0.95 * times.Count)]:F2} ms of processor; memory {memory / 1e6:N0} MB, {(double)memory / bytes:F2} times the files"));
    }
}
