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

    /// <summary>Every other kill is aimed at a merge: it comes a random number of steps behind the merge's beginning. AGENTRAG_TEST_KILLS sets how many there are.</summary>
    [Fact]
    public async Task Of_writers_killed_during_builds_deletions_and_merges_none_leaves_an_index_that_does_not_open()
    {
        var wanted = int.Parse(Environment.GetEnvironmentVariable("AGENTRAG_TEST_KILLS") ?? "80");
        var (random, corpus) = (new Random(3), new RandomCorpus(3, 150));
        for (var file = 0; file < 12; file++)
        {
            _folder.Write($"in/{file}.jsonl", corpus.JsonLines($"f{file}", 30));
        }

        await Writer(null).RunAsync(Request("index"));
        var (kills, inMerges, steps, killedIn) = (0, 0, new HashSet<string>(StringComparer.Ordinal), new Dictionary<string, int>(StringComparer.Ordinal));
        while (kills < wanted)
        {
            // Where much of a segment is deleted, it is merged.
            var isAimed = kills % 2 == 1;
            for (var changes = isAimed ? random.Next(4, 9) : random.Next(1, 4); changes > 0; changes--)
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
            var (left, renamed, isMerging) = (isAimed ? random.Next(1, 18) : random.Next(1, 30), false, false);
            try
            {
                await Writer(step =>
                {
                    steps.Add(step.Split(' ')[0] + " " + step.Split(' ')[1].Split('-')[0]);
                    isMerging |= step.StartsWith("create merging", StringComparison.Ordinal);
                    if ((isMerging || !isAimed) && --left == 0)
                    {
                        var kind = step.Split('-', '.')[0];
                        killedIn[kind] = killedIn.GetValueOrDefault(kind) + 1;
                        throw new KilledException();
                    }

                    renamed |= step == "rename index.json.tmp";
                }).RunAsync(Request("index"));
                renamed = true;
            }
            catch (KilledException)
            {
                kills++;
                inMerges += isMerging ? 1 : 0;
            }

            Assert.Equal(renamed ? after : before, Answers("index"));
            Bm25Index.Open(_folder["index"]).Verify();
        }

        Assert.True(inMerges >= wanted * 3 / 10, $"Only {inMerges} of {kills} kills fell into merges.");
        TestContext.Current.SendDiagnosticMessage($"{kills} kills, {inMerges} in merges, in {killedIn.Count} kinds of steps: {string.Join(", ", killedIn.OrderBy(pair => pair.Key).Select(pair => $"{pair.Key} {pair.Value}"))}");

        // Create, flush, rename of segments, deletions, links, manifests and merged segments, which are renamed once more; removal of each kind, half-written merges too.
        Assert.Equal(22, steps.Count);
    }

    [Fact]
    public async Task A_merge_lets_writers_commit_meanwhile_and_takes_over_what_they_delete()
    {
        var (random, corpus) = (new Random(6), new RandomCorpus(6, 150));
        for (var file = 0; file < 12; file++)
        {
            _folder.Write($"in/{file:D2}.jsonl", corpus.JsonLines($"f{file}", 30));
            await Writer(null).RunAsync(Request("index") with { Merge = false });
        }

        var (interrupted, kinds) = (0, new HashSet<string>(StringComparer.Ordinal));
        var merger = Writer(step =>
        {
            // The merged segment is written; before it is committed, another writer comes.
            if (step != "rename merging.bin.tmp")
            {
                return;
            }

            switch (interrupted++ % 3)
            {
                case 0:
                    File.Delete(_folder[$"in/{random.Next(12):D2}.jsonl"]);
                    kinds.Add("removed");
                    break;
                case 1:
                    _folder.Write($"in/{random.Next(12):D2}.jsonl", corpus.JsonLines($"new{interrupted}", 25));
                    kinds.Add("changed");
                    break;
                default:
                    // All files of some sources, perhaps of all.
                    for (var file = 0; file < 12; file++)
                    {
                        _folder.Write($"in/{file:D2}.jsonl", corpus.JsonLines($"all{interrupted}-{file}", 5));
                    }

                    kinds.Add("all");
                    break;
            }

            Writer(null).RunAsync(Request("index") with { Merge = false }).GetAwaiter().GetResult();
        });
        for (var round = 0; round < 9; round++)
        {
            _folder.Write($"in/{round:D2}.jsonl", corpus.JsonLines($"r{round}", 30));
            await Writer(null).RunAsync(Request("index") with { Merge = false });
            await merger.MergeAsync(_folder["index"], TestContext.Current.CancellationToken);
            await Writer(null).RunAsync(Request("expected") with { Force = true });
            Assert.Equal(Answers("expected"), Answers("index"));
            Bm25Index.Open(_folder["index"]).Verify();
        }

        Assert.Equal((3, true), (kinds.Count, interrupted >= 6));
        Assert.DoesNotContain(Directory.GetFiles(_folder["index"]), path => path.Contains("merging", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Two_merges_at_a_time_are_one()
    {
        var corpus = new RandomCorpus(7, 150);
        for (var file = 0; file < 10; file++)
        {
            _folder.Write($"in/{file:D2}.jsonl", corpus.JsonLines($"f{file}", 10));
            await Writer(null).RunAsync(Request("index") with { Merge = false });
        }

        var second = -1;
        var first = await Writer(step =>
        {
            if (step == "create merging.bin.tmp")
            {
                second = Writer(null).MergeAsync(_folder["index"]).Result;
            }
        }).MergeAsync(_folder["index"], TestContext.Current.CancellationToken);

        Assert.Equal((1, 0), (first, second));
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
        new() { Paths = [_folder["in"]], IndexDirectory = _folder[index], Analyzer = AnalyzerOptions.Plain, WithLinks = true };

    private string Answers(string name)
    {
        // Every state has the links that fit it.
        var (index, graph) = LinksIndex.Open(_folder[name]);
        Assert.NotNull(LinksIndex.GraphOf(_folder[name], index));
        Assert.Equal(Links(LinksGraph.Build(index)), Links(graph));
        var retriever = new Bm25Retriever(index);
        var ranked = new[] { "w0 w1 w7", "w3 w20 w99 t1", "w0 w2 w5 w11 w60" }
            .SelectMany(query => retriever.RetrieveAsync(new(query, 1000)).Result.Select(hit => $"{query} {hit.Score:R} {hit.Passage.Id} {hit.Passage.Text}"));
        return string.Join('\n', ranked.Concat(index.Documents.Select(document => document.Id)).Order(StringComparer.Ordinal));
    }

    private static byte[] Links(LinksGraph graph)
    {
        using var stream = new MemoryStream();
        LinksWriter.Write(graph, new string('0', 64), stream);
        return stream.ToArray();
    }

    private sealed class KilledException : Exception;
}
