using Microsoft.Extensions.Logging;
using ModelContextProtocol;

namespace AgentRag.Mcp;

/// <summary>Keeps out of the log what the client is told anyway, such as the name of a tool that does not exist: its stack would read like a fault of the server.</summary>
/// <param name="inner">Makes the loggers for everything else. Its owner disposes it.</param>
internal sealed class ReportedFaultFilter(ILoggerFactory inner) : ILoggerFactory
{
    public ILogger CreateLogger(string categoryName) => new Logger(inner.CreateLogger(categoryName));

    public void AddProvider(ILoggerProvider provider) => inner.AddProvider(provider);

    public void Dispose()
    {
    }

    private sealed class Logger(ILogger inner) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => inner.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => inner.IsEnabled(logLevel);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (exception is not McpException)
            {
                inner.Log(logLevel, eventId, state, exception, formatter);
            }
        }
    }
}
