using System.Diagnostics;
using AgentRag.Benchmarks.Lexical;
using AgentRag.Indexing;
using AgentRag.Retrieval;
using AgentRag.Retrieval.Linked;

namespace AgentRag.Benchmarks.Linked;

/// <summary>Measures opening, questions and memory of BM25 or of linked retrieval, in a process that has done nothing else.</summary>
internal static class LinkedQueries
{
    private const int Opens = 5;

    public static async Task<int> RunAsync(string engine, string directory, string questionFile)
    {
        var (isLinked, questions) = (engine == "linked", await File.ReadAllLinesAsync(questionFile));
        var before = Environment.WorkingSet;
        var bytes = new DirectoryInfo(directory).EnumerateFiles().Where(file => isLinked || !file.Name.StartsWith("links", StringComparison.Ordinal)).Sum(file => file.Length);
        var (clock, processor) = (Stopwatch.StartNew(), ThreadTime.Now());
        var retriever = Open(isLinked, directory);
        var (first, used) = (clock.Elapsed.TotalMilliseconds, (ThreadTime.Now() - processor) / 1e3);
        GC.Collect();
        await MeasureAsync(retriever, questions, bytes, before);

        // Last: what is opened once more is mapped once more, and would count twice.
        List<double> times = [];
        for (var i = 0; i < Opens; i++)
        {
            processor = ThreadTime.Now();
            GC.KeepAlive(Open(isLinked, directory));
            times.Add((ThreadTime.Now() - processor) / 1e3);
        }

        Console.WriteLine(FormattableString.Invariant(
            $"{retriever.Name,-6} open: {first:F0} ms by the wall and {used:F0} ms of processor in a fresh process; {times.Min():F1} ms of processor once the code is compiled"));
        return 0;
    }

    private static IRetriever Open(bool isLinked, string directory)
    {
        if (!isLinked)
        {
            return new Bm25Retriever(Bm25Index.Open(directory));
        }

        var (index, graph) = LinksIndex.Open(directory);
        return new LinkedRetriever(index, graph);
    }

    private static async Task MeasureAsync(IRetriever retriever, string[] questions, long bytes, long before)
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
            $"{retriever.Name,-6} k 10, {questions.Length} questions: p50 {times[times.Count / 2]:F2} ms, p95 {times[(int)(0.95 * times.Count)]:F2} ms of processor; memory {memory / 1e6:N0} MB ({before / 1e6:N0} MB before), {(double)memory / bytes:F2} times the {bytes / 1e6:N0} MB of its files"));
    }
}
