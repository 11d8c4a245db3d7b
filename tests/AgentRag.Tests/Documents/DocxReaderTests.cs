using AgentRag.Documents;
using Xunit;

namespace AgentRag.Tests.Documents;

public sealed class DocxReaderTests : IDisposable
{
    private const string W = "xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'";

    private const string Styles = $"""
        <w:styles {W}>
          <w:style w:styleId='Titel'><w:name w:val='Title'/></w:style>
          <w:style w:styleId='berschrift1'><w:name w:val='heading 1'/></w:style>
          <w:style w:styleId='Own'><w:name w:val='Chapter'/><w:basedOn w:val='berschrift1'/></w:style>
          <w:style w:styleId='Deep'><w:name w:val='Deep'/><w:pPr><w:outlineLvl w:val='1'/></w:pPr></w:style>
          <w:style w:styleId='Bullet'><w:name w:val='List Bullet'/><w:pPr><w:numPr><w:numId w:val='1'/></w:numPr></w:pPr></w:style>
        </w:styles>
        """;

    private readonly FileFixture _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task Headings_lists_tables_and_notes_become_text_in_order()
    {
        var document = await ReadAsync(
            P("The title", "Titel") + P("One", "berschrift1") + P("First.") + P("Two", "Own")
            + P("apple", "Bullet") + P("pear", "Bullet")
            + "<w:p><w:pPr><w:numPr><w:ilvl w:val='1'/><w:numId w:val='1'/></w:numPr></w:pPr><w:r><w:t>inner</w:t></w:r></w:p>"
            + P("Sub", "Deep")
            + "<w:tbl><w:tr><w:tc>" + P("a") + "</w:tc><w:tc>" + P("b") + P("c") + "</w:tc></w:tr><w:tr><w:tc>" + P("1") + "</w:tc><w:tc>" + P("") + "</w:tc></w:tr></w:tbl>"
            + P("Last."),
            ("word/styles.xml", Styles),
            ("word/footnotes.xml", $"<w:footnotes {W}><w:footnote w:type='separator'>{P("---")}</w:footnote><w:footnote w:id='2'>{P("A note.")}</w:footnote></w:footnotes>"));

        Assert.Equal("The title", document.Title);
        Assert.Equal("The title\n\nOne\n\nFirst.\n\nTwo\n\n- apple\n- pear\n  - inner\n\nSub\n\na | b c\n1\n\nLast.\n\nA note.", document.Text);
        Assert.Equal([(1, "One"), (1, "Two"), (2, "Sub")], document.Headings.Select(h => (h.Level, document.Text[h.Start..h.End])));
        Assert.Empty(_files.Skipped);
    }

    [Fact]
    public async Task Runs_are_joined_and_what_was_deleted_is_left_out()
    {
        var document = await ReadAsync(
            "<w:p><w:r><w:t>mul</w:t></w:r><w:r><w:t xml:space='preserve'>ti hop</w:t></w:r><w:del><w:r><w:delText>gone</w:delText></w:r></w:del>"
            + "<w:r><w:tab/><w:t>x</w:t><w:br/><w:t>y</w:t></w:r><w:r><w:instrText>PAGE</w:instrText></w:r>"
            + "<mc:AlternateContent xmlns:mc='http://schemas.openxmlformats.org/markup-compatibility/2006'><mc:Choice><w:r><w:t>!</w:t></w:r></mc:Choice><mc:Fallback><w:r><w:t>?</w:t></w:r></mc:Fallback></mc:AlternateContent></w:p>");
        Assert.Equal("multi hop x\ny!", document.Text);
    }

    [Fact]
    public async Task The_main_part_is_found_by_its_relation()
    {
        var path = _files.WriteZip(
            "a.docx",
            ("_rels/.rels", "<Relationships xmlns='r'><Relationship Type='http://x/officeDocument' Target='/other/main.xml'/></Relationships>"),
            ("other/main.xml", $"<w:document {W}><w:body>{P("found")}</w:body></w:document>"));
        Assert.Equal("found", (await _files.ReadOneAsync(path)).Text);
    }

