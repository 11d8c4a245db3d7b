using System.Runtime.CompilerServices;

namespace AgentRag.Documents;

/// <summary>Gives another reader a limited time for each document.</summary>
/// <remarks>
/// The other reader works on a thread of the pool. It is asked to stop when its time is over; where it does not listen, because a parser is at work
/// that cannot be interrupted, it is left behind and the run goes on without it.
/// </remarks>
internal sealed class TimedReader(IDocumentReader reader, TimeSpan maxTime, TimeProvider time) : IDocumentReader
{
    public IReadOnlyCollection<string> Extensions => reader.Extensions;

    public bool RowsBringIds => reader.RowsBringIds;

    public async IAsyncEnumerable<Document> ReadAsync(
        DocumentFile file, Action<SkippedFile> skipped, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(skipped);
        using var timer = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        var reports = new Reports(skipped);
        var documents = reader.ReadAsync(file, reports.Add, stop.Token).GetAsyncEnumerator(stop.Token);
        var next = Task.FromResult(true);
        try
        {
            while (true)
            {
                timer.CancelAfter(maxTime);
                next = Task.Run(() => documents.MoveNextAsync().AsTask(), CancellationToken.None);
                if (!await IsInTimeAsync(next, timer, stop.Token, cancellationToken).ConfigureAwait(false))
                {
                    reports.Close();
                    skipped(new(file.FullPath, $"took longer than {maxTime.TotalSeconds:0.###} s to read"));
                    yield break;
                }

                if (!await next.ConfigureAwait(false))
                {
                    yield break;
                }

                timer.CancelAfter(Timeout.InfiniteTimeSpan);
                yield return documents.Current;
            }
        }
        finally
        {
            reports.Close();
            if (next.IsCompleted)
            {
                await documents.DisposeAsync().ConfigureAwait(false);
            }
            else
            {
                // An iterator at work cannot be disposed of; it disposes of what it holds when it ends by itself.
                _ = next.ContinueWith(ended => ended.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            }
        }
    }

    private static async Task<bool> IsInTimeAsync(Task<bool> next, CancellationTokenSource timer, CancellationToken stop, CancellationToken cancellationToken)
    {
        try
        {
            await next.WaitAsync(stop).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException) when (timer.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Passes reports on as long as somebody listens: a reader left behind may still speak.</summary>
    private sealed class Reports(Action<SkippedFile> skipped)
    {
        private readonly Lock _lock = new();
        private bool _isClosed;

        public void Add(SkippedFile part)
        {
            lock (_lock)
            {
                if (!_isClosed)
                {
                    skipped(part);
                }
            }
        }

        public void Close()
        {
            lock (_lock)
            {
                _isClosed = true;
            }
        }
    }
}
