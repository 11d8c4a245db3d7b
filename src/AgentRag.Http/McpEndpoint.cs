using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace AgentRag.Http;

/// <summary>MCP over Streamable HTTP, without sessions: each request gets a server of its own, so that none can see another's (CVE-2026-25536).</summary>
/// <param name="options">Makes the options of one server.</param>
/// <param name="loggers">Log warnings and faults.</param>
internal sealed class McpEndpoint(Func<McpServerOptions> options, ILoggerFactory loggers)
{
    private const string Stateless = "2026-07-28";
    private const string VersionHeader = "MCP-Protocol-Version";
    private const string MetaVersion = "io.modelcontextprotocol/protocolVersion";
    private const string MetaCapabilities = "io.modelcontextprotocol/clientCapabilities";

    private static readonly string[] HandshakeVersions = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

    // What the revision without sessions has done away with.
    private static readonly HashSet<string> Removed = new(StringComparer.Ordinal)
    {
        "initialize", "notifications/initialized", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe", "notifications/roots/list_changed",
    };

    /// <summary>Serves one POST.</summary>
    public async Task ServeAsync(HttpContext http)
    {
        var request = http.Request;
        if (!request.HasJsonContentType())
        {
            await Problem.WriteAsync(http, 415, "The body must be one JSON-RPC message with content type application/json.").ConfigureAwait(false);
            return;
        }

        if (!Accepts(request, "application/json") || !Accepts(request, "text/event-stream"))
        {
            await Problem.WriteAsync(http, 406, "Send the header 'Accept: application/json, text/event-stream'.").ConfigureAwait(false);
            return;
        }

        var (body, message) = await ReadAsync(http).ConfigureAwait(false);
        if (message is null)
        {
            return;
        }

        var version = request.Headers[VersionHeader].ToString();
        if ((Objection(request, version, body!, message)) is var (status, error))
        {
            await RefuseAsync(http, status, body!["id"], error).ConfigureAwait(false);
            return;
        }

        if (version.Length > 0)
        {
            (message.Context ??= new JsonRpcMessageContext()).ProtocolVersion = version;
        }

        await RunAsync(http, message, version).ConfigureAwait(false);
    }

