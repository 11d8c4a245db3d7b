using System.Text;
using AgentRag.Indexing;
using AgentRag.Indexing.Segments;
using AgentRag.Tests.Fakes;
using Xunit;

namespace AgentRag.Tests.Indexing.Segments;

public sealed class ShortWordsTests
{
    [Theory]
    [InlineData("a"), InlineData("rhein-7 is two"), InlineData("eightcha"), InlineData("ninechars"), InlineData("twelveletter"), InlineData("o'neill's")]
    public void A_short_word_is_packed_and_unpacked_unchanged(string text)
    {
        var reader = new TermReader(text, AnalyzerOptions.Plain, stackalloc char[TermReader.BufferLength]);
        Assert.True(reader.MoveNextWord());
        Assert.True(reader.TryPack(out var word));

        Span<char> unpacked = stackalloc char[ShortWords.MaxLength];
        Assert.Equal(reader.Current.ToString(), unpacked[..word.Unpack(unpacked)].ToString());
    }

    [Theory]
    [InlineData("thirteenchars"), InlineData("thisisalongerwordthansixteen"), InlineData("größe"), InlineData("東京"), InlineData("twelvelettér")]
    public void A_word_that_is_longer_or_not_ascii_is_not_packed(string text)
    {
        var reader = new TermReader(text, AnalyzerOptions.Plain, stackalloc char[TermReader.BufferLength]);
        Assert.True(reader.MoveNextWord());
        Assert.False(reader.TryPack(out _));
    }

    [Fact]
    public void Each_word_is_found_with_its_own_term_while_the_table_grows_and_no_other_is()
    {
        var (words, random, known) = (new ShortWords(100_000), new Random(7), new Dictionary<ShortWord, int>());
        for (var i = 0; i < 60_000; i++)
        {
            var word = Word(random);
            Assert.Equal(known.TryGetValue(word, out var expected), words.TryFind(word, out var term));
            Assert.Equal(expected, term);
            if (known.TryAdd(word, i))
            {
                words.Add(word, i);
            }
        }

        Assert.True(known.Count > 30_000);
        Assert.All(known, pair => Assert.True(words.TryFind(pair.Key, out var term) && term == pair.Value));
    }

    [Fact]
    public void Words_over_the_limit_are_not_kept()
    {
        var words = new ShortWords(maxWords: 3);
        for (var i = 0; i < 10; i++)
        {
            words.Add(new((ulong)i + 1, 0), i);
        }

        Assert.Equal([true, true, true, false, false], Enumerable.Range(0, 5).Select(i => words.TryFind(new((ulong)i + 1, 0), out _)));
    }

    [Fact]
    public void Words_made_to_share_a_place_are_kept_up_to_a_bound_and_never_mistaken_for_each_other()
    {
        var (words, random, same) = (new ShortWords(1_000), new Random(11), new List<ShortWord>());
        for (ShortWord? first = null; same.Count < 80;)
        {
            var word = Word(random);
            first ??= word;
            if ((word.Hash & 0xFFF) == (first.Value.Hash & 0xFFF) && !same.Contains(word))
            {
                same.Add(word);
            }
        }

        for (var i = 0; i < same.Count; i++)
        {
            words.Add(same[i], i);
        }

        var found = Enumerable.Range(0, same.Count).Where(i => words.TryFind(same[i], out _)).ToList();
        Assert.Equal(64, found.Count);
        Assert.All(found, i => Assert.True(words.TryFind(same[i], out var term) && term == i));
    }

    [Theory]
    [InlineData(true), InlineData(false)]
    public void Counts_of_any_text_are_those_of_the_analyzers_terms(bool isEnglish)
    {
        var (analyzer, random) = (isEnglish ? AnalyzerOptions.English : AnalyzerOptions.Plain, new Random(5));
        string[] pieces =
        [
            "the", "Cat", "cats", "o'neill's", "running", "internationalisation", "größe", "GRÖSSE", "東京都の人", "ภาษาไทย", "x1", "1898年", "of", "relational", "nationalization", "it's",
            "naïveté", "a", "zzzzzzzzzzzz", "zzzzzzzzzzzzz", "ﬁnding", "Ａｂｃ",
        ];
        var texts = Enumerable.Range(0, 60).Select(_ => string.Join(random.Next(3) == 0 ? ". " : " ", Enumerable.Range(0, random.Next(200)).Select(_ => Piece()))).ToList();

        var index = Bm25Index.Build(texts.Select((text, i) => TestPassages.Passage($"d{i}", text)), analyzer);

        var segment = Assert.Single(index.Segments).Segment;
        for (var passage = 0; passage < texts.Count; passage++)
        {
            var terms = new Analyzer(analyzer).Terms(index.PassageAt(passage).Title).Concat(new Analyzer(analyzer).Terms(texts[passage])).ToList();
            Assert.Equal(terms.Count, segment.PassageLengths[passage]);
            foreach (var group in terms.GroupBy(term => term, StringComparer.Ordinal))
            {
                var term = segment.FindTerm(Encoding.UTF8.GetBytes(group.Key));
                Assert.True(term >= 0, group.Key);
                Assert.Equal(group.Count(), segment.Postings(term).FrequencyIn(passage));
            }
        }

        // Every third word is new, so that groups, growth and known words all occur.
        string Piece() => random.Next(3) > 0 ? pieces[random.Next(pieces.Length)] : string.Concat(Enumerable.Range(0, random.Next(1, 15)).Select(_ => (char)('a' + random.Next(26))));
    }

    private static ShortWord Word(Random random)
    {
        var (low, high) = (0UL, 0U);
        for (var (i, length) = (0, random.Next(1, ShortWords.MaxLength + 1)); i < length; i++)
        {
            var letter = (uint)('a' + random.Next(26));
            (low, high) = i < 8 ? (low | ((ulong)letter << (8 * i)), high) : (low, high | (letter << (8 * (i - 8))));
        }

        return new(low, high);
    }
}
