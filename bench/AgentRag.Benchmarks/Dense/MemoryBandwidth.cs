using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace AgentRag.Benchmarks.Dense;

/// <summary>Reads as many bytes as a scan does, and does nothing else with them: how fast a scan could be.</summary>
internal sealed class MemoryBandwidth
{
    // 6 MB, as a thread takes at a time in a scan.
    private const int Piece = 6 << 17;
    private readonly long[] _memory;
    private long _result;

    public MemoryBandwidth(long bytes)
    {
        // Written once: pages that were never touched are all the same page of zeros.
        _memory = new long[bytes / sizeof(long)];
        Array.Fill(_memory, 1);
    }

    public void Read(int threads)
    {
        var next = -1;
        if (threads == 1)
        {
            Work(0);
        }
        else
        {
            Parallel.For(0, threads, Work);
        }

        void Work(int worker)
        {
            for (var first = Interlocked.Increment(ref next) * (long)Piece; first < _memory.Length; first = Interlocked.Increment(ref next) * (long)Piece)
            {
                Interlocked.Add(ref _result, Sum(_memory.AsSpan((int)first, (int)Math.Min(Piece, _memory.Length - first))));
            }
        }
    }

    private static long Sum(ReadOnlySpan<long> memory)
    {
        var (a, b, c, d) = (Vector512<long>.Zero, Vector512<long>.Zero, Vector512<long>.Zero, Vector512<long>.Zero);
        var vectors = MemoryMarshal.Cast<long, Vector512<long>>(memory);
        for (var i = 0; i < vectors.Length - 3; i += 4)
        {
            a += vectors[i];
            b += vectors[i + 1];
            c += vectors[i + 2];
            d += vectors[i + 3];
        }

        return Vector512.Sum(a + b + c + d);
    }
}
