using System.Runtime.InteropServices;
using AgentRag.Indexing;
using AgentRag.Indexing.Segments;
using AgentRag.Retrieval;
using AgentRag.Tests.Fakes;
using AgentRag.Tests.Retrieval;
using Xunit;

namespace AgentRag.Tests.Indexing;

/// <summary>Whatever happens to the bytes of an index: the results are the right ones, or the error says what is damaged.</summary>
public sealed class SegmentFuzzTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RandomCorpus _corpus = new(21, 300);
    private readonly List<string> _queries;

    public SegmentFuzzTests() => _queries = [.. Enumerable.Range(0, 12).Select(_ => _corpus.Query())];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_cut_and_every_changed_byte_of_a_small_segment_is_noticed_or_harmless()
    {
        _folder.Write("in/a.jsonl", _corpus.JsonLines("a", 3));
        var (path, sound) = await MakeAsync();
        var expected = await AnswersAsync();
        for (var i = 0; i < sound.Length; i++)
        {
            await RequireAsync(path, sound[..i], expected, mayBeHarmless: false);
            byte[] changed = [.. sound];
            changed[i] ^= 0x40;
            await RequireAsync(path, changed, expected, mayBeHarmless: true);
        }
    }

    [Fact]
    public async Task Postings_that_end_the_file_are_refused_because_blocks_of_them_are_read_beyond_their_end()
    {
        _folder.Write("in/a.jsonl", _corpus.JsonLines("a", 3));
        var (path, sound) = await MakeAsync();
        var at = Marshal.SizeOf<SegmentHeader>() + ((int)SegmentSection.Postings * Marshal.SizeOf<SectionEntry>());
        var postings = MemoryMarshal.Read<SectionEntry>(sound.AsSpan(at));
        foreach (var (left, isRefused) in new[] { (128, false), (127, true), (0, true) })
        {
            byte[] changed = [.. sound];
            MemoryMarshal.Write(changed.AsSpan(at), postings with { Offset = sound.Length - left - postings.Length });
            MemoryMarshal.Write(changed, MemoryMarshal.Read<SegmentHeader>(changed) with { Checksum = 0 });
            var checksum = Checksum.Of(changed.AsSpan(0, SegmentStream.HeaderLength));
            MemoryMarshal.Write(changed, MemoryMarshal.Read<SegmentHeader>(changed) with { Checksum = checksum });
            var fault = Record.Exception(() => Segment.Open(changed));
            Assert.Equal(isRefused, fault is AgentRagException { Message: var message } && message.Contains("has a damaged header", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3)]
    public async Task Random_damage_to_a_larger_segment_is_noticed_or_harmless(int seed)
    {
        // Lists of all three forms: dense rows, lists with a directory, flat ones.
        _folder.Write("in/a.jsonl", _corpus.JsonLines("a", 1_500));
        var (path, sound) = await MakeAsync();
        var expected = await AnswersAsync();
        var random = new Random(seed);
        for (var run = 0; run < 120; run++)
        {
            var changed = Damage.Of(sound, random);
            await RequireAsync(path, changed, expected, mayBeHarmless: true);
        }
    }

    [Fact]
    public async Task Verify_finds_damage_wherever_it_is()
    {
        _folder.Write("in/a.jsonl", _corpus.JsonLines("a", 400));
        var (path, sound) = await MakeAsync();
        Bm25Index.Open(_folder["index"]).Verify();
        var random = new Random(5);
        var noticed = 0;
        for (var run = 0; run < 60; run++)
        {
            byte[] changed = [.. sound];
            changed[random.Next(changed.Length)] ^= 1;
            Replace(path, changed);
            noticed += Record.Exception(() => Bm25Index.Open(_folder["index"]).Verify()) is AgentRagException ? 1 : 0;
        }

        // Some bytes between the sections mean nothing.
        Assert.InRange(noticed, 58, 60);
    }

    [Fact]
    public void Postings_with_a_right_checksum_and_wrong_content_are_refused()
    {
        // Content that this program would not write, but somebody else might.
        using var stream = new MemoryStream();
        var writer = new SegmentWriter(stream);
        writer.AddDocument("d"u8, "t"u8, "s"u8);
        writer.AddPassage(0, new("d#1", null, 0, 1, "x"), tokens: 1, length: 1);
        writer.BeginTerms();
        writer.AddTerm("x"u8, [0], [1]);
        writer.Finish([]);
        var bytes = stream.ToArray();
        Assert.Equal(1, Segment.Open(bytes).Postings(0).Count);

        unsafe
        {
            fixed (byte* start = bytes)
            {
                var sections = (SectionEntry*)(start + sizeof(SegmentHeader));
                *(uint*)(start + sections[(int)SegmentSection.Postings].Offset) = 1_000_000;
                var entries = sections + (int)SegmentSection.TermEntries;
                ((TermEntry*)(start + entries->Offset))->Checksum = Checksum.Of(bytes.AsSpan((int)sections[(int)SegmentSection.Postings].Offset, 5));
                entries->Checksum = Checksum.Of(bytes.AsSpan((int)entries->Offset, (int)entries->Length));
                ((SegmentHeader*)start)->Checksum = 0;
                ((SegmentHeader*)start)->Checksum = Checksum.Of(bytes.AsSpan(0, SegmentStream.HeaderLength));
            }
        }

        Assert.Contains("damaged postings", Assert.Throws<AgentRagException>(() => Segment.Open(bytes).Postings(0)).Message, StringComparison.Ordinal);
    }

    private async Task<(string Path, byte[] Bytes)> MakeAsync()
    {
        await new Indexer(new WordCounter()).RunAsync(new() { Paths = [_folder["in"]], IndexDirectory = _folder["index"], Analyzer = AnalyzerOptions.Plain });
        var path = Assert.Single(Directory.GetFiles(_folder["index"], "segment-*.bin"));
        return (path, await File.ReadAllBytesAsync(path));
    }

    private async Task RequireAsync(string path, byte[] bytes, string expected, bool mayBeHarmless)
    {
        Replace(path, bytes);
        try
        {
            Assert.Equal(expected, await AnswersAsync());
            Assert.True(mayBeHarmless, $"A segment cut to {bytes.Length} bytes was not noticed.");
        }
        catch (AgentRagException exception)
        {
            Assert.StartsWith($"Index '{_folder["index"]}' is damaged (segment-000001.bin ", exception.Message, StringComparison.Ordinal);
        }
    }

    private async Task<string> AnswersAsync()
    {
        var index = Bm25Index.Open(_folder["index"]);
        var retriever = new Bm25Retriever(index);
        List<string> answers = [];
        foreach (var query in _queries)
        {
            answers.AddRange((await retriever.RetrieveAsync(new(query, 10))).Select(ranked => $"{ranked.Score:R} {ranked.Passage}"));
        }

        answers.AddRange(index.Documents.Select(document => document.ToString()));
        answers.Add(index.Find(index.PassageAt(0).Id)!.ToString());
        return string.Join('\n', answers);
    }

    // A new file each time: writing into a mapped one would change it under its readers.
    private static void Replace(string path, byte[] bytes)
    {
        File.WriteAllBytes(path + ".new", bytes);
        File.Move(path + ".new", path, overwrite: true);
    }
}
