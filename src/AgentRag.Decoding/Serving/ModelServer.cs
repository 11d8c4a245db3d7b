using System.Net;
using System.Text;
using System.Text.Json;
using AgentRag.Decoding.Chat;
using Microsoft.Extensions.AI;

namespace AgentRag.Decoding.Serving;

/// <summary>Serves an in-process model to programs on this machine, in OpenAI's format.</summary>
/// <remarks>
/// <para>
/// <c>POST /v1/chat/completions</c> (also streamed, with <c>prediction</c> and <c>x_decoding</c>), <c>GET /v1/models</c>, <c>POST /tokenize</c>
/// (<c>{"content": text}</c>), <c>GET /health</c>. A body must be <c>application/json</c>, which a web page of another origin cannot send unasked.
/// </para>
/// <para>Listens on the loopback address alone: it asks for no key.</para>
/// </remarks>
public sealed class ModelServer : IDisposable
{
    private const int MostBodyBytes = 64 << 20;
    private static readonly JsonSerializerOptions Json = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly LocalChatClient _model;
    private readonly LocalModelOptions _options;
    private readonly HttpListener _listener = new();

    /// <summary>Makes a server; it listens once <see cref="RunAsync"/> is called.</summary>
    /// <param name="model">The model; not disposed of with the server.</param>
    /// <param name="options">The options the model was opened with.</param>
    /// <param name="port">The port, in [1, 65535].</param>
    public ModelServer(LocalChatClient model, LocalModelOptions options, int port)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(port, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, 65_535);
        (_model, _options, BaseUrl) = (model, options, new Uri($"http://127.0.0.1:{port}/v1"));
        _listener.Prefixes.Add($"http://127.0.0.1:{port}/");
    }

    /// <summary>What clients are given as base URL.</summary>
    public Uri BaseUrl { get; }

    /// <summary>Begins to listen; requests wait until <see cref="RunAsync"/> is called.</summary>
    /// <exception cref="AgentRagException">The port cannot be had.</exception>
    public void Start()
    {
        try
        {
            _listener.Start();
        }
        catch (HttpListenerException e)
        {
            throw new AgentRagException($"Port {BaseUrl.Port} cannot be listened on ({e.Message}): choose another with --port.", e);
        }
    }

    /// <summary>Answers requests until cancelled.</summary>
    /// <param name="cancellationToken">Ends the server, and the requests under way.</param>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (!_listener.IsListening)
        {
            Start();
        }

        using var closing = cancellationToken.Register(_listener.Stop);
        List<Task> running = [];
        while (!cancellationToken.IsCancellationRequested)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync().ConfigureAwait(false);
            }
            catch (Exception e) when (e is HttpListenerException or InvalidOperationException)
            {
                // Stopped: the loop's condition tells whether that was meant.
                continue;
            }

            running.RemoveAll(task => task.IsCompleted);
            running.Add(Task.Run(() => HandleAsync(context, cancellationToken), CancellationToken.None));
        }

        await Task.WhenAll(running).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Close();

    private async Task HandleAsync(HttpListenerContext context, CancellationToken cancellationToken)
    {
        var response = context.Response;
        try
        {
            await AnswerAsync(context, cancellationToken).ConfigureAwait(false);
        }
        catch (AgentRagException e)
        {
            await TryWriteErrorAsync(response, HttpStatusCode.BadRequest, "invalid_request_error", e.Message).ConfigureAwait(false);
        }
        catch (JsonException e)
        {
            await TryWriteErrorAsync(response, HttpStatusCode.BadRequest, "invalid_request_error", $"The body is no JSON: {e.Message}").ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The server ends, or the reader went away: nobody is left to be told.
        }
        catch (Exception e) when (e is HttpListenerException or IOException or ObjectDisposedException)
        {
            // The reader went away.
        }
        finally
        {
            Close(response);
        }
    }

    private async Task AnswerAsync(HttpListenerContext context, CancellationToken cancellationToken)
    {
        var (request, response) = (context.Request, context.Response);
        switch (request.HttpMethod, request.Url?.AbsolutePath)
        {
            case ("GET", "/health"):
                await WriteAsync(response, new { status = "ok" }, cancellationToken).ConfigureAwait(false);
                break;
            case ("GET", "/v1/models"):
                await WriteAsync(response, new { @object = "list", data = new[] { new { id = _model.ModelName, @object = "model", owned_by = "local" } } }, cancellationToken).ConfigureAwait(false);
                break;
            case ("POST", "/tokenize"):
                var text = await ReadAsync(request, cancellationToken).ConfigureAwait(false);
                List<int> tokens = [];
                _model.Tokenizer.Encode(text.ValueKind == JsonValueKind.Object && text.TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.String
                    ? content.GetString()
                    : throw new AgentRagException("Send {\"content\": \"...\"}."), tokens);
                await WriteAsync(response, new { tokens }, cancellationToken).ConfigureAwait(false);
                break;
            case ("POST", "/v1/chat/completions"):
                var chat = ChatRequestJson.Read(await ReadAsync(request, cancellationToken).ConfigureAwait(false), _options.Decoding);
                await (chat.IsStreamed ? StreamAsync(response, chat, cancellationToken) : ReplyAsync(response, chat, cancellationToken)).ConfigureAwait(false);
                break;
            default:
                await TryWriteErrorAsync(response, HttpStatusCode.NotFound, "not_found_error",
                    $"There is no {request.HttpMethod} {request.Url?.AbsolutePath}: there are POST /v1/chat/completions, GET /v1/models, POST /tokenize and GET /health.").ConfigureAwait(false);
                break;
        }
    }

    private async Task ReplyAsync(HttpListenerResponse response, ChatRequestJson chat, CancellationToken cancellationToken)
    {
        var reply = await _model.GetResponseAsync(chat.Messages, chat.Options, cancellationToken).ConfigureAwait(false);
        await WriteAsync(
            response,
            new
            {
                id = reply.ResponseId,
                @object = "chat.completion",
                created = reply.CreatedAt?.ToUnixTimeSeconds() ?? 0,
                model = reply.ModelId,
                choices = new[] { new { index = 0, message = new { role = "assistant", content = reply.Text }, finish_reason = reply.FinishReason?.Value } },
                usage = Usage(reply.Usage),
                x_decoding = DecodingReport.From(reply) is { } report ? DecodingJson.Write(report) : null,
            },
            cancellationToken).ConfigureAwait(false);
    }

    private async Task StreamAsync(HttpListenerResponse response, ChatRequestJson chat, CancellationToken cancellationToken)
    {
        List<ChatResponseUpdate> updates = [];
        var isBegun = false;
        await foreach (var update in _model.GetStreamingResponseAsync(chat.Messages, chat.Options, cancellationToken).ConfigureAwait(false))
        {
            if (!isBegun)
            {
                // Only now: what is wrong with a request shows before its first piece, and is told as an error.
                (response.ContentType, response.SendChunked, isBegun) = ("text/event-stream", true, true);
            }

            updates.Add(update);
            if (update.Text.Length > 0)
            {
                await SendAsync(response, Piece(update, new { role = "assistant", content = update.Text }, finish: null), cancellationToken).ConfigureAwait(false);
            }
        }

        var whole = updates.ToChatResponse();
        await SendAsync(response, Piece(updates[^1], new { role = "assistant", content = "" }, whole.FinishReason?.Value), cancellationToken).ConfigureAwait(false);
        var last = new
        {
            id = whole.ResponseId,
            @object = "chat.completion.chunk",
            created = 0,
            model = whole.ModelId,
            choices = Array.Empty<object>(),
            usage = chat.IncludesUsage ? Usage(whole.Usage) : null,
            x_decoding = DecodingReport.From(whole) is { } report ? DecodingJson.Write(report) : null,
        };
        await SendAsync(response, last, cancellationToken).ConfigureAwait(false);
        await response.OutputStream.WriteAsync("data: [DONE]\n\n"u8.ToArray(), cancellationToken).ConfigureAwait(false);
    }

    private static object Piece(ChatResponseUpdate update, object delta, string? finish) => new
    {
        id = update.ResponseId,
        @object = "chat.completion.chunk",
        created = update.CreatedAt?.ToUnixTimeSeconds() ?? 0,
        model = update.ModelId,
        choices = new[] { new { index = 0, delta, finish_reason = finish } },
    };

    private static object? Usage(UsageDetails? usage) => usage is null ? null : new
    {
        prompt_tokens = usage.InputTokenCount,
        completion_tokens = usage.OutputTokenCount,
        total_tokens = usage.TotalTokenCount,
        prompt_tokens_details = new { cached_tokens = usage.CachedInputTokenCount },
        completion_tokens_details = new
        {
            accepted_prediction_tokens = usage.AdditionalCounts?["accepted_prediction_tokens"],
            rejected_prediction_tokens = usage.AdditionalCounts?["rejected_prediction_tokens"],
        },
    };

    private static async Task<JsonElement> ReadAsync(HttpListenerRequest request, CancellationToken cancellationToken)
    {
        if (request.ContentType?.StartsWith("application/json", StringComparison.OrdinalIgnoreCase) is not true)
        {
            throw new AgentRagException("The body must be application/json.");
        }

        using var body = new MemoryStream();
        var buffer = new byte[81_920];
        int read;
        while ((read = await request.InputStream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            body.Write(buffer, 0, read);
            if (body.Length > MostBodyBytes)
            {
                throw new AgentRagException($"The body has more than {MostBodyBytes:N0} bytes.");
            }
        }

        using var json = JsonDocument.Parse(body.GetBuffer().AsMemory(0, (int)body.Length));
        return json.RootElement.Clone();
    }

    private static async Task SendAsync(HttpListenerResponse response, object piece, CancellationToken cancellationToken)
    {
        await response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes($"data: {JsonSerializer.Serialize(piece, Json)}\n\n"), cancellationToken).ConfigureAwait(false);
        await response.OutputStream.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    private static async Task WriteAsync(HttpListenerResponse response, object body, CancellationToken cancellationToken)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(body, Json);
        (response.ContentType, response.ContentLength64) = ("application/json", bytes.Length);
        await response.OutputStream.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
    }

    private static async Task TryWriteErrorAsync(HttpListenerResponse response, HttpStatusCode status, string type, string message)
    {
        try
        {
            response.StatusCode = (int)status;
            await WriteAsync(response, new { error = new { message, type } }, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpListenerException or IOException or InvalidOperationException)
        {
            // The reply has begun, or the reader went away.
        }
    }

    private static void Close(HttpListenerResponse response)
    {
        try
        {
            response.Close();
        }
        catch (Exception e) when (e is HttpListenerException or InvalidOperationException or IOException)
        {
            // The reader went away.
        }
    }
}
