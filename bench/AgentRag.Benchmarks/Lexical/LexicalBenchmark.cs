using System.Diagnostics;
using AgentRag.Documents;
using AgentRag.Indexing;
using AgentRag.Indexing.Segments;

namespace AgentRag.Benchmarks.Lexical;

/// <summary>Makes the corpora, indexes them, and has the queries measured by a process of their own.</summary>
internal static class LexicalBenchmark
{
    private static readonly SegmentSection[] TextSections =
        [SegmentSection.Stored, SegmentSection.Blocks, SegmentSection.DocumentText, SegmentSection.DocumentEnds];

    public static int Run(LexicalArguments arguments)
    {
        foreach (var (name, write) in Corpora(arguments))
        {
            var directory = Directory.CreateDirectory(Path.Combine(arguments.Data, name)).FullName;
            var files = new CorpusFiles(directory);
            if (!files.Exist)
            {
                Console.WriteLine($"{name}: writing {directory}");
                write(files);
            }

            if (!arguments.GenerateOnly)
            {
                Measure(name, directory, files, arguments);
            }
        }

        return 0;
    }

    private static IEnumerable<(string Name, Action<CorpusFiles> Write)> Corpora(LexicalArguments arguments)
    {
        foreach (var size in arguments.Sizes)
        {
            yield return ($"s{size}", files => SyntheticCorpus.Write(files, LexicalArguments.PassagesOf(size)));
        }

        if (arguments.Real is not null)
        {
            yield return ("r1m", files => RealCorpus.Write(files, arguments.Real));
        }
    }

    private static void Measure(string name, string directory, CorpusFiles files, LexicalArguments arguments)
    {
        Console.WriteLine($"# {name}");
        _ = Build(directory, files, AnalyzerOptions.English, "full analysis (english)");
        var index = Build(directory, files, AnalyzerOptions.Plain, "plain");
        var measured = Bm25Index.Open(index);
        var bytes = measured.Segments.Sum(segment => segment.Segment.FileLength);
        var inverted = bytes - measured.Segments.Sum(segment => TextSections.Sum(segment.Segment.SectionLength));
        Console.WriteLine(
            $"index: {measured.PassageCount:N0} passages, {measured.Segments.Length} segments, {bytes / 1e6:F1} MB, {inverted / 1e6:F1} MB of it without stored text " +
            $"({inverted / 1e6 / (measured.PassageCount / 1e6):F1} MB per 1 M passages)");
        foreach (var section in Enum.GetValues<SegmentSection>())
        {
            Console.WriteLine($"  {section,-18} {measured.Segments.Sum(segment => segment.Segment.SectionLength(section)) / 1e6,9:F2} MB");
        }

        using var child = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["lexical-queries", directory, index, arguments.Queries.ToString()]))!;
        child.WaitForExit();
        if (!arguments.Keep)
        {
            Directory.Delete(index, recursive: true);
        }
    }

    private static string Build(string corpus, CorpusFiles files, AnalyzerOptions analyzer, string description)
    {
        var index = Path.Combine(corpus, "index");
        if (Directory.Exists(index))
        {
            Directory.Delete(index, recursive: true);
        }

        var directory = new IndexDirectory(index);
        var writerLock = directory.Lock();
        using var target = new NewSegments(directory, analyzer, new Indexer(new Tokens.EstimatingTokenCounter()).MaxPostingsInMemory);
        var file = new DocumentFile(files.Passages, corpus, "corpus.txt");
        var (time, processor) = (Stopwatch.StartNew(), Process.GetCurrentProcess().TotalProcessorTime);
        var line = 0;
        foreach (var text in File.ReadLines(files.Passages))
        {
            var id = line++.ToString();
            var passage = new Passage
            {
                Id = id,
                DocumentId = id,
                Title = "",
                Source = id,
                Start = 0,
                End = text.Length,
                Text = text,
                ContentHash = "",
                TokenCount = text.Length / 4,
            };
            target.Add(file, new() { Id = id, Title = "", Source = id, Text = "" }, [passage]);
        }

        target.EndFile(new(files.Passages, corpus, "", "", 0, []));
        var state = new IndexState(directory, new(), analyzer, "none", [corpus]);
        state.Add(target.Finish());
        state.Commit();
        writerLock.Dispose();
        new MergeRun(directory, TimeProvider.System).RunAsync(CancellationToken.None).GetAwaiter().GetResult();
        var used = (Process.GetCurrentProcess().TotalProcessorTime - processor).TotalSeconds;
        Console.WriteLine(
            $"build, {description}: {line:N0} passages in {time.Elapsed.TotalSeconds:F1} s ({line / time.Elapsed.TotalSeconds:N0}/s), {used:F1} s of processor " +
            $"({line / used:N0}/s and core), peak memory {Process.GetCurrentProcess().PeakWorkingSet64 / 1e6:N0} MB so far");
        return index;
    }
}
