using System.Runtime.InteropServices;

namespace AgentRag.Decoding.Kernels;

/// <summary>Zeroed memory outside the garbage collector's heap, aligned to 64 bytes.</summary>
/// <remarks>The system hands out pages when they are first written, so a large buffer costs only what is used of it.</remarks>
internal sealed unsafe class NativeBuffer<T> : IDisposable
    where T : unmanaged
{
    private const int Alignment = 64;

    private void* _allocation;

    public NativeBuffer(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        var bytes = checked((nuint)length * (nuint)sizeof(T)) + Alignment;
        try
        {
            _allocation = NativeMemory.AllocZeroed(bytes);
        }
        catch (OutOfMemoryException e)
        {
            throw new AgentRagException($"There is no memory for {bytes / 1024 / 1024} MiB more: use a smaller model, a shorter context, or a cache in bf16.", e);
        }

        Length = length;
        Start = (T*)(((nuint)_allocation + Alignment - 1) / Alignment * Alignment);
    }

#pragma warning disable MA0055 // Gigabytes must not leak when the constructor of an owner fails half-way.
    ~NativeBuffer() => Free();
#pragma warning restore MA0055

    /// <summary>Entries.</summary>
    public long Length { get; }

    /// <summary>The first entry. Void once the buffer is disposed of: whoever holds it must hold the buffer too.</summary>
    public T* Start { get; private set; }

    /// <summary>Some of the entries.</summary>
    public Span<T> Slice(long start, int length)
    {
        if (start < 0 || length < 0 || start + length > Length || Start is null)
        {
            throw new ArgumentOutOfRangeException(nameof(start), $"Entries {start} to {start + length} of {Length} were asked for.");
        }

        return new Span<T>(Start + start, length);
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.Free(_allocation);
        _allocation = null;
        Start = null;
    }
}
