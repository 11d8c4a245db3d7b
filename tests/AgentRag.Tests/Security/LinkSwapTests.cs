using AgentRag.Indexing;
using AgentRag.Tests.Documents;
using AgentRag.Tokens;
using Xunit;

namespace AgentRag.Tests.Security;

/// <summary>A file that was found below the roots, and leads out of them by the time it is read.</summary>
public sealed class LinkSwapTests : IDisposable
{
    private readonly FileFixture _files = new();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData("docs/sub/b.md", "outside/b.md"), InlineData("docs/sub", "outside")]
    public async Task A_file_or_folder_that_is_swapped_for_a_link_after_the_search_is_not_read(string swapped, string target)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a privilege there.");
        _files.Write("docs/a.md", "# A\n\nHarmless.\n");
        _files.Write("docs/sub/b.md", "# B\n\nAlso harmless.\n");
        _files.Write("outside/b.md", "# B\n\nTOPSECRET\n");
        var request = new IndexRequest { Paths = [_files["docs"]], IndexDirectory = _files["index"] };

        // Told of each file just before it is read.
        var result = await new Indexer(new EstimatingTokenCounter()).RunAsync(request, new BeforeFile("sub/b.md", Swap), TestContext.Current.CancellationToken);

        Assert.Equal(
            "cannot be read: it, or a folder above it, has become a symbolic link", Assert.Single(result.Skipped).Reason);
        Assert.Equal(1, result.Documents);
        var index = Bm25Index.Open(_files["index"]);
        Assert.All(Enumerable.Range(0, index.PassageCount).Select(number => index.PassageAt(number).Text), text => Assert.DoesNotContain("TOPSECRET", text, StringComparison.Ordinal));

        void Swap()
        {
            if (File.Exists(_files[swapped]))
            {
                File.Delete(_files[swapped]);
                File.CreateSymbolicLink(_files[swapped], _files[target]);
            }
            else
            {
                Directory.Delete(_files[swapped], recursive: true);
                Directory.CreateSymbolicLink(_files[swapped], _files[target]);
            }
        }
    }

    private sealed class BeforeFile(string path, Action act) : IProgress<IndexProgress>
    {
        private bool _done;

        public void Report(IndexProgress value)
        {
            if (value.Path == path && !_done)
            {
                _done = true;
                act();
            }
        }
    }
}
