using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace AgentRag.Tests.Models;

/// <summary>A scripted HTTP/1.1 server on this machine: the n-th request gets the n-th reply, and the last reply is repeated.</summary>
internal sealed class LoopbackServer : IAsyncDisposable
{
    public delegate Task Reply(Stream connection, CancellationToken closing);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _closing = new();
    private readonly Func<Request, int, Reply> _choose;
    private readonly ConcurrentQueue<Request> _requests = [];
    private readonly SemaphoreSlim _arrived = new(0);
    private readonly Task _accepting;
    private int _count;

    public LoopbackServer(params Reply[] replies)
        : this((_, number) => replies[Math.Min(number, replies.Length) - 1])
    {
    }

    /// <summary>Replies to each request as the function says for it and its number, from 1.</summary>
    public LoopbackServer(Func<Request, int, Reply> choose)
    {
        _choose = choose;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public Uri BaseUrl => new($"http://127.0.0.1:{Port}/v1");

    public IReadOnlyList<Request> Requests => [.. _requests];

    public static Reply Json(string body, int status = 200, string? header = null) => async (connection, closing) =>
        await WriteAsync(
            connection,
            $"HTTP/1.1 {status} Reply\r\nContent-Type: application/json\r\nConnection: close\r\n{(header is null ? "" : header + "\r\n")}"
            + $"Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}",
            closing);

    /// <summary>A stream of events, sent in the given pieces; a null instead of a piece breaks the connection off.</summary>
    public static Reply Events(params byte[]?[] pieces) => async (connection, closing) =>
    {
        await WriteAsync(
            connection, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n", closing);
        foreach (var piece in pieces)
        {
            if (piece is null)
            {
                return;
            }

            await WriteAsync(connection, piece.Length.ToString("x", CultureInfo.InvariantCulture) + "\r\n", closing);
            await connection.WriteAsync(piece, closing);
            await WriteAsync(connection, "\r\n", closing);
            await connection.FlushAsync(closing);
        }

        await WriteAsync(connection, "0\r\n\r\n", closing);
    };

    public static Reply Events(params string?[] pieces) => Events([.. pieces.Select(piece => piece is null ? null : Encoding.UTF8.GetBytes(piece))]);

    /// <summary>Runs another reply up to its end or break, then stays silent.</summary>
    public static Reply Silence(Reply? first = null) => async (connection, closing) =>
    {
        if (first is not null)
        {
            await first(connection, closing);
        }

        await Task.Delay(Timeout.Infinite, closing);
    };

    /// <summary>Sends the head of a reply and then the same piece again and again, until the client goes away.</summary>
    public static Reply Endless(string contentType, string first, string piece) => async (connection, closing) =>
    {
        await WriteAsync(connection, $"HTTP/1.1 200 OK\r\nContent-Type: {contentType}\r\nConnection: close\r\n\r\n{first}", closing);
        while (true)
        {
            await WriteAsync(connection, piece, closing);
        }
    };

    /// <summary>Sends a reply whose end is missing.</summary>
    public static Reply CutOff(string contentType, string part) => (connection, closing) => WriteAsync(
        connection, $"HTTP/1.1 200 OK\r\nContent-Type: {contentType}\r\nConnection: close\r\nContent-Length: {Encoding.UTF8.GetByteCount(part) + 9}\r\n\r\n{part}", closing).AsTask();

    /// <summary>Closes the connection without a word.</summary>
    public static Reply HangUp() => (_, _) => Task.CompletedTask;

    /// <summary>Waits until one more request has been read whole.</summary>
    public Task RequestArrivedAsync() => _arrived.WaitAsync(TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _accepting;
        _listener.Dispose();
        _closing.Dispose();
        _arrived.Dispose();
    }

    private static ValueTask WriteAsync(Stream connection, string text, CancellationToken closing) =>
        connection.WriteAsync(Encoding.UTF8.GetBytes(text), closing);

    private async Task AcceptAsync()
    {
        List<Task> serving = [];
        try
        {
            while (true)
            {
                serving.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_closing.Token)));
            }
        }
        catch (Exception fault) when (fault is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                var request = await ReadAsync(stream);
                _requests.Enqueue(request);
                var reply = _choose(request, Interlocked.Increment(ref _count));
                _arrived.Release();
                await reply(stream, _closing.Token);
            }
            catch (Exception fault) when (fault is OperationCanceledException or IOException or SocketException)
            {
                // The client went away, or the test is over.
            }
        }
    }

    private async Task<Request> ReadAsync(Stream stream)
    {
        List<byte> head = [];
        var one = new byte[1];
        while (!(head.Count >= 4 && head[^4] == '\r' && head[^3] == '\n' && head[^2] == '\r' && head[^1] == '\n'))
        {
            await stream.ReadExactlyAsync(one, _closing.Token);
            head.Add(one[0]);
        }

        var lines = Encoding.ASCII.GetString([.. head]).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var headers = lines.Skip(1).Select(line => line.Split(": ", 2)).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.OrdinalIgnoreCase);
        var body = new byte[headers.TryGetValue("Content-Length", out var length) ? int.Parse(length, CultureInfo.InvariantCulture) : 0];
        await stream.ReadExactlyAsync(body, _closing.Token);
        return new Request(lines[0], headers, Encoding.UTF8.GetString(body));
    }

    internal sealed record Request(string Line, IReadOnlyDictionary<string, string> Headers, string Body)
    {
        public JsonObject Json => JsonNode.Parse(Body)!.AsObject();
    }
}
