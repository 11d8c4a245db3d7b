using AgentRag.Indexing;
using AgentRag.Indexing.Vectors;
using AgentRag.Tests.Fakes;
using AgentRag.Tests.Models;
using AgentRag.Tests.Retrieval;
using AgentRag.Tokens;
using Xunit;

namespace AgentRag.Tests.Indexing.Vectors;

public sealed class PassageEmbedderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly HashingEmbedder _model = new();

    private string IndexPath => _folder["index"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_passage_is_embedded_as_prefix_title_headings_and_text()
    {
        var index = Bm25Index.Build([
            TestPassages.Passage("a", "zebra stripes", title: "Zebras") with { HeadingPath = ["Skin", "Colour"] },
            TestPassages.Passage("b", "no headings", title: "Plain"),
        ]);
        var result = await RunAsync(index, new() { IndexDirectory = IndexPath, PassagePrefix = "passage: ", QueryPrefix = "query: " });
        Assert.Equal(["passage: Zebras\nSkin\nColour\nzebra stripes", "passage: Plain\nno headings"], _model.Texts);
        Assert.Equal(("hash", 48, 2, 0, 20L), (result.Model, result.Dimensions, result.Embedded, result.Reused, result.Tokens));
        Assert.Equal(("hash", 48, 2, "query: ", false), Described(VectorStore.Open(IndexPath)));
        Assert.Equal(new DirectoryInfo(Path.Combine(IndexPath, "vectors")).EnumerateFiles().Sum(file => file.Length), result.BytesOnDisk);
    }

    [Fact]
    public async Task What_has_its_vector_is_not_embedded_again_and_equal_texts_are_embedded_once()
    {
        var first = Bm25Index.Build([TestPassages.Passage("a", "one"), TestPassages.Passage("b", "two")]);
        await RunAsync(first);
        var second = Bm25Index.Build([
            TestPassages.Passage("c", "three"), TestPassages.Passage("a", "one"), TestPassages.Passage("c2", "three", title: "c"), TestPassages.Passage("e", "one", title: "other"),
        ]);
        _model.Requests.Clear();
        var result = await RunAsync(second);
        Assert.Equal(["c\nthree", "other\none"], _model.Texts);
        Assert.Equal((2, 1), (result.Embedded, result.Reused));
        var store = VectorStore.Open(IndexPath);
        Assert.Equal([2, 0, 2, 3], store.RowsOf(second.Segments[0].Segment));
        _model.Requests.Clear();
        Assert.Equal((0, 3), ((await RunAsync(second)).Embedded, (await RunAsync(second)).Reused));
        Assert.Empty(_model.Requests);
    }

    [Fact]
    public async Task An_index_written_anew_with_force_keeps_its_vectors_and_a_changed_file_is_all_that_is_embedded()
    {
        _folder.Write("docs/a.md", "zebra");
        _folder.Write("docs/b.md", "heron");
        await IndexAsync(new() { Paths = [_folder["docs"]] });
        await RunAsync(Bm25Index.Open(IndexPath));
        _model.Requests.Clear();
        await IndexAsync(new() { Paths = [_folder["docs"]], Force = true });
        Assert.Equal(2, (await RunAsync(Bm25Index.Open(IndexPath))).Reused);
        Assert.Empty(_model.Requests);

        _folder.Write("docs/b.md", "heron and stork");
        await IndexAsync(new());
        var changed = Bm25Index.Open(IndexPath);

        // Before the next run: the passage that stayed is found by its text, the new one has no vector yet.
        var rows = changed.Segments.SelectMany(live => VectorStore.Open(IndexPath).RowsOf(live.Segment).Where((_, passage) => !live.IsDeleted(passage)));
        Assert.Equal([0, -1], rows.OrderDescending());
        await RunAsync(changed);
        Assert.Equal(["b\nheron and stork"], _model.Texts);
    }

    [Fact]
    public async Task A_run_that_fails_keeps_what_has_arrived_and_the_next_one_goes_on()
    {
        var index = Corpus(100);
        var texts = Texts(index);
        _model.BeforeRequest = number =>
        {
            if (number == 6)
            {
                throw new AgentRagException("the model is gone");
            }
        };
        var request = Request with { BatchSize = 5, MaxConcurrency = 1, RequestsPerCommit = 4 };
        var exception = await Assert.ThrowsAsync<AgentRagException>(() => RunAsync(index, request));
        Assert.Equal("the model is gone", exception.Message);
        Assert.Equal(25, VectorStore.Open(IndexPath).Count);

        _model.BeforeRequest = null;
        _model.Requests.Clear();
        var result = await RunAsync(index, request);
        Assert.Equal((texts.Count - 25, 25), (result.Embedded, result.Reused));
        Assert.Equal(texts.Skip(25), _model.Texts);
    }

    [Fact]
    public async Task A_run_killed_at_any_change_on_disk_leaves_vectors_that_open_and_the_next_one_goes_on()
    {
        var index = Corpus(60);
        var request = Request with { BatchSize = 4, RequestsPerCommit = 2 };
        List<string> changes = [];
        await RunAsync(index, request, beforeChange: changes.Add);
        Assert.Contains(changes, change => change.StartsWith("delete vectors-", StringComparison.Ordinal));
        for (var kill = 0; kill < changes.Count; kill++)
        {
            Directory.Delete(IndexPath, recursive: true);
            var left = kill;
            await Assert.ThrowsAsync<KilledException>(() => RunAsync(index, request, beforeChange: _ => left = left == 0 ? throw new KilledException() : left - 1));
            var before = VectorStore.OpenIfAny(IndexPath)?.Count ?? 0;
            VectorStore.OpenIfAny(IndexPath)?.Verify();

            var result = await RunAsync(index, request);
            Assert.Equal((before, Texts(index).Count), (result.Reused, result.Embedded + result.Reused));
            var store = VectorStore.Open(IndexPath);
            store.Verify();
            Assert.Equal(Texts(index).Count, store.Count);
            Assert.DoesNotContain(-1, store.RowsOf(index.Segments[0].Segment));
            Assert.DoesNotContain(Directory.GetFiles(Path.Combine(IndexPath, "vectors")), path => path.EndsWith(".tmp", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Many_commits_leave_few_segments_and_every_text_finds_its_own_vector()
    {
        var index = Corpus(300);
        await RunAsync(index, Request with { BatchSize = 2, RequestsPerCommit = 1, KeepFloat32 = true });
        var store = VectorStore.Open(IndexPath);
        Assert.InRange(store.Segments.Count, 1, 6);
        Assert.Equal(Texts(index).Count, store.Count);
        var rows = store.RowsOf(index.Segments[0].Segment);
        var texts = new EmbeddedTexts(index.Segments[0].Segment, "").ReadAll().ToList();
        for (var passage = 0; passage < texts.Count; passage++)
        {
            var unit = new float[_model.Dimensions];
            UnitVector.Make(_model.Embed(texts[passage]), unit);
            Assert.Equal(unit, FloatsOf(store, rows[passage]));
        }
    }

    [Fact]
    public async Task Vectors_of_passages_that_are_gone_are_dropped_when_they_are_the_greater_part()
    {
        await RunAsync(Bm25Index.Build(Enumerable.Range(0, 10).Select(i => TestPassages.Passage($"p{i}", "text"))), Request with { KeepFloat32 = true });
        var half = Bm25Index.Build(Enumerable.Range(5, 5).Select(i => TestPassages.Passage($"p{i}", "text")));
        await RunAsync(half);
        Assert.Equal(10, VectorStore.Open(IndexPath).Count);

        var less = Bm25Index.Build(new[] { 3, 9, 6 }.Select(i => TestPassages.Passage($"p{i}", "text")));
        await RunAsync(less);
        var store = VectorStore.Open(IndexPath);
        store.Verify();
        Assert.Equal(3, store.Count);
        Assert.Equal([0, 2, 1], store.RowsOf(less.Segments[0].Segment));
        var unit = new float[48];
        UnitVector.Make(_model.Embed("p9\ntext"), unit);
        Assert.Equal(unit, FloatsOf(store, 2));
        Assert.Equal(10, _model.Texts.Count());
    }

    [Fact]
    public async Task Another_model_or_length_or_prefix_is_an_error_with_both_named_and_force_embeds_anew()
    {
        var index = Corpus(5);
        await RunAsync(index, Request with { PassagePrefix = "passage: " });
        using var other = new HashingEmbedder("other", 64);
        await FailsAsync(other, Request, $"The vectors of index '{IndexPath}' were made with embedding model hash (48 dimensions), this run uses other (64 dimensions): use that model again, or make them anew with 'agentrag index --embeddings NAME --force-embeddings'.");
        using var longer = new HashingEmbedder("hash", 64) { TellsDimensions = false };
        await FailsAsync(longer, Request, $"The vectors of index '{IndexPath}' were made with embedding model hash (48 dimensions), this run uses hash (64 dimensions): use that model again, or make them anew with 'agentrag index --embeddings NAME --force-embeddings'.", Corpus(9));
        await FailsAsync(_model, Request with { PassagePrefix = "" }, $"The vectors of index '{IndexPath}' were made with passage prefix 'passage: ', this run uses '': use the same again, or make them anew with 'agentrag index --embeddings NAME --force-embeddings'.");
        await FailsAsync(_model, Request with { KeepFloat32 = true }, $"The vectors of index '{IndexPath}' were made with int8 components alone, this run uses float32 too: use the same again, or make them anew with 'agentrag index --embeddings NAME --force-embeddings'.");
        Assert.Equal("hash", VectorStore.Open(IndexPath).Model);

        var result = await new PassageEmbedder(other).RunAsync(index, Request with { Force = true }, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(("other", 64, Texts(index).Count), (result.Model, result.Dimensions, result.Embedded));
        Assert.Equal(("other", 64, Texts(index).Count, "", false), Described(VectorStore.Open(IndexPath)));

        async Task FailsAsync(HashingEmbedder model, EmbeddingRequest request, string message, Bm25Index? of = null) => Assert.Equal(
            message, (await Assert.ThrowsAsync<AgentRagException>(() => new PassageEmbedder(model).RunAsync(of ?? index, request, cancellationToken: TestContext.Current.CancellationToken))).Message);
    }

    [Fact]
    public async Task A_query_prefix_may_change_without_embedding_anew()
    {
        var index = Corpus(5);
        await RunAsync(index, Request with { QueryPrefix = "query: " });
        var requests = _model.Requests.Count;
        await RunAsync(index, Request with { QueryPrefix = "question: " });
        Assert.Equal("question: ", VectorStore.Open(IndexPath).QueryPrefix);
        await RunAsync(index);
        Assert.Equal("question: ", VectorStore.Open(IndexPath).QueryPrefix);
        Assert.Equal(requests, _model.Requests.Count);
    }

    [Fact]
    public async Task Requests_are_spaced_evenly_by_the_limit()
    {
        var time = new ManualTime();
        var index = Bm25Index.Build(Enumerable.Range(0, 8).Select(i => TestPassages.Passage($"p{i}", "text")));
        await new PassageEmbedder(_model, time).RunAsync(
            index, Request with { BatchSize = 2, MaxConcurrency = 1, RequestsPerMinute = 20 }, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal([TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(3)], time.Waits);
    }

    [Fact]
    public async Task Progress_rises_to_the_total_and_counts_tokens()
    {
        var reports = new List<EmbeddingProgress>();
        var index = Bm25Index.Build(Enumerable.Range(0, 5).Select(i => TestPassages.Passage($"p{i}", "text")));
        await new PassageEmbedder(_model).RunAsync(
            index, Request with { BatchSize = 2, MaxConcurrency = 1 }, new Reports(reports), TestContext.Current.CancellationToken);
        Assert.Equal([new(0, 5, 0), new(2, 5, 20), new(4, 5, 40), new(5, 5, 50)], reports);
    }

    [Fact]
    public async Task A_vector_that_is_not_finite_is_an_error()
    {
        using var broken = new BrokenModel();
        var exception = await Assert.ThrowsAsync<AgentRagException>(() => new PassageEmbedder(broken).RunAsync(Corpus(3), Request, cancellationToken: TestContext.Current.CancellationToken));
        Assert.StartsWith("The embedding model gave a vector with a component that is no finite number", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_runs_at_a_time_are_an_error()
    {
        using var held = new VectorDirectory(IndexPath).Lock();
        var exception = await Assert.ThrowsAsync<AgentRagException>(() => RunAsync(Corpus(3)));
        Assert.Equal($"The vectors of index '{IndexPath}' are being written by another run: wait until it ends.", exception.Message);
    }

    [Fact]
    public void All_options_out_of_range_are_named_in_one_message() => Assert.Equal(
        "Embedding: BatchSize is 0, must be in [1, 10000]; RequestsPerMinute is 0, must be at least 1.",
        Assert.Throws<AgentRagException>(() => (Request with { BatchSize = 0, RequestsPerMinute = 0 }).Validated()).Message);

    private EmbeddingRequest Request => new() { IndexDirectory = IndexPath };

    private Task<EmbeddingResult> RunAsync(Bm25Index index, EmbeddingRequest? request = null, Action<string>? beforeChange = null) =>
        new PassageEmbedder(_model) { BeforeChange = beforeChange }.RunAsync(index, request ?? Request, cancellationToken: TestContext.Current.CancellationToken);

    private Task<IndexResult> IndexAsync(IndexRequest request) =>
        new Indexer(new EstimatingTokenCounter()).RunAsync(request with { IndexDirectory = IndexPath }, cancellationToken: TestContext.Current.CancellationToken);

    private static Bm25Index Corpus(int passages) => Bm25Index.Build(new RandomCorpus(3, 500).Passages(passages));

    private static List<string> Texts(Bm25Index index) => [.. new EmbeddedTexts(index.Segments[0].Segment, "").ReadAll().Distinct()];

    private static (string Model, int Dimensions, int Count, string QueryPrefix, bool HasFloat32) Described(VectorStore store) =>
        (store.Model, store.Dimensions, store.Count, store.QueryPrefix, store.HasFloat32);

    private static float[] FloatsOf(VectorStore store, int row)
    {
        var segment = 0;
        for (; row >= store.Segments[segment].Rows; segment++)
        {
            row -= store.Segments[segment].Rows;
        }

        return store.Segments[segment].Floats(row).ToArray();
    }

    private sealed class KilledException : Exception;

    private sealed class Reports(List<EmbeddingProgress> reports) : IProgress<EmbeddingProgress>
    {
        public void Report(EmbeddingProgress value) => reports.Add(value);
    }

    private sealed class BrokenModel : Microsoft.Extensions.AI.IEmbeddingGenerator<string, Microsoft.Extensions.AI.Embedding<float>>
    {
        public Task<Microsoft.Extensions.AI.GeneratedEmbeddings<Microsoft.Extensions.AI.Embedding<float>>> GenerateAsync(
            IEnumerable<string> values, Microsoft.Extensions.AI.EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default) =>
            Task.FromResult(new Microsoft.Extensions.AI.GeneratedEmbeddings<Microsoft.Extensions.AI.Embedding<float>>(
                values.Select(_ => new Microsoft.Extensions.AI.Embedding<float>(new[] { 1f, float.NaN }))));

        public object? GetService(Type serviceType, object? serviceKey = null) =>
            new Microsoft.Extensions.AI.EmbeddingGeneratorMetadata("broken", providerUri: null, "broken");

        public void Dispose()
        {
        }
    }
}
