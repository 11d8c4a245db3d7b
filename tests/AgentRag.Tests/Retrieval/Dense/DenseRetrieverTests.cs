using AgentRag.Documents;
using AgentRag.Indexing;
using AgentRag.Indexing.Vectors;
using AgentRag.Retrieval;
using AgentRag.Retrieval.Dense;
using AgentRag.Retrieval.Lexical;
using AgentRag.Tests.Fakes;
using AgentRag.Tokens;
using Xunit;

namespace AgentRag.Tests.Retrieval.Dense;

public sealed class DenseRetrieverTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly HashingEmbedder _model = new();

    private string IndexPath => _folder["index"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Cosines_equal_the_values_worked_by_hand()
    {
        // The query points along (3, 4): cosines 1, 0.6, 0.8, -1 and, for a vector of zeros, 0.
        using var made = await MadeStore.MakeAsync([[6, 8], [2, 0], [0, 0.5f], [-3, -4], [0, 0]], [[3, 4]], keepFloat32: true);
        var found = await RetrieveAsync(made, new("q0", 5));
        Assert.Equal(["p0#0", "p2#0", "p1#0", "p4#0", "p3#0"], found.Select(passage => passage.Passage.Id));
        Assert.Equal([1, 0.8, 0.6, 0, -1], found.Select(passage => passage.Score), (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.Equal([1, 2, 3, 4, 5], found.Select(passage => passage.Rank));
    }

    [Theory]
    [InlineData(7), InlineData(64), InlineData(100)]
    public async Task With_float32_kept_the_ranking_is_that_of_plain_floats(int dimensions)
    {
        var (vectors, queries) = (ClusteredVectors.Make(1, 1500, dimensions, 20, 0.6), ClusteredVectors.Make(2, 20, dimensions, 20, 0.6));
        using var made = await MadeStore.MakeAsync(vectors, queries, keepFloat32: true, requestsPerCommit: 1);
        for (var query = 0; query < queries.Length; query++)
        {
            var expected = Cosines(vectors, queries[query]).Select((score, i) => (Id: $"p{i}#0", Score: score)).OrderByDescending(passage => passage.Score).Take(30).ToList();
            var found = await RetrieveAsync(made, new($"q{query}", 30));
            Assert.Equal(expected.Select(passage => passage.Id), found.Select(passage => passage.Passage.Id));
            Assert.Equal(expected.Select(passage => passage.Score), found.Select(passage => passage.Score), (a, b) => Math.Abs(a - b) < 1e-5);
        }
    }

    [Fact]
    public async Task Int8_alone_is_never_further_off_than_its_bound_and_orders_what_lies_further_apart()
    {
        const int Dimensions = 96;
        var (vectors, queries) = (ClusteredVectors.Make(3, 1000, Dimensions, 10, 0.7), ClusteredVectors.Make(4, 20, Dimensions, 10, 0.7));
        using var made = await MadeStore.MakeAsync(vectors, queries, keepFloat32: false);
        for (var query = 0; query < queries.Length; query++)
        {
            var exact = Cosines(vectors, queries[query]);
            var unit = Unit(queries[query]);

            // Each component is off by half a step at most, so the product by half a step times the sum of the query's components.
            var bounds = vectors.Select(vector => Unit(vector).Max(Math.Abs) / 127 / 2 * unit.Sum(Math.Abs)).ToArray();
            var found = await RetrieveAsync(made, new($"q{query}", 50));
            var numbers = found.Select(passage => int.Parse(passage.Passage.DocumentId.AsSpan(1))).ToList();
            Assert.All(found.Zip(numbers), pair => Assert.InRange(Math.Abs(pair.First.Score - exact[pair.Second]), 0, bounds[pair.Second] + 1e-5));

            // Nobody who was left out can be better than the last by more than both bounds.
            var last = exact[numbers[^1]] + bounds[numbers[^1]];
            Assert.All(Enumerable.Range(0, vectors.Length).Except(numbers), i => Assert.True(exact[i] - bounds[i] <= last + 1e-5));
        }
    }

    [Fact]
    public async Task Every_level_and_any_number_of_threads_give_the_same_bits()
    {
        var (vectors, queries) = (ClusteredVectors.Make(5, 3000, 384, 30, 0.8), ClusteredVectors.Make(6, 5, 384, 30, 0.8));
        using var made = await MadeStore.MakeAsync(vectors, queries, keepFloat32: false, requestsPerCommit: 1);
        for (var query = 0; query < queries.Length; query++)
        {
            var expected = (await RetrieveAsync(made, new($"q{query}", 100), new() { Threads = 1 }, SimdLevel.Portable)).Select(found => (found.Passage.Id, found.Score)).ToList();
            foreach (var level in Enum.GetValues<SimdLevel>().Where(level => level <= SimdLevels.Best))
            {
                foreach (var threads in new[] { 1, 2, 5 })
                {
                    var found = await RetrieveAsync(made, new($"q{query}", 100), new() { Threads = threads }, level);
                    Assert.Equal(expected, found.Select(passage => (passage.Passage.Id, passage.Score)));
                }
            }
        }
    }

    [Fact]
    public async Task Scans_larger_than_one_part_split_among_threads_find_the_same()
    {
        var vectors = ClusteredVectors.Make(7, 40_000, 16, 200, 0.5);
        using var made = await MadeStore.MakeAsync(vectors, [vectors[123], vectors[39_999]], keepFloat32: false, requestsPerCommit: 20);
        for (var query = 0; query < 2; query++)
        {
            var one = await RetrieveAsync(made, new($"q{query}", 20), new() { Threads = 1 });
            var four = await RetrieveAsync(made, new($"q{query}", 20), new() { Threads = 4 });
            Assert.Equal(one.Select(found => (found.Passage.Id, found.Score)), four.Select(found => (found.Passage.Id, found.Score)));
            Assert.Equal(query == 0 ? "p123#0" : "p39999#0", one[0].Passage.Id);
        }
    }

    [Fact]
    public async Task The_filter_by_signs_misses_few_of_the_true_best_on_clustered_vectors()
    {
        var (vectors, queries) = (ClusteredVectors.Make(9, 20_000, 384, 500, 0.8), ClusteredVectors.Make(9, 40, 384, 500, 0.8));
        using var made = await MadeStore.MakeAsync(vectors, queries, keepFloat32: false);
        var common = 0;
        for (var query = 0; query < queries.Length; query++)
        {
            var exact = await RetrieveAsync(made, new($"q{query}", 10));
            var bySigns = await RetrieveAsync(made, new($"q{query}", 10), new() { SignFilterFromVectors = 0 });
            common += exact.Select(found => found.Passage.Id).Intersect(bySigns.Select(found => found.Passage.Id)).Count();
        }

        Assert.InRange(common / (10.0 * queries.Length), 0.98, 1);
    }

    [Fact]
    public async Task Deleted_passages_are_not_found_and_those_without_a_vector_are_counted()
    {
        foreach (var name in new[] { "zebra", "heron", "stork" })
        {
            _folder.Write($"docs/{name}.md", $"the {name} lives here");
        }

        await IndexAsync(_folder["docs"]);
        await EmbedAsync();
        File.Delete(_folder["docs/heron.md"]);
        _folder.Write("docs/new.md", "the heron moved");
        await IndexAsync();
        var index = Bm25Index.Open(IndexPath);
        var retriever = new DenseRetriever(index, VectorStore.Open(IndexPath), _model);
        Assert.Equal((2, 3), (retriever.PassagesWithVector, index.PassageCount));
        Assert.Equal(["stork", "zebra"], (await retriever.RetrieveAsync(new("stork", 10))).Select(found => found.Passage.Title));

        await EmbedAsync();
        retriever = new(index, VectorStore.Open(IndexPath), _model);
        Assert.Equal(3, retriever.PassagesWithVector);
        Assert.Equal("new", (await retriever.RetrieveAsync(new("the heron moved", 1))).Single().Passage.Title);
    }

    [Fact]
    public async Task Passages_of_the_same_text_are_all_found_and_a_filter_lets_some_of_them_pass()
    {
        Passage[] passages =
        [
            TestPassages.Passage("a", "zebra", title: "t"), TestPassages.Passage("b", "heron", title: "t"), TestPassages.Passage("c", "zebra", title: "t"),
            TestPassages.Passage("d", "zebra and heron", title: "t"),
        ];
        var index = Bm25Index.Build(passages);
        await new PassageEmbedder(_model).RunAsync(index, new() { IndexDirectory = IndexPath });
        var store = VectorStore.Open(IndexPath);
        Assert.Equal(3, store.Count);
        var retriever = new DenseRetriever(index, store, _model);
        Assert.Equal(["a", "c"], (await retriever.RetrieveAsync(new("t zebra", 2))).Select(found => found.Passage.DocumentId));
        Assert.Equal(["a", "c", "d", "b"], (await retriever.RetrieveAsync(new("t zebra", 10))).Select(found => found.Passage.DocumentId));
        var filter = new PassageFilter { DocumentIds = ["b", "c"] };
        Assert.Equal(["c", "b"], (await retriever.RetrieveAsync(new("t zebra", 10) { Filter = filter })).Select(found => found.Passage.DocumentId));
        Assert.Equal(["c"], (await retriever.RetrieveAsync(new("t zebra", 1) { Filter = filter })).Select(found => found.Passage.DocumentId));
        Assert.Empty(await retriever.RetrieveAsync(new("t zebra", 0)));
        Assert.Empty(await retriever.RetrieveAsync(new("t zebra", 5) { Filter = new() { DocumentIds = [] } }));
    }

    [Fact]
    public async Task The_query_gets_its_prefix_and_an_explanation_names_model_and_form()
    {
        var index = Bm25Index.Build([TestPassages.Passage("a", "zebra"), TestPassages.Passage("b", "heron")]);
        await new PassageEmbedder(_model).RunAsync(index, new() { IndexDirectory = IndexPath, QueryPrefix = "query: ", KeepFloat32 = true });
        _model.Requests.Clear();
        var found = await new DenseRetriever(index, VectorStore.Open(IndexPath), _model).RetrieveAsync(new("zebra", 1) { Explain = true });
        Assert.Equal(["query: zebra"], _model.Texts);
        Assert.Equal("cosine of query and passage by hash, 48 dimensions, float32 among 2 vectors", found[0].Explanation!.Description);
        Assert.Equal(found[0].Score, found[0].Explanation!.Value);
    }

    [Fact]
    public async Task Another_model_is_an_error_before_anything_is_asked_and_another_length_when_it_shows()
    {
        var index = Bm25Index.Build([TestPassages.Passage("a", "zebra")]);
        await new PassageEmbedder(_model).RunAsync(index, new() { IndexDirectory = IndexPath });
        using var other = new HashingEmbedder("other");
        Assert.Equal(
            $"The vectors of index '{IndexPath}' were made with embedding model hash (48 dimensions), this run uses other (48 dimensions): use that model again, or make them anew with 'agentrag index --embeddings NAME --force-embeddings'.",
            Assert.Throws<AgentRagException>(() => new DenseRetriever(index, VectorStore.Open(IndexPath), other)).Message);
        Assert.Empty(other.Requests);

        var retriever = new DenseRetriever(index, VectorStore.Open(IndexPath), _model);
        _model.Dimensions = 12;
        Assert.Equal(
            $"The vectors of index '{IndexPath}' were made with embedding model hash (48 dimensions), this run uses hash (12 dimensions): use that model again, or make them anew with 'agentrag index --embeddings NAME --force-embeddings'.",
            (await Assert.ThrowsAsync<AgentRagException>(() => retriever.RetrieveAsync(new("zebra", 1)))).Message);
    }

    private static async Task<IReadOnlyList<RankedPassage>> RetrieveAsync(MadeStore made, RetrievalQuery query, DenseOptions? options = null, SimdLevel? level = null) =>
        await new DenseRetriever(made.Index, made.Store, made, options) { Simd = level ?? SimdLevels.Best }.RetrieveAsync(query);

    private static double[] Cosines(float[][] vectors, float[] query)
    {
        var unit = Unit(query);
        return Array.ConvertAll(vectors, vector => Unit(vector).Zip(unit, (a, b) => a * b).Sum());
    }

    private static double[] Unit(float[] vector)
    {
        var length = Math.Sqrt(vector.Sum(component => (double)component * component));
        return Array.ConvertAll(vector, component => component / length);
    }

    private Task<IndexResult> IndexAsync(params string[] paths) =>
        new Indexer(new EstimatingTokenCounter()).RunAsync(new() { IndexDirectory = IndexPath, Paths = paths });

    private Task<EmbeddingResult> EmbedAsync() => new PassageEmbedder(_model).RunAsync(Bm25Index.Open(IndexPath), new() { IndexDirectory = IndexPath });
}
