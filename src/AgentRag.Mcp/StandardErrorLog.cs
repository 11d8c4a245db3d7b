using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;

namespace AgentRag.Mcp;

/// <summary>Writes warnings and faults to standard error, one line each with the stack behind it, and nothing else.</summary>
/// <remarks>
/// The console logger of Microsoft.Extensions.Logging would need a service container, which costs a third of the server's start. What the client is told
/// anyway, such as the name of a tool that does not exist, is left out: its stack would read like a fault of the server.
/// </remarks>
public sealed class StandardErrorLog : ILoggerFactory, ILoggerProvider
{
    // It warns of every request that a closed input cancels, and a fault of a tool is logged by the filter.
    private const string Server = "ModelContextProtocol.Server.McpServer";
    private const int MostCharacters = 8000;

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Logger(categoryName, categoryName == Server ? LogLevel.Error : LogLevel.Warning);

    /// <summary>Does nothing: there is one place to write to.</summary>
    /// <param name="provider">Not used.</param>
    public void AddProvider(ILoggerProvider provider)
    {
    }

    /// <summary>Does nothing: standard error is not ours to close.</summary>
    public void Dispose()
    {
    }

    private sealed class Logger(string category, LogLevel least) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= least && logLevel != LogLevel.None;

        [SuppressMessage("ApiDesign", "RS0030:Do not use banned APIs", Justification = "Standard error is where a server on standard output may write.")]
        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel) && exception is not McpException)
            {
                var text = $"{logLevel}: {category}: {formatter(state, exception)}{(exception is null ? "" : $"{Environment.NewLine}{exception}")}";
                Console.Error.WriteLine(text.Length <= MostCharacters ? text : $"{text.AsSpan(0, MostCharacters)}…");
            }
        }
    }
}
