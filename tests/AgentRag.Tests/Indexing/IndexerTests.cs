using AgentRag.Indexing;
using AgentRag.Retrieval;
using AgentRag.Tokens;
using Xunit;

namespace AgentRag.Tests.Indexing;

public sealed class IndexerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string IndexPath => _folder["index"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_run_reads_only_what_changed_and_removes_what_is_gone()
    {
        _folder.Write("docs/a.md", "# Alpha\n\nzebra");
        _folder.Write("docs/b.md", "# Beta\n\nlion");
        _folder.Write("docs/c.jsonl", "{\"id\":\"r1\",\"text\":\"tiger\"}\n{\"id\":\"r2\",\"text\":\"bear\"}");
        var first = await RunAsync("docs");
        Assert.Equal((3, 0, 0, 0, 4), Counts(first));
        Assert.Equal((0, 0, 3, 0, 4), Counts(await RunAsync()));

        _folder.Write("docs/a.md", "# Alpha\n\nzebra and okapi");
        File.Delete(_folder["docs/b.md"]);
        _folder.Write("docs/d.txt", "wolf");
        Assert.Equal((1, 1, 1, 1, 4), Counts(await RunAsync()));

        Assert.Equal(["a", "d", "r1", "r2"], Bm25Index.Open(IndexPath).Documents.Select(d => d.Id).Order(StringComparer.Ordinal));
        Assert.Equal("a", await FirstAsync("okapi"));
        Assert.Equal("r2", await FirstAsync("bear"));
        Assert.Null(await FirstAsync("lion"));
    }

    [Fact]
    public async Task Updating_gives_the_same_documents_passages_and_scores_as_writing_anew()
    {
        var random = new Random(7);
        for (var round = 0; round < 12; round++)
        {
            for (var change = 0; change < 4; change++)
            {
                var path = $"docs/{"abc"[random.Next(3)]}/{random.Next(5)}.{new[] { "md", "txt", "jsonl" }[random.Next(3)]}";
                if (random.Next(4) == 0)
                {
                    File.Delete(_folder.Write(path, "x"));
                }
                else
                {
                    var text = RandomText.Any(random, 50).ReplaceLineEndings(" ");
                    _folder.Write(path, path.EndsWith("jsonl", StringComparison.Ordinal) ? System.Text.Json.JsonSerializer.Serialize(new { id = $"r{random.Next(6)}", text }) : $"# H\n{text}");
                }
            }

            await RunAsync(round == 0 ? ["docs"] : []);
            await new Indexer(new EstimatingTokenCounter()).RunAsync(
                new() { Paths = [_folder["docs"]], IndexDirectory = _folder["anew"], Force = true }, cancellationToken: TestContext.Current.CancellationToken);
            var (updated, anew) = (Bm25Index.Open(IndexPath), Bm25Index.Open(_folder["anew"]));
            Assert.Equal(anew.Documents.OrderBy(d => d.Id, StringComparer.Ordinal), updated.Documents.OrderBy(d => d.Id, StringComparer.Ordinal));
            Assert.Equal((anew.TotalPassageTokens, anew.MaxPassageTokens, anew.MeanPassageTerms), (updated.TotalPassageTokens, updated.MaxPassageTokens, updated.MeanPassageTerms));
            Assert.Equal(await RankedAsync(anew), await RankedAsync(updated));
            updated.Verify();
        }
    }

    [Fact]
    public async Task Patterns_choose_the_files_and_what_they_no_longer_let_through_is_removed()
    {
        _folder.Write("docs/a.md", "zebra");
        _folder.Write("docs/drafts/b.md", "lion");
        _folder.Write("docs/c.txt", "tiger");
        await RunAsync("docs");

        var result = await new Indexer(new EstimatingTokenCounter()).RunAsync(
            new() { IndexDirectory = IndexPath, Folder = new() { Patterns = ["**/*.md", "!drafts"] } }, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal((0, 0, 1, 2, 1), Counts(result));
        Assert.Equal((1, 1), (result.IgnoredFiles, result.IgnoredFolders));
        Assert.Equal("a", await FirstAsync("zebra"));
    }

    [Fact]
    public async Task A_copy_of_a_file_is_skipped_with_the_name_of_the_one_that_is_read()
    {
        _folder.Write("docs/a.md", "zebra");
        _folder.Write("docs/copy.md", "zebra");

        var result = await RunAsync("docs");

        Assert.Equal((1, 0, 0, 0, 1), Counts(result));
        Assert.Equal([new(_folder["docs/copy.md"], $"has the same bytes as '{_folder["docs/a.md"]}'")], result.Skipped);
    }

    [Fact]
    public async Task An_index_among_the_documents_is_none_of_them()
    {
        _folder.Write("a.md", "zebra");
        await RunAsync(".");
        Assert.Equal((0, 0, 1, 0, 1), Counts(await RunAsync(".")));
    }

    [Fact]
    public async Task Another_root_adds_to_the_index_and_a_part_of_a_root_refreshes_that_part()
    {
        _folder.Write("docs/sub/a.md", "zebra");
        _folder.Write("docs/b.md", "lion");
        _folder.Write("more/c.md", "tiger");
        await RunAsync("docs");
        var added = await RunAsync("more");
        Assert.Equal([_folder["docs"], _folder["more"]], added.Roots);
        Assert.Equal((1, 0, 2, 0, 3), Counts(added));

        // b.md is changed too, but lies outside of the part.
        _folder.Write("docs/sub/a.md", "okapi");
        _folder.Write("docs/b.md", "bear");
        var part = await RunAsync("docs/sub");
        Assert.Equal((0, 1, 2, 0, 3), Counts(part));
        Assert.Equal([_folder["docs"], _folder["more"]], part.Roots);
        Assert.Equal("sub/a", await FirstAsync("okapi"));
        Assert.Equal("b", await FirstAsync("lion"));

        Assert.Equal((0, 1, 2, 0, 3), Counts(await RunAsync()));
        Assert.Equal("b", await FirstAsync("bear"));
    }

    [Fact]
    public async Task A_file_whose_id_becomes_ambiguous_gets_its_extension()
    {
        _folder.Write("docs/a.md", "zebra");
        await RunAsync("docs");
        _folder.Write("docs/a.txt", "lion");
        Assert.Equal((1, 1, 0, 0, 2), Counts(await RunAsync()));
        Assert.Equal(["a.md", "a.txt"], Bm25Index.Open(IndexPath).Documents.Select(d => d.Id));
    }

    [Fact]
    public async Task Of_rows_with_the_same_id_the_first_counts_and_the_others_are_reported_together()
    {
        _folder.Write("docs/a.jsonl", "{\"id\":\"r\",\"text\":\"zebra\"}\n{\"id\":\"r\",\"text\":\"lion\"}\n{\"id\":\"r\",\"text\":\"bear\"}");
        _folder.Write("docs/b.jsonl", "{\"id\":\"r\",\"text\":\"tiger\"}");
        var result = await RunAsync("docs");
        Assert.Equal(
            ["2 documents have ids that are taken by earlier ones, the first is 'r'", "1 document has an id that is taken by an earlier one: 'r'"],
            result.Skipped.Select(s => s.Reason));

        // The files are as they were, so they are not read again, and are reported as before.
        var again = await RunAsync();
        Assert.Equal((0, 0, 2, 0, 1), Counts(again));
        Assert.Equal(result.Skipped, again.Skipped);

        // When the first holder of the id goes, the next one takes its place: the file is read again and still has not changed.
        File.Delete(_folder["docs/a.jsonl"]);
        Assert.Equal((0, 0, 1, 1, 1), Counts(await RunAsync()));
        Assert.Equal("r", await FirstAsync("tiger"));

        // And gives it back when an earlier one comes again.
        _folder.Write("docs/a.jsonl", "{\"id\":\"r\",\"text\":\"zebra\"}");
        Assert.Equal((1, 0, 1, 0, 1), Counts(await RunAsync()));
        Assert.Equal(("r", null), (await FirstAsync("zebra"), await FirstAsync("tiger")));
    }

    [Fact]
    public async Task What_could_not_be_read_is_reported_in_every_run()
    {
        _folder.Write("docs/a.md", "text");
        _folder.Write("docs/b.md", "\0binary");
        _folder.Write("docs/c.jsonl", "{\"id\":\"r\",\"text\":\"zebra\"}\n{}");
        var first = await RunAsync("docs");
        var second = await RunAsync();
        Assert.Equal([_folder["docs/b.md"], _folder["docs/c.jsonl"] + ":2"], first.Skipped.Select(s => s.Path));
        Assert.Equal(first.Skipped, second.Skipped);
        Assert.Equal(3, second.UnchangedFiles);
    }

    [Fact]
    public async Task Passages_come_back_as_they_were_cut()
    {
        _folder.Write("docs/guide/setup.md", "---\ntitle: Guide\n---\n# Guide\n\nIntro.\n\n## Step\n\nDo it.\n");
        var result = await RunAsync("docs");
        var index = Bm25Index.Open(IndexPath, "estimate");

        var passage = index.PassageAt(1);
        Assert.Equal(("guide/setup", "Guide", "docs/guide/setup.md", "Do it."), (passage.DocumentId, passage.Title, passage.Source, passage.Text));
        Assert.Equal(["Step"], passage.HeadingPath);
        Assert.Equal(passage.Text, index.Find(passage.Id)!.Text);
        Assert.Equal($"guide/setup#{passage.ContentHash[..8]}", passage.Id);
        Assert.Null(index.Find("guide/setup#00000000"));
        Assert.Equal((1, 2, index.TotalPassageTokens), (result.Documents, result.Passages, result.Tokens));
        Assert.Equal(new IndexedDocument("guide/setup", "Guide", "docs/guide/setup.md", 2), Assert.Single(index.Documents));
        Assert.Equal(result.BytesOnDisk, Directory.GetFiles(IndexPath).Sum(path => new FileInfo(path).Length));
    }

    [Fact]
    public async Task Another_run_on_the_same_index_is_refused_while_one_is_writing()
    {
        _folder.Write("docs/a.md", "text");
        using var held = new IndexDirectory(IndexPath).Lock();
        var exception = await Assert.ThrowsAsync<AgentRagException>(() => RunAsync("docs"));
        Assert.Equal($"Index '{IndexPath}' is being written by another run: wait until it ends, or choose another folder with --index DIR.", exception.Message);
    }

    [Fact]
    public async Task A_cancelled_run_leaves_the_old_index()
    {
        _folder.Write("docs/a.md", "zebra");
        await RunAsync("docs");
        _folder.Write("docs/b.md", "lion");
        using var cancelled = new CancellationTokenSource();
        var progress = new CancelAtEnd(cancelled);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            new Indexer(new EstimatingTokenCounter()).RunAsync(new() { IndexDirectory = IndexPath }, progress, cancelled.Token));
        Assert.Equal(1, Bm25Index.Open(IndexPath).DocumentCount);
        Assert.Equal(2, (await RunAsync()).Documents);
    }

    [Fact]
    public async Task An_open_index_goes_on_working_while_it_is_written_anew()
    {
        _folder.Write("docs/a.md", "zebra");
        await RunAsync("docs");
        var open = Bm25Index.Open(IndexPath);
        _folder.Write("docs/a.md", "lion");
        await RunAsync();
        Assert.Equal("zebra", open.PassageAt(0).Text);
        Assert.Equal("lion", Bm25Index.Open(IndexPath).PassageAt(0).Text);
        Assert.Single(Directory.GetFiles(IndexPath, "segment-*"));
    }

    [Fact]
    public async Task Whatever_step_the_writer_is_killed_at_the_old_index_opens_and_the_next_run_succeeds()
    {
        _folder.Write("docs/a.md", "zebra");
        await RunAsync("docs");
        var killedSteps = 0;
        for (var step = 1; ; step++)
        {
            _folder.Write("docs/a.md", $"lion number{step}");
            List<string> steps = [];
            var indexer = new Indexer(new EstimatingTokenCounter())
            {
                BeforeChange = change =>
                {
                    steps.Add(change);
                    if (steps.Count == step)
                    {
                        throw new KilledException();
                    }
                },
            };
            try
            {
                await indexer.RunAsync(new() { IndexDirectory = IndexPath }, cancellationToken: TestContext.Current.CancellationToken);
                break;
            }
            catch (KilledException)
            {
                killedSteps++;
            }

            // Before the manifest is renamed the old content stands, after it the new; nothing in between.
            var isNew = steps.Take(step - 1).Contains("rename index.json.tmp");
            Assert.Equal(isNew ? $"lion number{step}" : step == 1 ? "zebra" : $"okapi number{step - 1}", Bm25Index.Open(IndexPath).PassageAt(0).Text);

            _folder.Write("docs/a.md", $"okapi number{step}");
            Assert.Equal(1, (await RunAsync()).Documents);
            Assert.Equal($"okapi number{step}", Bm25Index.Open(IndexPath).PassageAt(0).Text);
            Assert.Equal(3, Directory.GetFiles(IndexPath).Length);
        }

        Assert.Equal(7, killedSteps); // create, flush, rename of two files, and the removal of the old segment
    }

    private Task<IndexResult> RunAsync(params string[] paths) => new Indexer(new EstimatingTokenCounter()).RunAsync(
        new() { Paths = [.. paths.Select(path => _folder[path])], IndexDirectory = IndexPath }, cancellationToken: TestContext.Current.CancellationToken);

    private async Task<string?> FirstAsync(string query) =>
        (await new Bm25Retriever(Bm25Index.Open(IndexPath)).RetrieveAsync(new(query, 1), TestContext.Current.CancellationToken)).Select(r => r.Passage.DocumentId).FirstOrDefault();

    private static (int Added, int Changed, int Unchanged, int Removed, int Documents) Counts(IndexResult result) =>
        (result.AddedFiles, result.ChangedFiles, result.UnchangedFiles, result.RemovedFiles, result.Documents);

    private static async Task<List<(double Score, string Id, string Text)>> RankedAsync(Bm25Index index) =>
        [.. (await new Bm25Retriever(index).RetrieveAsync(new("castle Ludwig Brno isn't 1848 ひらがな e.g. xxx H", 1000), TestContext.Current.CancellationToken))
            .Select(ranked => (ranked.Score, ranked.Passage.Id, ranked.Passage.Text)).Order()];

    private sealed class KilledException : Exception;

    private sealed class CancelAtEnd(CancellationTokenSource source) : IProgress<IndexProgress>
    {
        public void Report(IndexProgress value)
        {
            if (value.FilesDone == value.FilesTotal)
            {
                source.Cancel();
            }
        }
    }
}
