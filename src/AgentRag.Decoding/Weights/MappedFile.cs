using System.IO.MemoryMappedFiles;

namespace AgentRag.Decoding.Weights;

/// <summary>A file mapped into memory for reading.</summary>
/// <remarks>Safe for concurrent use until it is disposed of; pointers into it are void afterwards.</remarks>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private bool _isDisposed;

    private MappedFile(string path, long length, MemoryMappedFile map, MemoryMappedViewAccessor view)
    {
        (Path, Length, _map, _view) = (path, length, map, view);
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        Start = start + view.PointerOffset;
    }

    public string Path { get; }

    public long Length { get; }

    public byte* Start { get; }

    /// <summary>Maps a file.</summary>
    /// <exception cref="AgentRagException">It is not there, is empty, or cannot be read.</exception>
    public static MappedFile Open(string path)
    {
        try
        {
            var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            var length = stream.Length;
            if (length == 0)
            {
                stream.Dispose();
                throw new AgentRagException($"{path} is empty: it is no model file. Download or copy it again.");
            }

            var map = MemoryMappedFile.CreateFromFile(stream, mapName: null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
            return new MappedFile(path, length, map, map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new AgentRagException($"Model file {path} cannot be read: {e.Message}", e);
        }
    }

    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
            _map.Dispose();
        }
    }
}
