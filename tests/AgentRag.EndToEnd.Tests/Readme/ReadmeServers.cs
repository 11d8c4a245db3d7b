using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgentRag.Tests.Retrieval.Qdrant;

namespace AgentRag.EndToEnd.Tests.Readme;

/// <summary>What the README's commands talk to, on this machine: a chat model in both formats, an embedding model, a reranker and Qdrant.</summary>
internal sealed class ReadmeServers : IAsyncDisposable
{
    private const int Dimensions = 32;
    private const string Reply = "So the final answer is: 1924";

    private readonly HttpListener _models;
    private readonly Task _serving;

    public ReadmeServers()
    {
        while (_models is null)
        {
            // Nothing hands a listener a free port, so one is found and may be lost again before it is taken.
            var (listener, port) = (new HttpListener(), FreePort());
            listener.Prefixes.Add($"http://127.0.0.1:{port}/");
            try
            {
                listener.Start();
                (_models, ModelPort) = (listener, port);
            }
            catch (HttpListenerException)
            {
                listener.Close();
            }
        }

        _serving = ServeAsync();
    }

    public int ModelPort { get; }

    public InProcessQdrant Qdrant { get; } = new();

    public static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    public async ValueTask DisposeAsync()
    {
        _models.Stop();
        await _serving;
        _models.Close();
        await Qdrant.DisposeAsync();
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _models.GetContextAsync();
            }
            catch (Exception fault) when (fault is HttpListenerException or InvalidOperationException)
            {
                return;
            }

            using var reader = new StreamReader(context.Request.InputStream, Encoding.UTF8);
            var answer = Answer(context.Request.Url!.AbsolutePath, JsonNode.Parse(await reader.ReadToEndAsync())!.AsObject());
            context.Response.StatusCode = answer is null ? 404 : 200;
            context.Response.ContentType = "application/json";
            context.Response.Close(JsonSerializer.SerializeToUtf8Bytes(answer), willBlock: true);
        }
    }

    private static object? Answer(string path, JsonObject body) => path switch
    {
        "/v1/chat/completions" => new
        {
            id = "1",
            model = "m",
            choices = new[] { new { index = 0, finish_reason = "stop", message = new { role = "assistant", content = Reply } } },
            usage = new { prompt_tokens = 500, completion_tokens = 8, total_tokens = 508 },
        },
        "/v1/messages" => new
        {
            id = "msg_1",
            type = "message",
            role = "assistant",
            model = "m",
            content = new[] { new { type = "text", text = Reply } },
            stop_reason = "end_turn",
            usage = new { input_tokens = 500, output_tokens = 8 },
        },
        "/v1/embeddings" => new
        {
            model = "m",
            data = body["input"]!.AsArray().Select((text, index) => new { index, embedding = Vector(text!.GetValue<string>()) }),
            usage = new { prompt_tokens = 10, total_tokens = 10 },
        },
        "/rerank" => new
        {
            results = body["documents"]!.AsArray().Select((text, index) => new { index, relevance_score = 1.0 / text!.GetValue<string>().Length })
                .OrderByDescending(result => result.relevance_score).Take(body["top_n"]!.GetValue<int>()),
        },
        _ => null,
    };

    // Texts that share letters lie near each other: enough for a ranking.
    private static float[] Vector(string text)
    {
        var vector = new float[Dimensions];
        foreach (var letter in text.ToLowerInvariant())
        {
            vector[letter % Dimensions]++;
        }

        return vector;
    }
}
