using System.Text;
using System.Text.Json;

namespace AgentRag.Evaluation.Runs;

/// <summary>A file of JSON lines that is only ever appended to.</summary>
/// <remarks>
/// A line goes to the operating system in one write before <see cref="Append"/> returns, so the end of the process loses no line that was appended; at worst it leaves
/// a torn last line, which the next writer cuts off. <see cref="Sync"/> brings lines to the disk, for the end of the machine. Safe for concurrent use.
/// </remarks>
internal sealed class RunLog : IDisposable
{
    private readonly Lock _lock = new();
    private readonly FileStream _stream;

    private RunLog(FileStream stream) => _stream = stream;

    /// <summary>Opens a file for appending; a torn last line is cut off.</summary>
    public static RunLog Open(string path)
    {
        // No buffer of our own: what Append has written must be the system's.
        var stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        var whole = WholeLength(stream);
        if (whole < stream.Length)
        {
            stream.SetLength(whole);
        }

        stream.Seek(0, SeekOrigin.End);
        return new RunLog(stream);
    }

    /// <summary>Reads the whole lines of a file; a torn last one is not there yet.</summary>
    /// <exception cref="AgentRagException">A line is damaged; the message names it.</exception>
    public static IEnumerable<T> Read<T>(string path)
        where T : class
    {
        if (!File.Exists(path))
        {
            yield break;
        }

        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1 << 16);
        var whole = WholeLength(stream);
        stream.Position = 0;
        using var reader = new StreamReader(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        long position = 0;
        for (var number = 1; position < whole && reader.ReadLine() is { } line; number++)
        {
            position += Encoding.UTF8.GetByteCount(line) + 1;
            yield return Parse<T>(path, number, line);
        }
    }

    /// <summary>Appends a line.</summary>
    public void Append<T>(T value)
    {
        var line = JsonSerializer.SerializeToUtf8Bytes(value, RunJson.Options);
        var bytes = new byte[line.Length + 1];
        line.CopyTo(bytes, 0);
        bytes[^1] = (byte)'\n';
        lock (_lock)
        {
            _stream.Write(bytes);
        }
    }

    /// <summary>Waits until all lines are on the disk.</summary>
    public void Sync()
    {
        lock (_lock)
        {
            _stream.Flush(flushToDisk: true);
        }
    }

    public void Dispose() => _stream.Dispose();

    private static T Parse<T>(string path, int number, string line)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(line, RunJson.Options) ?? throw new JsonException("the line is null.");
        }
        catch (JsonException e)
        {
            throw new AgentRagException($"{path}:{number}: the run's file is damaged: {e.Message} Remove the line, and run again to answer what it held.", e);
        }
    }

    // Behind the last line feed.
    private static long WholeLength(FileStream stream)
    {
        var buffer = new byte[1 << 16];
        for (var end = stream.Length; end > 0;)
        {
            var length = (int)Math.Min(buffer.Length, end);
            stream.Position = end - length;
            stream.ReadExactly(buffer, 0, length);
            if (buffer.AsSpan(0, length).LastIndexOf((byte)'\n') is >= 0 and var feed)
            {
                return end - length + feed + 1;
            }

            end -= length;
        }

        return 0;
    }
}
