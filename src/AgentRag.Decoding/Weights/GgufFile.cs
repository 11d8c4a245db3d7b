using System.Text;

namespace AgentRag.Decoding.Weights;

/// <summary>An open GGUF file: metadata read, tensors mapped into memory.</summary>
/// <remarks>
/// Format version 3, little-endian, after ggml's docs/gguf.md. Every length in the file is checked against what is left of it before anything is
/// allocated, so a hostile file costs at most a small multiple of its own size. Safe for concurrent use until it is disposed of.
/// </remarks>
internal sealed unsafe class GgufFile : IDisposable
{
    internal const uint Magic = 0x46554747;
    internal const uint Version = 3;
    internal const int DefaultAlignment = 32;
    internal const string AlignmentName = "general.alignment";

    private readonly MappedFile _file;

    private GgufFile(MappedFile file, GgufMetadata metadata, IReadOnlyDictionary<string, Tensor> tensors) =>
        (_file, Metadata, Tensors) = (file, metadata, tensors);

    /// <summary>The file's path, as it was given.</summary>
    public string Path => _file.Path;

    /// <summary>The file's length in bytes.</summary>
    public long Length => _file.Length;

    /// <summary>The values at the head of the file.</summary>
    public GgufMetadata Metadata { get; }

    /// <summary>The tensors by name.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors { get; }

