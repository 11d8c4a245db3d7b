using System.Text;
using AgentRag.Documents;
using Xunit;

namespace AgentRag.Tests.Documents;

public sealed class DocumentReadersTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<SkippedFile> _skipped = [];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Markdown_is_raw_text_without_front_matter_with_headings_at_their_place()
    {
        var document = Assert.Single(await ReadAsync("a.md", "---\ntags: [title, x]\ntitle: \"The  Guide\"\n---\n\n# One *two* `three`\n\nBody.\n\nSetext\n------\n\n```\n# no heading\n```\n"));

        Assert.Equal("The Guide", document.Title);
        Assert.StartsWith("# One *two*", document.Text, StringComparison.Ordinal);
        Assert.Equal(["One two three", "Setext"], document.Headings.Select(h => h.Title));
        Assert.Equal([1, 2], document.Headings.Select(h => h.Level));
        Assert.Equal(["# One *two* `three`", "Setext\n------"], document.Headings.Select(h => document.Text[h.Start..h.End]));
    }

    [Theory]
    [InlineData("# First\n\n# Second\n", "First")]
    [InlineData("Only text.\n", "a")]
    [InlineData("---\nnot: [valid\n---\n# First\n", "First")]
    [InlineData("---\nnested:\n  title: inner\n---\ntext", "a")]
    public async Task Markdown_without_a_front_title_is_named_by_its_first_heading_or_file(string text, string title) =>
        Assert.Equal(title, Assert.Single(await ReadAsync("a.md", text)).Title);

    [Fact]
    public async Task Markdown_nested_too_deep_to_parse_is_still_text()
    {
        var text = new string('>', 5000) + " words";
        Assert.Equal(text, Assert.Single(await ReadAsync("a.md", text)).Text);
    }

    [Fact]
    public async Task Html_is_the_text_of_the_main_content_with_its_headings()
    {
        var document = Assert.Single(await ReadAsync("a.html", """
            <html><head><title>Page &amp; title</title><style>p{}</style></head><body><nav>menu</nav><script>alert(1)</script>
            <main><h1>Top</h1><p>One  <b>two</b>
            three.</p><ul><li>x</li><li>y</li></ul><table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>
            <h2>Code</h2><pre>if x:
              y</pre></main><footer>foot</footer></body></html>
            """));

        Assert.Equal("Page & title", document.Title);
        Assert.Equal("Top\n\nOne two three.\n\n- x\n- y\n\na | b\n1 | 2\n\nCode\n\nif x:\n  y", document.Text.ReplaceLineEndings("\n").Trim());
        Assert.Equal(["Top", "Code"], document.Headings.Select(h => document.Text[h.Start..h.End]));
    }

    [Fact]
    public async Task Html_is_read_down_to_the_deepest_nesting_that_is_allowed()
    {
        // Beside html and body.
        var html = string.Concat(Enumerable.Repeat("<div>", 498)) + "deep";
        Assert.Equal("deep", Assert.Single(await ReadAsync("a.html", html)).Text);
        Assert.Empty(await ReadAsync("b.html", "<div>" + html));
        Assert.Equal("its elements are nested deeper than 500", Assert.Single(_skipped).Reason);
        Assert.Equal("deep", Assert.Single(await ReadAsync("c.html", "<div>" + html, new() { MaxHtmlNesting = 501 })).Text);
    }

    [Theory]
    [InlineData("<div>"), InlineData("<table><tr><td>"), InlineData("<ul><li>"), InlineData("<b id=%><i id=%>"), InlineData("<span><div>")]
    [InlineData("<section><p>"), InlineData("<svg>"), InlineData("<p><b id=%>")]
    public async Task Html_nested_without_end_is_refused_at_once(string tags)
    {
        // Without the limit the parser takes minutes for these, and the reason is the time.
        var html = "<table>" + string.Concat(Enumerable.Range(0, 200_000).Select(i => tags.Replace("%", $"{i}", StringComparison.Ordinal))) + "deep";
        Assert.Empty(await ReadAsync("a.html", html, new() { MaxReadTime = TimeSpan.FromSeconds(20) }));
        Assert.Equal("its elements are nested deeper than 500", Assert.Single(_skipped).Reason);
    }

    [Fact]
    public async Task Elements_that_html_closes_by_itself_are_not_nested()
    {
        var html = "<ul>" + string.Concat(Enumerable.Range(0, 3_000).Select(i => $"<li>item {i}<p>one<br>two<img src=a>")) + "</ul>";
        Assert.Contains("item 2999", Assert.Single(await ReadAsync("a.html", html)).Text, StringComparison.Ordinal);
        Assert.Empty(_skipped);
    }

    [Fact]
    public async Task Rows_are_documents_and_bad_rows_are_reported_with_their_line()
    {
        var documents = await ReadAsync("a.jsonl", """
            {"id":"x","title":"T\n1","text":"one","more":{}}

            {"id":7,"text":"two"}
            {"id":"y"}
            {"text":"z"}
            {"id":"a\nb","text":"z"}
            [1]
            {"id":"z","text":"three"
            {"id":"last","text":"\ud83d\ude00"}
            """);

        Assert.Equal([("x", "T 1", "one", "a.jsonl:1"), ("7", "", "two", "a.jsonl:3"), ("last", "", "😀", "a.jsonl:9")], documents.Select(d => (d.Id, d.Title, d.Text, d.Source)));
        Assert.Equal(
            [
                (4, "no \"text\" field; a row needs id and text, and may have a title"),
                (5, "no \"id\" field; a row needs id and text, and may have a title"),
                (6, "its id holds a line break or another control character"),
                (7, "is not one JSON object; a row needs id and text, and may have a title"),
            ],
            _skipped.Take(4).Select(s => (int.Parse(s.Path.Split(':')[^1]), s.Reason)));
        Assert.StartsWith("is not valid JSON: ", _skipped[4].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_many_bad_rows_the_first_are_listed_and_the_rest_counted()
    {
        Assert.Empty(await ReadAsync("a.jsonl", string.Concat(Enumerable.Repeat("{}\n", 1234))));
        Assert.Equal(21, _skipped.Count);
        Assert.Equal("1,214 more rows like these", _skipped[^1].Reason);
    }

    [Fact]
    public async Task Rows_longer_than_the_limit_are_skipped_and_the_next_is_read()
    {
        var documents = await ReadAsync("a.jsonl", $"{{\"id\":\"x\",\"text\":\"{new string('x', 200_000)}\"}}\n{{\"id\":\"y\",\"text\":\"ok\"}}", new() { MaxFileBytes = 1000 });
        Assert.Equal("y", Assert.Single(documents).Id);
        Assert.Equal("is longer than the 1,000 bytes that are read of one row", Assert.Single(_skipped).Reason);
    }

    [Theory]
    [InlineData(false, false), InlineData(true, false), InlineData(true, true)]
    public async Task Utf8_and_utf16_with_mark_are_read(bool utf16, bool bigEndian)
    {
        var encoding = utf16 ? (Encoding)new UnicodeEncoding(bigEndian, byteOrderMark: true) : new UTF8Encoding(encoderShouldEmitUTF8Identifier: true);
        await File.WriteAllTextAsync(_folder["a.txt"], "naïve 中", encoding, TestContext.Current.CancellationToken);
        Assert.Equal("naïve 中", Assert.Single(await ReadAsync("a.txt")).Text);
    }

    [Theory]
    [InlineData(new byte[] { 65, 0, 66 }, "is a binary file")]
    [InlineData(new byte[] { 65, 0xE9, 66 }, "is neither UTF-8 nor UTF-16 text: convert it to UTF-8")]
    [InlineData(new byte[] { 65, 65, 65, 65, 65, 65, 65, 65, 65 }, "holds 9 bytes, more than the 8 that are read of one file: split it")]
    public async Task What_is_not_text_or_too_large_is_reported(byte[] content, string reason)
    {
        await File.WriteAllBytesAsync(_folder["a.md"], content, TestContext.Current.CancellationToken);
        Assert.Empty(await ReadAsync("a.md", options: new() { MaxFileBytes = 8 }));
        Assert.Equal(reason, Assert.Single(_skipped).Reason);
    }

    private async Task<List<Document>> ReadAsync(string name, string? content = null, DocumentReaderOptions? options = null)
    {
        var path = content is null ? _folder[name] : _folder.Write(name, content);
        List<Document> documents = [];
        await foreach (var document in new DocumentReaders(options).For(path)!.ReadAsync(new(path, path, name) { Id = "id" }, _skipped.Add, TestContext.Current.CancellationToken))
        {
            documents.Add(document);
        }

        return documents;
    }
}
