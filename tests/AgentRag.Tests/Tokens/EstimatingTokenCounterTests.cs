using AgentRag.Tokens;
using Xunit;

namespace AgentRag.Tests.Tokens;

public sealed class EstimatingTokenCounterTests
{
    private readonly EstimatingTokenCounter _counter = new();

    [Theory]
    [InlineData("", 0)]
    [InlineData("the cat sat", 4)]         // a token each, and half a token more for the one without a space before it: 3.5
    [InlineData("in 1999", 4)]             // word of two letters, space before a digit, 199, 9
    [InlineData("a\n", 2)]
    [InlineData("a\n\nb\n", 5)]            // a line feed is a token
    [InlineData("!!!!", 3)]                // 1 + 3 * 0.5 = 2.5
    [InlineData("中", 2)]
    [InlineData("👍", 4)]                  // four bytes
    public void Count_equals_the_value_worked_by_hand(string text, int expected) => Assert.Equal(expected, _counter.Count(text));

    // Token counts of cl100k_base and o200k_base by js-tiktoken 1.0.21.
    [Theory]
    [InlineData("hello world", 2, 2)]
    [InlineData("Hello, World!  How are   you?\n\n\tTabs\tand trailing   ", 15, 15)]
    [InlineData("don't can't we've I'LL THEY'RE he's", 13, 9)]
    [InlineData("0123456789 12 345 6789 3.14159 1,000,000 2026-11-20T15:59:45Z", 36, 36)]
    [InlineData("Große Straße, façade, naïve, coöperate, Ångström, İstanbul, ﬁne", 26, 21)]
    [InlineData("借款人去世，继承人是否应履行偿还义务？", 24, 18)]
    [InlineData("대한민국의 수도는 서울입니다.", 15, 8)]
    [InlineData("Привет, мир! Как дела?", 12, 8)]
    [InlineData("नमस्ते दुनिया", 13, 5)]
    [InlineData("supercalifragilisticexpialidocious antidisestablishmentarianism", 17, 16)]
    [InlineData("CamelCaseIdentifier snake_case_identifier SCREAMING_SNAKE kebab-case", 16, 15)]
    [InlineData("Date at Midnight is a 1959 British crime film from the Danzigers.", 17, 17)]
    [InlineData("Code of the Mounted is a 1935 American film directed by Sam Newfield.", 17, 17)]
    public void Count_is_never_below_what_the_tokenizers_count(string text, int cl100K, int o200K) =>
        Assert.True(_counter.Count(text) >= Math.Max(cl100K, o200K));

    [Fact]
    public void Count_of_a_text_is_the_sum_of_its_lines()
    {
        var random = new Random(1);
        for (var run = 0; run < 500; run++)
        {
            var text = RandomText.Any(random, random.Next(200));
            var lines = text.Split('\n');
            var sum = lines.Select((line, i) => _counter.Count(i < lines.Length - 1 ? line + "\n" : line)).Sum();
            Assert.Equal(_counter.Count(text), sum);
        }
    }

    [Fact]
    public void Count_of_a_hundred_million_ideographs_does_not_overflow() => Assert.Equal(200_000_000, _counter.Count(new string('中', 100_000_000)));

    [Fact]
    public void FitLength_returns_a_prefix_that_fits_and_splits_no_surrogate_pair()
    {
        var random = new Random(2);
        for (var run = 0; run < 1000; run++)
        {
            var text = RandomText.Any(random, random.Next(300));
            var tokens = random.Next(40);
            var length = _counter.FitLength(text, tokens);

            Assert.InRange(length, 0, text.Length);
            Assert.True(_counter.Count(text.AsSpan(0, length)) <= tokens);
            Assert.False(length > 0 && length < text.Length && char.IsHighSurrogate(text[length - 1]) && char.IsLowSurrogate(text[length]));
        }
    }

    [Fact]
    public void FitLength_of_a_text_that_fits_is_its_length() => Assert.Equal(11, _counter.FitLength("hello world", 10));
}
