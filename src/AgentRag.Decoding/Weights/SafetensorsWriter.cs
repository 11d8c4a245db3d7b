using System.Text.Json;

namespace AgentRag.Decoding.Weights;

/// <summary>Collects tensors and texts and writes them as a safetensors file.</summary>
/// <remarks>Not safe for concurrent use.</remarks>
internal sealed class SafetensorsWriter
{
    private readonly SortedDictionary<string, string> _metadata = new(StringComparer.Ordinal);
    private readonly List<(string Name, TensorType Type, long[] Shape, float[] Values)> _tensors = [];

    /// <summary>Adds a text to the header.</summary>
    public SafetensorsWriter Add(string name, string text)
    {
        _metadata[name] = text;
        return this;
    }

    /// <summary>Adds a tensor.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="type">F32, F16 or BF16.</param>
    /// <param name="shape">Its dimensions, the fastest first as everywhere in this project; turned round in the file.</param>
    /// <param name="values">Its values.</param>
    public SafetensorsWriter Add(string name, TensorType type, long[] shape, float[] values)
    {
        _ = SafetensorsFile.DTypeOf(type);
        if (shape.Aggregate(1L, (product, length) => product * length) != values.Length)
        {
            throw new ArgumentException($"Tensor '{name}' has {values.Length} values, which are not [{string.Join(", ", shape)}].", nameof(values));
        }

        _tensors.Add((name, type, shape, values));
        return this;
    }

    /// <summary>Writes the file.</summary>
    public void Write(string path)
    {
        using var stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        var header = Header();
        stream.Write(BitConverter.GetBytes((ulong)header.Length));
        stream.Write(header);
        foreach (var (_, type, _, values) in _tensors)
        {
            var bytes = new byte[type.RowBytes(values.Length)];
            BlockFormats.Quantize(type, values, bytes);
            stream.Write(bytes);
        }
    }

    // Padded with spaces, so that values are aligned to 8 bytes.
    private byte[] Header()
    {
        var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (_metadata.Count > 0)
            {
                json.WriteStartObject(SafetensorsFile.MetadataName);
                foreach (var (name, text) in _metadata)
                {
                    json.WriteString(name, text);
                }

                json.WriteEndObject();
            }

            var offset = 0L;
            foreach (var (name, type, shape, values) in _tensors)
            {
                json.WriteStartObject(name);
                json.WriteString("dtype", SafetensorsFile.DTypeOf(type));
                json.WriteStartArray("shape");
                Array.ForEach([.. shape.Reverse()], json.WriteNumberValue);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += type.RowBytes(values.Length));
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        while (buffer.Length % 8 != 0)
        {
            buffer.WriteByte((byte)' ');
        }

        return buffer.ToArray();
    }
}
