using System.Diagnostics;
using AgentRag.Cli.Output;
using AgentRag.Documents;
using AgentRag.Indexing;
using AgentRag.Tokens;

namespace AgentRag.Cli.Commands;

/// <summary>Indexes, and again whenever documents change, until Ctrl-C: its ordinary end. Segments are merged beside that.</summary>
internal sealed class IndexWatch(Terminal terminal, ITokenCounter counter, IndexRequest request, IndexWork work, bool json) : IDisposable
{
    // One run at a time writes vectors.
    private readonly SemaphoreSlim _running = new(1);
    private Task _merging = Task.CompletedTask;

    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var roots = request.Paths.Count > 0 ? request.Paths : Bm25Index.Open(request.IndexDirectory, counter.Name).Roots;
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var changes = new FolderWatcher(roots, new DocumentReaders(), request.Folder).WatchAsync(watching.Token).GetAsyncEnumerator(watching.Token);

        // Before the first run, so that a change during it is not missed.
        var next = changes.MoveNextAsync().AsTask();
        try
        {
            var clock = Stopwatch.StartNew();
            IndexCommand.Write(terminal, await OnceAsync(force: true, watching.Token), request.IndexDirectory, clock.Elapsed, json);
            terminal.WriteError($"Watching {string.Join(", ", roots)}; Ctrl-C ends it.");
            while (await next)
            {
                await AgainAsync(watching.Token);
                next = changes.MoveNextAsync().AsTask();
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The index is that of the last run which ended.
        }
        finally
        {
            // What is still under way must end before it can be disposed.
            await watching.CancelAsync();
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await _merging.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await changes.DisposeAsync();
        }

        return ExitCode.Success;
    }

    public void Dispose() => _running.Dispose();

    private async Task<IndexSummary> OnceAsync(bool force, CancellationToken cancellationToken)
    {
        await _running.WaitAsync(cancellationToken);
        try
        {
            return await work.RunAsync(force, merge: false, cancellationToken);
        }
        finally
        {
            _running.Release();
            if (_merging.IsCompleted)
            {
                _merging = Task.Run(() => MergeAsync(cancellationToken), CancellationToken.None);
            }
        }
    }

    private async Task AgainAsync(CancellationToken cancellationToken)
    {
        try
        {
            var clock = Stopwatch.StartNew();
            var summary = await OnceAsync(force: false, cancellationToken);
            if (json)
            {
                IndexCommand.WriteJson(terminal, summary, request.IndexDirectory, clock.Elapsed);
                return;
            }

            var result = summary.Index;
            terminal.WriteLine(
                $"{IndexCommand.FilesLine(result)}; {Plural.Of(result.Documents, "document")}, {Plural.Of(result.Passages, "passage")}" +
                (result.Skipped.Count > 0 ? $"; {result.Skipped.Count:N0} skipped" : ""));
            foreach (var line in IndexCommand.FurtherLines(summary))
            {
                terminal.WriteLine(line);
            }
        }
        catch (AgentRagException e)
        {
            // A folder that is gone for a moment, or another run that writes the index: the next change brings the next try.
            terminal.WriteError($"error: {e.Message}");
        }
    }

    /// <summary>Merges while changes go on being indexed.</summary>
    private async Task MergeAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (await new Indexer(counter).MergeAsync(request.IndexDirectory, cancellationToken) == 0)
            {
                return;
            }

            await _running.WaitAsync(cancellationToken);
            try
            {
                await work.PlaceVectorsAsync(cancellationToken);
            }
            finally
            {
                _running.Release();
            }
        }
        catch (AgentRagException e)
        {
            terminal.WriteError($"error: Segments could not be merged: {e.Message}");
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // What is not merged now is merged by the next run.
        }
    }
}
