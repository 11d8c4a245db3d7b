using System.Text;

namespace AgentRag.Decoding.Weights;

/// <summary>Collects metadata and tensors and writes them as a GGUF file of version 3.</summary>
/// <remarks>Not safe for concurrent use.</remarks>
internal sealed class GgufWriter
{
    private readonly List<(string Name, object Value)> _metadata = [];
    private readonly List<(string Name, TensorType Type, long[] Shape, Action<Stream> Write)> _tensors = [];

    /// <summary>Bytes that tensors are aligned to.</summary>
    public int Alignment { get; init; } = GgufFile.DefaultAlignment;

    /// <summary>Adds a value.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">A number, a truth value, a text, or an array of one of these.</param>
    public GgufWriter Add(string name, object value)
    {
        _ = TypeOf(value.GetType());
        _metadata.Add((name, value));
        return this;
    }

    /// <summary>Adds a tensor whose numbers are stored as the given type.</summary>
    public GgufWriter Add(string name, TensorType type, long[] shape, float[] values)
    {
        var bytes = new byte[type.RowBytes(values.Length)];
        BlockFormats.Quantize(type, values, bytes);
        return Add(name, type, shape, stream => stream.Write(bytes));
    }

    /// <summary>Adds a tensor whose bytes are written when the file is.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="type">Its type.</param>
    /// <param name="shape">Its dimensions, the fastest first.</param>
    /// <param name="write">Writes exactly the bytes of that type and shape.</param>
    public GgufWriter Add(string name, TensorType type, long[] shape, Action<Stream> write)
    {
        if (shape.Length is 0 or > 4 || shape.Any(length => length < 1) || shape[0] % type.BlockValues() != 0)
        {
            throw new ArgumentException($"Tensor '{name}' of type {type} cannot have the shape [{string.Join(", ", shape)}].", nameof(shape));
        }

        _tensors.Add((name, type, shape, write));
        return this;
    }

    /// <summary>Writes the file.</summary>
    public void Write(string path)
    {
        using var stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        using var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true);
        writer.Write(GgufFile.Magic);
        writer.Write(GgufFile.Version);
        writer.Write((ulong)_tensors.Count);
        var metadata = Alignment == GgufFile.DefaultAlignment ? _metadata : [.. _metadata, (GgufFile.AlignmentName, (uint)Alignment)];
        writer.Write((ulong)metadata.Count);
        foreach (var (name, value) in metadata)
        {
            WriteText(writer, name);
            writer.Write(TypeOf(value.GetType()));
            WriteValue(writer, value);
        }

        var offset = 0L;
        foreach (var (name, type, shape, _) in _tensors)
        {
            WriteText(writer, name);
            writer.Write((uint)shape.Length);
            Array.ForEach(shape, length => writer.Write((ulong)length));
            writer.Write((uint)type);
            writer.Write((ulong)offset);
            offset = Aligned(offset + BytesOf(type, shape));
        }

        writer.Flush();
        foreach (var (name, type, shape, write) in _tensors)
        {
            Pad(stream);
            var start = stream.Position;
            write(stream);
            if (stream.Position - start != BytesOf(type, shape))
            {
                throw new InvalidOperationException($"Tensor '{name}' wrote {stream.Position - start} bytes, its shape has {BytesOf(type, shape)}.");
            }
        }

        Pad(stream);
    }

    private static long BytesOf(TensorType type, long[] shape) => shape.Skip(1).Aggregate(type.RowBytes(shape[0]), (product, length) => product * length);

    private static uint TypeOf(Type type) =>
        type == typeof(byte) ? 0
        : type == typeof(sbyte) ? 1
        : type == typeof(ushort) ? 2
        : type == typeof(short) ? 3
        : type == typeof(uint) ? 4
        : type == typeof(int) ? 5
        : type == typeof(float) ? 6
        : type == typeof(bool) ? 7
        : type == typeof(string) ? 8
        : type.IsArray ? 9u
        : type == typeof(ulong) ? 10
        : type == typeof(long) ? 11
        : type == typeof(double) ? 12u
        : throw new ArgumentException($"Metadata cannot be of type {type.Name}.", nameof(type));

    private static void WriteValue(BinaryWriter writer, object value)
    {
        switch (value)
        {
            case byte number: writer.Write(number); break;
            case sbyte number: writer.Write(number); break;
            case ushort number: writer.Write(number); break;
            case short number: writer.Write(number); break;
            case uint number: writer.Write(number); break;
            case int number: writer.Write(number); break;
            case float number: writer.Write(number); break;
            case bool flag: writer.Write(flag); break;
            case string text: WriteText(writer, text); break;
            case ulong number: writer.Write(number); break;
            case long number: writer.Write(number); break;
            case double number: writer.Write(number); break;
            case Array list:
                writer.Write(TypeOf(list.GetType().GetElementType()!));
                writer.Write((ulong)list.Length);
                foreach (var entry in list)
                {
                    WriteValue(writer, entry);
                }

                break;
        }
    }

    private static void WriteText(BinaryWriter writer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private long Aligned(long position) => (position + Alignment - 1) / Alignment * Alignment;

    private void Pad(Stream stream)
    {
        for (var padding = Aligned(stream.Position) - stream.Position; padding > 0; padding--)
        {
            stream.WriteByte(0);
        }
    }
}
