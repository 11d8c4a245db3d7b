using AgentRag.Indexing;
using AgentRag.Indexing.Vectors;
using AgentRag.Retrieval.Dense;
using AgentRag.Tests.Fakes;
using Xunit;

namespace AgentRag.Tests.Indexing.Vectors;

public sealed class DamagedVectorsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly HashingEmbedder _model = new(dimensions: 20);
    private readonly Bm25Index _index = Bm25Index.Build(Enumerable.Range(0, 7).Select(i => TestPassages.Passage($"p{i}", $"text {i}")));

    private string Manifest => _folder["vectors/vectors.json"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void An_index_without_vectors_says_how_to_make_them()
    {
        Assert.Null(VectorStore.OpenIfAny(_folder.Path));
        Assert.Equal(
            $"Index '{_folder.Path}' has no vectors yet: make them with 'agentrag index --embeddings NAME'.",
            Assert.Throws<AgentRagException>(() => VectorStore.Open(_folder.Path)).Message);
    }

    [Theory]
    [InlineData("\"formatVersion\": 1", "\"formatVersion\": 7", "The vectors of index '{0}' have format version 7, this program reads version 1: update agentrag, or make them anew with 'agentrag index --embeddings NAME --force-embeddings'.")]
    [InlineData("\"model\"", "\"modell\"", "The vectors of index '{0}' are damaged (vectors.json is not valid JSON or lacks a field): make them anew with 'agentrag index --embeddings NAME --force-embeddings'.")]
    [InlineData("\"hash\"", "\"hush\"", "The vectors of index '{0}' are damaged (vectors.json does not fit its checksum): make them anew with 'agentrag index --embeddings NAME --force-embeddings'.")]
    public async Task A_damaged_manifest_is_an_error_and_force_mends_it(string text, string replacement, string message)
    {
        await EmbedAsync();
        var manifest = await File.ReadAllTextAsync(Manifest);
        Assert.Contains(text, manifest, StringComparison.Ordinal);
        await File.WriteAllTextAsync(Manifest, manifest.Replace(text, replacement, StringComparison.Ordinal));
        Assert.Equal(string.Format(message, _folder.Path), Assert.Throws<AgentRagException>(() => VectorStore.Open(_folder.Path)).Message);
        Assert.Equal(string.Format(message, _folder.Path), (await Assert.ThrowsAsync<AgentRagException>(() => EmbedAsync())).Message);
        await EmbedAsync(force: true);
        Assert.Equal(7, VectorStore.Open(_folder.Path).Count);
    }

    [Fact]
    public async Task A_missing_file_is_an_error_that_names_it()
    {
        await EmbedAsync();
        var path = Directory.GetFiles(_folder["vectors"], "vectors-*.bin").Single();
        File.Delete(path);
        Assert.Equal(
            $"The vectors of index '{_folder.Path}' are damaged ({Path.GetFileName(path)} is missing): make them anew with 'agentrag index --embeddings NAME --force-embeddings'.",
            Assert.Throws<AgentRagException>(() => VectorStore.Open(_folder.Path)).Message);
    }

    [Fact]
    public async Task Every_cut_and_every_changed_byte_is_noticed_or_lies_where_nothing_is_read()
    {
        await EmbedAsync();
        var expected = await RankAsync();
        foreach (var path in Directory.GetFiles(_folder["vectors"], "*.bin"))
        {
            var sound = await File.ReadAllBytesAsync(path);
            for (var i = 0; i < sound.Length; i++)
            {
                await File.WriteAllBytesAsync(path, sound.AsMemory(0, i));
                Assert.StartsWith($"The vectors of index '{_folder.Path}' are damaged", Assert.Throws<AgentRagException>(() => VectorStore.Open(_folder.Path)).Message, StringComparison.Ordinal);
                byte[] changed = [.. sound];
                changed[i] ^= 0x10;
                await File.WriteAllBytesAsync(path, changed);
                try
                {
                    var ranking = await RankAsync();
                    Assert.Equal(expected, ranking);
                }
                catch (AgentRagException exception)
                {
                    Assert.StartsWith($"The vectors of index '{_folder.Path}' are damaged", exception.Message, StringComparison.Ordinal);
                }
            }

            await File.WriteAllBytesAsync(path, sound);
        }
    }

    private async Task<List<(string Id, double Score)>> RankAsync()
    {
        var retriever = new DenseRetriever(_index, VectorStore.Open(_folder.Path), _model, new() { Threads = 1 });
        return [.. (await retriever.RetrieveAsync(new("text 3", 7))).Select(found => (found.Passage.Id, found.Score))];
    }

    private Task<EmbeddingResult> EmbedAsync(bool force = false) =>
        new PassageEmbedder(_model).RunAsync(_index, new() { IndexDirectory = _folder.Path, Force = force, KeepFloat32 = true });
}
