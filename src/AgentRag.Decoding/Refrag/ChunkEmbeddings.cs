using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace AgentRag.Decoding.Refrag;

/// <summary>Embeddings of chunks, kept from question to question, and in a file from run to run.</summary>
/// <remarks>
/// The file: magic <c>AGREFRAG</c>, version, width (uint32 each), the encoder's fingerprint (32 bytes); then records of the SHA-256 of a chunk's tokens, the numbers,
/// and the first four bytes of the SHA-256 of both. Records are only added; one that is not whole, as after a crash, and all behind it are written anew. Another
/// encoder's file is an error. Not for concurrent use; one process at a time.
/// </remarks>
internal sealed class ChunkEmbeddings : IDisposable
{
    private const int HeaderBytes = 8 + 4 + 4 + 32;
    private const uint Version = 1;

    private readonly IChunkEncoder _encoder;
    private readonly Dictionary<Key, float[]> _held = [];
    private readonly FileStream? _file;

    /// <param name="encoder">Makes embeddings that are not there yet.</param>
    /// <param name="path">The file; null to keep them in memory alone.</param>
    /// <exception cref="AgentRagException">The file cannot be used.</exception>
    public ChunkEmbeddings(IChunkEncoder encoder, string? path = null)
    {
        _encoder = encoder;
        if (path is null)
        {
            return;
        }

        try
        {
            _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, 1 << 16);
            Load(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _file?.Dispose();
            throw new AgentRagException($"The chunk embeddings in {path} cannot be used ({e.Message}): is another process at work with them?", e);
        }
        catch
        {
            _file?.Dispose();
            throw;
        }
    }

    /// <summary>Chunks that are held.</summary>
    public int Count => _held.Count;

    /// <summary>Chunks that had to be encoded so far.</summary>
    public int Encoded { get; private set; }

    /// <summary>The embedding of a chunk.</summary>
    /// <returns>The embedding, and a negative number that names it in prompts.</returns>
    public (ReadOnlyMemory<float> Row, long Key) Get(ReadOnlySpan<int> tokens)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(MemoryMarshal.AsBytes(tokens), hash);
        var key = new Key(hash);
        if (!_held.TryGetValue(key, out var row))
        {
            _held[key] = row = new float[_encoder.Width];
            _encoder.Encode(tokens, row);
            Encoded++;
            Append(hash, row);
        }

        return (row, BinaryPrimitives.ReadInt64LittleEndian(hash) | long.MinValue);
    }

    /// <summary>Writes what was added through to the disk.</summary>
    public void Flush() => _file?.Flush(flushToDisk: true);

    public void Dispose() => _file?.Dispose();

    private static byte[] Check(ReadOnlySpan<byte> hash, ReadOnlySpan<byte> row)
    {
        using var check = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        check.AppendData(hash);
        check.AppendData(row);
        return check.GetHashAndReset()[..4];
    }

    private void Append(ReadOnlySpan<byte> hash, float[] row)
    {
        if (_file is not null)
        {
            var bytes = MemoryMarshal.AsBytes<float>(row);
            _file.Write(hash);
            _file.Write(bytes);
            _file.Write(Check(hash, bytes));
        }
    }

    private void Load(string path)
    {
        Span<byte> expected = stackalloc byte[HeaderBytes];
        "AGREFRAG"u8.CopyTo(expected);
        BinaryPrimitives.WriteUInt32LittleEndian(expected[8..], Version);
        BinaryPrimitives.WriteUInt32LittleEndian(expected[12..], (uint)_encoder.Width);
        Convert.FromHexString(_encoder.Fingerprint).AsSpan(0, 32).CopyTo(expected[16..]);
        if (_file!.Length == 0)
        {
            _file.Write(expected);
            return;
        }

        Span<byte> header = stackalloc byte[HeaderBytes];
        if (_file.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false) < HeaderBytes || !header[..8].SequenceEqual("AGREFRAG"u8))
        {
            throw new AgentRagException($"{path} holds no chunk embeddings: name another file, or delete it.");
        }

        if (!header.SequenceEqual(expected))
        {
            throw new AgentRagException($"{path} holds the embeddings of another encoder: name another file, or delete it.");
        }

        var record = new byte[32 + (_encoder.Width * sizeof(float)) + 4];
        var good = (long)HeaderBytes;
        while (_file.ReadAtLeast(record, record.Length, throwOnEndOfStream: false) == record.Length
            && Check(record.AsSpan(0, 32), record.AsSpan(32, record.Length - 36)).AsSpan().SequenceEqual(record.AsSpan(record.Length - 4)))
        {
            _held[new Key(record.AsSpan(0, 32))] = MemoryMarshal.Cast<byte, float>(record.AsSpan(32, record.Length - 36)).ToArray();
            good += record.Length;
        }

        _file.SetLength(good);
        _file.Position = good;
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Key(ulong A, ulong B, ulong C, ulong D)
    {
        public Key(ReadOnlySpan<byte> hash)
            : this(Word(hash, 0), Word(hash, 1), Word(hash, 2), Word(hash, 3))
        {
        }

        private static ulong Word(ReadOnlySpan<byte> hash, int index) => BinaryPrimitives.ReadUInt64LittleEndian(hash[(8 * index)..]);
    }
}
