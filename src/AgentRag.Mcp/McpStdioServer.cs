using System.Diagnostics.CodeAnalysis;
using AgentRag.Plugin;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace AgentRag.Mcp;

/// <summary>Serves the plugin's tools over standard input and output, to one client, in every protocol version that the SDK speaks.</summary>
/// <remarks>
/// There is no generic host: signals belong to the caller, and nothing needs injecting. Nothing of the plugin is opened before a tool is called, so the
/// handshake is answered at once, also without an index; bench/README.md, <c>cold-start</c>, has the figures.
/// </remarks>
public static class McpStdioServer
{
    /// <summary>Serves until the client closes standard input or the token is cancelled. Both are an ordinary end: no exception, exit code 0.</summary>
    /// <remarks>
    /// Standard output belongs to the protocol: the first act sends whatever else the process writes through <c>System.Console</c> to standard error. Warnings
    /// and faults are logged there as well.
    /// </remarks>
    /// <param name="plugin">The tools. The caller disposes it.</param>
    /// <param name="cancellationToken">Ends the service and the calls under way.</param>
    [SuppressMessage("ApiDesign", "RS0030:Do not use banned APIs", Justification = "This keeps stray writes off the wire; it writes nothing itself.")]
    public static Task RunAsync(AgentRagPlugin plugin, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(plugin);
        Console.SetOut(new StandardErrorWriter());
        var loggers = new StandardErrorLog();
        return RunAsync(plugin, new StdioServerTransport(PluginServer.Name, loggers), loggers, cancellationToken);
    }

    /// <summary>Serves over any transport until the client closes it.</summary>
    internal static async Task RunAsync(AgentRagPlugin plugin, ITransport transport, ILoggerFactory loggers, CancellationToken cancellationToken = default)
    {
        await using var _ = transport.ConfigureAwait(false);
        var server = McpServer.Create(transport, PluginServer.Factory(plugin, loggers)(), loggers);
        await using var __ = server.ConfigureAwait(false);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = server.RunAsync(ending.Token);
        await Task.WhenAny(running, transport.MessageReader.Completion).ConfigureAwait(false);
        // The client is gone. Left alone, the SDK would finish calls under way, and pay a model for them, and then drop their replies.
        await ending.CancelAsync().ConfigureAwait(false);
        await running.ConfigureAwait(false);
    }
}
