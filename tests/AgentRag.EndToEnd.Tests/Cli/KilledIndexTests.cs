using System.Diagnostics;
using System.Text.Json;
using AgentRag.Indexing;
using AgentRag.Retrieval;
using AgentRag.Retrieval.Linked;
using Xunit;

namespace AgentRag.EndToEnd.Tests.Cli;

/// <summary>Processes that are killed while they index: whatever they were writing, the index they leave is whole.</summary>
public sealed class KilledIndexTests
{
    private const int KeptRows = 12_000;
    private const int EditedRows = 5_000;

    /// <summary>Two kills of three are aimed at the merge: they come a random while behind the file that it writes. AGENTRAG_TEST_KILLS sets how many there are.</summary>
    [Fact]
    public async Task Of_runs_killed_at_random_while_they_build_and_merge_none_leaves_an_index_that_cannot_be_read()
    {
        Assert.SkipUnless(Agentrag.CanInterrupt, "Needs a parent that can kill its child.");
        var wanted = int.Parse(Environment.GetEnvironmentVariable("AGENTRAG_TEST_KILLS") ?? "4");
        using var agentrag = new Agentrag();
        agentrag.Write("docs/kept.jsonl", string.Concat(Enumerable.Range(0, KeptRows).Select(i => Row("kept", i, 0))));
        WriteEdition(agentrag, 0);
        Assert.Equal(0, (await agentrag.RunAsync("index", "docs")).ExitCode);
        Copy(agentrag, ".agentrag", "prepared");

        var random = new Random(23);
        var (run, merge) = await DurationsAsync(agentrag);
        var (kills, whileWriting, whileCommitting, edition) = (0, 0, 0, 1);
        while (kills < wanted)
        {
            // More than a fifth of the one segment is deleted by this run, so it ends in a merge.
            Copy(agentrag, "prepared", ".agentrag");
            WriteEdition(agentrag, ++edition);
            var isAimed = kills % 3 > 0;
            if (!await KillAsync(agentrag, isAimed, random.NextDouble() * (isAimed ? merge : run)))
            {
                continue;
            }

            kills++;
            var isMerging = Directory.EnumerateFiles(Index(agentrag), "merging*").Any();
            var isCommitting = isAimed && !isMerging && !IsMerged(agentrag);
            (whileWriting, whileCommitting) = (whileWriting + (isMerging ? 1 : 0), whileCommitting + (isCommitting ? 1 : 0));
            await RequireWholeAsync(agentrag, isAimed ? [edition] : [0, edition]);

            // Now and then the next run goes on with what the killed one left.
            if (kills % 4 == 0)
            {
                Assert.Equal(0, (await agentrag.RunAsync("index")).ExitCode);
                await RequireWholeAsync(agentrag, [edition]);
                Assert.True(IsMerged(agentrag));
            }
        }

        TestContext.Current.SendDiagnosticMessage($"{kills} kills: {whileWriting} while a merge wrote its file, {whileCommitting} between that and its commit; none unreadable.");
        Assert.True(whileWriting + whileCommitting >= wanted * 3 / 10, $"Only {whileWriting + whileCommitting} of {kills} kills fell into merges.");
    }

    /// <summary>How long a run takes, and its part from the merge's file on, in milliseconds.</summary>
    private static async Task<(double Run, double Merge)> DurationsAsync(Agentrag agentrag)
    {
        WriteEdition(agentrag, 1);
        var clock = Stopwatch.StartNew();
        using var child = agentrag.Start("index", "docs");
        var drained = Task.WhenAll(child.StandardOutput.ReadToEndAsync(), child.StandardError.ReadToEndAsync());
        var begun = await MergeBegunAsync(agentrag, child) ? clock.Elapsed.TotalMilliseconds : throw new InvalidOperationException("The run did not merge.");
        await child.WaitForExitAsync();
        await drained;
        return (clock.Elapsed.TotalMilliseconds, clock.Elapsed.TotalMilliseconds - begun);
    }

