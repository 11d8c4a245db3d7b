using AgentRag.Decoding.Chat;
using AgentRag.Decoding.Tests.Transformers;
using AgentRag.Decoding.Transformers;
using AgentRag.Decoding.Weights;
using Microsoft.Extensions.AI;
using Xunit;

namespace AgentRag.Decoding.Tests.Chat;

public sealed class LocalEmbeddingGeneratorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly LocalEmbeddingGenerator _generator;

    public LocalEmbeddingGeneratorTests()
    {
        RandomModel.Write(_folder["m.gguf"], Shapes.Llama with { VocabularySize = 1_000 }, TensorType.Q8_0, seed: 61);
        _generator = new LocalEmbeddingGenerator(_folder["m.gguf"], new LocalModelOptions { Threads = 1 });
    }

    public void Dispose()
    {
        _generator.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_text_gives_the_same_numbers_whatever_is_embedded_with_it_and_length_one()
    {
        var longText = string.Join(' ', Enumerable.Repeat("babe cadi fogu", 20)); // more than one chunk of tokens
        var together = await _generator.GenerateAsync(["babe", longText, "cadi"]);
        foreach (var (text, i) in ((string, int)[])[("babe", 0), (longText, 1), ("cadi", 2)])
        {
            var alone = (await _generator.GenerateAsync([text]))[0].Vector.ToArray();
            Assert.Equal(alone, together[i].Vector.ToArray());
            Assert.Equal(64, alone.Length);
            Assert.Equal(1, alone.Sum(value => (double)value * value), 1e-5);
        }

        Assert.NotEqual(together[0].Vector.ToArray(), together[2].Vector.ToArray());
        Assert.True(together.Usage!.InputTokenCount > 128);
    }

    [Fact]
    public async Task A_text_that_is_too_long_is_read_as_far_as_the_context_goes()
    {
        using var small = new LocalEmbeddingGenerator(_folder["m.gguf"], new LocalModelOptions { Threads = 1, ContextTokens = 3 });
        var embeddings = await small.GenerateAsync(["bcd", "b"]);

        // <s>, the space that is put before a text, and b.
        Assert.Equal(embeddings[1].Vector.ToArray(), embeddings[0].Vector.ToArray());
        Assert.Equal((1, 3, 6L), (small.TruncatedTexts, small.ContextTokens, embeddings.Usage!.InputTokenCount!.Value));
    }

    [Fact]
    public async Task Other_dimensions_are_an_error() => Assert.Equal(
        "m.gguf makes embeddings of 64 numbers, not of 3.",
        (await Assert.ThrowsAsync<AgentRagException>(() => _generator.GenerateAsync(["babe"], new EmbeddingGenerationOptions { Dimensions = 3 }))).Message);

    [Fact]
    public void The_key_is_the_files_content_and_not_its_name()
    {
        File.Copy(_folder["m.gguf"], _folder["renamed.gguf"]);
        RandomModel.Write(_folder["other.gguf"], Shapes.Llama with { VocabularySize = 1_000 }, TensorType.Q8_0, seed: 62);
        using var renamed = new LocalEmbeddingGenerator(_folder["renamed.gguf"], new LocalModelOptions { Threads = 1 });
        using var other = new LocalEmbeddingGenerator(_folder["other.gguf"], new LocalModelOptions { Threads = 1 });
        Assert.Equal(_generator.ModelKey, renamed.ModelKey);
        Assert.NotEqual(_generator.ModelKey, other.ModelKey);
        Assert.Matches("^gguf:[0-9a-f]{16}/mean$", renamed.ModelKey);
    }
}
