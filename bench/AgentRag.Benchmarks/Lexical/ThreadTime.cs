using System.Diagnostics;
using System.Runtime.InteropServices;

namespace AgentRag.Benchmarks.Lexical;

/// <summary>Processor time of this thread: other work on the machine disturbs it less than the clock on the wall.</summary>
internal static class ThreadTime
{
    private const int ThreadClock = 3;

    /// <summary>Microseconds; by the wall where the system has no such clock.</summary>
    public static double Now()
    {
        if (!OperatingSystem.IsLinux() || clock_gettime(ThreadClock, out var time) != 0)
        {
            return Stopwatch.GetTimestamp() * 1e6 / Stopwatch.Frequency;
        }

        return (time.Seconds * 1e6) + (time.Nanoseconds / 1e3);
    }

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int clock_gettime(int clock, out Timespec time);

    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
