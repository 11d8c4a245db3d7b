using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace AgentRag.Tests.Retrieval.Qdrant;

/// <summary>A server on this machine that implements the endpoints of Qdrant's REST API that AgentRag uses, and refuses what Qdrant refuses.</summary>
internal sealed class InProcessQdrant : IAsyncDisposable
{
    private readonly HttpListener _listener;
    private readonly ConcurrentDictionary<string, QdrantStore> _stores = [];
    private readonly ConcurrentQueue<Request> _requests = [];
    private readonly Task _serving;

    public InProcessQdrant()
    {
        (_listener, Url) = Start();
        _serving = ServeAsync();
    }

    public Uri Url { get; }

    /// <summary>The key that is asked for, or null.</summary>
    public string? ApiKey { get; set; }

    /// <summary>Chooses a status other than 200 for a request, before it has any effect; null for none.</summary>
    public Func<Request, int?> Fault { get; set; } = _ => null;

    public IReadOnlyList<Request> Requests => [.. _requests];

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _serving;
        _listener.Close();
    }

    private static (HttpListener Listener, Uri Url) Start()
    {
        while (true)
        {
            // Nothing hands a listener a free port, so one is found and may be lost again before it is taken.
            using var probe = new TcpListener(IPAddress.Loopback, 0);
            probe.Start();
            Uri url = new($"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}/");
            probe.Stop();
            HttpListener listener = new() { Prefixes = { url.ToString() } };
            try
            {
                listener.Start();
                return (listener, url);
            }
            catch (HttpListenerException)
            {
                listener.Close();
            }
        }
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception fault) when (fault is HttpListenerException or InvalidOperationException)
            {
                return;
            }

            await AnswerAsync(context);
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        using var reader = new StreamReader(context.Request.InputStream, Encoding.UTF8);
        var request = new Request(
            context.Request.HttpMethod, context.Request.Url!.AbsolutePath, context.Request.Url.Query, context.Request.Headers["api-key"], await reader.ReadToEndAsync());
        _requests.Enqueue(request);
        var (status, reply) = Answer(request);
        var bytes = Encoding.UTF8.GetBytes(reply);
        context.Response.StatusCode = status;
        context.Response.ContentType = reply.StartsWith('{') ? "application/json" : "text/plain";
        // With its length known, head and body leave in one piece; in two the second would wait 40 ms for the first's acknowledgement.
        context.Response.ContentLength64 = bytes.Length;
        context.Response.Close(bytes, willBlock: true);
    }

    private (int Status, string Reply) Answer(Request request)
    {
        try
        {
            if (ApiKey is not null && request.ApiKey != ApiKey)
            {
                return (401, request.ApiKey is null ? "Must provide an API key or an Authorization bearer token" : "Invalid API key or JWT");
            }

            if (Fault(request) is { } status)
            {
                throw new QdrantRejection(status, $"Service internal error: {status}");
            }

            return (200, JsonSerializer.Serialize(new { result = Result(request), status = "ok", time = 0.001 }));
        }
        catch (QdrantRejection rejection)
        {
            return (rejection.Status, JsonSerializer.Serialize(new { status = new { error = rejection.Message }, time = 0.0 }));
        }
        catch (JsonException fault)
        {
            return (400, JsonSerializer.Serialize(new { status = new { error = $"Format error in JSON body: {fault.Message}" }, time = 0.0 }));
        }
    }

    private object? Result(Request request)
    {
        var path = request.Path.Trim('/').Split('/', 3);
        if (path is not ["collections", ..] || path.Length < 2)
        {
            throw new QdrantRejection(404, "");
        }

        CheckQuery(request);
        var name = Uri.UnescapeDataString(path[1]);
        var rest = path.Length == 3 ? path[2] : "";
        if ((request.Method, rest) is ("PUT", ""))
        {
            // As in Qdrant the name is looked at after the form of the body.
            var store = new QdrantStore(request.Json);
            return _stores.TryAdd(name, store) ? true : throw new QdrantRejection(409, $"Wrong input: Collection `{name}` already exists!");
        }

        if ((request.Method, rest) is ("DELETE", ""))
        {
            return _stores.TryRemove(name, out _);
        }

        var collection = _stores.GetValueOrDefault(name) ?? throw new QdrantRejection(404, $"Not found: Collection `{name}` doesn't exist!");
        return (request.Method, rest) switch
        {
            ("GET", "") => collection.Describe(),
            ("PUT", "index") => collection.CreateIndex(request.Json),
            ("PUT", "points") => collection.Upsert(request.Json),
            ("POST", "points") => collection.Retrieve(request.Json),
            ("POST", "points/scroll") => collection.Scroll(request.Json),
            ("POST", "points/count") => collection.Count(request.Json),
            ("POST", "points/delete") => collection.Delete(request.Json),
            ("POST", "points/query") => collection.Query(request.Json),
            ("POST", "points/query/batch") => collection.QueryBatch(request.Json),
            _ => throw new QdrantRejection(404, ""),
        };
    }

    private static void CheckQuery(Request request)
    {
        foreach (var pair in request.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=', 2)))
        {
            var allowed = pair switch
            {
                ["wait", "true" or "false"] => true,
                ["ordering", "weak" or "medium" or "strong"] => true,
                ["consistency", var value] => value is "majority" or "quorum" or "all" || (uint.TryParse(value, out var replicas) && replicas > 0),
                _ => false,
            };
            if (!allowed)
            {
                throw new QdrantRejection(400, $"Deserialize error: {string.Join('=', pair)}");
            }
        }
    }

    internal sealed record Request(string Method, string Path, string Query, string? ApiKey, string Body)
    {
        public JsonElement Json => JsonDocument.Parse(Body).RootElement;

        public bool IsUpsert => Method == "PUT" && Path.EndsWith("/points", StringComparison.Ordinal);

        public int PointCount => Json.GetProperty("points").GetArrayLength();
    }
}
