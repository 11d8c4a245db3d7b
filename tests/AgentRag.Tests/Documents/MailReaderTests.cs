using System.Text;
using Xunit;

namespace AgentRag.Tests.Documents;

public sealed class MailReaderTests : IDisposable
{
    private readonly FileFixture _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task Headers_and_plain_text_are_the_document()
    {
        var mail = await ReadAsync("""
            From: =?utf-8?Q?J=C3=BCrgen_M=C3=BCller?= <j@example.org>
            To: a@example.org,
             b@example.org
            Subject: =?iso-8859-1?Q?Gr=FC=DFe?= =?utf-8?B?IGF1cyDwn5iA?=
            X-Other: no
            Date: Mon, 1 Jun 2026 10:00:00 +0200
            Content-Type: text/plain; charset=utf-8
            Content-Transfer-Encoding: quoted-printable

            Caf=C3=A9 and a soft =
            break, 1=2.
            """);
        Assert.Equal("Grüße aus 😀", mail.Title);
        Assert.Equal(
            "From: Jürgen Müller <j@example.org>\nTo: a@example.org, b@example.org\nDate: Mon, 1 Jun 2026 10:00:00 +0200\nSubject: Grüße aus 😀\n\nCafé and a soft break, 1=2.",
            mail.Text);
    }

    [Fact]
    public async Task Of_alternatives_the_plain_text_is_taken_and_attachments_are_named()
    {
        var mail = await ReadAsync("""
            Subject: s
            Content-Type: multipart/mixed; boundary="out er"

            preamble
            --out er
            Content-Type: multipart/alternative; boundary=inner

            --inner
            Content-Type: text/plain

            plain
            --inner
            Content-Type: text/html

            <p>html</p>
            --inner--
            --out er
            Content-Type: application/pdf; name="x.pdf"
            Content-Disposition: attachment; filename*=utf-8''r%C3%A9sum%C3%A9.pdf

            JVBERi0=
            --out er
            Content-Type: message/rfc822

            Subject: forwarded
            Content-Type: text/html; charset=windows-1251
            Content-Transfer-Encoding: base64

            PHA+z/Do4uXyPC9wPg
            --out er--
            epilogue
            """);
        Assert.Equal("Subject: s\n\nplain\n\nAttachment: résumé.pdf\n\nSubject: forwarded\n\nПривет", mail.Text);
    }

    [Fact]
    public async Task Parts_nested_without_end_are_read_to_a_limit()
    {
        var mail = new StringBuilder("Subject: deep\n");
        for (var i = 0; i < 20_000; i++)
        {
            mail.Append($"Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\nContent-Type: text/plain\n\n{i}\n--b{i}\n");
        }

        var document = await ReadAsync(mail.ToString());
        Assert.Equal("Subject: deep\n\n" + string.Join("\n\n", Enumerable.Range(0, 32)), document.Text);
        Assert.Equal("its parts below 32 levels of nesting", _files.Reason);
    }

    [Fact]
    public async Task An_html_text_nested_without_end_is_left_out_and_reported()
    {
        var html = string.Concat(Enumerable.Repeat("<div>", 5_000)) + "deep";
        var mail = await ReadAsync($"Subject: s\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nfirst\n--b\nContent-Type: text/html\n\n{html}\n--b--");
        Assert.Equal("Subject: s\n\nfirst", mail.Text);
        Assert.Equal("its HTML text: its elements are nested deeper than 500", _files.Reason);
    }

    [Fact]
    public async Task A_mail_that_was_cut_off_is_read_as_far_as_it_goes()
    {
        var mail = await ReadAsync("Subject: s\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nfirst\n--b\nContent-Transfer-Encoding: base64\n\naGVsbG8gd29ybG");
        Assert.Equal("Subject: s\n\nfirst\n\nhello worl", mail.Text);
    }

    [Fact]
    public async Task A_file_without_headers_is_no_mail()
    {
        Assert.Empty(await _files.ReadAsync(_files.Write("a.eml", "just text\n")));
        Assert.Equal("is not a mail: it has no From, To, Date or Subject", _files.Reason);
    }

    private Task<AgentRag.Documents.Document> ReadAsync(string mail) => _files.ReadOneAsync(_files.Write("a.eml", mail.ReplaceLineEndings("\r\n")));
}
