using AgentRag.Indexing;
using AgentRag.Indexing.Vectors;
using AgentRag.Retrieval;
using AgentRag.Retrieval.Fusion;
using AgentRag.Tests.Fakes;
using Xunit;

namespace AgentRag.Tests.Retrieval.Fusion;

public sealed class RetrieverChoiceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly HashingEmbedder _model = new();
    private readonly Bm25Index _index = Bm25Index.Build([TestPassages.Passage("a", "zebra stripes"), TestPassages.Passage("b", "heron")]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task With_a_model_and_vectors_it_is_hybrid_and_both_legs_explain_themselves()
    {
        await EmbedAsync(_index);
        var choice = Make(_model);
        Assert.Equal("hybrid: bm25 and hash over 2 of 2 passages", choice.Reason);
        Assert.Equal("hybrid", choice.Retriever.Name);
        var found = await choice.Retriever.RetrieveAsync(new("zebra", 2) { Explain = true });
        Assert.Equal("a", found[0].Passage.DocumentId);
        Assert.StartsWith("bm25: rank 1, score ", found[0].Explanation!.Parts[0].Description, StringComparison.Ordinal);
        Assert.StartsWith("dense: rank 1, score ", found[0].Explanation!.Parts[1].Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_model_or_without_vectors_it_is_lexical_alone_and_says_why()
    {
        Assert.Equal(("bm25", "bm25 alone: the index has no vectors yet, make them with 'agentrag index --embeddings NAME'"), Described(Make(_model)));
        await EmbedAsync(Bm25Index.Build([TestPassages.Passage("z", "quite another text")]));
        Assert.Equal(("bm25", "bm25 alone: no passage of the index has a vector yet, make them with 'agentrag index --embeddings NAME'"), Described(Make(_model)));
        Assert.Equal(("bm25", "bm25 alone: no embedding model is configured"), Described(Make(model: null)));
    }

    [Fact]
    public async Task Another_model_than_that_of_the_vectors_is_an_error_and_never_lexical_alone()
    {
        await EmbedAsync(_index);
        using var other = new HashingEmbedder("other");
        Assert.Contains("were made with embedding model hash", Assert.Throws<AgentRagException>(() => Make(other)).Message, StringComparison.Ordinal);
    }

    private RetrieverChoice Make(HashingEmbedder? model) =>
        RetrieverChoice.Make(new Bm25Retriever(_index), _index, VectorStore.OpenIfAny(_folder.Path), model);

    private Task<EmbeddingResult> EmbedAsync(Bm25Index index) => new PassageEmbedder(_model).RunAsync(index, new() { IndexDirectory = _folder.Path });

    private static (string Name, string Reason) Described(RetrieverChoice choice) => (choice.Retriever.Name, choice.Reason);
}
