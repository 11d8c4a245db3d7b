using Microsoft.Win32.SafeHandles;

namespace AgentRag.Cli.Output;

/// <summary>Opens the process's standard output so that a reader who has gone is noticed.</summary>
internal static class StandardOutput
{
    /// <summary>EPIPE, as <see cref="Exception.HResult"/> carries it on Unix.</summary>
    public const int BrokenPipe = 32;

    // Console's own stream takes a broken pipe in silence, and `agentrag ask --questions FILE | head -1` would go on sending requests that cost money.
    // A file keeps Console's stream: FileStream writes at an offset of its own, which overwrites in `>> file` and in `> file 2>&1`.
    public static Stream Open()
    {
        if (!OperatingSystem.IsWindows())
        {
            try
            {
                var stream = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
                if (!stream.CanSeek)
                {
                    return stream;
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
            {
                // Closed, or not open for writing: Console knows how to write nowhere.
            }
        }

        return Console.OpenStandardOutput();
    }
}

/// <summary>Whoever read the output has gone, as <c>head</c> does: the run ends without a word.</summary>
internal sealed class OutputClosedException(Exception inner) : Exception("The reader of the output has gone.", inner);
