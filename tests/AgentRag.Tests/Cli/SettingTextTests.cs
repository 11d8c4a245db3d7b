using AgentRag.Cli.Configuration;
using Xunit;

namespace AgentRag.Tests.Cli;

public sealed class SettingTextTests
{
    [Theory]
    [InlineData("4096", 4096)]
    [InlineData("4,096", 4096)]
    [InlineData(" 16k ", 16_000)] // k is a thousand, as in the paper's 16k to 5M
    [InlineData("128K", 128_000)]
    [InlineData("1M", 1_000_000)]
    [InlineData("1.5m", 1_500_000)]
    [InlineData("0.5k", 500)]
    public void Tokens_are_read_as_people_write_them(string text, long expected) => Assert.Equal(expected, SettingText.Tokens(text));

    [Theory]
    [InlineData(""), InlineData("k"), InlineData("0"), InlineData("-5"), InlineData("1.5"), InlineData("0.0001k"), InlineData("12x"), InlineData("1kk"), InlineData("1e6")]
    [InlineData("99999999999999999999")]
    public void What_is_no_number_of_tokens_is_refused(string text)
    {
        var error = Assert.Throws<AgentRagException>(() => SettingText.Tokens(text));

        Assert.Equal($"'{text}' is not a number of tokens: write it as 4096, 4,096, 32k (32,000) or 1M (1,000,000).", error.Message);
    }

    [Fact]
    public void A_window_above_two_billion_tokens_is_refused() => Assert.Throws<AgentRagException>(() => SettingText.WindowTokens("3000M"));
}
