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
            new Finished(2, "", "error: There is no index in '.agentrag' yet: name the folders and files to index, such as 'agentrag index docs'.\n"),
            await agentrag.RunAsync("index"));
    }

    private static void WriteLargeFile(Agentrag agentrag) => agentrag.Write(
        "docs/large.jsonl",
        string.Concat(Enumerable.Range(0, 40_000).Select(i => $$"""{"id":"large-{{i}}","title":"Row {{i}}","text":"Row {{i}} tells of barges, ropes and the price of tar in year {{i % 1900}}."}""" + "\n")));
}
