using System.IO.MemoryMappedFiles;

namespace AgentRag.Indexing.Segments;

/// <summary>The bytes of a segment: a mapped file, or memory.</summary>
/// <remarks>
/// A mapping stays valid after its file is deleted, so a reader keeps its snapshot while writers go on. It is released when nobody refers to it any more;
/// who holds a pointer into it must keep a reference to this object too.
/// </remarks>
internal sealed unsafe class SegmentBytes : IDisposable
{
    private readonly MemoryMappedFile? _file;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly byte[]? _memory;
    private int _disposed;

    private SegmentBytes(MemoryMappedFile? file, byte[]? memory, long length)
    {
        (_file, _memory, Length) = (file, memory, length);
        if (file is not null)
        {
            _view = file.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
            byte* pointer = null;
            _view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
            Start = pointer + _view.PointerOffset;
        }
        else
        {
            Start = (byte*)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(memory!, 0);
        }
    }

#pragma warning disable MA0055 // The pointer keeps the mapping's handle alive, so nobody else could release it; readers are not disposed.
    ~SegmentBytes() => Release();
#pragma warning restore MA0055

    public byte* Start { get; }

    public long Length { get; }

    /// <summary>Maps a file.</summary>
    /// <exception cref="IOException">It cannot be opened, or is empty.</exception>
    public static SegmentBytes Map(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1);
        var length = stream.Length;
        if (length == 0)
        {
            return Of([]);
        }

        var file = MemoryMappedFile.CreateFromFile(stream, mapName: null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        try
        {
            return new(file, memory: null, length);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Copies bytes into memory that does not move.</summary>
    public static SegmentBytes Of(ReadOnlySpan<byte> bytes)
    {
        var memory = GC.AllocateUninitializedArray<byte>(Math.Max(1, bytes.Length), pinned: true);
        bytes.CopyTo(memory);
        return new(file: null, memory, bytes.Length);
    }

    public void Dispose()
    {
        Release();
        GC.SuppressFinalize(this);
    }

    private void Release()
    {
        if (_view is not null && Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
            _file!.Dispose();
        }
    }
}
