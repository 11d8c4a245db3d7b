using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;

namespace AgentRag.Tokens.Remote;

/// <summary>Counts by asking the server that runs the model.</summary>
/// <remarks>
/// <para>
/// Counting is synchronous, and so is the request: a text that is not remembered blocks the calling thread until the server answers, at most
/// <see cref="RemoteTokenCounterOptions.Timeout"/>. <see cref="CountAsync"/> counts a text ahead without blocking; its count is remembered.
/// </para>
/// <para>
/// When the server does not answer, texts are counted by <see cref="EstimatingTokenCounter"/>, which errs high, and the server is left alone for
/// <see cref="RemoteTokenCounterOptions.Pause"/>. <see cref="EstimatedTexts"/> and <see cref="LastFault"/> say so. Use for a model whose vocabulary is not at hand;
/// not for indexing, which counts every passage many times. Safe for concurrent use.
/// </para>
/// </remarks>
public sealed class RemoteTokenCounter : ITokenCounter, IDisposable
{
    private const int LongestReply = 64_000_000;
    private const string OneToken = "a";

    private readonly RemoteTokenCounterOptions _options;
    private readonly EstimatingTokenCounter _estimator = new();
    private readonly HttpClient _http;
    private readonly bool _ownsHttp;
    private readonly TimeProvider _time;
    private readonly Uri _url;
    private readonly Lock _lock = new();
    private ConcurrentDictionary<UInt128, int> _young = new();
    private ConcurrentDictionary<UInt128, int> _old = new();
    private long _restUntil;
    private long _estimated;
    private int _messageTokens = -1;

