using System.Text;
using System.Text.Json;
using AgentRag.Benchmarks.Lexical;
using AgentRag.Tokens;
using AgentRag.Tokens.Vocabularies;

namespace AgentRag.Benchmarks.TokenCounting;

/// <summary>Counts and encodes passages one by one on one thread, and shows what is allocated.</summary>
internal static class TokensBenchmark
{
    public static int Run(TokensArguments arguments)
    {
        PassageTexts.Make(arguments.Text, arguments.Real, arguments.Megabytes);
        if (arguments.TextOnly)
        {
            return 0;
        }

        var before = ThreadTime.Now();
        ITokenCounter counter = arguments.Vocabulary is { } file ? TokenCounters.OpenFile(file) : new EstimatingTokenCounter();
        var opened = (ThreadTime.Now() - before) / 1e3;
        var passages = PassageTexts.Read(arguments.Text);
        var bytes = passages.Sum(passage => (long)Encoding.UTF8.GetByteCount(passage));
        List<double> times = [];
        var (tokens, allocated) = (0L, long.MaxValue);

        // The first rounds let the compiler finish its work.
        for (var round = -3; round < arguments.Rounds; round++)
        {
            var allocatedBefore = GC.GetAllocatedBytesForCurrentThread();
            var start = ThreadTime.Now();
            tokens = 0;
            foreach (var passage in passages)
            {
                tokens += counter.Count(passage);
            }

            var time = ThreadTime.Now() - start;
            allocated = Math.Min(allocated, GC.GetAllocatedBytesForCurrentThread() - allocatedBefore);
            if (round >= 0)
            {
                times.Add(time);
            }
        }

        times.Sort();
        Console.WriteLine(JsonSerializer.Serialize(new
        {
            engine = "AgentRag",
            vocabulary = counter.Name,
            bytes,
            tokens,
            megabytesPerSecond = Math.Round(bytes / times[times.Count / 2], 1),
            best = Math.Round(bytes / times[0], 1),
            allocatedBytes = allocated,
            openedMs = Math.Round(opened, 1),
        }));
        if (arguments.OneLetter)
        {
            CountOneLetter(counter);
        }

        return 0;
    }

    /// <summary>One word of a single letter, doubled again and again: twice the text must take twice the time.</summary>
    private static void CountOneLetter(ITokenCounter counter)
    {
        foreach (var length in (int[])[125_000, 250_000, 500_000, 1_000_000, 2_000_000])
        {
            var text = new string('a', length);
            List<double> times = [];
            var (tokens, allocated) = (0, long.MaxValue);
            for (var round = 0; round < 5; round++)
            {
                var allocatedBefore = GC.GetAllocatedBytesForCurrentThread();
                var start = ThreadTime.Now();
                tokens = counter.Count(text);
                times.Add(ThreadTime.Now() - start);
                allocated = Math.Min(allocated, GC.GetAllocatedBytesForCurrentThread() - allocatedBefore);
            }

            Console.WriteLine(JsonSerializer.Serialize(new { oneLetter = length, tokens, ms = Math.Round(times.Min() / 1e3, 2), megabytesPerSecond = Math.Round(length / times.Min(), 1), allocatedBytes = allocated }));
        }
    }
}
