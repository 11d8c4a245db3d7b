using AgentRag.Documents;
using AgentRag.Tokens;
using Xunit;

namespace AgentRag.Tests.Documents;

public sealed class PassageSplitterTests
{
    private static readonly EstimatingTokenCounter Counter = new();

    [Fact]
    public void Split_cuts_at_headings_and_records_the_path_without_the_title()
    {
        const string Text = "# Cluster\n\nIntro.\n\n## Use\n\nFirst.\n\n### Detail\n\nSecond.\n\n## End\n\nThird.\n";
        var document = Make(Text, "Cluster", [.. new[] { (1, "# Cluster"), (2, "## Use"), (3, "### Detail"), (2, "## End") }
            .Select(h => new Heading(h.Item1, h.Item2.TrimStart('#', ' '), Text.IndexOf(h.Item2, StringComparison.Ordinal), Text.IndexOf(h.Item2, StringComparison.Ordinal) + h.Item2.Length))]);

        var passages = new PassageSplitter(Counter).Split(document);

        Assert.Equal(["Intro.", "First.", "Second.", "Third."], passages.Select(p => p.Text));
        Assert.Equal(["", "Use", "Use/Detail", "End"], passages.Select(p => string.Join('/', p.HeadingPath)));
    }

    [Fact]
    public void Split_keeps_a_heading_without_a_body_as_a_passage()
    {
        var passages = new PassageSplitter(Counter).Split(Make("# Lonely heading\n", "x", [new(1, "Lonely heading", 0, 16)]));
        Assert.Equal("# Lonely heading", Assert.Single(passages).Text);
    }

    [Fact]
    public void Split_cuts_a_long_paragraph_between_sentences_and_not_behind_abbreviations()
    {
        // Each sentence takes more than half of the tokens.
        const string First = "The cat saw Dr. Ada B. Cole e.g. at 3.5 p.m. and ran.";
        const string Second = "The dog sat on the mat and the sun was warm and red.";
        var passages = new PassageSplitter(Counter, new() { MaxPassageTokens = 30 }).Split(Make($"{First} {Second}"));
        Assert.Equal([First, Second], passages.Select(p => p.Text));
    }

    [Fact]
    public void Split_keeps_a_code_fence_with_blank_lines_whole()
    {
        var words = string.Join(' ', Enumerable.Repeat("word", 40));
        const string Fence = "```\none\n\ntwo\n```";
        var passages = new PassageSplitter(Counter, new() { MaxPassageTokens = 45 }).Split(Make($"{words}\n\n{Fence}\n\n{words}"));
        Assert.Contains(Fence, passages.Select(p => p.Text));
    }

    [Fact]
    public void Split_packs_paragraphs_and_leaves_no_tiny_last_passage()
    {
        // A paragraph is 10.5 tokens, 12 with its line feed, and the empty line is one more: 13. Greedy packing alone would give 4 + 1.
        // Three of them are 13 + 13 + 11, two 13 + 11.
        var paragraph = string.Join(' ', Enumerable.Repeat("word", 10));
        var passages = new PassageSplitter(Counter, new() { MaxPassageTokens = 55 }).Split(Make(string.Join("\n\n", Enumerable.Repeat(paragraph, 5))));
        Assert.Equal([37, 24], passages.Select(p => p.TokenCount));
    }

    [Fact]
    public void Ids_are_the_hash_of_the_text_numbered_where_it_repeats()
    {
        var words = string.Join(' ', Enumerable.Repeat("word", 15));
        var passages = new PassageSplitter(Counter, new() { MaxPassageTokens = 16 }).Split(Make($"{words}\n\n{words}\n\nend"));
        var id = $"d#{passages[0].ContentHash[..8]}";

        Assert.Equal([id, $"{id}-2"], passages.Take(2).Select(p => p.Id));
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", PassageSplitter.ContentHash("abc")); // FIPS 180-2, B.1
    }

    [Fact]
    public void An_edit_leaves_the_ids_of_other_sections_as_they_are()
    {
        var before = new PassageSplitter(Counter).Split(Make("# A\n\none\n\n# B\n\ntwo", headings: [new(1, "A", 0, 3), new(1, "B", 10, 13)]));
        var after = new PassageSplitter(Counter).Split(Make("# A\n\nONE\n\n# B\n\ntwo", headings: [new(1, "A", 0, 3), new(1, "B", 10, 13)]));
        Assert.NotEqual(before[0].Id, after[0].Id);
        Assert.Equal(before[1].Id, after[1].Id);
    }

