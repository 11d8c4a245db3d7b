using System.Net;
using System.Net.Sockets;
using AgentRag.Indexing;
using AgentRag.Tests.Documents;
using AgentRag.Tokens;
using Xunit;

namespace AgentRag.Tests.Security;

/// <summary>What documents point to, in every way that their formats know, is never asked for: not a web address, not a file beside the index's own.</summary>
public sealed class NothingIsFetchedTests : IDisposable
{
    private readonly FileFixture _files = new();
    private readonly TcpListener _trap = new(IPAddress.Loopback, 0);

    public NothingIsFetchedTests() => _trap.Start();

    public void Dispose()
    {
        _trap.Dispose();
        _files.Dispose();
    }

    [Fact]
    public async Task No_link_image_script_frame_entity_or_relation_of_a_document_is_followed()
    {
        var url = $"http://127.0.0.1:{((IPEndPoint)_trap.LocalEndpoint).Port}";
        var secret = _files.Write("outside/secret.txt", "TOPSECRET");
        var file = new Uri(secret).AbsoluteUri;
        _files.Write("docs/page.html", $"""
            <!DOCTYPE html [<!ENTITY x SYSTEM "{file}">]><html><head><base href="{url}/"><title>Page</title><link rel="stylesheet" href="{url}/a.css"><meta http-equiv="refresh" content="0;url={url}/r">
            <script src="{url}/s.js"></script><style>@import url({url}/b.css); body {"{"} background: url({url}/c.png) {"}"}</style></head><body><p>Page. &x;</p><img src="{url}/i.png" srcset="{url}/j.png 2x">
            <iframe src="{url}/f"></iframe><object data="{file}"></object><embed src="{file}"><video src="{url}/v"></video><a href="{url}/l" ping="{url}/p">link</a><svg><image href="{url}/k"/></svg></body></html>
            """);
        _files.Write("docs/text.md", $"# Text\n\n![i]({url}/i.png) ![f]({file}) <img src=\"{url}/j.png\"> <{url}/auto>\n\n[ref]: {url}/ref\n\n{{{{include {file}}}}}\n");
        _files.Write("docs/rows.jsonl", $$"""{"id":"r1","title":"Row","text":"See {{url}}/row and {{file}}","source":"{{url}}/source","$ref":"{{file}}"}""" + "\n");
        _files.Write("docs/table.csv", $"title,text\nCell,\"=WEBSERVICE(\"\"{url}/cell\"\")\"\n");
        _files.Write("docs/mail.eml", $"From: a@example.com\nSubject: Mail\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>Mail.</p><img src=\"{url}/m.png\">\n--b\n"
            + $"Content-Type: message/external-body; access-type=URL; URL=\"{url}/x\"\n\nContent-Type: text/plain\n\n--b--\n");
        _files.WriteZip(
            "docs/word.docx",
            ("[Content_Types].xml", "<Types/>"),
            ("_rels/.rels", "<Relationships><Relationship Id='r1' Type='http://x/officeDocument' Target='word/document.xml'/></Relationships>"),
            ("word/_rels/document.xml.rels", $"<Relationships><Relationship Id='r2' Type='http://x/attachedTemplate' Target='{url}/t.dotm' TargetMode='External'/><Relationship Id='r3' Type='http://x/image' Target='{file}' TargetMode='External'/></Relationships>"),
            ("word/document.xml", $"""
                <!DOCTYPE d [<!ENTITY x SYSTEM "{file}"><!ENTITY % p SYSTEM "{url}/dtd"> %p;]>
                <w:document xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'><w:body><w:p><w:r><w:t>Word.</w:t></w:r></w:p></w:body></w:document>
                """));
        _files.WriteZip(
            "docs/book.epub",
            ("META-INF/container.xml", "<container xmlns='urn:oasis:names:tc:opendocument:xmlns:container'><rootfiles><rootfile full-path='book.opf'/></rootfiles></container>"),
            ("book.opf", $"<package xmlns='http://www.idpf.org/2007/opf'><manifest><item id='c' href='c.xhtml' media-type='application/xhtml+xml'/><item id='u' href='{url}/u.xhtml' media-type='application/xhtml+xml'/>"
                + $"<item id='f' href='{file}' media-type='application/xhtml+xml'/></manifest><spine><itemref idref='c'/><itemref idref='u'/><itemref idref='f'/></spine></package>"),
            ("c.xhtml", $"<html><head><link href='{url}/e.css'/></head><body><p>Book.</p><img src='{url}/e.png'/></body></html>"));

        var result = await new Indexer(new EstimatingTokenCounter()).RunAsync(
            new IndexRequest { Paths = [_files["docs"]], IndexDirectory = _files["index"] }, cancellationToken: TestContext.Current.CancellationToken);

        Assert.False(_trap.Pending(), "Somebody asked for what a document points to.");
        Assert.True(result.Documents >= 6, string.Join("; ", result.Skipped.Select(skipped => $"{skipped.Path}: {skipped.Reason}")));
        var index = Bm25Index.Open(_files["index"]);
        Assert.All(Enumerable.Range(0, index.PassageCount).Select(number => index.PassageAt(number).Text), text => Assert.DoesNotContain("TOPSECRET", text, StringComparison.Ordinal));
    }
}