    private async Task RunAsync(HttpContext http, JsonRpcMessage message, string version)
    {
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        var transport = new StreamableHttpServerTransport(loggers) { Stateless = true };
        await using var _ = transport.ConfigureAwait(false);
        var serverOptions = options();
        serverOptions.ScopeRequests = false;
        var server = McpServer.Create(transport, serverOptions, loggers);
        await using var __ = server.ConfigureAwait(false);
        var running = server.RunAsync(ending.Token);
        try
        {
            http.Response.ContentType = "text/event-stream";
            http.Response.Headers.CacheControl = "no-cache, no-store";
            if (!await transport.HandlePostRequestAsync(message, http.Response.Body, OnResponse, http.RequestAborted).ConfigureAwait(false))
            {
                http.Response.ContentType = null;
                http.Response.StatusCode = 202;
            }
        }
        finally
        {
            await ending.CancelAsync().ConfigureAwait(false);
            await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        ValueTask OnResponse(JsonRpcMessage? first)
        {
            if (version == Stateless && first is JsonRpcError { Error.Code: var code })
            {
                http.Response.StatusCode = code switch
                {
                    (int)McpErrorCode.MethodNotFound => 404,
                    (int)McpErrorCode.InternalError => 200,
                    _ => 400,
                };
            }

            return ValueTask.CompletedTask;
        }
    }

    /// <summary>Reads the message; null when it was refused.</summary>
    private static async Task<(JsonObject? Body, JsonRpcMessage? Message)> ReadAsync(HttpContext http)
    {
        try
        {
            using var json = await JsonDocument.ParseAsync(http.Request.Body, new JsonDocumentOptions { MaxDepth = 64 }, http.RequestAborted).ConfigureAwait(false);
            if (json.RootElement.ValueKind is not JsonValueKind.Object)
            {
                await RefuseAsync(http, 400, id: null, new Fault((int)McpErrorCode.InvalidRequest, "The body must be one JSON-RPC message: batches are not served.")).ConfigureAwait(false);
                return default;
            }

            return (JsonObject.Create(json.RootElement.Clone()), json.RootElement.Deserialize(McpJsonUtilities.DefaultOptions.GetTypeInfo(typeof(JsonRpcMessage))) as JsonRpcMessage);
        }
        catch (Exception fault) when (fault is JsonException or ArgumentException)
        {
            await RefuseAsync(http, 400, id: null, new Fault((int)McpErrorCode.ParseError, "The body is no JSON-RPC message.")).ConfigureAwait(false);
            return default;
        }
    }

    private static (int Status, Fault Fault)? Objection(HttpRequest request, string version, JsonObject body, JsonRpcMessage message)
    {
        var parameters = body["params"] as JsonObject;
        var meta = parameters?["_meta"] as JsonObject;
        var declared = meta?[MetaVersion] is JsonValue text && text.GetValueKind() is JsonValueKind.String ? text.GetValue<string>() : null;
        if (version.Length > 0 && version != Stateless && !HandshakeVersions.Contains(version, StringComparer.Ordinal))
        {
            return (400, UnsupportedVersion(version, isStateless: declared is not null));
        }

        if (message is not JsonRpcRequest asked)
        {
            return null;
        }

        if (version != Stateless && declared != Stateless)
        {
            // Without the header the client is one of the eras with a handshake, where a foreign "_meta" means nothing.
            return version.Length == 0 && declared is not null && !HandshakeVersions.Contains(declared, StringComparer.Ordinal) ? (400, UnsupportedVersion(declared, isStateless: true)) : null;
        }

        if (declared is null || meta![MetaCapabilities] is not JsonObject)
        {
            return (400, new Fault((int)McpErrorCode.InvalidParams, $"A request of {Stateless} needs params._meta with \"{MetaVersion}\" and \"{MetaCapabilities}\"."));
        }

        if (declared != Stateless && declared == version)
        {
            return (400, UnsupportedVersion(declared, isStateless: true));
        }

        if (version != declared)
        {
            return (400, Mismatch(VersionHeader, declared));
        }

        if (Header(request, "Mcp-Method") != asked.Method)
        {
            return (400, Mismatch("Mcp-Method", asked.Method));
        }

        var named = asked.Method switch
        {
            "tools/call" or "prompts/get" => Text(parameters, "name"),
            "resources/read" => Text(parameters, "uri"),
            _ => null,
        };
        if (named is not null && Header(request, "Mcp-Name") != named)
        {
            return (400, Mismatch("Mcp-Name", named));
        }

        return Removed.Contains(asked.Method) ? (404, new Fault((int)McpErrorCode.MethodNotFound, $"There is no '{asked.Method}' in {Stateless}.")) : null;
    }

    private static string? Text(JsonObject? parameters, string name) =>
        parameters?[name] is JsonValue value && value.GetValueKind() is JsonValueKind.String ? value.GetValue<string>() : null;

    private static string? Header(HttpRequest request, string name) => request.Headers[name] is [{ } value] ? McpHeaderEncoder.DecodeValue(value.Trim()) : null;

    private static Fault Mismatch(string header, string expected) =>
        new((int)McpErrorCode.HeaderMismatch, $"The header {header} must be there and say what the body says: '{(expected.Length <= 200 ? expected : expected[..200])}'.");

    private static Fault UnsupportedVersion(string version, bool isStateless) => new(
        (int)McpErrorCode.UnsupportedProtocolVersion,
        "This protocol version is not served.",
        new JsonObject
        {
            ["supported"] = new JsonArray([.. (isStateless ? [Stateless] : HandshakeVersions.Append(Stateless)).Select(known => JsonValue.Create(known))]),
            ["requested"] = version.Length <= 100 ? version : version[..100],
        });

    private static bool Accepts(HttpRequest request, string type) => request.GetTypedHeaders().Accept.Any(accepted =>
        accepted.Quality is not 0 && (accepted.MatchesAllTypes || string.Equals(accepted.MediaType.Value, type, StringComparison.OrdinalIgnoreCase)
            || (accepted.MatchesAllSubTypes && type.StartsWith($"{accepted.Type}/", StringComparison.OrdinalIgnoreCase))));

    private static Task RefuseAsync(HttpContext http, int status, JsonNode? id, Fault fault)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        var error = new JsonObject { ["code"] = fault.Code, ["message"] = fault.Message };
        if (fault.Data is not null)
        {
            error["data"] = fault.Data;
        }

        return http.Response.WriteAsync(
            new JsonObject { ["jsonrpc"] = "2.0", ["id"] = id?.DeepClone(), ["error"] = error }.ToJsonString(), http.RequestAborted);
    }

    private sealed record Fault(int Code, string Message, JsonNode? Data = null);
}
