using AgentRag.Indexing;
using AgentRag.Tests.Fakes;
using Xunit;

namespace AgentRag.Tests.Indexing;

public sealed class AnalysisVersionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1, "rebuild it")]
    [InlineData(99, "update agentrag, or rebuild it")]
    public async Task An_index_whose_terms_were_made_otherwise_is_an_error_with_the_way_out(int version, string wayOut)
    {
        var index = _folder["index"];
        _folder.Write("docs/a.md", "東京");
        await RunAsync(force: false);
        var manifest = new IndexDirectory(index).ReadManifest()!;
        Assert.Equal(Analyzer.Version, manifest.AnalysisVersion);
        await File.WriteAllBytesAsync(
            Path.Combine(index, IndexDirectory.ManifestName), (manifest with { AnalysisVersion = version }).ToUtf8(), TestContext.Current.CancellationToken);

        var message = $"Index '{index}' has terms of analysis version {version}, this program makes those of version {Analyzer.Version}: {wayOut} with 'agentrag index --force'.";
        Assert.Equal(message, Assert.Throws<AgentRagException>(() => Bm25Index.Open(index)).Message);
        Assert.Equal(message, (await Assert.ThrowsAsync<AgentRagException>(() => RunAsync(force: false))).Message);

        await RunAsync(force: true);
        Assert.Equal(1, Bm25Index.Open(index).PassageCount);
    }

    private Task<IndexResult> RunAsync(bool force) => new Indexer(new WordCounter()).RunAsync(
        new() { Paths = [_folder["docs"]], IndexDirectory = _folder["index"], Force = force }, cancellationToken: TestContext.Current.CancellationToken);
}
