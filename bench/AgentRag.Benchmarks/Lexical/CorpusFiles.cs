namespace AgentRag.Benchmarks.Lexical;

/// <summary>The files of a corpus; bench/README.md says what stands in them.</summary>
internal sealed class CorpusFiles(string directory)
{
    public string Passages => Path.Combine(directory, "corpus.txt");

    public string Queries => Path.Combine(directory, "queries.txt");

    public string ContentQueries => Path.Combine(directory, "queries-content.txt");

    public string Top10 => Path.Combine(directory, "top10.txt");

    public bool Exist => File.Exists(ContentQueries);

    /// <summary>Writes the queries, both kinds; the second file last, as the sign that all is there.</summary>
    public void WriteQueries(IEnumerable<string[]> queries, IReadOnlySet<string> frequent)
    {
        var all = queries.Where(query => query.Any(word => !frequent.Contains(word))).ToList();
        WriteLines(Queries, all.Select(query => string.Join(' ', query)));
        WriteLines(ContentQueries, all.Select(query => string.Join(' ', query.Where(word => !frequent.Contains(word)))));
    }

    /// <summary>Counts, for each token, the lines of the corpus it stands in, and returns the 100 with the most.</summary>
    public static IReadOnlySet<string> MostFrequent(Dictionary<string, int> passagesWith) =>
        passagesWith.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal).Take(100).Select(pair => pair.Key).ToHashSet(StringComparer.Ordinal);

    private static void WriteLines(string path, IEnumerable<string> lines)
    {
        using var writer = new StreamWriter(path) { NewLine = "\n" };
        foreach (var line in lines)
        {
            writer.WriteLine(line);
        }
    }
}
