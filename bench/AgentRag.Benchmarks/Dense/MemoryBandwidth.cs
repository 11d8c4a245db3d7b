using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AgentRag.Benchmarks.Dense;

/// <summary>Reads as many bytes as a scan does, and does nothing else with them: how fast a scan could be.</summary>
internal sealed class MemoryBandwidth
{
    // As far ahead as the scan asks for memory: without it the scan was now and then faster than what was to be its bound.
    private const int BytesAhead = 8192;

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

    private static unsafe long Sum(ReadOnlySpan<long> memory)
    {
        var (a, b, c, d) = (Vector512<long>.Zero, Vector512<long>.Zero, Vector512<long>.Zero, Vector512<long>.Zero);
        fixed (long* first = memory)
        {
            for (var at = first; at < first + memory.Length - 31; at += 32)
            {
                if (Sse.IsSupported)
                {
                    var ahead = (byte*)at + BytesAhead;
                    Sse.Prefetch0(ahead);
                    Sse.Prefetch0(ahead + 64);
                    Sse.Prefetch0(ahead + 128);
                    Sse.Prefetch0(ahead + 192);
                }

                a += Vector512.Load(at);
                b += Vector512.Load(at + 8);
                c += Vector512.Load(at + 16);
                d += Vector512.Load(at + 24);
            }
        }

        return Vector512.Sum(a + b + c + d);
    }
}
