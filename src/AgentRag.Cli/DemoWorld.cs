using AgentRag.Documents;
using AgentRag.Indexing;
using AgentRag.Tokens;

namespace AgentRag.Cli;

/// <summary>The invented world that ships with the program: documents, worked examples, test questions.</summary>
internal static class DemoWorld
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "demos", "world");

    public static string Documents { get; } = Path.Combine(Folder, "documents");

    public static string Demonstrations { get; } = Path.Combine(Folder, "demonstrations.jsonl");

    public static string Test { get; } = Path.Combine(Folder, "test.jsonl");

    /// <summary>Indexes the world's documents in memory.</summary>
    /// <exception cref="AgentRagException">The files are missing.</exception>
    public static async Task<Bm25Index> IndexAsync(ITokenCounter counter, CancellationToken cancellationToken)
    {
        RequireInstalled();
        var readers = new DocumentReaders();
        var splitter = new PassageSplitter(counter);
        List<Passage> passages = [];
        foreach (var file in DocumentIds.Assign(DocumentFolder.Find([Documents], readers, cancellationToken).Files, _ => { }))
        {
            await foreach (var document in readers.For(file.FullPath)!.ReadAsync(file, _ => { }, cancellationToken))
            {
                passages.AddRange(splitter.Split(document));
            }
        }

        return Bm25Index.Build(passages);
    }

    /// <summary>Says what to do when the program was copied without its data.</summary>
    public static void RequireInstalled()
    {
        if (!Directory.Exists(Documents) || !File.Exists(Demonstrations))
        {
            throw new AgentRagException(
                $"The shipped examples are missing from '{Folder}': install agentrag again, or run with --demonstrations none.");
        }
    }
}
