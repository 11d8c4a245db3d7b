using System.Text;
using AgentRag.Documents;
using Xunit;

namespace AgentRag.Tests.Documents;

public sealed class HtmlReaderTests : IDisposable
{
    private readonly FileFixture _files = new();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData("<table><tr><td><p>a</p><p>b</p></td><td><ul><li>c</li></ul></td></tr><tr><td>1<br>2</td><td>3</td></tr></table>", "a b | - c\n1 2 | 3")]
    [InlineData("<ul><li><p>a</p></li><li><div>b</div></li></ul>", "- a\n\n- b")]
    [InlineData("<p>See <a href='x'>the <b>guide</b></a>.</p>", "See the guide.")]
    [InlineData("<div role='navigation'>menu</div><p>x</p><div aria-hidden='true'>y</div><div hidden>z</div>", "x")]
    [InlineData("<div>around</div><div role='main'>content</div>", "content")]
    public async Task Structure_becomes_lines(string html, string text) => Assert.Equal(text, (await _files.ReadOneAsync(_files.Write("a.html", html))).Text);

    [Theory]
    [InlineData("<meta charset='windows-1251'>", "windows-1251", "Привет")]
    [InlineData("<meta http-equiv='Content-Type' content='text/html; charset=Shift_JIS'>", "shift_jis", "日本")]
    [InlineData("", "windows-1252", "naïve “quote”")]
    [InlineData("<meta charset='no-such'>", "utf-8", "naïve")]
    public async Task Pages_are_decoded_by_the_charset_that_they_name(string head, string charset, string text)
    {
        var encoding = charset is "utf-8" ? Encoding.UTF8 : CodePagesEncodingProvider.Instance.GetEncoding(charset)!;
        Assert.Equal(text, (await _files.ReadOneAsync(_files.Write("a.html", encoding.GetBytes(head + "<p>" + text)))).Text);
    }

    [Fact]
    public void A_page_that_nobody_waits_for_any_more_is_given_up()
    {
        Assert.Throws<OperationCanceledException>(() => HtmlPage.Parse("<p>x", 256, new CancellationToken(canceled: true)));
    }

    [Fact]
    public async Task A_page_of_one_long_line_is_read()
    {
        var page = await _files.ReadOneAsync(_files.Write("a.html", "<p>" + string.Concat(Enumerable.Repeat("word ", 1_000_000))));
        Assert.Equal(4_999_999, page.Text.Length);
    }
}
