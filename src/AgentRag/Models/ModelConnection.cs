using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Polly;
using Polly.Retry;
using Polly.Timeout;

namespace AgentRag.Models;

/// <summary>Requests to one model endpoint, with retries and time-outs; every fault leaves as an <see cref="AgentRagException"/>.</summary>
/// <remarks>Safe for concurrent use.</remarks>
internal sealed class ModelConnection : IDisposable
{
    private const int MaxErrorCharacters = 1 << 16;

    private static readonly JsonSerializerOptions WriteOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly OpenAICompatibleOptions _options;
    private readonly int _maxReplyMegabytes;
    private readonly HttpClient _http;
    private readonly bool _ownsHttp;
    private readonly TimeProvider _time;
    private readonly ResiliencePipeline _pipeline;
    private readonly Random _jitter;
    private readonly Lock _jitterLock = new();

    /// <param name="subject">What is there, as messages call it.</param>
    /// <param name="options">Where it is, and how patiently it is asked.</param>
    /// <param name="maxReplyMegabytes">Above any reply that makes sense: what is longer is an error, so that a server that never ends cannot fill the memory.</param>
    /// <param name="httpClient">The HTTP client to use, which stays the caller's; null for one of its own.</param>
    /// <param name="timeProvider">The clock of time-outs and back-off; null for the system's.</param>
    public ModelConnection(string subject, OpenAICompatibleOptions options, int maxReplyMegabytes, HttpClient? httpClient, TimeProvider? timeProvider)
    {
        (_options, _maxReplyMegabytes) = (options.Validated(), maxReplyMegabytes);
        _time = timeProvider ?? TimeProvider.System;
        _ownsHttp = httpClient is null;
        _http = httpClient ?? NewHttpClient(_options.BaseUrl);
        _jitter = new Random(_options.JitterSeed);
        Faults = new ModelFaults(subject, _options);
        _pipeline = BuildPipeline();
    }

    public ModelFaults Faults { get; }

    /// <summary>Sends a JSON body and returns the JSON reply, which the caller disposes of.</summary>
    public Task<JsonDocument> PostAsync(string resource, JsonObject body, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, resource, body, (response, _, token) => ReadJsonAsync(response, token), cancellationToken);

    /// <summary>Reads a resource.</summary>
    public Task<JsonDocument> GetAsync(string resource, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, resource, body: null, (response, _, token) => ReadJsonAsync(response, token), cancellationToken);

    /// <summary>Sends a JSON body and returns the reply's events once the first of them is there, so that faults until then are retried.</summary>
    public Task<ModelEventStream> PostForEventsAsync(string resource, JsonObject body, CancellationToken cancellationToken) =>
        SendAsync(
            HttpMethod.Post,
            resource,
            body,
            (response, userToken, token) => ModelEventStream.OpenAsync(response, Bounded, Faults, _options.AttemptTimeout, _time, userToken, token),
            cancellationToken);

    public void Dispose()
    {
        if (_ownsHttp)
        {
            _http.Dispose();
        }
    }

    // The pipeline bounds the time; a redirect would carry the api-key header to another host; no proxy leads to this machine.
    private static HttpClient NewHttpClient(Uri baseUrl) => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.All,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        UseProxy = !baseUrl.IsLoopback,
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    private static bool IsTransient(Exception? fault) => fault switch
    {
        ModelHttpException http => http.IsTransient,
        HttpRequestException http => http.HttpRequestError
            is HttpRequestError.Unknown or HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
            or HttpRequestError.ResponseEnded or HttpRequestError.HttpProtocolError or HttpRequestError.ProxyTunnelError,
        IOException => true,
        _ => false,
    };

    private async Task<T> SendAsync<T>(
        HttpMethod method,
        string resource,
        JsonObject? body,
        Func<HttpResponseMessage, CancellationToken, CancellationToken, Task<T>> read,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var bytes = body is null ? null : Encoding.UTF8.GetBytes(body.ToJsonString(WriteOptions));
        var attempts = new ModelAttempts(_time);
        try
        {
            return await _pipeline.ExecuteAsync(
                async token =>
                {
                    attempts.Begin();
                    try
                    {
                        return await AttemptAsync(method, resource, bytes, read, cancellationToken, token).ConfigureAwait(false);
                    }
                    catch (Exception fault) when (fault is ModelHttpException or HttpRequestException or IOException)
                    {
                        attempts.Failed(fault);
                        throw;
                    }
                },
                cancellationToken).ConfigureAwait(false);
        }
        catch (ModelHttpException fault)
        {
            throw Faults.Refused(fault, attempts);
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException)
        {
            throw Faults.Unreachable(fault, attempts);
        }
        catch (TimeoutRejectedException fault)
        {
            // The two limits differ (see Validated), so the one that struck is known by its length.
            throw fault.Timeout == _options.OverallTimeout
                ? Faults.TooSlowOverall(fault, attempts)
                : Faults.TooSlow(fault);
        }
        catch (OperationCanceledException fault) when (!cancellationToken.IsCancellationRequested)
        {
            // An HttpClient given by the caller has a time-out of its own.
            throw Faults.TooSlow(fault);
        }
    }

