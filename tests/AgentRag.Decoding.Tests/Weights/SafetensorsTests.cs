using System.Text;
using AgentRag.Decoding.Weights;
using Xunit;

namespace AgentRag.Decoding.Tests.Weights;

public sealed class SafetensorsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_written_is_read_again_and_rows_come_last_in_the_file()
    {
        new SafetensorsWriter().Add("format", "pt").Add("a", TensorType.F32, [3, 2], [1, 2, 3, 4, 5, 6]).Add("b", TensorType.BF16, [1], [0.5f])
            .Write(_folder["a.safetensors"]);

        using var file = SafetensorsFile.Open(_folder["a.safetensors"]);
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Equal((3, 2L), (file.Tensors["a"].Columns, file.Tensors["a"].Rows));
        Assert.Equal([1f, 2, 3, 4, 5, 6], file.Tensors["a"].ReadAll());
        Assert.Equal([0.5f], file.Tensors["b"].ReadAll());
        Assert.Contains("\"shape\":[2,3]", Encoding.UTF8.GetString(File.ReadAllBytes(_folder["a.safetensors"])), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_written_by_hand_is_read()
    {
        using var file = SafetensorsFile.Open(Write("""{"x":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}""", [0x00, 0x3C, 0x00, 0xC0]));
        Assert.Equal([1f, -2f], file.Tensors["x"].ReadAll());
    }

    [Fact]
    public void Tensors_of_whole_numbers_are_left_out_and_named()
    {
        using var file = SafetensorsFile.Open(Write(
            """{"position_ids":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},"x":{"dtype":"F16","shape":[2],"data_offsets":[8,12]}}""",
            [1, 0, 0, 0, 0, 0, 0, 0, 0x00, 0x3C, 0x00, 0xC0]));
        Assert.Equal([1f, -2f], file.Tensors["x"].ReadAll());
        Assert.Equal(["position_ids"], file.NotRead.Keys);
        Assert.Single(file.Tensors);
    }

    [Theory]
    [InlineData("""{"x":{"dtype":"C64","shape":[1],"data_offsets":[0,4]}}""", "tensor 'x' has dtype C64, this program reads F32, F16 and BF16.")]
    [InlineData("""{"x":{"dtype":"I64","shape":[1],"data_offsets":[0,4]}}""", "tensor 'x' would lie from 0 to 4")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", "tensor 'x' would lie from 0 to 4")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "tensor 'x' would lie from 4 to 8")]
    [InlineData("""{"x":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}""", "its tensors end at 2, its values at 4")]
    [InlineData("""{"x":{"dtype":"F16","shape":[1],"data_offsets":[2,4]}}""", "overlap or leave a gap at 0")]
    [InlineData("""{"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", "cannot have the shape [-1]")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2147483647,2147483647,2147483647,2147483647],"data_offsets":[0,4]}}""", "cannot have the shape")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[]}}""", "tensor 'x' has 0 data_offsets, not two. Download it again.")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0]}}""", "tensor 'x' has 1 data_offsets, not two. Download it again.")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}""", "tensor 'x' has 3 data_offsets, not two. Download it again.")]
    [InlineData("""{"x":{"dtype":"F32"}}""", "its header is not as safetensors has it")]
    [InlineData("""{"x":[1]}""", "its header is not as safetensors has it")]
    [InlineData("""{"x":""", "its header is not as safetensors has it")]
    public void A_damaged_header_is_named(string header, string expected)
    {
        var path = Write(header, new byte[4]);
        var fault = Assert.Throws<AgentRagException>(() => SafetensorsFile.Open(path));
        Assert.StartsWith(path, fault.Message, StringComparison.Ordinal);
        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_cut_and_every_changed_byte_is_an_error_or_leaves_a_readable_file()
    {
        new SafetensorsWriter().Add("format", "pt").Add("a", TensorType.F32, [3, 2], [1, 2, 3, 4, 5, 6]).Add("b", TensorType.BF16, [2], [0.5f, 1])
            .Write(_folder["sound.safetensors"]);
        var sound = File.ReadAllBytes(_folder["sound.safetensors"]);
        for (var i = 0; i < sound.Length; i++)
        {
            RequireErrorOrReadable(sound[..i]);
            foreach (var flip in (byte[])[0x01, 0x10, 0x80])
            {
                byte[] changed = [.. sound];
                changed[i] ^= flip;
                RequireErrorOrReadable(changed);
            }
        }
    }

    private void RequireErrorOrReadable(byte[] bytes)
    {
        _folder.Write("damaged", bytes);
        try
        {
            using var file = SafetensorsFile.Open(_folder["damaged"]);
            Assert.All(file.Tensors.Values, tensor => Assert.Equal(tensor.Rows * tensor.Columns, tensor.ReadAll().Length));
        }
        catch (AgentRagException)
        {
            // Says what is wrong; the texts have tests of their own.
        }
    }

    private string Write(string header, byte[] values) =>
        _folder.Write("a.safetensors", [.. BitConverter.GetBytes((ulong)header.Length), .. Encoding.UTF8.GetBytes(header), .. values]);
}
