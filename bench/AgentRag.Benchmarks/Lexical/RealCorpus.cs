using System.Text;
using System.Text.Json;

namespace AgentRag.Benchmarks.Lexical;

/// <summary>A corpus of a million passages made of the real ones of data sets, copied with other names.</summary>
internal static class RealCorpus
{
    private const int Passages = 1_000_000;
    private const int Seed = 42;
    private const int RareUpTo = 60;
    private const int Variants = 8;
    private const int MaxQueries = 1000;

    public static void Write(CorpusFiles files, string data)
    {
        var originals = Lines(data, "corpus*.jsonl").Select(row => Tokens($"{Text(row, "title")} {Text(row, "text")}")).Where(tokens => tokens.Length > 0).ToArray();
        Dictionary<string, int> passagesWith = new(StringComparer.Ordinal);
        foreach (var word in originals.SelectMany(tokens => tokens.Distinct(StringComparer.Ordinal)))
        {
            passagesWith[word] = passagesWith.GetValueOrDefault(word) + 1;
        }

        var random = new Random(Seed);
        using (var writer = new StreamWriter(files.Passages, append: false, new UTF8Encoding(false), 1 << 20) { NewLine = "\n" })
        {
            var order = Enumerable.Range(0, originals.Length).ToArray();
            for (var written = 0; written < Passages;)
            {
                // The first copy keeps its names, so that the questions find their passages.
                var copy = written / originals.Length;
                random.Shuffle(order);
                foreach (var original in order.Take(Passages - written))
                {
                    writer.WriteLine(string.Join(' ', originals[original].Select(word =>
                        copy > 0 && passagesWith[word] <= RareUpTo ? $"{word}x{((uint)Hash(word) + (uint)copy) % Variants}" : word)));
                    written++;
                }
            }
        }

        var questions = Lines(data, "questions*.jsonl").Select(row => Tokens(Text(row, "question")).Distinct(StringComparer.Ordinal).ToArray())
            .Where(query => query.Length > 0).ToArray();
        random.Shuffle(questions);
        files.WriteQueries(questions.Take(MaxQueries), CorpusFiles.MostFrequent(passagesWith));
    }

    private static IEnumerable<JsonElement> Lines(string data, string pattern) => Directory.EnumerateFiles(data, pattern, SearchOption.AllDirectories)
        .Order(StringComparer.Ordinal)
        .SelectMany(File.ReadLines)
        .Where(line => line.Length > 0)
        .Select(line => JsonDocument.Parse(line).RootElement);

    private static string Text(JsonElement row, string name) => row.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private static string[] Tokens(string text)
    {
        var plain = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            plain.Append(char.IsAsciiLetterOrDigit(c) ? char.ToLowerInvariant(c) : ' ');
        }

        return plain.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }

    private static int Hash(string word)
    {
        var hash = 17;
        foreach (var c in word)
        {
            hash = unchecked((hash * 31) + c);
        }

        return hash & int.MaxValue;
    }
}
