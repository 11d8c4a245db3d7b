namespace AgentRag.Cli.Output;

/// <summary>Reports on the thread that made the step: <see cref="Progress{T}"/> would hand steps to other threads, out of order.</summary>
internal sealed class SynchronousProgress<T>(Action<T> report) : IProgress<T>
{
    public void Report(T value) => report(value);
}
