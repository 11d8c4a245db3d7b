using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgentRag.Tests.Fakes;

namespace AgentRag.Tests.Cli;

/// <summary>A server on this machine with the endpoints of an embedding model, a reranker and a chat model.</summary>
internal sealed class ModelServer : IAsyncDisposable
{
    private readonly HttpListener _listener;
    private readonly HashingEmbedder _embedder = new();
    private readonly ConcurrentQueue<(string Path, JsonObject Body, string? Authorization)> _requests = [];
    private readonly Task _serving;

    public ModelServer()
    {
        (_listener, Url) = Start();
        _serving = ServeAsync();
    }

    /// <summary>Ends in a slash.</summary>
    public string Url { get; }

    public string BaseUrl => Url + "v1";

    /// <summary>What the chat model replies.</summary>
    public string ChatReply { get; set; } = "";

    /// <summary>The input tokens that the chat model reports, by the characters of its messages.</summary>
    public Func<int, int> ChatTokens { get; set; } = _ => 5;

    /// <summary>Chooses a status other than 200 by the path and the number of the request to it, from 1.</summary>
    public Func<string, int, int?> Fault { get; set; } = (_, _) => null;

    public IReadOnlyList<JsonObject> Requests(string path) => [.. _requests.Where(request => request.Path == path).Select(request => request.Body)];

    public IEnumerable<string?> Authorizations(string path) => _requests.Where(request => request.Path == path).Select(request => request.Authorization);

    public IEnumerable<string> EmbeddedTexts => Requests("/v1/embeddings").SelectMany(body => body["input"]!.AsArray().Select(text => text!.GetValue<string>()));

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _serving;
        _listener.Close();
    }

    private static (HttpListener Listener, string Url) Start()
    {
        while (true)
        {
            // Nothing hands a listener a free port, so one is found and may be lost again before it is taken.
            using var probe = new TcpListener(IPAddress.Loopback, 0);
            probe.Start();
            var url = $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}/";
            probe.Stop();
            var listener = new HttpListener { Prefixes = { url } };
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

            using var reader = new StreamReader(context.Request.InputStream, Encoding.UTF8);
            var (path, body) = (context.Request.Url!.AbsolutePath, JsonNode.Parse(await reader.ReadToEndAsync())!.AsObject());
            _requests.Enqueue((path, body, context.Request.Headers["Authorization"]));
            var status = Fault(path, Requests(path).Count) ?? 200;
            var reply = Encoding.UTF8.GetBytes(JsonSerializer.Serialize(status == 200 ? Reply(path, body) : new { error = new { message = "not today" } }));
            context.Response.StatusCode = status;
            context.Response.ContentType = "application/json";
            context.Response.ContentLength64 = reply.Length;
            context.Response.Close(reply, willBlock: true);
        }
    }

    private object Reply(string path, JsonObject body) => path switch
    {
        "/v1/embeddings" => new
        {
            model = body["model"]!.GetValue<string>(),
            data = body["input"]!.AsArray().Select((text, index) => new { index, embedding = _embedder.Embed(text!.GetValue<string>()) }),
            usage = new { prompt_tokens = 10 * body["input"]!.AsArray().Count, total_tokens = 10 * body["input"]!.AsArray().Count },
        },

        // The shorter a text, the better it is.
        "/rerank" => new
        {
            results = body["documents"]!.AsArray().Select((text, index) => new { index, relevance_score = 1.0 / text!.GetValue<string>().Length })
                .OrderByDescending(result => result.relevance_score).Take(body["top_n"]!.GetValue<int>()),
        },
        "/v1/chat/completions" => new
        {
            id = "1",
            model = "m",
            choices = new[] { new { index = 0, finish_reason = "stop", message = new { role = "assistant", content = ChatReply } } },
            usage = new
            {
                prompt_tokens = ChatTokens(Characters(body)),
                completion_tokens = 5,
                total_tokens = ChatTokens(Characters(body)) + 5,

                // As OpenAI reports a prediction of which four tokens were right.
                completion_tokens_details = body.ContainsKey("prediction") ? new { accepted_prediction_tokens = 4, rejected_prediction_tokens = 1 } : null,
            },
        },
        _ => new { error = $"no such path: {path}" },
    };

    private static int Characters(JsonObject body) => body["messages"]!.AsArray().Sum(message => message!["content"]!.GetValue<string>().Length);
}
