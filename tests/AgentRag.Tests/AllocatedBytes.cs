namespace AgentRag.Tests;

/// <summary>Measures what code allocates on the managed heap.</summary>
internal static class AllocatedBytes
{
    private const int Rounds = 5;

    /// <summary>
    /// What one run of <paramref name="action"/> allocates on this thread, in bytes: the least of several runs. What the code itself
    /// allocates, it allocates in every run; but a collection another test brings about takes away the rest of this thread's allocation
    /// block, up to 8 KB, and the runtime counts that as allocated.
    /// </summary>
    public static long LeastOf(Action action)
    {
        var least = long.MaxValue;
        for (var round = 0; round < Rounds; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            action();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
