using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace AgentRag.Models;

/// <summary>Chat with any server that speaks OpenAI's chat completions: OpenAI, Azure, vLLM, Ollama, llama.cpp, LM Studio.</summary>
/// <remarks>
/// Sends text, function tools and their results. Retries are made until the first piece of a reply is there, never after it. An extra field of
/// the body is a JSON-like value in <see cref="ChatOptions.AdditionalProperties"/>; other objects, and all keys that begin with <c>agentrag.</c>,
/// stay in the process. Every fault of the server or the network is an <see cref="AgentRagException"/>. Safe for concurrent use.
/// </remarks>
public sealed class OpenAICompatibleChatClient : IChatClient
{
    private readonly ModelConnection _connection;
    private readonly OpenAICompatibleOptions _options;
    private readonly ChatClientMetadata _metadata;
    private volatile string _maxTokensField;
    private volatile bool _asksForStreamUsage = true;
    private volatile bool _sendsPredictions = true;
    private volatile StepControl _control;

    /// <summary>Makes a client; no request is sent yet.</summary>
    /// <param name="options">Where the model is, and how patiently it is asked.</param>
    /// <param name="httpClient">The HTTP client to use, which stays the caller's; null for one of its own.</param>
    /// <param name="timeProvider">The clock of time-outs and back-off; null for the system's.</param>
    /// <exception cref="AgentRagException">An option is out of range.</exception>
    public OpenAICompatibleChatClient(OpenAICompatibleOptions options, HttpClient? httpClient = null, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        _connection = new ModelConnection("Chat model", options, maxReplyMegabytes: 32, httpClient, timeProvider);
        _options = options;
        _metadata = new ChatClientMetadata(options.ProviderName, options.BaseUrl, options.Model);
        _maxTokensField = OpenAIChatRequest.FirstMaxTokensField(options);
        _control = ReplyControl.First(options);
    }

    /// <summary>Whether the server has refused a prediction and taken the same request without it. Predictions, which change no answer, are left out from then on.</summary>
    public bool RefusesPredictions => !_sendsPredictions;

    /// <summary>Sends the messages and returns the whole reply.</summary>
    /// <param name="messages">The conversation; text, tool calls and tool results only.</param>
    /// <param name="options">What is asked for, or null.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <returns>The reply with finish reason, model, id and, where the server sends it, usage.</returns>
    /// <exception cref="AgentRagException">The server cannot be reached, refuses, is too slow, or sends what is no reply.</exception>
    /// <exception cref="NotSupportedException">A message holds other content than text, or a tool is no function.</exception>
    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var (json, line) = await SendAsync(
            messages, options, isStream: false, body => _connection.PostAsync("chat/completions", body, cancellationToken)).ConfigureAwait(false);
        using var whole = json;
        var reply = new OpenAIChatReply(_connection.Faults, line);
        var text = reply.Read(json.RootElement);
        var end = reply.End(isDone: true);
        return (text is null ? (ChatResponseUpdate[])[end] : [text, end]).ToChatResponse();
    }

    /// <summary>Sends the messages and returns the reply as it is written.</summary>
    /// <param name="messages">The conversation; text, tool calls and tool results only.</param>
    /// <param name="options">What is asked for, or null.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <returns>Pieces of text; the last update holds tool calls, finish reason and, where the server sends it, usage.</returns>
    /// <exception cref="AgentRagException">As for the whole reply; also when the connection breaks in the middle.</exception>
    /// <exception cref="NotSupportedException">A message holds other content than text, or a tool is no function.</exception>
    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        return StreamAsync(messages, options, cancellationToken);
    }

    /// <summary>Answers for <see cref="ChatClientMetadata"/> and for this client itself.</summary>
    /// <param name="serviceType">The type asked for.</param>
    /// <param name="serviceKey">No keyed services are known.</param>
    /// <returns>The service, or null.</returns>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(ChatClientMetadata) ? _metadata
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    /// <summary>Closes its connections, unless the HTTP client was given by the caller.</summary>
    public void Dispose() => _connection.Dispose();

    private async IAsyncEnumerable<ChatResponseUpdate> StreamAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (events, line) = await SendAsync(
                messages, options, isStream: true, body => _connection.PostForEventsAsync("chat/completions", body, cancellationToken))
            .ConfigureAwait(false);
        await using (events.ConfigureAwait(false))
        {
            var reply = new OpenAIChatReply(_connection.Faults, line);
            while (await events.NextAsync().ConfigureAwait(false) is { } piece)
            {
                using (piece)
                {
                    if (reply.Read(piece.RootElement) is { } update)
                    {
                        yield return update;
                    }
                }
            }

            yield return reply.End(events.IsDone);
        }
    }

    // Servers differ in a few fields. One that refuses a field by name is asked once more without it, and one that refuses a request with a means of control once more
    // with a weaker one, for these are refused in many words; what it then accepted is remembered.
    private async Task<(T Reply, JsonReplyLine? Line)> SendAsync<T>(
        IEnumerable<ChatMessage> messages, ChatOptions? options, bool isStream, Func<JsonObject, Task<T>> send)
    {
        var conversation = messages as IReadOnlyCollection<ChatMessage> ?? [.. messages];
        var (cap, usage, predictions, control) = (_maxTokensField, _asksForStreamUsage, _sendsPredictions, _control);
        var mayChangeCap = _options.MaxTokensField == MaxTokensField.ByHost && options?.MaxOutputTokens is not null;
        var mayChangeUsage = isStream && usage;
        var form = ReplyForm.From(options);
        while (true)
        {
            var body = OpenAIChatRequest.Write(conversation, options, _options.Model, cap);
            if (!predictions)
            {
                body.Remove(OpenAIChatRequest.Prediction);
            }

            form = form is not null && ReplyControl.IsFree(body) ? form : null;
            ReplyControl.Apply(body, form, control);
            if (isStream)
            {
                body["stream"] = true;
                if (usage)
                {
                    body[OpenAIChatRequest.StreamOptions] = new JsonObject { ["include_usage"] = true };
                }
            }

            try
            {
                var reply = await send(body).ConfigureAwait(false);
                (_maxTokensField, _asksForStreamUsage) = (cap, usage);
                if (!predictions)
                {
                    _sendsPredictions = false;
                }

                if (form is not null)
                {
                    _control = control;
                }

                return (reply, form is not null && control == StepControl.JsonSchema ? new JsonReplyLine(form) : null);
            }
            catch (AgentRagException fault) when (mayChangeCap && fault.InnerException is ModelHttpException refusal && refusal.RefusesField(cap))
            {
                cap = cap == OpenAIChatRequest.MaxTokens ? OpenAIChatRequest.MaxCompletionTokens : OpenAIChatRequest.MaxTokens;
                mayChangeCap = false;
            }
            catch (AgentRagException fault) when (
                mayChangeUsage && fault.InnerException is ModelHttpException refusal && refusal.RefusesField(OpenAIChatRequest.StreamOptions))
            {
                (usage, mayChangeUsage) = (false, false);
            }
            catch (AgentRagException fault) when (
                predictions && body.ContainsKey(OpenAIChatRequest.Prediction) && fault.InnerException is ModelHttpException { SpeaksOfPredictions: true })
            {
                predictions = false;
            }
            catch (AgentRagException fault) when (
                form is not null && fault.InnerException is ModelHttpException refusal && ReplyControl.IsRefused(control, refusal))
            {
                control = ReplyControl.Weaker(control);
            }
        }
    }
}
