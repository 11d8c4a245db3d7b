using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgentRag.Models;
using Polly;
using Polly.Retry;
using Polly.Timeout;

namespace AgentRag.Retrieval.Remote;

/// <summary>JSON requests to one server, with retries and time-outs; every fault leaves as an <see cref="AgentRagException"/>.</summary>
/// <remarks>
/// Beside the models' connection, which speaks of models and their base URL in its faults and serves streams. A refusal has a
/// <see cref="ModelHttpException"/> as its inner exception. Safe for concurrent use.
/// </remarks>
internal sealed class RemoteConnection : IDisposable
{
    private static readonly JsonSerializerOptions WriteOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly RemoteEndpoint _endpoint;
    private readonly RemoteRequestOptions _options;
    private readonly HttpClient _http;
    private readonly bool _ownsHttp;
    private readonly TimeProvider _time;
    private readonly ResiliencePipeline _pipeline;
    private readonly Random _jitter;
    private readonly Lock _jitterLock = new();

    public RemoteConnection(RemoteEndpoint endpoint, RemoteRequestOptions options, HttpClient? httpClient, TimeProvider? timeProvider)
    {
        (_endpoint, _options) = (endpoint, options);
        _time = timeProvider ?? TimeProvider.System;
        _ownsHttp = httpClient is null;
        _http = httpClient ?? NewHttpClient(endpoint.Url);
        _jitter = new Random(options.JitterSeed);
        Faults = new RemoteFaults(endpoint, options);
        _pipeline = BuildPipeline();
    }

    public RemoteFaults Faults { get; }

    /// <summary>Where the server is, as messages show it.</summary>
    public string DisplayUrl => _endpoint.DisplayUrl;

    /// <summary>Sends a request and returns the JSON reply, which the caller disposes of.</summary>
    public Task<JsonDocument> SendAsync(HttpMethod method, string resource, JsonObject? body, CancellationToken cancellationToken) =>
        SendAsync(method, resource, body is null ? null : Encoding.UTF8.GetBytes(body.ToJsonString(WriteOptions)), cancellationToken);

    /// <summary>Sends a request whose body is written already.</summary>
    public async Task<JsonDocument> SendAsync(HttpMethod method, string resource, byte[]? body, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var attempts = new ModelAttempts(_time);
        try
        {
            return await _pipeline.ExecuteAsync(
                async token =>
                {
                    attempts.Begin();
                    try
                    {
                        return await AttemptAsync(method, resource, body, token).ConfigureAwait(false);
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
            // The two limits differ (see Problems), so the one that struck is known by its length.
            throw fault.Timeout == _options.OverallTimeout ? Faults.TooSlowOverall(fault, attempts) : Faults.TooSlow(fault);
        }
        catch (OperationCanceledException fault) when (!cancellationToken.IsCancellationRequested)
        {
            // An HttpClient given by the caller has a time-out of its own.
            throw Faults.TooSlow(fault);
        }
    }

    public void Dispose()
    {
        if (_ownsHttp)
        {
            _http.Dispose();
        }
    }

    // The pipeline bounds the time; a redirect would carry the key to another host; no proxy leads to this machine.
    private static HttpClient NewHttpClient(Uri url) => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.All,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        UseProxy = !url.IsLoopback,
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

    private async Task<JsonDocument> AttemptAsync(HttpMethod method, string resource, byte[]? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, _endpoint.UrlOf(resource));
        if (!string.IsNullOrEmpty(_endpoint.ApiKey))
        {
            request.Headers.TryAddWithoutValidation(_endpoint.KeyHeader, _endpoint.KeyPrefix + _endpoint.ApiKey);
        }

        if (body is not null)
        {
            request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        }

        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        var bytes = await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
        {
            throw new ModelHttpException(
                response.StatusCode, Faults.ReadError(Encoding.UTF8.GetString(bytes)), errorCode: null, RetryAfter(response.Headers));
        }

        try
        {
            return JsonDocument.Parse(bytes);
        }
        catch (JsonException fault)
        {
            throw Faults.NotJson(Encoding.UTF8.GetString(bytes), fault);
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
