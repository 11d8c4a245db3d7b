using System.Diagnostics;
using AgentRag.Cli.Output;
using AgentRag.Documents;
using AgentRag.Indexing;
using AgentRag.Tokens;

namespace AgentRag.Cli.Commands;

/// <summary>Indexes, and again whenever documents change, until Ctrl-C: its ordinary end.</summary>
internal sealed class IndexWatch(Terminal terminal, ITokenCounter counter, IndexRequest request, bool json)
{
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
            IndexCommand.Write(terminal, await IndexCommand.RunAsync(terminal, counter, request, cancellationToken), request.IndexDirectory, clock.Elapsed, json);
            terminal.WriteError($"Watching {string.Join(", ", roots)}; Ctrl-C ends it.");
            while (await next)
            {
                await AgainAsync(cancellationToken);
                next = changes.MoveNextAsync().AsTask();
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The index is that of the last run which ended.
        }
        finally
        {
            // What is still waited for must end before it can be disposed.
            await watching.CancelAsync();
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await changes.DisposeAsync();
        }

        return ExitCode.Success;
    }

    private async Task AgainAsync(CancellationToken cancellationToken)
    {
        try
        {
            var clock = Stopwatch.StartNew();
            var result = await IndexCommand.RunAsync(terminal, counter, request with { Force = false }, cancellationToken);
            if (json)
            {
                IndexCommand.WriteJson(terminal, result, request.IndexDirectory, clock.Elapsed);
            }
            else
            {
                terminal.WriteLine(
                    $"{IndexCommand.FilesLine(result)}; {Plural.Of(result.Documents, "document")}, {Plural.Of(result.Passages, "passage")}" +
                    (result.Skipped.Count > 0 ? $"; {result.Skipped.Count:N0} skipped" : ""));
            }
        }
        catch (AgentRagException e)
        {
            // A folder that is gone for a moment, or another run that writes the index: the next change brings the next try.
            terminal.WriteError($"error: {e.Message}");
        }
    }
}