    /// <summary>Prepares to count. The server is not asked yet.</summary>
    /// <param name="options">Which server.</param>
    /// <param name="http">The client; null for one of its own. It must not follow redirects, which would carry texts and key elsewhere.</param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <exception cref="AgentRagException">The options are inconsistent.</exception>
    public RemoteTokenCounter(RemoteTokenCounterOptions options, HttpClient? http = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options.Validated();
        _ownsHttp = http is null;
        _time = time ?? TimeProvider.System;
        _http = http ?? new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = !options.BaseUrl.IsLoopback }) { Timeout = System.Threading.Timeout.InfiniteTimeSpan };
        var root = options.BaseUrl.GetLeftPart(UriPartial.Path).TrimEnd('/');
        root = root.EndsWith("/v1", StringComparison.Ordinal) ? root[..^3] : root;
        _url = new Uri(root + (options.Tokenizer == RemoteTokenizer.Anthropic ? "/v1/messages/count_tokens" : "/tokenize"));
        Name = $"{NameOf(options.Tokenizer)}@{options.BaseUrl.Authority}{(options.Model is null ? "" : $"/{options.Model}")}";
    }

    /// <summary>Kind, server and model: <c>llama.cpp@127.0.0.1:8080</c>.</summary>
    public string Name { get; }

    /// <summary>Texts that were estimated because the server did not count them.</summary>
    public long EstimatedTexts => Interlocked.Read(ref _estimated);

    /// <summary>What went wrong last; null while nothing has.</summary>
    public string? LastFault { get; private set; }

    /// <inheritdoc/>
    /// <remarks>Anthropic counts messages, not texts: what one message takes beside its text is asked once and stands here. Elsewhere the usual.</remarks>
    public ChatTemplateTokens ChatTemplate => _options.Tokenizer == RemoteTokenizer.Anthropic && TryMessageTokens(out var tokens)
        ? new ChatTemplateTokens(tokens, 0)
        : ChatTemplateTokens.Usual;

    /// <inheritdoc/>
    public int Count(ReadOnlySpan<char> text)
    {
        if (text.Length == 0)
        {
            return 0;
        }

        var key = KeyOf(text);
        if (Find(key) is { } known)
        {
            return known;
        }

        if (MayAsk(text) && TryMessageTokens(out var messageTokens) && TryAsk(text, out var tokens))
        {
            return Remember(key, Math.Max(0, tokens - messageTokens));
        }

        Interlocked.Increment(ref _estimated);
        return _estimator.Count(text);
    }

    /// <summary>Counts a text without blocking a thread, and remembers its count.</summary>
    /// <param name="text">Any text, also empty.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <returns>Its tokens; estimated if the server does not answer.</returns>
    public async Task<int> CountAsync(string text, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > 0 && Find(KeyOf(text)) is null && MayAsk(text))
        {
            try
            {
                if (NeedsMessageTokens)
                {
                    _messageTokens = Math.Max(0, await AskAsync(OneToken, cancellationToken).ConfigureAwait(false) - 1);
                }

                return Remember(KeyOf(text), Math.Max(0, await AskAsync(text, cancellationToken).ConfigureAwait(false) - Math.Max(0, _messageTokens)));
            }
            catch (Exception e) when (IsFault(e) && !cancellationToken.IsCancellationRequested)
            {
                Rest(e);
            }
        }

        return Count(text);
    }

    /// <summary>Releases the connections.</summary>
    public void Dispose()
    {
        if (_ownsHttp)
        {
            _http.Dispose();
        }
    }

    private static string NameOf(RemoteTokenizer tokenizer) => tokenizer switch
    {
        RemoteTokenizer.LlamaCpp => "llama.cpp",
        RemoteTokenizer.Vllm => "vllm",
        _ => "anthropic",
    };

    private static UInt128 KeyOf(ReadOnlySpan<char> text)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(MemoryMarshal.AsBytes(text), hash);
        return MemoryMarshal.Read<UInt128>(hash);
    }

    private static bool IsFault(Exception fault) =>
        fault is HttpRequestException or IOException or JsonException or OperationCanceledException or InvalidOperationException or FormatException;

    private bool NeedsMessageTokens => _options.Tokenizer == RemoteTokenizer.Anthropic && _messageTokens < 0;

    private bool MayAsk(ReadOnlySpan<char> text) => _time.GetTimestamp() >= Interlocked.Read(ref _restUntil)
        // Anthropic refuses a message of white space alone.
        && (_options.Tokenizer != RemoteTokenizer.Anthropic || !text.IsWhiteSpace());

    private bool TryMessageTokens(out int tokens)
    {
        if (NeedsMessageTokens && MayAsk(OneToken) && TryAsk(OneToken, out var ofOne))
        {
            _messageTokens = Math.Max(0, ofOne - 1);
        }

        tokens = Math.Max(0, _messageTokens);
        return !NeedsMessageTokens;
    }

    private bool TryAsk(ReadOnlySpan<char> text, out int tokens)
    {
        try
        {
            using var patience = new CancellationTokenSource(_options.Timeout, _time);
            using var request = RequestFor(text);
            using var response = _http.Send(request, HttpCompletionOption.ResponseHeadersRead, patience.Token);
            using var body = Checked(response).Content.ReadAsStream(patience.Token);
            using var bounded = new MemoryStream();
            var buffer = ArrayPool<byte>.Shared.Rent(81_920);
            try
            {
                for (int read; (read = body.Read(buffer)) > 0;)
                {
                    patience.Token.ThrowIfCancellationRequested();
                    bounded.Write(buffer, 0, bounded.Length + read <= LongestReply ? read : throw new InvalidOperationException("its reply does not end"));
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }

            tokens = TokensIn(bounded.GetBuffer().AsMemory(0, (int)bounded.Length));
            return true;
        }
        catch (Exception e) when (IsFault(e))
        {
            Rest(e);
            tokens = 0;
            return false;
        }
    }

    private async Task<int> AskAsync(string text, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(_options.Timeout, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        using var request = RequestFor(text);
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, both.Token).ConfigureAwait(false);
        Checked(response);
        await response.Content.LoadIntoBufferAsync(LongestReply, both.Token).ConfigureAwait(false);
        return TokensIn(await response.Content.ReadAsByteArrayAsync(both.Token).ConfigureAwait(false));
    }

    private HttpRequestMessage RequestFor(ReadOnlySpan<char> text)
    {
        var body = new ArrayBufferWriter<byte>(text.Length + 128);
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            switch (_options.Tokenizer)
            {
                case RemoteTokenizer.LlamaCpp:
                    json.WriteString("content", text);
                    json.WriteBoolean("add_special", false);
                    break;
                case RemoteTokenizer.Vllm:
                    json.WriteString("model", _options.Model);
                    json.WriteString("prompt", text);
                    json.WriteBoolean("add_special_tokens", false);
                    break;
                default:
                    json.WriteString("model", _options.Model);
                    json.WriteStartArray("messages");
                    json.WriteStartObject();
                    json.WriteString("role", "user");
                    json.WriteString("content", text);
                    json.WriteEndObject();
                    json.WriteEndArray();
                    break;
            }

            json.WriteEndObject();
        }

        var request = new HttpRequestMessage(HttpMethod.Post, _url)
        {
            Content = new ByteArrayContent(body.WrittenSpan.ToArray()) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
        };
        if (_options.Tokenizer == RemoteTokenizer.Anthropic)
        {
            request.Headers.Add("anthropic-version", "2023-06-01");
        }

        if (_options.ApiKey is { } key)
        {
            request.Headers.TryAddWithoutValidation(
                _options.Tokenizer == RemoteTokenizer.Anthropic ? "x-api-key" : "Authorization", _options.Tokenizer == RemoteTokenizer.Anthropic ? key : $"Bearer {key}");
        }

        return request;
    }

    private static HttpResponseMessage Checked(HttpResponseMessage response) => response.StatusCode == HttpStatusCode.OK
        ? response
        : throw new InvalidOperationException($"it answered {(int)response.StatusCode}");

    private int TokensIn(ReadOnlyMemory<byte> reply)
    {
        using var json = JsonDocument.Parse(reply);
        if (json.RootElement.ValueKind == JsonValueKind.Object)
        {
            if (json.RootElement.TryGetProperty(_options.Tokenizer == RemoteTokenizer.Anthropic ? "input_tokens" : "count", out var count) && count.TryGetInt32(out var tokens) && tokens >= 0)
            {
                return tokens;
            }

            if (json.RootElement.TryGetProperty("tokens", out var ids) && ids.ValueKind == JsonValueKind.Array)
            {
                return ids.GetArrayLength();
            }
        }

        throw new InvalidOperationException("its reply holds no count");
    }

    private void Rest(Exception fault)
    {
        var what = fault switch
        {
            OperationCanceledException => $"it did not answer within {_options.Timeout.TotalSeconds:0.#} s",
            InvalidOperationException => fault.Message,
            JsonException => "its reply is no JSON",
            _ => "it cannot be reached",
        };
        LastFault = $"Token counting at {_url.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped)}: {what}; texts are estimated for {_options.Pause.TotalSeconds:0} s.";
        Interlocked.Exchange(ref _restUntil, _time.GetTimestamp() + (long)(_options.Pause.TotalSeconds * _time.TimestampFrequency));
    }

    private int? Find(UInt128 key) => _young.TryGetValue(key, out var tokens) ? tokens : _old.TryGetValue(key, out tokens) ? Remember(key, tokens) : null;

    private int Remember(UInt128 key, int tokens)
    {
        // Two generations: what was not asked for while one filled up is forgotten with it.
        if (_young.Count >= _options.RememberedTexts)
        {
            lock (_lock)
            {
                if (_young.Count >= _options.RememberedTexts)
                {
                    (_old, _young) = (_young, new());
                }
            }
        }

        return _young[key] = tokens;
    }
}