    private async Task<T> AttemptAsync<T>(
        HttpMethod method,
        string resource,
        byte[]? body,
        Func<HttpResponseMessage, CancellationToken, CancellationToken, Task<T>> read,
        CancellationToken userToken,
        CancellationToken attemptToken)
    {
        using var request = new HttpRequestMessage(method, _options.UrlOf(resource));
        AddKey(request.Headers);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        }

        var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, attemptToken).ConfigureAwait(false);
        var keep = false;
        try
        {
            if (!response.IsSuccessStatusCode)
            {
                var (message, code) = Faults.ReadError(await ReadErrorAsync(response, attemptToken).ConfigureAwait(false));
                throw new ModelHttpException(response.StatusCode, message, code, RetryAfter(response.Headers));
            }

            var result = await read(response, userToken, attemptToken).ConfigureAwait(false);
            keep = result is ModelEventStream; // It disposes of the response when it is read.
            return result;
        }
        finally
        {
            if (!keep)
            {
                response.Dispose();
            }
        }
    }

    private async Task<JsonDocument> ReadJsonAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        var body = Bounded(await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false));
        await using (body.ConfigureAwait(false))
        {
            await body.CopyToAsync(bytes, cancellationToken).ConfigureAwait(false);
        }

        try
        {
            return JsonDocument.Parse(bytes.ToArray());
        }
        catch (JsonException fault)
        {
            throw Faults.NotJson(Encoding.UTF8.GetString(bytes.ToArray()), fault);
        }
    }

    // Its beginning says enough.
    private static async Task<string> ReadErrorAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false), Encoding.UTF8);
        var beginning = new char[MaxErrorCharacters];
        return new string(beginning, 0, await reader.ReadBlockAsync(beginning, cancellationToken).ConfigureAwait(false));
    }

    private BoundedStream Bounded(Stream body) => new(
        body, (long)_maxReplyMegabytes << 20, () => Faults.Malformed(string.Create(CultureInfo.InvariantCulture, $"it is longer than {_maxReplyMegabytes} MB")));

    private void AddKey(HttpRequestHeaders headers)
    {
        if (string.IsNullOrEmpty(_options.ApiKey))
        {
            return;
        }

        if (_options.ApiKeyHeader == ApiKeyHeader.ApiKey || (_options.ApiKeyHeader == ApiKeyHeader.ByHost && _options.IsAzure))
        {
            headers.Add("api-key", _options.ApiKey);
        }
        else
        {
            headers.Authorization = new AuthenticationHeaderValue("Bearer", _options.ApiKey);
        }
    }

    private TimeSpan? RetryAfter(HttpResponseHeaders headers)
    {
        if (headers.RetryAfter is not { } asked)
        {
            return null;
        }

        var wait = asked.Delta ?? asked.Date - _time.GetUtcNow();
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    private ResiliencePipeline BuildPipeline()
    {
        var builder = new ResiliencePipelineBuilder { TimeProvider = _time }.AddTimeout(_options.OverallTimeout);
        if (_options.MaxRetries > 0)
        {
            builder.AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = _options.MaxRetries,
                BackoffType = DelayBackoffType.Exponential,
                Delay = _options.RetryDelay,
                MaxDelay = _options.MaxRetryDelay,
                UseJitter = true,
                Randomizer = NextJitter,
                ShouldHandle = arguments => ValueTask.FromResult(
                    IsTransient(arguments.Outcome.Exception)
                    && !(arguments.Outcome.Exception is ModelHttpException { RetryAfter: { } asked } && asked > _options.MaxRetryDelay)),
                DelayGenerator = arguments => ValueTask.FromResult((arguments.Outcome.Exception as ModelHttpException)?.RetryAfter),
            });
        }

        return builder.AddTimeout(_options.AttemptTimeout).Build();
    }

    private double NextJitter()
    {
        lock (_jitterLock)
        {
            return _jitter.NextDouble();
        }
    }
}
