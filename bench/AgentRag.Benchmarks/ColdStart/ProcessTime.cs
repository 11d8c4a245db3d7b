using System.Diagnostics;
using System.Runtime.InteropServices;

namespace AgentRag.Benchmarks.ColdStart;

/// <summary>Processor time of another process, threads that have ended included.</summary>
internal static partial class ProcessTime
{
    /// <summary>On Linux by the process's own clock, which counts nanoseconds where <c>/proc</c> counts hundredths of a second.</summary>
    public static TimeSpan Of(Process process)
    {
        // The clock of a process is its inverted id, shifted, with 2 for "as scheduled" (clock_getcpuclockid).
        if (OperatingSystem.IsLinux() && Now((~process.Id << 3) | 2, out var time) == 0)
        {
            return TimeSpan.FromSeconds(time.Seconds) + TimeSpan.FromMicroseconds(time.Nanoseconds / 1e3);
        }

        process.Refresh();
        return process.TotalProcessorTime;
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int Now(int clock, out Timespec time);

    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
