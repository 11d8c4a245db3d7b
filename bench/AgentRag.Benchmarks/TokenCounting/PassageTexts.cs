using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace AgentRag.Benchmarks.TokenCounting;

/// <summary>A file of passages, {"text"} lines, that every engine reads: paragraphs of the demo world over and over, or real passages.</summary>
internal static class PassageTexts
{
    /// <summary>Writes the file unless it is there.</summary>
    /// <param name="path">The file.</param>
    /// <param name="real">A folder whose subfolders hold <c>corpus.jsonl</c>; null for the demo world.</param>
    /// <param name="megabytes">UTF-8 bytes of the texts, at least.</param>
    public static void Make(string path, string? real, int megabytes)
    {
        if (File.Exists(path))
        {
            return;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var temporary = path + ".new";
        using (var writer = new StreamWriter(temporary) { NewLine = "\n" })
        {
            var bytes = 0L;
            while (bytes < megabytes * 1_000_000L)
            {
                foreach (var text in real is null ? World() : Real(real))
                {
                    bytes += Encoding.UTF8.GetByteCount(text);
                    writer.WriteLine(JsonSerializer.Serialize(new { text }));
                    if (bytes >= megabytes * 1_000_000L)
                    {
                        break;
                    }
                }
            }
        }

        File.Move(temporary, path);
    }

    public static string[] Read(string path) => [.. File.ReadLines(path).Select(line =>
    {
        using var json = JsonDocument.Parse(line);
        return json.RootElement.GetProperty("text").GetString()!;
    })];

    private static IEnumerable<string> World([CallerFilePath] string here = "") => Directory
        .EnumerateFiles(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "demos", "world", "documents"), "*.md", SearchOption.AllDirectories)
        .Order(StringComparer.Ordinal).SelectMany(file => File.ReadAllText(file).Split("\n\n")).Where(paragraph => paragraph.Length > 0);

    private static IEnumerable<string> Real(string folder) => Directory.EnumerateFiles(folder, "corpus.jsonl", SearchOption.AllDirectories)
        .Order(StringComparer.Ordinal).SelectMany(Read);
}
