using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;

namespace AgentRag.Models;

/// <summary>The JSON pieces of one streamed reply. For one reader.</summary>
internal sealed class ModelEventStream : IAsyncDisposable
{
    private const string LastEvent = "[DONE]";

    private readonly HttpResponseMessage _response;
    private readonly ModelFaults _faults;
    private readonly TimeSpan _longestWait;
    private readonly CancellationToken _userToken;
    private readonly CancellationTokenSource _wait;
    private readonly CancellationTokenSource _stop;
    private IAsyncEnumerator<string>? _events;
    private bool _isFirst = true;
    private bool _hasFirst;

    private ModelEventStream(HttpResponseMessage response, ModelFaults faults, TimeSpan longestWait, TimeProvider time, CancellationToken userToken)
    {
        (_response, _faults, _longestWait, _userToken) = (response, faults, longestWait, userToken);
        _wait = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(userToken, _wait.Token);
    }

    /// <summary>Whether the server said that nothing more comes.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Reads up to the first event.</summary>
    /// <param name="response">The reply, whose headers are read.</param>
    /// <param name="bounded">Bounds the body.</param>
    /// <param name="faults">The words for what goes wrong.</param>
    /// <param name="longestWait">Longest wait for each further event.</param>
    /// <param name="time">The clock of these waits.</param>
    /// <param name="userToken">Ends the reading at any time.</param>
    /// <param name="attemptToken">Ends the wait for the first event.</param>
    public static async Task<ModelEventStream> OpenAsync(
        HttpResponseMessage response,
        Func<Stream, Stream> bounded,
        ModelFaults faults,
        TimeSpan longestWait,
        TimeProvider time,
        CancellationToken userToken,
        CancellationToken attemptToken)
    {
        var stream = new ModelEventStream(response, faults, longestWait, time, userToken);
        try
        {
            using (attemptToken.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), stream._stop))
            {
                stream._events = stream.Events(bounded(await response.Content.ReadAsStreamAsync(attemptToken).ConfigureAwait(false)));
                stream._hasFirst = await stream._events.MoveNextAsync().ConfigureAwait(false);
                return stream;
            }
        }
        catch
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Reads the next piece.</summary>
    /// <returns>JSON that the caller disposes of, or null at the end.</returns>
    /// <exception cref="AgentRagException">The connection broke, the wait was too long, or the piece is not JSON.</exception>
    public async Task<JsonDocument?> NextAsync()
    {
        if (!await MoveNextAsync().ConfigureAwait(false))
        {
            return null;
        }

        var text = _events!.Current;
        if (text == LastEvent)
        {
            IsDone = true;
            return null;
        }

        try
        {
            return JsonDocument.Parse(text);
        }
        catch (JsonException fault)
        {
            throw _faults.NotJson(text, fault);
        }
    }

    /// <summary>Ends the reading and gives the connection back.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_events is not null)
        {
            await _events.DisposeAsync().ConfigureAwait(false);
        }

        _response.Dispose();
        _stop.Dispose();
        _wait.Dispose();
    }

    private async ValueTask<bool> MoveNextAsync()
    {
        if (_isFirst)
        {
            _isFirst = false;
            return _hasFirst;
        }

        _wait.CancelAfter(_longestWait);
        try
        {
            return await _events!.MoveNextAsync().ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is IOException or HttpRequestException)
        {
            throw _faults.BrokenOff(fault);
        }
        catch (OperationCanceledException fault) when (!_userToken.IsCancellationRequested)
        {
            throw _faults.TooSlow(fault);
        }
        finally
        {
            // The time that the reader of this stream takes for itself does not count.
            _wait.CancelAfter(Timeout.InfiniteTimeSpan);
        }
    }

    // Comment lines, which servers send to keep the connection alive, are no events. A server that cannot stream sends one JSON object instead.
    private async IAsyncEnumerator<string> Events(Stream body)
    {
        if (_response.Content.Headers.ContentType?.MediaType == "application/json")
        {
            using var reader = new StreamReader(body, Encoding.UTF8);
            yield return await reader.ReadToEndAsync(_stop.Token).ConfigureAwait(false);
            yield break;
        }

        await foreach (var item in SseParser.Create(body).EnumerateAsync(_stop.Token).ConfigureAwait(false))
        {
            if (item.Data.Length > 0)
            {
                yield return item.Data;
            }
        }
    }
}