    private static async Task<bool> KillAsync(Agentrag agentrag, bool isAimed, double delay)
    {
        using var child = agentrag.Start("index", "docs");
        var drained = Task.WhenAll(child.StandardOutput.ReadToEndAsync(), child.StandardError.ReadToEndAsync());
        if (isAimed)
        {
            await MergeBegunAsync(agentrag, child);
        }

        // Timers are too coarse for a merge of a few hundred milliseconds.
        var clock = Stopwatch.StartNew();
        while (!child.HasExited && clock.Elapsed.TotalMilliseconds < delay)
        {
            await Task.Yield();
        }

        var killed = !child.HasExited;
        if (killed)
        {
            child.Kill();
        }

        await child.WaitForExitAsync();
        await drained;
        return killed && child.ExitCode != 0;
    }

    private static async Task<bool> MergeBegunAsync(Agentrag agentrag, Process child)
    {
        while (!child.HasExited)
        {
            if (Directory.EnumerateFiles(Index(agentrag), "merging*").Any())
            {
                return true;
            }

            await Task.Yield();
        }

        return false;
    }

    /// <summary>Every byte is verified, the passages are those of one of the editions, and so are the links.</summary>
    private static async Task RequireWholeAsync(Agentrag agentrag, int[] editions)
    {
        var (index, graph) = LinksIndex.Open(Index(agentrag));
        index.Verify();
        Assert.Equal(KeptRows + EditedRows, index.PassageCount);
        var texts = Enumerable.Range(0, index.PassageCount).Select(index.PassageAt).Select(passage => passage.Text).ToHashSet(StringComparer.Ordinal);
        var edition = Assert.Single(editions, edition => texts.Contains(Text("edited", 0, edition)));
        Assert.All(Enumerable.Range(0, KeptRows), i => Assert.Contains(Text("kept", i, 0), texts));
        Assert.All(Enumerable.Range(0, EditedRows), i => Assert.Contains(Text("edited", i, edition), texts));

        // What mentions a title leads to it.
        var found = await new LinkedRetriever(index, graph).RetrieveAsync(new RetrievalQuery($"Which bridge is near Harbour Row {edition}?", 10));
        Assert.NotEmpty(found);
        Assert.Equal(index.PassageCount, graph.PassageCount);
        Assert.True(graph.MentionCount > KeptRows);
    }

    /// <summary>Whether nothing is left to merge: no segment has deletions.</summary>
    private static bool IsMerged(Agentrag agentrag)
    {
        using var manifest = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Index(agentrag), "index.json")));
        return manifest.RootElement.GetProperty("segments").EnumerateArray().All(segment => segment.GetProperty("deletions").ValueKind == JsonValueKind.Null);
    }

    private static string Index(Agentrag agentrag) => Path.Combine(agentrag.Folder, ".agentrag");

    private static void Copy(Agentrag agentrag, string from, string to)
    {
        var target = Path.Combine(agentrag.Folder, to);
        if (Directory.Exists(target))
        {
            Directory.Delete(target, recursive: true);
        }

        Directory.CreateDirectory(target);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(agentrag.Folder, from)))
        {
            File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
        }
    }

    private static void WriteEdition(Agentrag agentrag, int edition) =>
        agentrag.Write("docs/edited.jsonl", string.Concat(Enumerable.Range(0, EditedRows).Select(i => Row("edited", i, edition))));

    private static string Row(string file, int i, int edition) =>
        JsonSerializer.Serialize(new { id = $"{file}-{i}", title = $"Harbour Row {i} {file}", text = Text(file, i, edition) }) + "\n";

    private static string Text(string file, int i, int edition) =>
        $"Row {i} of {file}, edition {edition}, tells of barges, ropes and the price of tar in the year {i % 1900}. It lies beside Harbour Row {i / 2} kept and Bridge {i % 700}.";
}
