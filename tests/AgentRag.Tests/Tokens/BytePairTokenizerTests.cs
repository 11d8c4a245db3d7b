using System.Diagnostics;
using System.Text;
using AgentRag.Tokens.BytePairs;
using Xunit;

namespace AgentRag.Tests.Tokens;

public sealed class BytePairTokenizerTests
{
    private static readonly TrainedVocabulary Trained = TrainedVocabulary.Instance;
    private static readonly BytePairVocabulary ByRank = new(Trained.Tokens);
    private static readonly BytePairVocabulary ByMerges = new(Trained.Tokens, Trained.Merges, wholePiecesFirst: false);

    public static TheoryData<SplitPattern> Patterns => [.. Enum.GetValues<SplitPattern>()];

    [Theory]
    [MemberData(nameof(Patterns))]
    public void Ids_equal_those_of_the_plain_encoders_on_hostile_text(SplitPattern pattern)
    {
        var (byRank, byMerges) = (new BytePairTokenizer("t", ByRank, pattern), new BytePairTokenizer("t", ByMerges, pattern));
        var random = new Random(7);
        for (var run = 0; run < 3_000; run++)
        {
            var text = HostileText.Next(random, 24);
            Assert.Equal(Trained.EncodeByRank(pattern, text), byRank.Encode(text));
            Assert.Equal(Trained.EncodeByMerges(pattern, text), byMerges.Encode(text));
            Assert.Equal(byRank.Encode(text).Length, byRank.Count(text));
            Assert.Equal(Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)), byRank.Decode(byRank.Encode(text)));
        }
    }

    [Theory]
    [InlineData(SplitPattern.Gpt2), InlineData(SplitPattern.Cl100k), InlineData(SplitPattern.O200k)]
    public void Ids_of_the_demo_world_equal_those_of_the_plain_encoder(SplitPattern pattern)
    {
        var tokenizer = new BytePairTokenizer("t", ByRank, pattern);
        var text = TrainedVocabulary.WorldText();
        Assert.Equal(Trained.EncodeByRank(pattern, text), tokenizer.Encode(text));
        Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
    }

    // By hand from the published patterns; | marks the cuts.
    [Theory]
    [InlineData(SplitPattern.Gpt2, "Don't|  STOP|\n\n", "Don|'t| | STOP|\n\n")]
    [InlineData(SplitPattern.Gpt2, "It'S 12345", "It|'|S| 12345")]
    [InlineData(SplitPattern.Cl100k, "It'S 12345", "It|'S| |123|45")]
    [InlineData(SplitPattern.Cl100k, "a.\n\nB", "a|.\n\n|B")]
    [InlineData(SplitPattern.Cl100k, "x \n  y", "x| \n| | y")]
    [InlineData(SplitPattern.Cl100k, "'twas (yes)", "'t|was| (|yes|)")]
    [InlineData(SplitPattern.Qwen2, "in 1999", "in| |1|9|9|9")]
    [InlineData(SplitPattern.O200k, "HTTPServer don't", "HTTPServer| don't")]
    [InlineData(SplitPattern.O200k, "camelCase ABC中d", "camel|Case| ABC中d")]
    [InlineData(SplitPattern.O200k, "中AB", "中|AB")]
    [InlineData(SplitPattern.O200k, "a//\n/b", "a|//\n/|b")]
    [InlineData(SplitPattern.Tekken, "don't 12", "don|'t| |1|2")]
    [InlineData(SplitPattern.SingleDigits, "a12b", "a|1|2|b")]
    [InlineData(SplitPattern.DigitRuns, "a12b", "a|12|b")]
    public void Pieces_are_those_worked_by_hand(SplitPattern pattern, string text, string expected)
    {
        text = text.Replace("|", "", StringComparison.Ordinal);
        var tokenizer = new BytePairTokenizer("t", ByRank, pattern);
        List<string> pieces = [];
        for (var start = 0; start < text.Length;)
        {
            var end = tokenizer.PieceEnd(text, start, out _);
            pieces.Add(text[start..end]);
            start = end;
        }

        Assert.Equal(expected, string.Join('|', pieces));
    }

    [Fact]
    public void Whole_pieces_come_first_only_where_the_vocabulary_says_so()
    {
        // "abc" is a token that no merge of its bytes leads to: b and c are merged first, and there is no a + bc.
        List<ReadOnlyMemory<byte>> tokens = [.. Enumerable.Range(0, 256).Select(value => (ReadOnlyMemory<byte>)new[] { (byte)value }), "bc"u8.ToArray(), "ab"u8.ToArray(), "abc"u8.ToArray()];
        List<(int, int)> merges = [('b', 'c'), ('a', 'b'), (257, 'c')];
        Assert.Equal([258], new BytePairTokenizer("t", new BytePairVocabulary(tokens, merges, wholePiecesFirst: true), SplitPattern.Gpt2).Encode("abc"));
        Assert.Equal(['a', 256], new BytePairTokenizer("t", new BytePairVocabulary(tokens, merges, wholePiecesFirst: false), SplitPattern.Gpt2).Encode("abc"));
    }

    [Theory]
    [InlineData(SplitPattern.O200k, "a"), InlineData(SplitPattern.O200k, " "), InlineData(SplitPattern.O200k, "\n"), InlineData(SplitPattern.O200k, "1")]
    [InlineData(SplitPattern.O200k, "中"), InlineData(SplitPattern.O200k, "A"), InlineData(SplitPattern.O200k, "!"), InlineData(SplitPattern.O200k, "\uD83D")]
    [InlineData(SplitPattern.O200k, "aB"), InlineData(SplitPattern.O200k, "中A"), InlineData(SplitPattern.O200k, "A\u0301'"), InlineData(SplitPattern.Cl100k, "a")]
    [InlineData(SplitPattern.Cl100k, " "), InlineData(SplitPattern.Cl100k, "é'"), InlineData(SplitPattern.Gpt2, " "), InlineData(SplitPattern.Gpt2, "1"), InlineData(SplitPattern.None, "ab ")]
    public void A_megabyte_of_one_thing_takes_no_quadratic_time(SplitPattern pattern, string thing)
    {
        var text = string.Concat(Enumerable.Repeat(thing, 1_000_000 / thing.Length));
        var (tokenizer, clock) = (new BytePairTokenizer("t", ByMerges, pattern), Stopwatch.StartNew());
        var ids = tokenizer.Encode(text);

        // About half a second when alone; quadratic it would be hours.
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), $"It took {clock.Elapsed}.");
        Assert.Equal(Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)), tokenizer.Decode(ids));
    }

    [Fact]
    public void Counting_allocates_nothing()
    {
        var text = TrainedVocabulary.WorldText() + new string('x', 5_000);
        foreach (var vocabulary in new[] { ByRank, ByMerges })
        {
            var tokenizer = new BytePairTokenizer("t", vocabulary, SplitPattern.O200k);
            var expected = tokenizer.Count(text);
            var count = 0;
            Assert.Equal(0, AllocatedBytes.LeastOf(() => count = tokenizer.Count(text)));
            Assert.Equal(expected, count);
        }
    }

    [Fact]
    public void Added_tokens_are_found_anywhere_the_longest_first_and_decoded_again()
    {
        var tokenizer = new BytePairTokenizer("t", ByRank, [SplitPattern.Cl100k], [new("<|end|>", 9_000), new("<|end|>!", 9_001), new("<|e", 9_002)]);
        Assert.Equal(['a', 9_000, 'b'], tokenizer.Encode("a<|end|>b"));
        Assert.Equal([9_001, 9_002, 'x'], tokenizer.Encode("<|end|>!<|ex"));
        Assert.Equal("a<|end|>b", tokenizer.Decode(tokenizer.Encode("a<|end|>b")));

        // What stands before an added token is cut as a text of its own: its white space ends the text.
        Assert.Equal([.. new BytePairTokenizer("t", ByRank, SplitPattern.Cl100k).Encode("a  "), 9_000], tokenizer.Encode("a  <|end|>"));
    }

    [Fact]
    public void Patterns_are_applied_one_after_the_other()
    {
        var tokenizer = new BytePairTokenizer("t", ByRank, [SplitPattern.SingleDigits, SplitPattern.Gpt2], []);
        List<int> expected = [.. "the year 1848, the".Split("1848").SelectMany((part, i) => (int[])[.. i > 0 ? "1848".Select(c => (int)c) : [], .. Trained.EncodeByRank(SplitPattern.Gpt2, part)])];
        Assert.Equal(expected, tokenizer.Encode("the year 1848, the"));
    }

    [Fact]
    public void An_id_of_no_token_is_refused() => Assert.Equal(
        "The vocabulary 't' has no token of this id. (Parameter 'id')\nActual value was 999999.",
        Assert.Throws<ArgumentOutOfRangeException>(() => new BytePairTokenizer("t", ByRank, SplitPattern.Gpt2).Decode([999_999])).Message.ReplaceLineEndings("\n"));

    [Fact]
    public void A_vocabulary_without_some_byte_is_refused() => Assert.Equal(
        "The vocabulary has no token for the byte 0x41: it is not byte-level, or not complete.",
        Assert.Throws<AgentRagException>(() => new BytePairVocabulary([.. Trained.Tokens.Select((token, id) => id == 'A' ? ReadOnlyMemory<byte>.Empty : token)])).Message);

    [Fact]
    public void A_merge_that_makes_no_token_is_refused() => Assert.Equal(
        "Merge 0 of the tokens 0 and 0 makes no token of the vocabulary.",
        Assert.Throws<AgentRagException>(() => new BytePairVocabulary(Trained.Tokens, [(0, 0)], wholePiecesFirst: false)).Message);
}