    [Fact]
    public async Task Elements_nested_deeper_than_the_stack_are_refused()
    {
        var deep = string.Concat(Enumerable.Repeat("<w:sdt><w:sdtContent>", 50_000)) + P("x") + string.Concat(Enumerable.Repeat("</w:sdtContent></w:sdt>", 50_000));
        var path = Write(deep);
        Assert.Empty(await _files.ReadAsync(path));
        Assert.Equal("is damaged: its elements are nested deeper than 256.", _files.Reason);
    }

    [Fact]
    public async Task Entities_are_not_expanded()
    {
        var path = _files.WriteZip("a.docx", ("word/document.xml", $"<!DOCTYPE d [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><w:document {W}><w:body><w:p><w:r><w:t>&b;</w:t></w:r></w:p></w:body></w:document>"));
        Assert.Empty(await _files.ReadAsync(path));
        Assert.StartsWith("is damaged: ", _files.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_truncated_file_is_reported()
    {
        var whole = await File.ReadAllBytesAsync(Write(P("text")), TestContext.Current.CancellationToken);
        Assert.Empty(await _files.ReadAsync(_files.Write("b.docx", whole[..(whole.Length / 2)])));
        Assert.StartsWith("is damaged: ", _files.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_part_that_unpacks_to_a_thousand_times_its_size_is_refused_before_it_is_unpacked()
    {
        var path = _files.WriteZip("a.docx", ("word/document.xml", new string(' ', 20_000_000)));
        Assert.Empty(await _files.ReadAsync(path));
        Assert.Equal("has a part that unpacks to more than 200 times its size", _files.Reason);
    }

    [Fact]
    public async Task Many_parts_and_much_text_are_refused_by_their_limits()
    {
        var path = _files.WriteZip("a.docx", [.. Enumerable.Range(0, 30).Select(i => ($"p{i}", new string((char)('a' + (i % 26)), 100)))]);
        Assert.Empty(await _files.ReadAsync(path, new() { MaxPackedEntries = 29 }));
        Assert.Equal("holds 30 parts, more than the 29 that are read of one file", _files.Reason);
        _files.Skipped.Clear();
        Assert.Empty(await _files.ReadAsync(path, new() { MaxUnpackedBytes = 2_999 }));
        Assert.Equal("unpacks to more than the 2,999 bytes that are read of one file", _files.Reason);
    }

    [Fact]
    public async Task Names_that_lead_upwards_are_only_names()
    {
        var path = _files.WriteZip("a.docx", ("../../escaped.txt", "x"), ("/etc/escaped.txt", "x"), ("word/document.xml", $"<w:document {W}><w:body>{P("safe")}</w:body></w:document>"));
        Assert.Equal("safe", (await _files.ReadOneAsync(path)).Text);
        Assert.Equal(["a.docx"], Directory.EnumerateFileSystemEntries(_files.Folder).Select(Path.GetFileName));
        Assert.False(File.Exists(Path.Combine(_files.Folder, "..", "escaped.txt")));
    }

    [Fact]
    public async Task An_archive_that_is_no_document_is_reported()
    {
        Assert.Empty(await _files.ReadAsync(_files.WriteZip("a.docx", ("readme.txt", "x"))));
        Assert.Equal("is not a Word document: it has no main part", _files.Reason);
    }

    private static string P(string text, string? style = null) =>
        $"<w:p>{(style is null ? "" : $"<w:pPr><w:pStyle w:val='{style}'/></w:pPr>")}<w:r><w:t>{text}</w:t></w:r></w:p>";

    private string Write(string body, params (string Name, string Content)[] parts) =>
        _files.WriteZip("a.docx", [("word/document.xml", $"<w:document {W}><w:body>{body}</w:body></w:document>"), .. parts]);

    private Task<Document> ReadAsync(string body, params (string Name, string Content)[] parts) => _files.ReadOneAsync(Write(body, parts));
}
