using System.Text.Json;
using AgentRag.Indexing;
using AgentRag.Plugin;
using AgentRag.Retrieval;
using AgentRag.Tests.Mcp;
using AgentRag.Tests.Models;
using AgentRag.Tokens;
using Microsoft.Extensions.AI;
using Xunit;

namespace AgentRag.Tests.Plugin;

public sealed class LibraryToolsTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pages_of_a_retrieval_join_to_the_whole_ranking_without_gap_or_repetition()
    {
        using var plugin = Plugin(30);
        List<string> read = [];
        var cursor = "";
        do
        {
            var page = await plugin.RetrieveAsync("harbour", 7, new RetrieveOptions { Cursor = cursor }, Cancel);
            read.AddRange(page.Passages.Select(passage => passage.PassageId));
            cursor = page.NextCursor;
        }
        while (cursor.Length > 0);

        Assert.Equal(30, read.Distinct().Count());
        Assert.Equal((await plugin.RetrieveAsync("harbour", 30, new RetrieveOptions { MaxTokens = 100_000 }, Cancel)).Passages.Select(passage => passage.PassageId), read);
    }

    [Theory]
    [InlineData(200), InlineData(300), InlineData(777), InlineData(2000), InlineData(8000)]
    public async Task No_result_is_larger_than_max_tokens_counted_on_its_json(int maxTokens)
    {
        using var plugin = Plugin(30);
        foreach (var (tool, arguments) in new (string, AIFunctionArguments)[]
        {
            ("retrieve", new() { ["query"] = "harbour", ["k"] = 30, ["max_tokens"] = maxTokens }),
            ("retrieve", new() { ["query"] = "harbour", ["k"] = 30, ["max_tokens"] = maxTokens, ["response_format"] = "concise" }),
            ("list_sources", new() { ["max_tokens"] = maxTokens }),
            ("read_passage", new() { ["id"] = "d1#1", ["before"] = 20, ["after"] = 20, ["max_tokens"] = maxTokens }),
        })
        {
            var result = (JsonElement)(await plugin.AsAIFunctions().Single(function => function.Name == tool).InvokeAsync(arguments, Cancel))!;
            Assert.InRange(new EstimatingTokenCounter().Count(result.GetRawText()), 1, maxTokens);
        }
    }

    [Fact]
    public async Task What_did_not_fit_is_said_and_reached_by_the_cursor()
    {
        using var plugin = Plugin(30);
        var first = await plugin.RetrieveAsync("harbour", 30, new RetrieveOptions { MaxTokens = 1000 }, Cancel);
        Assert.InRange(first.Passages.Count, 1, 29);
        Assert.Equal(
            $"{30 - first.Passages.Count} of 30 passages were left out to stay within max_tokens 1000: go on with nextCursor, or raise max_tokens.", first.Note);
        var second = await plugin.RetrieveAsync("harbour", 30, new RetrieveOptions { MaxTokens = 1000, Cursor = first.NextCursor }, Cancel);
        Assert.Equal(first.Passages.Count + 1, second.Passages[0].Rank);
    }

    [Fact]
    public async Task A_passage_above_max_tokens_is_cut_and_not_left_out()
    {
        using var plugin = PluginOver([Passage("long", "Long", string.Concat(Enumerable.Repeat("harbour 😀 ", 4000)))]);
        var result = await plugin.RetrieveAsync("harbour", 1, new RetrieveOptions { MaxTokens = 500 }, Cancel);
        var passage = Assert.Single(result.Passages);
        Assert.InRange(passage.Text.Length, 100, 4000);
        Assert.EndsWith("…", passage.Text, StringComparison.Ordinal);
        Assert.Equal("The passage was cut to stay within max_tokens 500: raise max_tokens, or use read_passage.", result.Note);
    }

    [Fact]
    public async Task A_concise_result_shows_the_stretch_with_the_words_asked_for()
    {
        using var plugin = PluginOver([Passage("d", "D", $"{new string('x', 600)} then the lamp of the old harbour went out {new string('y', 600)}")]);
        var text = (await plugin.RetrieveAsync("harbour lamp", 1, new RetrieveOptions { Concise = true }, Cancel)).Passages[0].Text;
        Assert.InRange(text.Length, 50, 260);
        Assert.Contains("the lamp of the old harbour went out", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("MTIzNDU")]
    [InlineData("💥")]
    public async Task A_made_up_cursor_is_refused(string cursor)
    {
        using var plugin = Plugin(3);
        var fault = await Assert.ThrowsAsync<AgentRagException>(() => plugin.RetrieveAsync("harbour", 1, new RetrieveOptions { Cursor = cursor }, Cancel));
        Assert.Equal("'cursor' is no cursor of this server: hand back nextCursor as it came, or leave it out to begin anew.", fault.Message);
    }

    [Fact]
    public async Task A_cursor_of_another_query_is_refused()
    {
        using var plugin = Plugin(3);
        var cursor = (await plugin.RetrieveAsync("harbour", 1, cancellationToken: Cancel)).NextCursor;
        var fault = await Assert.ThrowsAsync<AgentRagException>(() => plugin.RetrieveAsync("lamp", 1, new RetrieveOptions { Cursor = cursor }, Cancel));
        Assert.Equal("'cursor' belongs to another call: repeat the arguments of the call that returned it, or leave it out to begin anew.", fault.Message);
    }

    [Fact]
    public async Task A_scope_leaves_only_what_lies_below_it()
    {
        using var plugin = PluginOver([Passage("a", "A", "harbour one", "docs/a/x.md"), Passage("b", "B", "harbour two", "docs/ab/y.md")]);
        Assert.Equal(["a#1"], (await plugin.RetrieveAsync("harbour", 5, new RetrieveOptions { Scope = "docs/a" }, Cancel)).Passages.Select(passage => passage.PassageId));
        Assert.Equal(["a"], (await plugin.ListSourcesAsync("docs/a", cancellationToken: Cancel)).Sources.Select(source => source.DocumentId));
        Assert.Empty((await plugin.ListSourcesAsync("elsewhere", cancellationToken: Cancel)).Sources);
    }

    [Fact]
    public async Task Sources_are_listed_page_by_page_with_the_size_of_the_whole_index()
    {
        using var plugin = Plugin(30);
        List<string> listed = [];
        var cursor = "";
        do
        {
            var page = await plugin.ListSourcesAsync(maxTokens: 300, cursor: cursor, cancellationToken: Cancel);
            Assert.Equal((10, 30), (page.TotalDocuments, page.TotalPassages));
            listed.AddRange(page.Sources.Select(source => source.DocumentId));
            cursor = page.NextCursor;
        }
        while (cursor.Length > 0);

        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"d{i}"), listed);
    }

    [Theory]
    [InlineData("d1#1", 1, 1, "d1#0,d1#1,d1#2")]
    [InlineData("d1#0", 5, 1, "d1#0,d1#1")] // never into the document before
    [InlineData("d1#2", 0, 5, "d1#2")]
    public async Task A_passage_is_read_with_its_neighbours_of_the_same_document(string id, int before, int after, string expected)
    {
        using var plugin = Plugin(30);
        var result = await plugin.ReadPassageAsync(id, before, after, cancellationToken: Cancel);
        Assert.Equal(expected.Split(','), result.Passages.Select(passage => passage.PassageId));
        Assert.Equal(("d1", "Title of d1", "d1.md"), (result.DocumentId, result.Title, result.Source));
    }

    [Theory]
    [InlineData("d99#0"), InlineData("../../etc/passwd"), InlineData("/etc/passwd"), InlineData("d1")]
    public async Task What_is_no_id_of_a_passage_is_not_read_whatever_it_looks_like(string id)
    {
        using var plugin = Plugin(30);
        var fault = await Assert.ThrowsAsync<AgentRagException>(() => plugin.ReadPassageAsync(id, cancellationToken: Cancel));
        Assert.Equal($"The index holds no passage '{id}': take a passageId from retrieve, or index again if the document has changed.", fault.Message);
    }

    [Fact]
    public async Task A_call_that_takes_too_long_is_ended_before_clients_give_up_and_says_so()
    {
        var clock = new ManualTime(TimeSpan.FromSeconds(1));
        var retriever = new PatientRetriever();
        using var plugin = new AgentRagPlugin(BridgeCorpus.Context(retriever)) { Clock = clock };
        var call = plugin.AsAIFunctions().Single(function => function.Name == "retrieve").InvokeAsync(new() { ["query"] = "x" }, Cancel).AsTask();
        await retriever.Asked.WaitAsync(Cancel);
        clock.Advance(TimeSpan.FromSeconds(46));
        var fault = await Assert.ThrowsAsync<AgentRagException>(() => call);
        Assert.Equal("retrieve was ended after 45 s, before clients give up: ask with smaller k, m or n, or a faster model.", fault.Message);
    }

    [Fact]
    public async Task Indexing_runs_in_the_background_and_is_asked_for_its_state()
    {
        var go = new TaskCompletionSource<IndexResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        var reported = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var runs = 0;
        await using var indexing = new IndexJob((progress, _) =>
        {
            runs++;
            progress.Report(new IndexProgress(3, 9, 2, 5, "docs/x.md"));
            reported.SetResult();
            return go.Task;
        });
        using var plugin = new AgentRagPlugin(BridgeCorpus.Context()) { Indexing = indexing };
        Assert.Equal("notStarted", plugin.IndexDocuments(start: false).State);
        plugin.IndexDocuments(start: true);
        await reported.Task.WaitAsync(Cancel);
        var running = plugin.IndexDocuments(start: true);
        Assert.Equal(("running", 3, 9, 2, 5), (running.State, running.FilesDone, running.FilesTotal, running.Documents, running.Passages));
        go.SetResult(Result());
        await indexing.EnsureAsync(Cancel);
        var finished = plugin.IndexDocuments(start: false);
        Assert.Equal(("finished", 4, 8, "1 files added, 2 changed, 3 unchanged, 0 removed."), (finished.State, finished.Documents, finished.Passages, finished.Note));
        Assert.Equal(1, runs);
    }

    [Fact]
    public async Task What_a_run_has_to_say_beside_its_result_is_told_with_the_status_of_that_run_alone()
    {
        var works = 0;
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var indexing = new IndexJob((_, _) => Task.FromResult(Result()))
        {
            Afterwards = async (result, remarks, ending) =>
            {
                if (++works == 1 && result.Documents == Result().Documents)
                {
                    remarks.Report("New passages have no vectors yet.");
                    told.SetResult();
                    using var _ = ending.Register(ended.SetResult);
                    await Task.Delay(Timeout.Infinite, ending);
                }
            },
        };
        using var plugin = new AgentRagPlugin(BridgeCorpus.Context()) { Indexing = indexing };

        // The run is over for those who wait for it while its work afterwards is not.
        await indexing.EnsureAsync(Cancel);
        await told.Task.WaitAsync(Cancel);
        Assert.Equal("1 files added, 2 changed, 3 unchanged, 0 removed. New passages have no vectors yet.", plugin.IndexDocuments(start: false).Note);

        // The next run ends it first.
        await indexing.Start();
        Assert.True(ended.Task.IsCompleted);
        Assert.Equal("1 files added, 2 changed, 3 unchanged, 0 removed.", plugin.IndexDocuments(start: false).Note);
    }

    [Fact]
    public async Task A_run_that_fails_says_why_and_can_be_started_again()
    {
        var runs = 0;
        await using var indexing = new IndexJob((_, _) => ++runs == 1 ? throw new AgentRagException("The disk is full.") : Task.FromResult(Result()));
        using var plugin = new AgentRagPlugin(BridgeCorpus.Context()) { Indexing = indexing };
        await Assert.ThrowsAsync<AgentRagException>(() => indexing.EnsureAsync(Cancel));
        Assert.Equal(("failed", "The run failed: The disk is full."), (plugin.IndexDocuments(start: false).State, plugin.IndexDocuments(start: false).Note));
        await indexing.EnsureAsync(Cancel);
        Assert.Equal("finished", plugin.IndexDocuments(start: false).State);
    }

    [Fact]
    public async Task While_the_documents_are_indexed_first_a_call_says_how_far_that_is()
    {
        var clock = new ManualTime(TimeSpan.FromSeconds(1));
        var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var indexing = new IndexJob(async (progress, ending) =>
        {
            progress.Report(new IndexProgress(3, 900, 2, 5, "docs/x.md"));
            waiting.SetResult();
            await Task.Delay(Timeout.Infinite, ending);
            throw new OperationCanceledException(ending);
        });
        using var plugin = new AgentRagPlugin(async opening =>
        {
            await indexing.EnsureAsync(opening);
            return BridgeCorpus.Context();
        })
        { Indexing = indexing, Clock = clock };
        var call = plugin.AsAIFunctions().Single(function => function.Name == "retrieve").InvokeAsync(new() { ["query"] = "x" }, Cancel).AsTask();
        await waiting.Task.WaitAsync(Cancel);
        clock.Advance(TimeSpan.FromSeconds(46));
        Assert.Equal(
            "The documents are still being indexed (3 of 900 files): call retrieve again in a minute; index_documents with action status says how far it is.",
            (await Assert.ThrowsAsync<AgentRagException>(() => call)).Message);
    }

    private static IndexResult Result() => new()
    {
        Documents = 4,
        Passages = 8,
        Tokens = 100,
        AddedFiles = 1,
        ChangedFiles = 2,
        UnchangedFiles = 3,
        RemovedFiles = 0,
        Skipped = [],
        UnknownFiles = 0,
        IgnoredFiles = 0,
        IgnoredFolders = 0,
        BytesOnDisk = 1000,
        Roots = ["/docs"],
    };

    // Three passages to a document, about 40 words each.
    private static AgentRagPlugin Plugin(int passages) => PluginOver([
        .. Enumerable.Range(0, passages).Select(i => Passage($"d{i / 3}", $"Title of d{i / 3}", $"harbour {string.Concat(Enumerable.Repeat($"word{i} ", 40))}") with { Id = $"d{i / 3}#{i % 3}" }),
    ]);

    private static AgentRagPlugin PluginOver(IReadOnlyList<AgentRag.Documents.Passage> passages)
    {
        var index = Bm25Index.Build(passages);
        var context = BridgeCorpus.Context(new Bm25Retriever(index));
        return new AgentRagPlugin(context with
        {
            Answering = context.Answering with { TokenCounter = new EstimatingTokenCounter() },
            Index = index,
            PassageCount = index.PassageCount,
        });
    }

    private static AgentRag.Documents.Passage Passage(string document, string title, string text, string? source = null) => new()
    {
        Id = $"{document}#1",
        DocumentId = document,
        Title = title,
        Source = source ?? $"{document}.md",
        Start = 0,
        End = text.Length,
        Text = text,
        ContentHash = document,
        TokenCount = text.Split(' ').Length,
    };
}
