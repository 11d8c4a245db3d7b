using System.Runtime.CompilerServices;
using AgentRag.Documents;
using AgentRag.Tests.Models;
using Xunit;

namespace AgentRag.Tests.Documents;

public sealed class TimedReaderTests : IDisposable
{
    private readonly FileFixture _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task A_reader_that_never_answers_is_left_behind_and_reported()
    {
        // The clock lets waits of up to a minute pass at once.
        using var release = new ManualResetEventSlim();
        var documents = await _files.ReadAsync(new TimedReader(new StuckReader(release), TimeSpan.FromSeconds(30), new ManualTime()), _files["a.txt"]);
        Assert.Empty(documents);
        Assert.Equal("took longer than 30 s to read", _files.Reason);
        release.Set();
    }

    [Fact]
    public async Task The_run_may_be_cancelled_while_a_reader_is_stuck()
    {
        using var release = new ManualResetEventSlim();
        using var cancel = new CancellationTokenSource();
        var reading = _files.ReadAsync(new TimedReader(new StuckReader(release), TimeSpan.FromHours(1), new ManualTime()), _files["a.txt"], cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        Assert.Empty(_files.Skipped);
        release.Set();
    }

    [Fact]
    public async Task What_a_reader_says_and_throws_passes_through()
    {
        var path = _files.Write("a.txt", "text");
        Assert.Equal("text", (await _files.ReadOneAsync(path)).Text);
        await Assert.ThrowsAsync<FileNotFoundException>(() => _files.ReadAsync(new DocumentReaders().For(path)!, _files["missing.txt"]));
    }

    [Fact]
    public void Options_out_of_range_are_all_named()
    {
        var problem = Assert.Throws<AgentRagException>(() => new DocumentReaders(new DocumentReaderOptions { MaxPages = 0, MaxReadTime = TimeSpan.Zero }));
        Assert.Equal("Document reader: MaxPages is 0, must be at least 1; MaxReadTime is 00:00:00, must be more than 0 and at most one day.", problem.Message);
    }

    private sealed class StuckReader(ManualResetEventSlim release) : IDocumentReader
    {
        public IReadOnlyCollection<string> Extensions => [".txt"];

        public async IAsyncEnumerable<Document> ReadAsync(
            DocumentFile file, Action<SkippedFile> skipped, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            release.Wait(CancellationToken.None); // like a parser, it does not listen
            skipped(new(file.FullPath, "too late"));
            await Task.CompletedTask;
            yield break;
        }
    }
}
