namespace AgentRag.Indexing;

/// <summary>A file that is being written; it gets its name when it is complete and flushed to disk.</summary>
internal sealed class NewFile : IDisposable
{
    private readonly string _path;
    private readonly Action<string>? _beforeChange;

    public NewFile(string directory, string name, Action<string>? beforeChange)
    {
        (Name, _path, _beforeChange) = (name, Path.Combine(directory, name), beforeChange);
        _beforeChange?.Invoke($"create {name}.tmp");
        Stream = new(_path + ".tmp", FileMode.Create, FileAccess.ReadWrite, FileShare.None, bufferSize: 1);
    }

    public string Name { get; }

    public FileStream Stream { get; }

    public void Complete()
    {
        _beforeChange?.Invoke($"flush {Name}.tmp");
        Stream.Flush(flushToDisk: true);
        Stream.Dispose();
        _beforeChange?.Invoke($"rename {Name}.tmp");
        File.Move(_path + ".tmp", _path, overwrite: true);
    }

    public void Dispose() => Stream.Dispose();
}
