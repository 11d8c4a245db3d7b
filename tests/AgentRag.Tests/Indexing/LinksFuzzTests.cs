using System.Runtime.InteropServices;
using AgentRag.Documents;
using AgentRag.Indexing;
using AgentRag.Indexing.Segments;
using AgentRag.Retrieval.Linked;
using AgentRag.Tests.Fakes;
using Xunit;

namespace AgentRag.Tests.Indexing;

/// <summary>Whatever happens to the bytes of links: what is read of them is right, or the error says what is damaged.</summary>
public sealed class LinksFuzzTests
{
    private static readonly string State = new('a', 64);

    private readonly Bm25Index _index = Bm25Index.Build(Passages(40, new Random(4)));

    [Fact]
    public void Every_cut_and_every_changed_byte_is_noticed()
    {
        var sound = Bytes(LinksGraph.Build(Bm25Index.Build(Passages(6, new Random(1)))));
        Assert.InRange(sound.Length, LinksPages.PageLength + 200, 2 * LinksPages.PageLength);
        for (var i = 0; i < sound.Length; i++)
        {
            Require(sound[..i]);
            byte[] changed = [.. sound];
            changed[i] ^= 0x40;
            Require(changed);
        }

        Require([.. sound, 0]);
        Assert.Equal(sound, Bytes(Open(sound)));

        static void Require(byte[] bytes)
        {
            // Header and page table are verified when the file is opened, the pages when they are read; both is done here.
            var error = Assert.Throws<AgentRagException>(() => Bytes(Open(bytes)));
            Assert.Matches("^The links of index 'fuzzed' (are damaged \\(.+\\): make them|have format version [0-9]+, this program reads version 2: (update agentrag, or )?make them) anew with 'agentrag index'.$", error.Message);
        }
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3)]
    public async Task Queries_over_damaged_links_give_the_right_passages_or_say_what_is_damaged(int seed)
    {
        var random = new Random(seed);
        var sound = Bytes(LinksGraph.Build(_index));
        Assert.True(sound.Length > 3 * LinksPages.PageLength);
        var expected = await AnswersAsync(Open(sound));
        Assert.Equal(expected, await AnswersAsync(LinksGraph.Build(_index)));
        var (right, noticed) = (0, 0);
        for (var run = 0; run < 150; run++)
        {
            var changed = Damage.Of(sound, random);
            try
            {
                Assert.Equal(expected, await AnswersAsync(Open(changed)));
                right++;
            }
            catch (AgentRagException exception)
            {
                Assert.StartsWith("The links of index 'fuzzed' ", exception.Message, StringComparison.Ordinal);
                noticed++;
            }
        }

        Assert.True(noticed > 50, $"Only {noticed} of {noticed + right} were noticed.");
    }

    [Theory]
    [InlineData(nameof(LinksSection.NameEnds)), InlineData(nameof(LinksSection.MentionEnds)), InlineData(nameof(LinksSection.Mentions)), InlineData(nameof(LinksSection.SubjectEnds))]
    [InlineData(nameof(LinksSection.Subjects)), InlineData(nameof(LinksSection.PassageNameEnds)), InlineData(nameof(LinksSection.PassageNames)), InlineData(nameof(LinksSection.PassageSubjects))]
    public void Numbers_that_lead_nowhere_are_refused_although_the_checksums_are_right(string section)
    {
        var graph = LinksGraph.Build(Bm25Index.Build(Passages(6, new Random(1))));
        foreach (var wrong in (int[])[1_000_000_000, int.MaxValue, int.MinValue])
        {
            // Links that this program would not make, but somebody else might.
            using var stream = new MemoryStream();
            LinksWriter.Write(With(graph, Enum.Parse<LinksSection>(section), wrong), State, stream);
            var opened = LinksFile.Open(SegmentBytes.Of(stream.ToArray()), "fuzzed", State)!;

            var error = Assert.Throws<AgentRagException>(() => ReadAll(opened));
            Assert.Equal("The links of index 'fuzzed' are damaged (it holds numbers that lead nowhere): make them anew with 'agentrag index'.", error.Message);
        }
    }

    [Fact]
    public void A_header_whose_numbers_lead_nowhere_is_refused_although_its_checksum_is_right()
    {
        var sound = Bytes(LinksGraph.Build(_index));
        var random = new Random(9);
        var refused = 0;
        for (var run = 0; run < 2_000; run++)
        {
            var page = sound[..LinksPages.PageLength];
            var position = 16 + random.Next(Marshal.SizeOf<LinksHeader>() + (LinksHeader.SectionCount * Marshal.SizeOf<LinksSectionEntry>()) - 16);
            page[position] ^= (byte)(1 << random.Next(8));
            MemoryMarshal.Write(page, MemoryMarshal.Read<LinksHeader>(page) with { Checksum = 0 });
            MemoryMarshal.Write(page, MemoryMarshal.Read<LinksHeader>(page) with { Checksum = Checksum.Of(page) });
            var exception = Record.Exception(() =>
            {
                if (LinksFile.Open(SegmentBytes.Of([.. page, .. sound[page.Length..]]), "fuzzed", State) is { } opened)
                {
                    ReadAll(opened);
                }
            });
            Assert.True(exception is null or AgentRagException, $"Byte {position}: {exception}");
            refused += exception is null ? 0 : 1;
        }

        // A few bits say nothing that could be wrong: those of the state's checksum, which make the links another state's, and of padding.
        Assert.InRange(refused, 1_200, 2_000);
    }

    private async Task<string> AnswersAsync(LinksGraph graph)
    {
        var retriever = new LinkedRetriever(_index, graph);
        List<string> answers = [];
        foreach (var query in (string[])["Which town is Ada Kay3 from?", "river of Ada Kay7 and Ada Kay9", "Who knows Otto von Rhein?"])
        {
            answers.AddRange((await retriever.RetrieveAsync(new(query, 10) { Explain = true })).Select(ranked => $"{ranked.Score:R} {ranked.Passage.Id} {ranked.Explanation!.Parts.Count}"));
        }

        return string.Join('\n', answers);
    }

    private static LinksGraph With(LinksGraph graph, LinksSection section, int wrong)
    {
        return new(
            new(graph.Names.Utf8, Changed(graph.Names.Ends, LinksSection.NameEnds)), graph.MentionCounts, graph.SubjectDocuments,
            Rows(graph.Mentions, LinksSection.MentionEnds), Rows(graph.Subjects, LinksSection.SubjectEnds), Rows(graph.PassageNames, LinksSection.PassageNameEnds),
            Changed(graph.PassageSubjects, LinksSection.PassageSubjects));

        LinksRows Rows(LinksRows rows, LinksSection ends) => new(Changed(rows.Ends, ends), Changed(rows.Values, ends + 1), int.MaxValue);

        LinksColumn<int> Changed(LinksColumn<int> column, LinksSection of)
        {
            var values = column.Slice(0, column.Count).ToArray();

            // -1 stands for "about nothing" among the subjects: less than that is wrong, and so is any negative number elsewhere.
            values[values.Length / 2] = of == section ? of == LinksSection.PassageSubjects && wrong < 0 ? int.MaxValue : wrong : values[values.Length / 2];
            return new(values);
        }
    }

    private static void ReadAll(LinksGraph graph)
    {
        for (var name = 0; name < graph.NameCount; name++)
        {
            _ = (graph.Names[name], graph.MentionCounts[name], graph.SubjectDocuments[name], graph.Mentions[name].Length, graph.Subjects[name].Length);
        }

        for (var passage = 0; passage < graph.PassageCount; passage++)
        {
            _ = (graph.PassageNames[passage].Length, graph.SubjectsOf(passage).Length);
        }
    }

    private static LinksGraph Open(byte[] bytes) => LinksFile.Open(SegmentBytes.Of(bytes), "fuzzed", State)!;

    private static byte[] Bytes(LinksGraph graph)
    {
        using var stream = new MemoryStream();
        LinksWriter.Write(graph, State, stream);
        return stream.ToArray();
    }

    private static IEnumerable<Passage> Passages(int count, Random random) => Enumerable.Range(0, count).Select(i => TestPassages.Passage(
        $"d{i}", string.Join(' ', Enumerable.Range(0, 30).Select(_ => $"Then Ada Kay{random.Next(count)} met Otto von Rhein{random.Next(count)} at the river.")), $"Ada Kay{i}"));
}
