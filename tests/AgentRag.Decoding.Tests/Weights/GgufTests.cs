using System.Buffers.Binary;
using System.Text;
using AgentRag.Decoding.Weights;
using Xunit;

namespace AgentRag.Decoding.Tests.Weights;

public sealed class GgufTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_written_is_read_again()
    {
        object[] values =
        [
            (byte)200, (sbyte)-100, (ushort)60_000, (short)-30_000, 4_000_000_000u, -2_000_000_000, 1.5f, true, "héllo", 1ul << 60, -(1L << 60), Math.PI,
            new[] { "a", "", "漢" }, new[] { 1f, -2f }, new[] { 1, 2, 3 }, new[] { true, false }, new uint[] { 7 },
        ];
        var writer = new GgufWriter { Alignment = 64 };
        for (var i = 0; i < values.Length; i++)
        {
            writer.Add($"v{i}", values[i]);
        }

        writer.Add("weights", TensorType.F32, [3, 2], [1, 2, 3, 4, 5, 6]).Add("small", TensorType.F16, [2], [0.5f, -2]).Write(_folder["a.gguf"]);

        using var file = GgufFile.Open(_folder["a.gguf"]);
        for (var i = 0; i < values.Length; i++)
        {
            Assert.True(file.Metadata.TryGet($"v{i}", out var value));
            Assert.Equal(values[i], value);
        }

        Assert.Equal(64, file.Metadata.Integer("general.alignment"));
        Assert.Equal([1f, 2, 3, 4, 5, 6], file.Tensors["weights"].ReadAll());
        Assert.Equal((3, 2L), (file.Tensors["weights"].Columns, file.Tensors["weights"].Rows));
        Assert.Equal([0.5f, -2], file.Tensors["small"].ReadAll());
    }

    [Fact]
    public void A_file_written_byte_by_byte_after_the_specification_is_read()
    {
        var bytes = new MemoryStream();
        using (var writer = new BinaryWriter(bytes, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write("GGUF"u8);
            writer.Write(3u);
            writer.Write(1ul); // tensors
            writer.Write(1ul); // metadata
            Text(writer, "general.architecture");
            writer.Write(8u);
            Text(writer, "llama");
            Text(writer, "t");
            writer.Write(2u); // dimensions
            writer.Write(2ul);
            writer.Write(1ul);
            writer.Write(0u); // F32
            writer.Write(0ul); // offset
            while (bytes.Length % 32 != 0)
            {
                writer.Write((byte)0);
            }

            writer.Write(1.25f);
            writer.Write(-3f);
        }

        using var file = GgufFile.Open(_folder.Write("a.gguf", bytes.ToArray()));
        Assert.Equal("llama", file.Metadata.Text("general.architecture"));
        Assert.Equal([1.25f, -3f], file.Tensors["t"].ReadAll());

        static void Text(BinaryWriter writer, string text)
        {
            writer.Write((ulong)text.Length);
            writer.Write(Encoding.ASCII.GetBytes(text));
        }
    }

    [Fact]
    public void Metadata_of_another_type_is_named_with_its_file()
    {
        new GgufWriter().Add("llama.block_count", "two").Write(_folder["a.gguf"]);
        using var file = GgufFile.Open(_folder["a.gguf"]);
        var fault = Assert.Throws<AgentRagException>(() => file.Metadata.Integer("llama.block_count"));
        Assert.Equal(
            $"{file.Path}: metadata 'llama.block_count' is of type String, expected a whole number of 32 bits: the file is damaged or not made for this program.",
            fault.Message);
    }

    [Fact]
    public void A_file_that_is_not_there_or_empty_or_of_another_kind_is_a_clear_error()
    {
        Assert.StartsWith($"Model file {_folder["no.gguf"]} cannot be read: ", Fault("no.gguf"), StringComparison.Ordinal);
        _folder.Write("empty.gguf", []);
        Assert.Equal($"{_folder["empty.gguf"]} is empty: it is no model file. Download or copy it again.", Fault("empty.gguf"));
        _folder.Write("zip.gguf", [.. "PK\u0003\u0004"u8, .. new byte[100]]);
        Assert.Equal($"{_folder["zip.gguf"]} is no GGUF file: it does not begin with 'GGUF'.", Fault("zip.gguf"));
        _folder.Write("old.gguf", [.. "GGUF"u8, 1, 0, 0, 0, .. new byte[32]]);
        Assert.Equal(
            $"{_folder["old.gguf"]} has GGUF version 1, this program reads version 3: convert the model again with a current converter.", Fault("old.gguf"));
    }

    [Fact]
    public void A_tensor_type_that_is_not_known_is_named_with_the_way_out()
    {
        new GgufWriter().Add("t", TensorType.F32, [1], [1]).Write(_folder["a.gguf"]);
        var bytes = File.ReadAllBytes(_folder["a.gguf"]);
        var type = Encoding.Latin1.GetString(bytes).IndexOf('t', 24) + 1 + 4 + 8;
        bytes[type] = 13;
        _folder.Write("a.gguf", bytes);
        Assert.Equal(
            $"{_folder["a.gguf"]}: tensor 't' has type 13, this program reads F32, F16, Q4_0, Q8_0, Q4_K, Q6_K, BF16: quantise the model to one of them.", Fault("a.gguf"));
    }

    [Theory]
    [InlineData(8, "tensors")]
    [InlineData(16, "metadata values")]
    public void A_count_that_the_file_has_no_room_for_is_refused_before_anything_is_allocated(int at, string what)
    {
        var bytes = Sound();
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at), ulong.MaxValue - 1);
        _folder.Write("a.gguf", bytes);
        Assert.Contains($"{ulong.MaxValue - 1} {what} are announced", Fault("a.gguf"), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_cut_and_every_changed_byte_is_an_error_or_leaves_a_readable_file()
    {
        var sound = Sound();
        for (var i = 0; i < sound.Length; i++)
        {
            RequireErrorOrReadable(sound[..i]);
            foreach (var flip in (byte[])[0x01, 0x40, 0x80, 0xFF])
            {
                byte[] changed = [.. sound];
                changed[i] ^= flip;
                RequireErrorOrReadable(changed);
            }
        }
    }

    [Theory]
    [InlineData(1), InlineData(2)]
    public void Random_damage_is_an_error_or_leaves_a_readable_file(int seed)
    {
        var random = new Random(seed);
        var sound = Sound();
        for (var run = 0; run < 2_000; run++)
        {
            byte[] changed = [.. sound];
            for (var flips = random.Next(1, 8); flips > 0; flips--)
            {
                var at = random.Next(changed.Length - 8);
                if (random.Next(2) == 0)
                {
                    changed[at] = (byte)random.Next(256);
                }
                else
                {
                    BinaryPrimitives.WriteInt64LittleEndian(changed.AsSpan(at), random.NextInt64() >> random.Next(64));
                }
            }

            RequireErrorOrReadable(changed);
        }
    }

    private void RequireErrorOrReadable(byte[] bytes)
    {
        _folder.Write("damaged.gguf", bytes);
        try
        {
            using var file = GgufFile.Open(_folder["damaged.gguf"]);
            Assert.All(file.Tensors.Values, tensor => Assert.Equal(tensor.Rows * tensor.Columns, tensor.ReadAll().Length));
        }
        catch (AgentRagException fault)
        {
            Assert.StartsWith(_folder["damaged.gguf"], fault.Message.Replace("Model file ", "", StringComparison.Ordinal), StringComparison.Ordinal);
        }
    }

    private byte[] Sound()
    {
        new GgufWriter()
            .Add("general.architecture", "llama")
            .Add("list", new[] { "a", "bc" })
            .Add("numbers", new[] { 1f, 2f })
            .Add("t", TensorType.Q8_0, [32, 2], new float[64])
            .Add("u", TensorType.F32, [2, 2, 1], [1, 2, 3, 4])
            .Write(_folder["sound.gguf"]);
        return File.ReadAllBytes(_folder["sound.gguf"]);
    }

    private string Fault(string name) => Assert.Throws<AgentRagException>(() => GgufFile.Open(_folder[name])).Message;
}
