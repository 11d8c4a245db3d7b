using System.Text.Json;

namespace AgentRag.Decoding.Weights;

/// <summary>An open safetensors file, its tensors mapped into memory.</summary>
/// <remarks>
/// Format: length of the header (uint64), header (JSON: name to dtype, shape, data_offsets; <c>__metadata__</c> with texts), values. Tensors lie behind
/// one another without gaps. Read are F32, F16 and BF16; tensors of the format's other types, such as tables of positions, are left out. Safe for concurrent use
/// until it is disposed of.
/// </remarks>
internal sealed unsafe class SafetensorsFile : IDisposable
{
    internal const string MetadataName = "__metadata__";
    private const long MaxHeaderBytes = 100_000_000;

    // Bytes of a value of the types that are not read.
    private static readonly Dictionary<string, int> OtherTypes = new(StringComparer.Ordinal)
    {
        ["BOOL"] = 1,
        ["U8"] = 1,
        ["I8"] = 1,
        ["F8_E4M3"] = 1,
        ["F8_E5M2"] = 1,
        ["I16"] = 2,
        ["U16"] = 2,
        ["I32"] = 4,
        ["U32"] = 4,
        ["F64"] = 8,
        ["I64"] = 8,
        ["U64"] = 8,
    };

    private readonly MappedFile _file;

    private SafetensorsFile(MappedFile file, IReadOnlyDictionary<string, string> metadata, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string> notRead) =>
        (_file, Metadata, Tensors, NotRead) = (file, metadata, tensors, notRead);

    /// <summary>The file's path, as it was given.</summary>
    public string Path => _file.Path;

    /// <summary>The texts in the header's <c>__metadata__</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The tensors by name; their shapes are turned round, so that the fastest dimension is the first.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors { get; }

    /// <summary>The types of the tensors that are there and are not read, by name.</summary>
    public IReadOnlyDictionary<string, string> NotRead { get; }

    /// <summary>Opens a file.</summary>
    /// <param name="path">Where it is.</param>
    /// <returns>The open file, which the caller disposes of.</returns>
    /// <exception cref="AgentRagException">It cannot be read, is no safetensors file, is damaged, or holds a dtype that the format does not have.</exception>
    public static SafetensorsFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var file = MappedFile.Open(path);
        try
        {
            return Read(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Closes the file; its tensors cannot be read any more.</summary>
    public void Dispose() => _file.Dispose();

    internal static string DTypeOf(TensorType type) => type switch
    {
        TensorType.F32 => "F32",
        TensorType.F16 => "F16",
        TensorType.BF16 => "BF16",
        _ => throw new ArgumentException($"Safetensors has no {type}.", nameof(type)),
    };

    private static SafetensorsFile Read(MappedFile file)
    {
        var length = file.Length < 8 ? 0 : *(ulong*)file.Start;
        if (length < 2 || length > (ulong)Math.Min(MaxHeaderBytes, file.Length - 8) || file.Start[8] != (byte)'{')
        {
            throw new AgentRagException($"{file.Path} is no safetensors file: a JSON header of at most {MaxHeaderBytes} bytes is expected behind its length.");
        }

        try
        {
            using var header = JsonDocument.Parse(new ReadOnlySpan<byte>(file.Start + 8, (int)length).ToArray(), new JsonDocumentOptions { MaxDepth = 8 });
            var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
            var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
            var notRead = new Dictionary<string, string>(StringComparer.Ordinal);
            var ranges = new List<(long Start, long End)>();
            foreach (var entry in header.RootElement.EnumerateObject())
            {
                if (entry.NameEquals(MetadataName))
                {
                    metadata = entry.Value.EnumerateObject().ToDictionary(text => text.Name, text => text.Value.GetString() ?? "", StringComparer.Ordinal);
                }
                else
                {
                    var (tensor, dtype, range) = ReadTensor(file, 8 + (long)length, entry);
                    ranges.Add(range);
                    if (!(tensor is null ? notRead.TryAdd(entry.Name, dtype) : tensors.TryAdd(entry.Name, tensor)))
                    {
                        throw Damaged(file, $"tensor '{entry.Name}' is there twice");
                    }
                }
            }

            RequireNoGaps(file, 8 + (long)length, ranges);
            return new SafetensorsFile(file, metadata, tensors, notRead);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or KeyNotFoundException or ArgumentException)
        {
            throw new AgentRagException($"{file.Path} is damaged: its header is not as safetensors has it ({e.Message}) Download it again.", e);
        }
    }

    private static (Tensor? Tensor, string DType, (long Start, long End) Range) ReadTensor(MappedFile file, long valuesAt, JsonProperty entry)
    {
        var dtype = entry.Value.GetProperty("dtype").GetString();
        var (type, bytes) = dtype switch
        {
            "F32" => (TensorType.F32, 4),
            "F16" => (TensorType.F16, 2),
            "BF16" => (TensorType.BF16, 2),
            _ when dtype is not null && OtherTypes.TryGetValue(dtype, out var other) => ((TensorType?)null, other),
            _ => throw new AgentRagException($"{file.Path}: tensor '{entry.Name}' has dtype {dtype}, this program reads F32, F16 and BF16."),
        };
        long[] shape = [.. entry.Value.GetProperty("shape").EnumerateArray().Select(length => length.GetInt64()).Reverse()];
        var product = UInt128.One;
        foreach (var length in shape)
        {
            product = length is >= 1 and <= int.MaxValue ? product * (ulong)length : UInt128.MaxValue;
            if (shape.Length > 4 || product > (ulong)file.Length)
            {
                throw Damaged(file, $"tensor '{entry.Name}' cannot have the shape [{string.Join(", ", shape.Reverse())}]");
            }
        }

        var offsets = entry.Value.GetProperty("data_offsets");
        if (offsets.GetArrayLength() != 2)
        {
            throw Damaged(file, $"tensor '{entry.Name}' has {offsets.GetArrayLength()} data_offsets, not two");
        }

        var (start, end) = (offsets[0].GetInt64(), offsets[1].GetInt64());
        if (start < 0 || end < start || end > file.Length - valuesAt || (UInt128)(ulong)(end - start) != product * (ulong)bytes)
        {
            throw Damaged(file, $"tensor '{entry.Name}' would lie from {start} to {end}, which is outside the file or not the size of its shape");
        }

        return (type is { } read ? new Tensor(entry.Name, read, shape.Length == 0 ? [1] : shape, file.Start + valuesAt + start) : null, dtype!, (start, end));
    }

    private static void RequireNoGaps(MappedFile file, long valuesAt, List<(long Start, long End)> ranges)
    {
        ranges.Sort();
        var end = 0L;
        foreach (var range in ranges)
        {
            end = range.Start == end ? range.End : throw Damaged(file, $"its tensors overlap or leave a gap at {Math.Min(end, range.Start)}");
        }

        if (end != file.Length - valuesAt)
        {
            throw Damaged(file, $"its tensors end at {end}, its values at {file.Length - valuesAt}");
        }
    }

    private static AgentRagException Damaged(MappedFile file, string what) => new($"{file.Path} is damaged: {what}. Download it again.");
}
