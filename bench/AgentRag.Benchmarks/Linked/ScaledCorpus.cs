using System.Diagnostics;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using AgentRag.Benchmarks.Lexical;
using AgentRag.Indexing;
using AgentRag.Retrieval;
using AgentRag.Retrieval.Linked;
using AgentRag.Tokens;

namespace AgentRag.Benchmarks.Linked;

/// <summary>Real passages with their links, copied under other names until there are as many as wanted: index run, links and questions at that size.</summary>
internal static class ScaledCorpus
{
    // Names in more passages than this are the same in all copies, as common names are in a large corpus.
    private const int RareUpTo = 60;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static async Task MeasureAsync(IReadOnlyList<QuestionSet> sets, string work, string size)
    {
        var pool = QuestionSet.Pooled(sets);
        var folder = Directory.CreateDirectory(Path.Combine(work, $"l{size}")).FullName;
        var corpus = Path.Combine(folder, "corpus.jsonl");
        if (!File.Exists(corpus))
        {
            Write(pool, corpus, LexicalArguments.PassagesOf(size));
        }

        var directory = Path.Combine(folder, "index");
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }

        using var process = Process.GetCurrentProcess();
        var (clock, processor) = (Stopwatch.StartNew(), process.TotalProcessorTime);
        var result = await new Indexer(new EstimatingTokenCounter()).RunAsync(new() { Paths = [corpus], IndexDirectory = directory });
        process.Refresh();
        var (wall, used) = (clock.Elapsed.TotalSeconds, (process.TotalProcessorTime - processor).TotalSeconds);
        Console.WriteLine(
            $"l{size}: {result.Documents:N0} documents, {result.Passages:N0} passages, {result.BytesOnDisk / 1e6:N0} MB; indexed from the file in {wall:F1} s, {used:F1} s of processor " +
            $"({result.Passages / used:N0} passages per second and core), peak memory so far {process.PeakWorkingSet64 / 1e6:N0} MB");
        (clock, processor) = (Stopwatch.StartNew(), process.TotalProcessorTime);
        LinksIndex.Update(directory);
        process.Refresh();
        Console.WriteLine(
            $"l{size}: links in {clock.Elapsed.TotalSeconds:F1} s, {(process.TotalProcessorTime - processor).TotalSeconds:F1} s of processor, " +
            $"{new FileInfo(Directory.GetFiles(directory, "links-*.bin").Single()).Length / 1e6:N0} MB; peak memory so far {process.PeakWorkingSet64 / 1e6:N0} MB");
        var questions = Path.Combine(folder, "questions.txt");
        File.WriteAllLines(questions, pool.Questions.Select(question => question.Question));
        foreach (var engine in (string[])["bm25", "linked"])
        {
            using var child = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["linked-queries", engine, directory, questions]))!;
            await child.WaitForExitAsync();
        }

        var (index, graph) = LinksIndex.Open(directory);
        Console.WriteLine($"l{size}: recall of BM25 {Recall.Of(new Bm25Retriever(index), pool)}; linked {Recall.Of(new LinkedRetriever(index, graph), pool)}");
    }

    private static void Write(QuestionSet pool, string path, int passages)
    {
        Console.WriteLine($"writing {path}");
        Dictionary<string, int> passagesWith = new(StringComparer.Ordinal);
        foreach (var word in pool.Documents.SelectMany(document => Words(document.Title).Concat(Words(document.Text)).Where(IsName).Distinct(StringComparer.Ordinal)))
        {
            passagesWith[word] = passagesWith.GetValueOrDefault(word) + 1;
        }

        using var writer = new StreamWriter(path + ".new", append: false, new UTF8Encoding(false), 1 << 20) { NewLine = "\n" };
        for (var (written, copy) = (0, 0); written < passages; copy++)
        {
            foreach (var document in pool.Documents.Take(passages - written))
            {
                // The first copy keeps its names, so that the questions find their passages.
                writer.WriteLine(JsonSerializer.Serialize(
                    new { id = copy == 0 ? document.Id : $"{document.Id}-{copy}", title = Renamed(document.Title, copy), text = Renamed(document.Text, copy) }, Json));
                written++;
            }
        }

        writer.Close();
        File.Move(path + ".new", path);

        string Renamed(string text, int copy)
        {
            if (copy == 0)
            {
                return text;
            }

            var renamed = new StringBuilder(text.Length * 5 / 4);
            for (var i = 0; i < text.Length;)
            {
                var end = i;
                while (end < text.Length && char.IsLetter(text[end]))
                {
                    end++;
                }

                var word = text[i..end];
                renamed.Append(word);
                if (IsName(word) && passagesWith.GetValueOrDefault(word) <= RareUpTo)
                {
                    Suffix(renamed, copy);
                }

                if (end < text.Length)
                {
                    renamed.Append(text[end++]);
                }

                i = end;
            }

            return renamed.ToString();
        }
    }

    // Letters, so that a name stays a word.
    private static void Suffix(StringBuilder text, int copy)
    {
        for (; copy > 0; copy /= 20)
        {
            text.Append("bcdfghklmnprstvwxyzq"[copy % 20]);
        }
    }

    private static bool IsName(string word) => word.Length > 1 && char.IsUpper(word[0]);

    private static string[] Words(string text) => text.Split(
        [.. text.Where(c => !char.IsLetter(c)).Distinct()], StringSplitOptions.RemoveEmptyEntries);
}