    /// <summary>Opens a file.</summary>
    /// <param name="path">Where it is.</param>
    /// <returns>The open file, which the caller disposes of.</returns>
    /// <exception cref="AgentRagException">It cannot be read, is no GGUF file of version 3, is damaged, or holds a tensor type that is not known.</exception>
    public static GgufFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var file = MappedFile.Open(path);
        try
        {
            var reader = new Reader(file);
            var (metadata, tensors) = reader.Read();
            return new GgufFile(file, metadata, tensors);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Closes the file; its tensors cannot be read any more.</summary>
    public void Dispose() => _file.Dispose();

    /// <summary>Reads the head of the file, front to back.</summary>
    private sealed class Reader(MappedFile file)
    {
        private const int MaxDimensions = 4;

        // The shortest entries there can be: an empty name, a type and one byte; an empty name, no dimension, a type and an offset.
        private const int MinMetadataBytes = 8 + 4 + 1;
        private const int MinTensorBytes = 8 + 4 + 4 + 8;

        private long _position;

        public (GgufMetadata Metadata, Dictionary<string, Tensor> Tensors) Read()
        {
            if (file.Length < 24 || Number<uint>() != Magic)
            {
                throw new AgentRagException($"{file.Path} is no GGUF file: it does not begin with 'GGUF'.");
            }

            var version = Number<uint>();
            if (version != Version)
            {
                throw new AgentRagException($"{file.Path} has GGUF version {version}, this program reads version {Version}: convert the model again with a current converter.");
            }

            var (tensorCount, metadataCount) = (Count(MinTensorBytes, "tensors"), Count(MinMetadataBytes, "metadata values"));
            var metadata = ReadMetadata(metadataCount);
            var alignment = metadata.Integer(AlignmentName) ?? DefaultAlignment;
            if (alignment < 1 || alignment > 1 << 20 || !int.IsPow2(alignment))
            {
                throw Damaged($"{AlignmentName} is {alignment}, expected a power of two up to {1 << 20}");
            }

            return (metadata, ReadTensors(tensorCount, alignment));
        }

        private GgufMetadata ReadMetadata(int count)
        {
            var values = new Dictionary<string, object>(StringComparer.Ordinal);
            for (var i = 0; i < count; i++)
            {
                var name = Text();
                if (!values.TryAdd(name, Value(name, Number<uint>())))
                {
                    throw Damaged($"metadata '{Shown(name)}' is there twice");
                }
            }

            return new GgufMetadata(file.Path, values);
        }

        private Dictionary<string, Tensor> ReadTensors(int count, int alignment)
        {
            var entries = new List<(string Name, TensorType Type, long[] Shape, ulong Offset)>();
            for (var i = 0; i < count; i++)
            {
                var name = Text();
                var shape = Shape(name);
                var type = (TensorType)Number<uint>();
                if (!Enum.IsDefined(type))
                {
                    throw new AgentRagException(
                        $"{file.Path}: tensor '{Shown(name)}' has type {(uint)type}, this program reads {string.Join(", ", TensorTypes.All)}: quantise the model to one of them.");
                }

                entries.Add((name, type, shape, Number<ulong>()));
            }

            var start = (_position + alignment - 1) / alignment * alignment;
            var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
            foreach (var (name, type, shape, offset) in entries)
            {
                if (shape[0] % type.BlockValues() != 0)
                {
                    throw Damaged($"tensor '{Shown(name)}' has rows of {shape[0]} values, which is no multiple of {type.BlockValues()} as {type} wants");
                }

                // Shapes were checked to have fewer values than fit into a long.
                var bytes = (UInt128)(ulong)type.RowBytes(shape[0]) * (ulong)(Product(shape) / shape[0]);
                if (offset % (ulong)alignment != 0 || (ulong)start + (UInt128)offset + bytes > (ulong)file.Length)
                {
                    throw Damaged($"tensor '{Shown(name)}' would lie at {offset} with {bytes} bytes, which is outside the file or not aligned to {alignment}");
                }

                if (!tensors.TryAdd(name, new Tensor(name, type, shape, file.Start + start + (long)offset)))
                {
                    throw Damaged($"tensor '{Shown(name)}' is there twice");
                }
            }

            return tensors;
        }

        private long[] Shape(string name)
        {
            var dimensions = Number<uint>();
            if (dimensions is < 1 or > MaxDimensions)
            {
                throw Damaged($"tensor '{Shown(name)}' has {dimensions} dimensions, expected 1 to {MaxDimensions}");
            }

            var shape = new long[dimensions];
            var product = UInt128.One;
            for (var i = 0; i < dimensions; i++)
            {
                var length = Number<ulong>();
                product *= length;
                if (length is 0 or > int.MaxValue || product > (UInt128)file.Length * 2)
                {
                    throw Damaged($"tensor '{Shown(name)}' has a dimension of {length}: the file is too short for that");
                }

                shape[i] = (long)length;
            }

            return shape;
        }

        private object Value(string name, uint type)
        {
            switch (type)
            {
                case 0: return Number<byte>();
                case 1: return Number<sbyte>();
                case 2: return Number<ushort>();
                case 3: return Number<short>();
                case 4: return Number<uint>();
                case 5: return Number<int>();
                case 6: return Number<float>();
                case 7: return Flag();
                case 8: return Text();
                case 9: return List(name);
                case 10: return Number<ulong>();
                case 11: return Number<long>();
                case 12: return Number<double>();
                default: throw Damaged($"metadata '{Shown(name)}' has type {type}, expected 0 to 12");
            }
        }

        private Array List(string name)
        {
            var type = Number<uint>();
            return type switch
            {
                0 => Numbers<byte>(),
                1 => Numbers<sbyte>(),
                2 => Numbers<ushort>(),
                3 => Numbers<short>(),
                4 => Numbers<uint>(),
                5 => Numbers<int>(),
                6 => Numbers<float>(),
                7 => Filled(1, Flag),
                8 => Filled(8, Text),
                10 => Numbers<ulong>(),
                11 => Numbers<long>(),
                12 => Numbers<double>(),
                _ => throw Damaged($"metadata '{Shown(name)}' is a list of type {type}, which no model needs"),
            };
        }

        private T[] Numbers<T>()
            where T : unmanaged
        {
            var values = new T[Count(sizeof(T), "list entries")];
            new ReadOnlySpan<T>(file.Start + _position, values.Length).CopyTo(values);
            _position += (long)values.Length * sizeof(T);
            return values;
        }

        private T[] Filled<T>(int minBytes, Func<T> read)
        {
            var values = new T[Count(minBytes, "list entries")];
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = read();
            }

            return values;
        }

        private bool Flag() => Number<byte>() is <= 1 and var value ? value == 1 : throw Damaged($"a truth value at byte {_position - 1} is neither 0 nor 1");

        private string Text()
        {
            var length = Count(1, "bytes of text");
            var text = Encoding.UTF8.GetString(file.Start + _position, length);
            _position += length;
            return text;
        }

        /// <summary>Reads how many entries follow, which must have room in the rest of the file.</summary>
        private int Count(int minBytes, string what)
        {
            var count = Number<ulong>();
            return count <= (ulong)Math.Min((file.Length - _position) / minBytes, Array.MaxLength)
                ? (int)count
                : throw Damaged($"{count} {what} are announced at byte {_position - 8}, and {file.Length - _position} bytes follow");
        }

        private T Number<T>()
            where T : unmanaged
        {
            if (file.Length - _position < sizeof(T))
            {
                throw Damaged($"it ends at byte {file.Length}, in the middle of its head");
            }

            var value = System.Runtime.CompilerServices.Unsafe.ReadUnaligned<T>(file.Start + _position);
            _position += sizeof(T);
            return value;
        }

        private AgentRagException Damaged(string what) => new($"{file.Path} is damaged: {what}. Download or convert it again.");

        private static string Shown(string name) => new([.. name.Take(60).Select(c => char.IsControl(c) ? '?' : c)]);

        private static long Product(long[] shape) => shape.Aggregate(1L, (product, length) => product * length);
    }
}
