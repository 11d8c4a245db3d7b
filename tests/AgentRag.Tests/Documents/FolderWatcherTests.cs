using AgentRag.Documents;
using Xunit;

namespace AgentRag.Tests.Documents;

public sealed class FolderWatcherTests : IDisposable
{
    private static readonly FolderWatcherOptions Quick = new() { QuietTime = TimeSpan.FromMilliseconds(20), MaxDelay = TimeSpan.FromSeconds(1) };
    private readonly FileFixture _files = new();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData(false), InlineData(true)]
    public async Task Written_and_removed_documents_are_told_and_others_are_not(bool polling)
    {
        _files.Write("old.md", "x");
        _files.Write(".hidden/a.md", "x");
        var options = polling ? Quick with { PollInterval = TimeSpan.FromMilliseconds(20) } : Quick;
        await using var changes = Watch(options);

        // Watching begins with the first step of the enumeration, not with the call.
        var next = changes.MoveNextAsync().AsTask();
        _files.Write("picture.png", "x");
        _files.Write(".hidden/a.md", "yy");
        _files.Write("new.md", "x");
        Assert.Equal([_files["new.md"]], await UntilAsync(changes, next, _files["new.md"]));

        next = changes.MoveNextAsync().AsTask();
        File.Delete(_files["old.md"]);
        Assert.Equal([_files["old.md"]], await UntilAsync(changes, next, _files["old.md"]));
    }

    [Fact]
    public async Task Changes_close_together_are_one_batch()
    {
        await using var changes = Watch(Quick with { QuietTime = TimeSpan.FromSeconds(1), MaxDelay = TimeSpan.FromMinutes(1) });
        var next = changes.MoveNextAsync().AsTask();
        for (var i = 0; i < 50; i++)
        {
            _files.Write("a.md", $"{i}");
            _files.Write("b.md", $"{i}");
        }

        Assert.True(await next);
        Assert.Equal([_files["a.md"], _files["b.md"]], changes.Current.Paths);
        Assert.False(changes.Current.MayHaveMore);
    }

    [Fact]
    public async Task Cancelling_ends_the_watching()
    {
        using var cancel = new CancellationTokenSource();
        await using var changes = new FolderWatcher([_files.Folder], new(), options: Quick).WatchAsync(cancel.Token).GetAsyncEnumerator(cancel.Token);
        var next = changes.MoveNextAsync().AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await next);
    }

    [Fact]
    public void Roots_and_options_are_checked_at_once()
    {
        Assert.Equal("'/no/such' does not exist: give a file or a folder.", Assert.Throws<AgentRagException>(() => new FolderWatcher(["/no/such"], new())).Message);
        var problem = Assert.Throws<AgentRagException>(() => new FolderWatcher([_files.Folder], new(), options: new() { QuietTime = TimeSpan.Zero, PollInterval = TimeSpan.Zero }));
        Assert.Equal("Folder watcher: QuietTime is 00:00:00, must be more than 0; PollInterval is 00:00:00, must be more than 0.", problem.Message);
    }

    private IAsyncEnumerator<FolderChanges> Watch(FolderWatcherOptions options) =>
        new FolderWatcher([_files.Folder], new(), options: options).WatchAsync(TestContext.Current.CancellationToken).GetAsyncEnumerator(TestContext.Current.CancellationToken);

    /// <summary>All paths told up to the batch that holds the one awaited.</summary>
    private static async Task<IEnumerable<string>> UntilAsync(IAsyncEnumerator<FolderChanges> changes, Task<bool> next, string path)
    {
        SortedSet<string> paths = new(StringComparer.Ordinal);
        while (await next)
        {
            paths.UnionWith(changes.Current.Paths);
            if (paths.Contains(path))
            {
                break;
            }

            next = changes.MoveNextAsync().AsTask();
        }

        return paths;
    }
}
