using System.Runtime.InteropServices;
using AgentRag.Indexing;
using AgentRag.Indexing.Segments;
using AgentRag.Tokens;
using Xunit;

namespace AgentRag.Tests.Indexing;

public sealed class LinksIndexTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("links").FullName;

    private string IndexFolder => Path.Combine(_folder, "index");

    private string LinksPath => Path.Combine(IndexFolder, new IndexDirectory(IndexFolder).ReadManifest()!.LinksName);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Links_written_beside_an_index_are_those_that_are_read_again()
    {
        await IndexAsync("# Neil Young\n\nA singer.", "# Decade\n\nAn album by Neil Young.");

        Assert.True(LinksIndex.Update(IndexFolder));
        var (index, graph) = LinksIndex.Open(IndexFolder);

        Assert.Equal(Bytes(LinksGraph.Build(index)), Bytes(graph));
        Assert.True(graph.MentionCount > 0);
    }

    [Fact]
    public async Task Links_that_are_there_already_are_not_written_again()
    {
        await IndexAsync("# A title\n\nText.");

        Assert.True(LinksIndex.Update(IndexFolder));
        Assert.False(LinksIndex.Update(IndexFolder));
    }

    [Fact]
    public async Task Links_of_an_older_state_are_not_used()
    {
        await IndexAsync("# Neil Young\n\nA singer.");
        LinksIndex.Update(IndexFolder);
        await IndexAsync("# Neil Young\n\nA singer.", "# Decade\n\nAn album by Neil Young.");

        var (index, graph) = LinksIndex.Open(IndexFolder);

        Assert.Equal(index.PassageCount, graph.PassageCount);
        Assert.Equal(Bytes(LinksGraph.Build(index)), Bytes(graph));
        Assert.True(LinksIndex.Update(IndexFolder));
    }

    [Fact]
    public async Task Links_of_a_small_index_are_made_when_they_are_missing()
    {
        await IndexAsync("# Neil Young\n\nA singer.");

        Assert.Equal(1, LinksIndex.Open(IndexFolder).Graph.PassageCount);
        Assert.False(File.Exists(LinksPath));
    }

    [Fact]
    public async Task Links_that_are_damaged_anywhere_are_made_anew_by_the_next_update_and_by_the_next_index_run()
    {
        await IndexAsync("# Neil Young\n\nA singer.", "# Decade\n\nAn album by Neil Young.");
        LinksIndex.Update(IndexFolder);
        var sound = await File.ReadAllBytesAsync(LinksPath);

        foreach (var position in Enumerable.Range(0, sound.Length).Where(position => sound[position] != 0))
        {
            var damaged = (byte[])sound.Clone();
            damaged[position] ^= 0x10;
            await File.WriteAllBytesAsync(LinksPath, damaged);
            Assert.True(LinksIndex.Update(IndexFolder));
            Assert.Equal(sound, await File.ReadAllBytesAsync(LinksPath));
        }

        await File.WriteAllBytesAsync(LinksPath, [.. sound[..^1], (byte)(sound[^1] ^ 1)]);
        await new Indexer(new EstimatingTokenCounter()).RunAsync(new() { Paths = [], IndexDirectory = IndexFolder, WithLinks = true });
        Assert.Equal(sound, await File.ReadAllBytesAsync(LinksPath));
    }

    [Theory]
    [InlineData(0), InlineData(1), InlineData(4095), InlineData(4096), InlineData(-1)]
    public async Task A_file_that_is_cut_off_is_noticed(int length)
    {
        await IndexAsync("# Neil Young\n\nA singer.");
        LinksIndex.Update(IndexFolder);
        var sound = await File.ReadAllBytesAsync(LinksPath);
        await File.WriteAllBytesAsync(LinksPath, length < 0 ? sound[..^1] : sound[..length]);

        var error = Assert.Throws<AgentRagException>(() => LinksIndex.Open(IndexFolder));

        Assert.Equal($"The links of index '{IndexFolder}' are damaged (the file is cut off): make them anew with 'agentrag index'.", error.Message);
    }

    [Theory]
    [InlineData(1, "have format version 1, this program reads version 2: make them anew with 'agentrag index'.")]
    [InlineData(3, "have format version 3, this program reads version 2: update agentrag, or make them anew with 'agentrag index'.")]
    public async Task Links_of_another_format_version_are_an_error_with_the_way_out_and_an_update_replaces_them(int version, string expected)
    {
        await IndexAsync("# Neil Young\n\nA singer.");
        LinksIndex.Update(IndexFolder);
        var sound = await File.ReadAllBytesAsync(LinksPath);
        await File.WriteAllBytesAsync(LinksPath, WithVersion(sound, version));

        var error = Assert.Throws<AgentRagException>(() => LinksIndex.Open(IndexFolder));

        Assert.Equal($"The links of index '{IndexFolder}' {expected}", error.Message);
        if (version == 1)
        {
            // Those had no whole page in front.
            await File.WriteAllBytesAsync(LinksPath, WithVersion(sound, version)[..200]);
            Assert.Equal(error.Message, Assert.Throws<AgentRagException>(() => LinksIndex.Open(IndexFolder)).Message);
        }

        Assert.True(LinksIndex.Update(IndexFolder));
        Assert.Equal(sound, await File.ReadAllBytesAsync(LinksPath));
    }

    [Fact]
    public void Without_an_index_the_message_says_how_to_make_one()
    {
        var error = Assert.Throws<AgentRagException>(() => LinksIndex.Update(IndexFolder));

        Assert.Equal($"There is no index at '{IndexFolder}': make one with 'agentrag index PATH...'.", error.Message);
        Assert.False(Directory.Exists(IndexFolder));
    }

    [Fact]
    public async Task Links_are_not_written_while_another_run_writes_the_index()
    {
        await IndexAsync("# Neil Young\n\nA singer.");
        using var otherRun = new IndexDirectory(IndexFolder).Lock();

        var error = Assert.Throws<AgentRagException>(() => LinksIndex.Update(IndexFolder));

        Assert.Equal($"Index '{IndexFolder}' is being written by another run: wait until it ends, or choose another folder with --index DIR.", error.Message);
    }

    private async Task IndexAsync(params string[] documents)
    {
        var source = Directory.CreateDirectory(Path.Combine(_folder, "source")).FullName;
        for (var i = 0; i < documents.Length; i++)
        {
            await File.WriteAllTextAsync(Path.Combine(source, $"{i}.md"), documents[i]);
        }

        await new Indexer(new EstimatingTokenCounter()).RunAsync(new() { Paths = [source], IndexDirectory = IndexFolder });
    }

    private static byte[] WithVersion(byte[] sound, int version)
    {
        var header = MemoryMarshal.Read<LinksHeader>(sound) with { FormatVersion = version, Checksum = 0 };
        var page = sound[..LinksPages.PageLength];
        MemoryMarshal.Write(page, header);
        MemoryMarshal.Write(page, header with { Checksum = Checksum.Of(page) });
        return [.. page, .. sound[page.Length..]];
    }

    private static byte[] Bytes(LinksGraph graph)
    {
        using var stream = new MemoryStream();
        LinksWriter.Write(graph, new string('0', 64), stream);
        return stream.ToArray();
    }
}
