using AgentRag.Decoding.Kernels;

namespace AgentRag.Decoding.Transformers;

/// <summary>The phases of a run, whose pieces the threads of a team share out among themselves.</summary>
/// <remarks>All threads go through the phases in the same order and meet at the end of each.</remarks>
internal sealed class TeamPhases(ThreadTeam team, int count)
{
    private const int CounterSpacing = 16; // one cache line each

    private readonly int[] _counters = new int[count * CounterSpacing];

    /// <summary>Threads of the team.</summary>
    public int Threads => team.Size;

    /// <summary>Makes all pieces of all phases free again; no thread may be at work.</summary>
    public void Reset() => Array.Clear(_counters);

    /// <summary>Takes the next pieces of a phase.</summary>
    /// <returns>The first of them; at or above the number of pieces when there are none left.</returns>
    public int Claim(int phase, int pieces) => Interlocked.Add(ref _counters[phase * CounterSpacing], pieces) - pieces;

    /// <summary>Waits until all threads are through with a phase.</summary>
    public void Meet() => team.Meet();
}
