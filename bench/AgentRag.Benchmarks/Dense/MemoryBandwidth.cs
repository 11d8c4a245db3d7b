using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace AgentRag.Benchmarks.Dense;

/// <summary>Reads as many bytes as a scan does, and does nothing else with them: how fast a scan could be.</summary>
internal sealed unsafe class MemoryBandwidth : IDisposable
{
    private const int Piece = 6 << 20;
    private readonly long _bytes;
    private readonly byte* _memory;
    private long _result;

    public MemoryBandwidth(long bytes)
    {
        _bytes = bytes / Piece * Piece;
        _memory = (byte*)NativeMemory.AlignedAlloc((nuint)_bytes, 1 << 21);
        for (var i = 0L; i < _bytes; i += sizeof(long))
        {
            *(long*)(_memory + i) = i;
        }
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
            for (var piece = Interlocked.Increment(ref next); piece < _bytes / Piece; piece = Interlocked.Increment(ref next))
            {
                Interlocked.Add(ref _result, Sum(_memory + ((long)piece * Piece)));
            }
        }
    }

    public void Dispose()
    {
        GC.KeepAlive(_result);
        NativeMemory.AlignedFree(_memory);
    }

    private static long Sum(byte* memory)
    {
        var (a, b, c, d) = (Vector512<long>.Zero, Vector512<long>.Zero, Vector512<long>.Zero, Vector512<long>.Zero);
        for (var i = 0; i < Piece; i += 256)
        {
            a += Vector512.Load((long*)(memory + i));
            b += Vector512.Load((long*)(memory + i + 64));
            c += Vector512.Load((long*)(memory + i + 128));
            d += Vector512.Load((long*)(memory + i + 192));
        }

        return Vector512.Sum(a + b + c + d);
    }
}
