using AgentRag.Indexing;
using AgentRag.Retrieval;
using AgentRag.Tests.Fakes;
using AgentRag.Tests.Retrieval;
using Xunit;

namespace AgentRag.Tests.Indexing;

/// <summary>A writer that ends anywhere leaves a whole state: the one before, or the one it committed.</summary>
public sealed class KilledWriterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Of_200_writers_killed_during_builds_deletions_and_merges_none_leaves_an_index_that_does_not_open()
    {
        var (random, corpus) = (new Random(3), new RandomCorpus(3, 150));
        for (var file = 0; file < 6; file++)
        {
            _folder.Write($"in/{file}.jsonl", corpus.JsonLines($"f{file}", 30));
        }

        await Writer(null).RunAsync(Request("index"));
        var (kills, merges, steps) = (0, 0, new HashSet<string>(StringComparer.Ordinal));
        while (kills < 200)
        {
            for (var changes = random.Next(1, 4); changes > 0; changes--)
            {
                var file = random.Next(12);
                _folder.Write($"in/{file}.jsonl", corpus.JsonLines($"f{file}", random.Next(1, 40)));
                if (random.Next(3) == 0)
                {
                    File.Delete(_folder[$"in/{random.Next(12)}.jsonl"]);
                }
            }

            var before = Answers("index");
            await Writer(null).RunAsync(Request("expected") with { Force = true });
            var after = Answers("expected");
            var (left, renamed) = (random.Next(1, 30), false);
            try
            {
                await Writer(step =>
                {
                    steps.Add(step.Split(' ')[0] + " " + step.Split(' ')[1].Split('-')[0]);
                    merges += renamed && step.StartsWith("create segment", StringComparison.Ordinal) ? 1 : 0;
                    if (--left == 0)
                    {
                        throw new KilledException();
                    }

                    renamed |= step == "rename index.json.tmp";
                }).RunAsync(Request("index"));
                renamed = true;
            }
            catch (KilledException)
            {
                kills++;
            }

            Assert.Equal(renamed ? after : before, Answers("index"));
            Bm25Index.Open(_folder["index"]).Verify();
        }

        Assert.True(merges > 10, $"Only {merges} writers came to a merge.");
        Assert.Equal(12, steps.Count); // create, flush, rename of segments, deletions and manifests; removal of each kind
    }

    [Fact]
    public async Task Readers_that_open_while_a_writer_commits_see_whole_states_only()
    {
        var corpus = new RandomCorpus(4, 150);
        _folder.Write("in/a.jsonl", corpus.JsonLines("a", 20));
        await Writer(null).RunAsync(Request("index"));
        using var done = new CancellationTokenSource();
        var reader = Task.Run(() =>
        {
            var opened = 0;
            for (; !done.IsCancellationRequested || opened == 0; opened++)
            {
                // Each state has 20 documents of a, each round adds 20 of another file.
                var index = Bm25Index.Open(_folder["index"]);
                Assert.Equal(0, index.DocumentCount % 20);
                Assert.Equal(index.DocumentCount, index.Documents.Count);
                index.Verify();
            }

            return opened;
        });
        for (var round = 0; round < 40 && !reader.IsCompleted; round++)
        {
            _folder.Write($"in/b{round}.jsonl", corpus.JsonLines($"b{round}", 20));
            _folder.Write("in/a.jsonl", corpus.JsonLines("a", 20));
            await Writer(null).RunAsync(Request("index"));
        }

        await done.CancelAsync();
        Assert.True(await reader > 0);
        Assert.InRange(Bm25Index.Open(_folder["index"]).Segments.Length, 1, MergePolicy.MaxSegments);
    }

    [Fact]
    public async Task A_disk_that_is_full_ends_the_run_and_is_not_taken_for_a_file_that_cannot_be_read()
    {
        _folder.Write("in/a.jsonl", new RandomCorpus(5, 150).JsonLines("a", 20));
        var writer = Writer(step => throw new IOException($"No space left on device ({step})"));
        var exception = await Assert.ThrowsAsync<AgentRagException>(() => writer.RunAsync(Request("index")));
        Assert.Equal($"Index '{_folder["index"]}' cannot be written: No space left on device (create segment-000001.bin.tmp)", exception.Message);
    }

    private static Indexer Writer(Action<string>? beforeChange) => new(new WordCounter()) { BeforeChange = beforeChange, MaxPostingsInMemory = 400 };

    private IndexRequest Request(string index) =>
        new() { Paths = [_folder["in"]], IndexDirectory = _folder[index], Analyzer = AnalyzerOptions.Plain };

    private string Answers(string name)
    {
        var index = Bm25Index.Open(_folder[name]);
        var retriever = new Bm25Retriever(index);
        var ranked = new[] { "w0 w1 w7", "w3 w20 w99 t1", "w0 w2 w5 w11 w60" }
            .SelectMany(query => retriever.RetrieveAsync(new(query, 1000)).Result.Select(hit => $"{query} {hit.Score:R} {hit.Passage.Id} {hit.Passage.Text}"));
        return string.Join('\n', ranked.Concat(index.Documents.Select(document => document.Id)).Order(StringComparer.Ordinal));
    }

    private sealed class KilledException : Exception;
}
