using Xunit;

namespace AgentRag.Tests.Documents;

public sealed class EpubReaderTests : IDisposable
{
    private const string Container = "<container xmlns='urn:oasis:names:tc:opendocument:xmlns:container'><rootfiles><rootfile full-path='OEBPS/book.opf'/></rootfiles></container>";

    private const string Package = """
        <package xmlns='http://www.idpf.org/2007/opf' xmlns:dc='http://purl.org/dc/elements/1.1/'><metadata><dc:title>The  Book</dc:title></metadata>
        <manifest><item id='c1' href='text/one.xhtml' media-type='application/xhtml+xml'/><item id='c2' href='two%20b.xhtml' media-type='application/xhtml+xml'/>
        <item id='toc' href='toc.xhtml' media-type='application/xhtml+xml' properties='nav'/><item id='gone' href='gone.xhtml' media-type='application/xhtml+xml'/>
        <item id='img' href='a.png' media-type='image/png'/></manifest>
        <spine><itemref idref='toc'/><itemref idref='c2'/><itemref idref='gone'/><itemref idref='c1'/><itemref idref='img'/></spine></package>
        """;

    private readonly FileFixture _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task Chapters_come_in_the_order_of_the_spine_with_their_headings()
    {
        var path = _files.WriteZip(
            "a.epub",
            ("META-INF/container.xml", Container),
            ("OEBPS/book.opf", Package),
            ("OEBPS/text/one.xhtml", "<html><head><title/></head><body><h1>End</h1><p>Later.</p></body></html>"),
            ("OEBPS/two b.xhtml", "<html><head><script src='x'/></head><body><h1>Begin</h1><p>Earlier.</p></body></html>"));
        var book = await _files.ReadOneAsync(path);

        Assert.Equal("The Book", book.Title);
        Assert.Equal("Begin\n\nEarlier.\n\nEnd\n\nLater.", book.Text);
        Assert.Equal(["Begin", "End"], book.Headings.Select(h => book.Text[h.Start..h.End]));
        Assert.Equal("its chapter 'OEBPS/gone.xhtml' is missing", _files.Reason);
    }

    [Fact]
    public async Task A_chapter_nested_without_end_is_reported_and_the_others_are_read()
    {
        var path = _files.WriteZip(
            "a.epub",
            ("META-INF/container.xml", Container),
            ("OEBPS/book.opf", Package.Replace("<item id='gone' href='gone.xhtml' media-type='application/xhtml+xml'/>", "", StringComparison.Ordinal)),
            ("OEBPS/text/one.xhtml", "<html><body>" + string.Concat(Enumerable.Repeat("<div>", 5_000)) + "</body></html>"),
            ("OEBPS/two b.xhtml", "<html><body><h1>Begin</h1><p>Earlier.</p></body></html>"));
        var book = await _files.ReadOneAsync(path);

        Assert.Equal("Begin\n\nEarlier.", book.Text);
        Assert.Equal("its chapter 'OEBPS/text/one.xhtml' is damaged: its elements are nested deeper than 500", _files.Reason);
    }

    [Fact]
    public async Task A_reference_out_of_the_book_finds_nothing()
    {
        _files.Write("secret.xhtml", "<p>secret</p>");
        var path = _files.WriteZip("a.epub", ("META-INF/container.xml", Container), ("OEBPS/book.opf", Package.Replace("text/one.xhtml", "../../secret.xhtml", StringComparison.Ordinal)));
        Assert.Equal("", (await _files.ReadOneAsync(path)).Text);
        Assert.Contains(_files.Skipped, s => s.Reason == "its chapter 'secret.xhtml' is missing");
    }

    [Fact]
    public async Task An_archive_without_contents_is_no_book()
    {
        Assert.Empty(await _files.ReadAsync(_files.WriteZip("a.epub", ("mimetype", "application/epub+zip"))));
        Assert.Equal("is not an EPUB book: it has no list of contents", _files.Reason);
    }
}
