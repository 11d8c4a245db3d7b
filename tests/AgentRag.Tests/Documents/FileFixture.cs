using System.IO.Compression;
using System.Text;
using AgentRag.Documents;
using Xunit;

namespace AgentRag.Tests.Documents;

/// <summary>Files that a test makes, reads and leaves nothing of.</summary>
internal sealed class FileFixture : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("agentrag-files-").FullName;

    public List<SkippedFile> Skipped { get; } = [];

    /// <summary>The one reason why something was skipped.</summary>
    public string Reason => Assert.Single(Skipped).Reason;

    public string this[string name] => Path.Combine(Folder, name);

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    public string Write(string name, string content) => Write(name, Encoding.UTF8.GetBytes(content));

    public string Write(string name, byte[] content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(this[name])!);
        File.WriteAllBytes(this[name], content);
        return this[name];
    }

    public string WriteZip(string name, params (string Name, string Content)[] parts)
    {
        using var zip = ZipFile.Open(this[name], ZipArchiveMode.Create);
        foreach (var part in parts)
        {
            using var writer = new StreamWriter(zip.CreateEntry(part.Name).Open());
            writer.Write(part.Content);
        }

        return this[name];
    }

    public async Task<List<Document>> ReadAsync(string path, DocumentReaderOptions? options = null) => await ReadAsync(new DocumentReaders(options).For(path)!, path);

    public async Task<List<Document>> ReadAsync(IDocumentReader reader, string path, CancellationToken cancellationToken = default)
    {
        List<Document> documents = [];
        await foreach (var document in reader.ReadAsync(new(path, Folder, Path.GetFileName(path)) { Id = "id" }, Skipped.Add, cancellationToken))
        {
            documents.Add(document);
        }

        return documents;
    }

    public async Task<Document> ReadOneAsync(string path, DocumentReaderOptions? options = null) => Assert.Single(await ReadAsync(path, options));
}
