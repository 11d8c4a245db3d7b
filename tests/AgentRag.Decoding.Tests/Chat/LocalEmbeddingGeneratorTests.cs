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
    public async Task A_text_that_is_too_long_and_other_dimensions_are_errors()
    {
        using var small = new LocalEmbeddingGenerator(_folder["m.gguf"], new LocalModelOptions { Threads = 1, ContextTokens = 3 });
        Assert.Matches(@"^A text of \d+ tokens cannot be embedded: m\.gguf takes 1 to 3\.$", (await Assert.ThrowsAsync<AgentRagException>(() => small.GenerateAsync(["babe cadi fogu hiju"]))).Message);
        Assert.Equal(
            "m.gguf makes embeddings of 64 numbers, not of 3.",
            (await Assert.ThrowsAsync<AgentRagException>(() => _generator.GenerateAsync(["babe"], new EmbeddingGenerationOptions { Dimensions = 3 }))).Message);
    }
}