    [Fact]
    public void Overlap_repeats_the_last_sentences_of_the_passage_before()
    {
        var text = string.Join(' ', "abcdefghijklmnop".Select(c => $"This is a line {char.ToUpperInvariant(c)}{c}."));
        var passages = new PassageSplitter(Counter, new() { MaxPassageTokens = 32, OverlapTokens = 8 }).Split(Make(text));

        Assert.True(passages.Count > 3);
        for (var i = 1; i < passages.Count; i++)
        {
            Assert.InRange(passages[i].Start, passages[i - 1].Start + 1, passages[i - 1].End - 1);
            Assert.True(Counter.Count(text.AsSpan(passages[i].Start, passages[i - 1].End - passages[i].Start)) <= 8);
        }
    }

    [Fact]
    public void Passages_cover_every_word_fit_the_limit_and_are_ranges_of_the_text()
    {
        var random = new Random(3);
        for (var run = 0; run < 1500; run++)
        {
            var text = RandomText.Any(random, random.Next(400));
            var max = random.Next(PassageSplitterOptions.MinPassageTokens, 120);
            var options = new PassageSplitterOptions { MaxPassageTokens = max, OverlapTokens = random.Next(3) == 0 ? random.Next(max / 2) : 0 };
            var document = Make(text, headings: RandomHeadings(random, text));
            var covered = new bool[text.Length];
            foreach (var heading in document.Headings)
            {
                Array.Fill(covered, true, heading.Start, heading.End - heading.Start);
            }

            var passages = new PassageSplitter(Counter, options).Split(document);
            foreach (var passage in passages)
            {
                Assert.Equal(text[passage.Start..passage.End], passage.Text);
                Assert.False(string.IsNullOrWhiteSpace(passage.Text));
                Assert.InRange(Counter.Count(passage.Text), 1, max);
                Assert.Equal(Counter.Count(passage.Text), passage.TokenCount);
                Array.Fill(covered, true, passage.Start, passage.End - passage.Start);
            }

            Assert.Equal(passages.Count, passages.Select(p => p.Id).Distinct(StringComparer.Ordinal).Count());
            Assert.DoesNotContain(Enumerable.Range(0, text.Length), i => !covered[i] && !char.IsWhiteSpace(text[i]));
        }
    }

    [Theory]
    [InlineData("x")]
    [InlineData("中")]
    [InlineData("word ")]
    [InlineData("A sentence here. ")]
    [InlineData("- item\n")]
    [InlineData("\n\nword")]
    public void A_megabyte_of_one_thing_is_cut_without_counting_it_over_and_over(string unit)
    {
        var counter = new CharacterMeter();
        var text = string.Concat(Enumerable.Repeat(unit, 1_000_000 / unit.Length));
        new PassageSplitter(counter).Split(Make(text));
        Assert.InRange(counter.Characters, text.Length, 60L * text.Length);
    }

    [Fact]
    public void Options_out_of_range_are_all_named() =>
        Assert.Equal(
            "Passage splitter: MaxPassageTokens is 4, must be at least 16; OverlapTokens is 3, must be in [0, MaxPassageTokens / 2].",
            Assert.Throws<AgentRagException>(() => new PassageSplitterOptions { MaxPassageTokens = 4, OverlapTokens = 3 }.Validated()).Message);

    private static Document Make(string text, string title = "t", IReadOnlyList<Heading>? headings = null) =>
        new() { Id = "d", Title = title, Source = "d.md", Text = text, Headings = headings ?? [] };

    private static List<Heading> RandomHeadings(Random random, string text)
    {
        List<Heading> headings = [];
        for (var start = random.Next(100); start + 5 < text.Length; start += 5 + random.Next(400))
        {
            headings.Add(new(1 + random.Next(6), $"Heading {start}", start, start + 5));
        }

        return headings;
    }

    /// <summary>Counts as the estimator does and how many characters it was shown.</summary>
    private sealed class CharacterMeter : ITokenCounter
    {
        public long Characters { get; private set; }

        public string Name => "meter";

        public int Count(ReadOnlySpan<char> text)
        {
            Characters += text.Length;
            return Counter.Count(text);
        }
    }
}
