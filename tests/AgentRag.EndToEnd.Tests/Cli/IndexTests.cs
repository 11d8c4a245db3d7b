using Xunit;

namespace AgentRag.EndToEnd.Tests.Cli;

public sealed class IndexTests
{
    [Fact]
    public async Task A_folder_is_indexed_and_the_summary_counts_it()
    {
        using var agentrag = Town.With(("docs/image.png", "no text"), ("docs/broken.jsonl", "{\n"));

        var finished = await agentrag.RunAsync("index", "docs", "--json");

        Assert.Equal(0, finished.ExitCode);
        Assert.Equal("", finished.Error);
        var summary = Assert.Single(finished.Json);
        Assert.Equal(4, summary.GetProperty("documents").GetInt32());
        Assert.Equal(4, summary.GetProperty("passages").GetInt32());
        Assert.Equal(1, summary.GetProperty("unknownFiles").GetInt32());
        Assert.Contains("broken.jsonl", Assert.Single(summary.GetProperty("skipped").EnumerateArray()).GetProperty("path").GetString(), StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(agentrag.Folder, ".agentrag", "index.json")));
    }

    [Fact]
    public async Task A_second_run_reads_what_changed_and_drops_what_is_gone()
    {
        using var agentrag = await Town.IndexedAsync();
        agentrag.Write("docs/tarrow.txt", "Tarrow is a village of coopers.\n");
        agentrag.Write("docs/new.md", "# New\n\nA new page.\n");
        File.Delete(Path.Combine(agentrag.Folder, "docs/orm.md"));

        var summary = (await agentrag.RunAsync("index", "docs", "--json")).Json[0];

        Assert.Equal(
            (1, 1, 2, 1),
            (Count("addedFiles"), Count("changedFiles"), Count("unchangedFiles"), Count("removedFiles")));
        Assert.Equal("tarrow", (await agentrag.RunAsync("retrieve", "coopers", "--json")).Json[0].GetProperty("passages")[0].GetProperty("documentId").GetString());
        Assert.Empty((await agentrag.RunAsync("retrieve", "weavers lighthouse", "--json")).Json[0].GetProperty("passages").EnumerateArray());

        int Count(string name) => summary.GetProperty(name).GetInt32();
    }

    [Fact]
    public async Task Patterns_and_gitignore_files_choose_what_is_read()
    {
        using var agentrag = Town.With(("docs/.gitignore", "tarrow.txt\n"));

        var chosen = await agentrag.RunAsync("index", "docs", "--include", "**/*.md", "--include", "*.txt", "--exclude", "people/**", "--json");
        Assert.Equal((1, ""), (chosen.Json[0].GetProperty("documents").GetInt32(), chosen.Error)); // orm.md

        var all = await agentrag.RunAsync("index", "docs", "--no-gitignore", "--json");
        Assert.Equal(4, all.Json[0].GetProperty("documents").GetInt32());
        Assert.Equal(
            new Finished(2, "", "error: Pattern '!' is blank or a comment: give one like **/*.md or !drafts/**.\n"), await agentrag.RunAsync("index", "docs", "--exclude", ""));
    }

    [Fact(Timeout = 120_000)]
    public async Task Watching_indexes_what_changes_until_Ctrl_C()
    {
        Assert.SkipUnless(Agentrag.CanInterrupt, "Only Unix lets a parent send Ctrl-C.");
        using var agentrag = Town.With();
        using var child = agentrag.Start("index", "docs", "--watch", "--json");
        var error = child.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.Equal(4, (await NextAsync()).GetProperty("documents").GetInt32());

        agentrag.Write("docs/new.md", "# New\n\nA new page.\n");
        var changed = await NextAsync();
        while (changed.GetProperty("documents").GetInt32() < 5)
        {
            // A batch may have begun before the file was there.
            changed = await NextAsync();
        }

        Assert.Equal((1, 4), (changed.GetProperty("addedFiles").GetInt32(), changed.GetProperty("unchangedFiles").GetInt32()));
        Agentrag.Interrupt(child);
        await child.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal((0, "Watching docs; Ctrl-C ends it.\n"), (child.ExitCode, await error));

        async Task<System.Text.Json.JsonElement> NextAsync() =>
            System.Text.Json.JsonDocument.Parse((await child.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken))!).RootElement;
    }

    [Fact]
    public async Task A_run_that_is_killed_leaves_the_old_index_readable()
    {
        using var agentrag = await Town.IndexedAsync(("docs/large.jsonl", ""));
        WriteLargeFile(agentrag);
        for (var attempt = 0; attempt < 3; attempt++)
        {
            using var child = agentrag.Start("index", "docs", "--force");
            while (!child.HasExited && !Directory.EnumerateFiles(Path.Combine(agentrag.Folder, ".agentrag"), "*.tmp").Any())
            {
                await Task.Yield();
            }

            // In the middle of writing the new index.
            child.Kill();
            await child.WaitForExitAsync();
            var found = await agentrag.RunAsync("retrieve", "lighthouse", "--json");
            Assert.Equal(0, found.ExitCode);
            Assert.Equal("orm", found.Json[0].GetProperty("passages")[0].GetProperty("documentId").GetString());
        }
    }

    [Fact]
    public async Task Ctrl_C_ends_with_130_without_a_word_and_without_leftovers()
    {
        Assert.SkipUnless(Agentrag.CanInterrupt, "Only Unix lets a parent send Ctrl-C.");
        using var agentrag = await Town.IndexedAsync();

        // A run that waits for its input is interrupted for certain: neither before it began nor behind its end.
        using var child = agentrag.Start("ask", "--questions", "-");
        var error = child.StandardError.ReadToEndAsync();
        while (!Directory.EnumerateFiles(Path.GetTempPath(), $"agentrag-stdin-{child.Id}-*").Any())
        {
            await Task.Yield();
            Assert.False(child.HasExited);
        }

        Agentrag.Interrupt(child);
        await child.WaitForExitAsync();

        Assert.Equal(130, child.ExitCode);
        Assert.Equal("", await error);
        Assert.Empty(Directory.EnumerateFiles(Path.GetTempPath(), $"agentrag-stdin-{child.Id}-*"));
    }

    [Fact]
    public async Task Ctrl_C_while_indexing_leaves_the_old_index_or_the_new_one()
    {
        Assert.SkipUnless(Agentrag.CanInterrupt, "Only Unix lets a parent send Ctrl-C.");
        using var agentrag = await Town.IndexedAsync(("docs/large.jsonl", ""));
        WriteLargeFile(agentrag);
        using var child = agentrag.Start("index", "docs", "--force");
        while (!child.HasExited && !Directory.EnumerateFiles(Path.Combine(agentrag.Folder, ".agentrag"), "*.tmp").Any())
        {
            await Task.Yield();
        }

        Agentrag.Interrupt(child);
        await child.WaitForExitAsync();

        // Writing a finished segment is not interrupted, so both ends are right.
        Assert.Contains(child.ExitCode, new[] { 0, 130 });
        Assert.Equal("orm", (await agentrag.RunAsync("retrieve", "lighthouse", "--json")).Json[0].GetProperty("passages")[0].GetProperty("documentId").GetString());
    }

    [Fact]
    public async Task A_missing_folder_is_an_error_that_says_what_to_do()
    {
        using var agentrag = new Agentrag();

        Assert.Equal(
            new Finished(2, "", "error: 'nowhere' does not exist: give a file or a folder.\n"),
            await agentrag.RunAsync("index", "nowhere"));
        Assert.Equal(
            new Finished(2, "", "error: 'nowhere' does not exist: give a file or a folder.\n"),
            await agentrag.RunAsync("index", "nowhere", "--watch"));
        Assert.Equal(
            new Finished(2, "", "error: There is no index in '.agentrag' yet: name the folders and files to index, such as 'agentrag index docs'.\n"),
            await agentrag.RunAsync("index"));
    }

    [Fact]
    public async Task A_folder_without_readable_files_is_said_to_be_one_by_every_command()
    {
        using var agentrag = new Agentrag();
        agentrag.Write("pictures/a.png", "no text");

        var indexed = await agentrag.RunAsync("index", "pictures");
        Assert.Equal(0, indexed.ExitCode);
        Assert.StartsWith("hint: Nothing was found to read. The kinds that are read are .bash .", indexed.Error, StringComparison.Ordinal);
        Assert.Contains(" .md ", indexed.Error, StringComparison.Ordinal);

        var doctor = await agentrag.RunAsync("doctor");
        Assert.Equal(2, doctor.ExitCode);
        Assert.Contains(
            "  FAIL index: '.agentrag' holds no passages: name folders and files with text in them, 'agentrag index PATH...'.", doctor.Lines);

        var allocated = (await agentrag.RunAsync("allocate", "--budget", "32k", "--json")).Json[0];
        Assert.Equal("assumed", allocated.GetProperty("sizesFrom").GetString());
        Assert.InRange(allocated.GetProperty("recommended").GetProperty("k").GetInt32(), 1, 1000);
        Assert.EndsWith(
            "Nothing is indexed in '.agentrag', so passages are taken to cost 130 tokens, as in the paper.",
            allocated.GetProperty("note").GetString(), StringComparison.Ordinal);
    }

    private static void WriteLargeFile(Agentrag agentrag) => agentrag.Write(
        "docs/large.jsonl",
        string.Concat(Enumerable.Range(0, 40_000).Select(i => $$"""{"id":"large-{{i}}","title":"Row {{i}}","text":"Row {{i}} tells of barges, ropes and the price of tar in year {{i % 1900}}."}""" + "\n")));
}
