using AgentRag.Indexing;
using AgentRag.Tokens;
using Xunit;

namespace AgentRag.Tests.Indexing;

public sealed class DamagedIndexTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string IndexPath => _folder["index"];

    private string ManifestPath => Path.Combine(IndexPath, "index.json");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void No_index_is_an_error_with_the_way_out()
    {
        AssertOpenFails($"There is no index at '{IndexPath}': make one with 'agentrag index PATH...'.");
        Assert.False(Directory.Exists(IndexPath));
    }

    [Fact]
    public async Task Nothing_to_bring_up_to_date_is_an_error_and_leaves_no_folder()
    {
        var exception = await Assert.ThrowsAsync<AgentRagException>(() => RunAsync(new()));
        Assert.Equal($"There is no index at '{IndexPath}' to bring up to date: name what to index, 'agentrag index PATH...'.", exception.Message);
        Assert.False(Directory.Exists(IndexPath));
    }

    [Theory]
    [InlineData("\"formatVersion\": 3", "\"formatVersion\": 9", "Index '{0}' has format version 9, this program reads version 3: update agentrag, or rebuild it with 'agentrag index --force'.")]
    [InlineData("\"formatVersion\": 3", "\"formatVersion\": 2", "Index '{0}' has format version 2, this program reads version 3: rebuild it with 'agentrag index --force'.")]
    [InlineData("\"tokenCounter\"", "\"counter\"", "Index '{0}' is damaged (index.json is not valid JSON or lacks a field): rebuild it with 'agentrag index --force'.")]
    [InlineData("\"roots\": [", "\"roots\": null, \"r\": [", "Index '{0}' is damaged (index.json lacks a field): rebuild it with 'agentrag index --force'.")]
    [InlineData("{", "", "Index '{0}' is damaged (index.json is not valid JSON or lacks a field): rebuild it with 'agentrag index --force'.")]
    [InlineData("\"segment-000001.bin\"", "\"segment-000002.bin\"", "Index '{0}' is damaged (index.json does not fit its checksum): rebuild it with 'agentrag index --force'.")]
    public async Task A_damaged_manifest_is_an_error_and_force_mends_it(string text, string replacement, string message)
    {
        await MakeAsync();
        var manifest = await File.ReadAllTextAsync(ManifestPath, TestContext.Current.CancellationToken);
        Assert.Contains(text, manifest, StringComparison.Ordinal);
        await File.WriteAllTextAsync(ManifestPath, text == "{" ? manifest[1..] : manifest.Replace(text, replacement, StringComparison.Ordinal), TestContext.Current.CancellationToken);
        AssertOpenFails(string.Format(message, IndexPath));

        await RunAsync(new() { Paths = [_folder["docs"]], Force = true });
        Assert.Equal(1, Bm25Index.Open(IndexPath).DocumentCount);
        Assert.Equal(3, Directory.GetFiles(IndexPath).Length);
    }

    [Theory]
    [InlineData("{\"format\":\"something else\"}"), InlineData("[1]"), InlineData("{}")]
    public async Task A_foreign_manifest_is_an_error_and_is_not_overwritten_even_by_force(string foreign)
    {
        _folder.Write("index/index.json", foreign);
        _folder.Write("docs/a.md", "zebra");
        var message = $"'{ManifestPath}' is not the manifest of an AgentRag index: choose another folder with --index DIR.";
        AssertOpenFails(message);
        Assert.Equal(message, (await Assert.ThrowsAsync<AgentRagException>(() => RunAsync(new() { Paths = [_folder["docs"]], Force = true }))).Message);
        Assert.Equal(foreign, await File.ReadAllTextAsync(ManifestPath, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_segment_that_is_missing_or_not_of_the_index_is_an_error()
    {
        await MakeAsync();
        var manifest = new IndexDirectory(IndexPath).ReadManifest()!;
        await WriteAsync(manifest.Segments[0] with { Name = "segment-000007.bin" });
        AssertOpenFails($"Index '{IndexPath}' is damaged (segment-000007.bin is missing): rebuild it with 'agentrag index --force'.");
        await WriteAsync(manifest.Segments[0] with { Name = "../docs/a.md" });
        AssertOpenFails($"Index '{IndexPath}' is damaged (index.json names no segment file): rebuild it with 'agentrag index --force'.");
        await WriteAsync(manifest.Segments[0] with { Checksum = 7 });
        AssertOpenFails($"Index '{IndexPath}' is damaged (segment-000001.bin is another one than index.json names): rebuild it with 'agentrag index --force'.");

        Task WriteAsync(SegmentReference segment) =>
            File.WriteAllBytesAsync(ManifestPath, (manifest with { Segments = [segment] }).ToUtf8(), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Other_settings_than_the_index_was_written_with_are_errors_with_both_named()
    {
        await MakeAsync();
        AssertOpenFails($"Index '{IndexPath}' was written with tokenizer estimate, this run uses cl100k_base: rebuild it with 'agentrag index --force'.", "cl100k_base");
        await FailsAsync(new() { Analyzer = AnalyzerOptions.Plain }, $"Index '{IndexPath}' was written with analyzer english, this run uses plain: rebuild it with 'agentrag index --force'.");
        await FailsAsync(
            new() { Splitter = new() { MaxPassageTokens = 100 } },
            $"Index '{IndexPath}' was written with passages of at most 256 tokens with overlap 0, this run uses at most 100 tokens with overlap 0: rebuild it with 'agentrag index --force'.");

        var result = await RunAsync(new() { Analyzer = AnalyzerOptions.Plain, Force = true });
        Assert.Equal((1, 1), (result.Documents, result.AddedFiles));
        Assert.Equal(AnalyzerOptions.Plain, Bm25Index.Open(IndexPath).Analyzer.Options);
        await RunAsync(new());

        async Task FailsAsync(IndexRequest request, string message) =>
            Assert.Equal(message, (await Assert.ThrowsAsync<AgentRagException>(() => RunAsync(request))).Message);
    }

    private async Task MakeAsync()
    {
        _folder.Write("docs/a.md", "zebra");
        await RunAsync(new() { Paths = [_folder["docs"]] });
    }

    private Task<IndexResult> RunAsync(IndexRequest request) =>
        new Indexer(new EstimatingTokenCounter()).RunAsync(request with { IndexDirectory = IndexPath }, cancellationToken: TestContext.Current.CancellationToken);

    private void AssertOpenFails(string message, string? counter = null) =>
        Assert.Equal(message, Assert.Throws<AgentRagException>(() => Bm25Index.Open(IndexPath, counter)).Message);
}
