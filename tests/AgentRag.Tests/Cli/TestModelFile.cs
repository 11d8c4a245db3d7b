using Xunit;

namespace AgentRag.Tests.Cli;

/// <summary>The committed test model, which was trained for 1,024 tokens.</summary>
internal static class TestModelFile
{
    public static string Original { get; } = Path.Combine(AppContext.BaseDirectory, "TestModel", "recall.gguf");

    /// <summary>Writes it as if it had been trained for another context: name, type and value follow one another in the file.</summary>
    public static string TrainedFor(int tokens, string path)
    {
        var bytes = File.ReadAllBytes(Original);
        var name = "qwen2.context_length"u8;
        var at = bytes.AsSpan().IndexOf(name) + name.Length + sizeof(uint);
        Assert.Equal(1_024, BitConverter.ToInt32(bytes, at));
        Assert.True(BitConverter.TryWriteBytes(bytes.AsSpan(at), tokens));
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
