using System.Globalization;
using System.Net;
using AgentRag.Mcp;
using AgentRag.Plugin;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Server;
using BadHttpRequestException = Microsoft.AspNetCore.Http.BadHttpRequestException;

namespace AgentRag.Http;

/// <summary>Serves the plugin's tools over HTTP: MCP at <c>/mcp</c>, REST at <c>/v1/tools/NAME</c>, described at <c>/openapi.json</c>.</summary>
/// <remarks>
/// <c>/healthz</c> says that the process serves, <c>/readyz</c> that the index can be opened; both answer without a token and say nothing else. Nothing is
/// kept between requests but what the plugin has open.
/// </remarks>
public static class HttpFace
{
    private const string McpPath = "/mcp";
    private const string ToolsPath = "/v1/tools";

    /// <summary>Serves until the token is cancelled; calls under way get a while to end.</summary>
    /// <param name="plugin">The tools. The caller disposes it.</param>
    /// <param name="options">Where to listen and whom to let in.</param>
    /// <param name="listening">Told the address, once it is listened on; null when nobody needs it.</param>
    /// <param name="cancellationToken">Ends the service.</param>
    /// <exception cref="AgentRagException">The options are not safe, or the address cannot be listened on.</exception>
    public static async Task RunAsync(AgentRagPlugin plugin, HttpFaceOptions options, Action<Uri>? listening = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(plugin);
        ArgumentNullException.ThrowIfNull(options);
        using var loggers = new StandardErrorLog();
        await RunAsync(plugin, PluginServer.Factory(plugin, loggers), options, loggers, listening, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Serves MCP servers with any options.</summary>
    internal static async Task RunAsync(
        AgentRagPlugin plugin,
        Func<McpServerOptions> mcp,
        HttpFaceOptions options,
        ILoggerFactory loggers,
        Action<Uri>? listening = null,
        CancellationToken cancellationToken = default)
    {
        options.Validated();
        var app = Build(options, loggers);
        await using var _ = app.ConfigureAwait(false);
        using var calls = new CallGate(options.MaxConcurrentCalls);
        app.Run(new Routes(plugin, new McpEndpoint(mcp, loggers), new RestEndpoint(plugin, loggers.CreateLogger<RestEndpoint>()), options, calls).ServeAsync);
        try
        {
            await app.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (IOException fault)
        {
            throw new AgentRagException($"{new IPEndPoint(options.Address, options.Port)} cannot be listened on: {fault.Message}", fault);
        }

        listening?.Invoke(new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()));
        await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        using var patience = new CancellationTokenSource(options.ShutdownTime);
        await app.StopAsync(patience.Token).ConfigureAwait(false);
    }

    private static WebApplication Build(HttpFaceOptions options, ILoggerFactory loggers)
    {
        // Empty: neither files nor variables nor signals of the process decide anything here.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggers);
        builder.Services.AddSingleton<IHostLifetime, CallersLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.ShutdownTime);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.MaxBodyBytes;
            kestrel.Limits.MaxConcurrentConnections = 256;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            kestrel.Listen(options.Address, options.Port, listen => listen.Protocols = HttpProtocols.Http1);
        });
        return builder.Build();
    }

    /// <summary>The caller decides when to end, not the signals of the process.</summary>
    private sealed class CallersLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    /// <summary>Which path is served by what. Few enough to need no router.</summary>
    private sealed class Routes(AgentRagPlugin plugin, McpEndpoint mcp, RestEndpoint rest, HttpFaceOptions options, CallGate calls)
    {
        private readonly AccessGate _access = new(options);

        public async Task ServeAsync(HttpContext http)
        {
            var path = http.Request.Path.Value ?? "";
            http.Response.Headers.XContentTypeOptions = "nosniff";
            if (!await _access.AdmitAsync(http, needsToken: path is not ("/healthz" or "/readyz")).ConfigureAwait(false))
            {
                return;
            }

            try
            {
                await (path switch
                {
                    McpPath => WhenAsync(http, HttpMethods.IsPost, "POST", () => InTurnAsync(http, () => mcp.ServeAsync(http))),
                    ToolsPath => WhenAsync(http, HttpMethods.IsGet, "GET", () => http.Response.WriteAsJsonAsync(new { tools = rest.Functions.Select(function => new { function.Name, function.Description }) }, http.RequestAborted)),
                    "/openapi.json" => WhenAsync(http, HttpMethods.IsGet, "GET", () => WriteJsonAsync(http, OpenApiDocument.Write(rest.Functions, PackageVersion.Text, options.Token is not null))),
                    "/healthz" => WhenAsync(http, HttpMethods.IsGet, "GET", () => WriteJsonAsync(http, """{"status":"healthy"}""")),
                    "/readyz" => WhenAsync(http, HttpMethods.IsGet, "GET", () => ReadyAsync(http)),
                    _ when path.StartsWith(ToolsPath + "/", StringComparison.Ordinal) =>
                        WhenAsync(http, HttpMethods.IsPost, "POST", () => InTurnAsync(http, () => rest.CallAsync(http, path[(ToolsPath.Length + 1)..]))),
                    _ => Problem.WriteAsync(http, 404, $"There is nothing here: MCP is at {McpPath}, REST at {ToolsPath}/NAME, its description at /openapi.json."),
                }).ConfigureAwait(false);
            }
            catch (BadHttpRequestException fault) when (!http.Response.HasStarted)
            {
                await Problem.WriteAsync(http, fault.StatusCode, fault.StatusCode == 413
                    ? string.Create(CultureInfo.InvariantCulture, $"The body is larger than {options.MaxBodyBytes:N0} bytes: shorten the arguments.")
                    : "The request is malformed.").ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
            {
                // The client is gone: nobody reads a reply.
            }
        }

        private static Task WriteJsonAsync(HttpContext http, string json)
        {
            http.Response.ContentType = "application/json; charset=utf-8";
            return http.Response.WriteAsync(json, http.RequestAborted);
        }

        private static Task WhenAsync(HttpContext http, Func<string, bool> isRight, string method, Func<Task> serve)
        {
            if (isRight(http.Request.Method))
            {
                return serve();
            }

            http.Response.Headers.Allow = method;
            return Problem.WriteAsync(http, 405, $"Use {method} here.");
        }

        private async Task InTurnAsync(HttpContext http, Func<Task> serve)
        {
            using var turn = await calls.EnterAsync(http.RequestAborted).ConfigureAwait(false);
            if (turn is null)
            {
                http.Response.Headers.RetryAfter = "5";
                await Problem.WriteAsync(http, 503, "Too many calls are under way: try again in a few seconds.").ConfigureAwait(false);
                return;
            }

            await serve().ConfigureAwait(false);
        }

        private async Task ReadyAsync(HttpContext http)
        {
            try
            {
                await plugin.OpenAsync(http.RequestAborted).ConfigureAwait(false);
                await WriteJsonAsync(http, """{"status":"ready"}""").ConfigureAwait(false);
            }
            catch (AgentRagException)
            {
                // Everyone may ask: the reason, with its paths, is for those who call a tool.
                http.Response.StatusCode = 503;
                await WriteJsonAsync(http, """{"status":"not ready"}""").ConfigureAwait(false);
            }
        }
    }
}
