using System.Diagnostics;
using System.Text;
using AgentRag.Documents;
using AgentRag.Tests.Models;
using Xunit;

namespace AgentRag.Tests.Documents;

public sealed class PdfReaderTests : IDisposable
{
    private const string Helvetica = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>";
    private readonly FileFixture _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task Pages_lines_and_gaps_are_found_by_position()
    {
        var document = await ReadAsync(PdfBuilder.Pages(
            Helvetica,
            "BT /F1 10 Tf 72 700 Td [(W) 20 (ord one) -300 (two)] TJ 0 -12 Td (next line hy-) Tj 0 -12 Td (phenated) Tj 0 -40 Td (A paragraph) Tj ET",
            "q 1 0 0 1 72 600 cm BT /F1 12 Tf 0 0 Td (left \\(a\\) \\351) Tj ET Q q 1 0 0 1 272 600 cm BT /F1 12 Tf (right) Tj ET Q"));
        Assert.Equal("Word one two\nnext line hyphenated\n\nA paragraph\n\nleft (a) é   right", document.Text);
        Assert.Equal([("Page 1", 'W'), ("Page 2", 'l')], document.Headings.Select(h => (h.Title, document.Text[h.Start])));
        Assert.Empty(_files.Skipped);
    }

    [Fact]
    public async Task Codes_of_composite_fonts_are_read_by_their_character_map()
    {
        const string Map = "/CIDInit /ProcSet findresource begin 1 begincodespacerange <0000> <FFFF> endcodespacerange "
            + "2 beginbfchar <0001> <65E5> <0002> <00660069> endbfchar 2 beginbfrange <0010> <0012> <0061> <0020> <0021> [<D83DDE00> <672C>] endbfrange";
        var pdf = new PdfBuilder();
        pdf.Add("<< /Type /Catalog /Pages 2 0 R >>");
        pdf.Add("<< /Type /Pages /Kids [3 0 R] /Count 1 >>");
        pdf.Add("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 5 0 R >> >> /Contents [4 0 R 4 0 R] >>");
        pdf.AddStream("/Filter [/ASCIIHexDecode /FlateDecode]", Encoding.Latin1.GetBytes(
            Convert.ToHexString(PdfBuilder.Flate("BT /F1 9 Tf 50 50 Td <0001002100020010001100120020> Tj ET"u8.ToArray())) + ">"));
        pdf.Add("<< /Type /Font /Subtype /Type0 /BaseFont /X /Encoding /Identity-H /DescendantFonts [<< /Type /Font /Subtype /CIDFontType2 /DW 1000 >>] /ToUnicode 6 0 R >>");
        pdf.AddStream("/Filter /FlateDecode", PdfBuilder.Flate(Encoding.Latin1.GetBytes(Map)));
        Assert.Equal("日本fiabc😀 日本fiabc😀", (await ReadAsync(pdf.Build())).Text);
    }

    [Fact]
    public async Task Glyph_names_say_what_codes_mean()
    {
        const string Font = "<< /Type /Font /Subtype /Type1 /BaseFont /X /Encoding << /Differences [1 /fi /eacute /uni20AC 65 /B /nothing] >> >>";
        Assert.Equal("fié€BC", (await ReadAsync(PdfBuilder.Pages(Font, "BT /F1 9 Tf 50 50 Td <010203414243> Tj ET"))).Text);
        Assert.Equal("parts of its text on page 1: 1 characters could not be decoded; install poppler's pdftotext to read it", _files.Reason);
    }

    [Fact]
    public async Task Objects_in_object_streams_are_found()
    {
        const string One = "<< /Type /Catalog /Pages 2 0 R >>";
        const string Two = "<< /Type /Pages /Kids [4 0 R] /Count 1 >>";
        var pdf = new PdfBuilder();
        pdf.AddStream($"/Type /ObjStm /N 2 /First 9 /Filter /FlateDecode", PdfBuilder.Flate(Encoding.Latin1.GetBytes($"11 0 2 {One.Length,2}".PadRight(9)[..9] + One + Two)));
        pdf.Add("null");
        pdf.Add(Helvetica);
        pdf.Add("<< /Type /Page /Resources << /Font << /F1 3 0 R >> >> /Contents 5 0 R >>");
        pdf.AddStream("", "BT /F1 9 Tf 50 50 Td (packed) Tj ET"u8.ToArray());

        // Object 2 is also written plainly, and later: the later one counts. So it is taken out.
        var bytes = Encoding.Latin1.GetString(pdf.Build()).Replace("2 0 obj\nnull", "9 0 obj\nnull", StringComparison.Ordinal);
        Assert.Equal("packed", (await ReadAsync(Encoding.Latin1.GetBytes(bytes))).Text);
    }

    [Fact]
    public async Task A_truncated_file_is_read_as_far_as_it_goes()
    {
        var whole = PdfBuilder.Pages(Helvetica, "BT /F1 9 Tf 50 50 Td (first) Tj ET", "BT /F1 9 Tf 50 50 Td (second) Tj ET");
        var text = Encoding.Latin1.GetString(whole);
        Assert.Equal("first", (await ReadAsync(whole[..text.IndexOf("6 0 obj", StringComparison.Ordinal)])).Text);
        Assert.Empty(await TryReadAsync(whole[..100]));
        Assert.Equal("is damaged: no pages were found in it; install poppler's pdftotext to read it", _files.Reason);
    }

    [Fact]
    public async Task A_page_tree_that_leads_back_to_itself_ends()
    {
        var pdf = new PdfBuilder();
        pdf.Add("<< /Type /Catalog /Pages 2 0 R >>");
        pdf.Add("<< /Type /Pages /Kids [2 0 R 4 0 R 4 0 R 2 0 R] /Parent 2 0 R >>");
        pdf.Add(Helvetica);
        pdf.Add("<< /Type /Page /Parent 2 0 R /Resources << /Font << /F1 3 0 R >> /XObject << /X 6 0 R >> >> /Contents 5 0 R >>");
        pdf.AddStream("", "BT /F1 9 Tf 50 50 Td (once) Tj ET /X Do"u8.ToArray());
        pdf.AddStream("/Subtype /Form", "BT /F1 9 Tf 50 20 Td (form) Tj ET /X Do"u8.ToArray());

        // The form draws itself: it is followed eight times.
        Assert.Equal("once\n\nform" + string.Concat(Enumerable.Repeat(" form", 7)), (await ReadAsync(pdf.Build())).Text);
    }

    [Theory]
    [InlineData("[")]
    [InlineData("<< /A ")]
    public async Task Objects_nested_deeper_than_the_stack_are_refused(string bracket)
    {
        var pdf = new PdfBuilder();
        pdf.Add(string.Concat(Enumerable.Repeat(bracket, 200_000)));
        Assert.Empty(await TryReadAsync(pdf.Build()));
        Assert.Equal("its objects are nested too deep", _files.Reason);
    }

    [Fact]
    public async Task A_stream_that_unpacks_without_end_is_refused()
    {
        var pdf = new PdfBuilder();
        pdf.AddStream("/Type /ObjStm /N 1 /First 0 /Filter [/FlateDecode /FlateDecode]", PdfBuilder.Flate(PdfBuilder.Flate(new byte[50_000_000])));
        Assert.Empty(await TryReadAsync(pdf.Build(), new() { MaxUnpackedBytes = 10_000_000 }));
        Assert.Equal("unpacks to more than is read of one file", _files.Reason);
    }

    [Fact]
    public async Task Encrypted_and_foreign_files_are_named_as_such()
    {
        var pdf = new PdfBuilder();
        pdf.Add("<< /Type /Catalog >>");
        Assert.Empty(await TryReadAsync(pdf.Build("/Encrypt << /Filter /Standard >>")));
        Assert.Empty(await TryReadAsync("GIF89a"u8.ToArray()));
        Assert.Equal(["is encrypted: install poppler's pdftotext to read it", "is not a PDF file"], _files.Skipped.Select(s => s.Reason));
    }

    [Fact]
    public async Task Pages_without_text_and_pages_beyond_the_limit_are_reported()
    {
        Assert.Empty(await TryReadAsync(PdfBuilder.Pages(Helvetica, "q 1 0 0 1 0 0 cm BI /W 1 /H 1 ID \x01\x02 EI Q")));
        Assert.Equal("holds no text, only pictures: run text recognition on it first", _files.Reason);
        _files.Skipped.Clear();

        var three = PdfBuilder.Pages(Helvetica, [.. Enumerable.Range(1, 3).Select(i => $"BT /F1 9 Tf 50 50 Td (p{i}) Tj ET")]);
        Assert.Equal("p1\n\np2", Assert.Single(await TryReadAsync(three, new() { MaxPages = 2 })).Text);
        Assert.Equal("its pages behind page 2: no more are read of one file", _files.Reason);
    }

    [Fact]
    public async Task Pdftotext_and_the_own_reader_agree()
    {
        var program = PdfToText.OnPath();
        Assert.SkipWhen(program is null, "pdftotext is not installed");
        var path = _files.Write("a.pdf", PdfBuilder.Pages(Helvetica, "BT /F1 10 Tf 72 700 Td (One line of text,) Tj 0 -12 Td (and another.) Tj ET", "BT /F1 10 Tf 72 700 Td (Page two.) Tj ET"));
        var expected = Assert.Single(await _files.ReadAsync(new PdfReader(new(), pdfToText: null), path));
        var actual = Assert.Single(await _files.ReadAsync(new PdfReader(new(), program), path));
        Assert.Equal((expected.Text, expected.Headings.Count), (actual.Text, actual.Headings.Count));
        Assert.Equal("One line of text,\nand another.\n\nPage two.", actual.Text);
    }

    [Fact]
    public async Task The_program_gets_its_arguments_as_they_are()
    {
        var program = Script("for a in \"$@\"; do printf '%s\\n' \"$a\"; done");
        var path = _files.Write("a'; touch x; $(touch y) b.pdf", "%PDF-");
        var document = Assert.Single(await _files.ReadAsync(new PdfReader(new() { MaxPages = 7 }, program), path));
        Assert.Equal(["-layout", "-enc", "UTF-8", "-eol", "unix", "-l", "8", path, "-"], document.Text.Split('\n'));
    }

    [Fact]
    public async Task A_program_that_writes_without_end_is_killed()
    {
        var program = Script($"echo $$ > '{_files["pid"]}'; exec yes");
        Assert.Empty(await _files.ReadAsync(new PdfReader(new() { MaxUnpackedBytes = 1_000_000 }, program), _files.Write("a.pdf", "%PDF-")));
        Assert.Equal("its text is longer than the 1,000,000 bytes that are read of one file", _files.Reason);
        var id = int.Parse(await File.ReadAllTextAsync(_files["pid"], TestContext.Current.CancellationToken));
        Assert.True(HasEnded(id));
    }

    [Fact]
    public async Task A_program_that_never_answers_costs_the_time_of_one_file()
    {
        var reader = new TimedReader(new PdfReader(new(), Script("exec sleep 1000")), TimeSpan.FromSeconds(30), new ManualTime());
        Assert.Empty(await _files.ReadAsync(reader, _files.Write("a.pdf", "%PDF-")));
        Assert.Equal("took longer than 30 s to read", _files.Reason);
    }

    [Fact]
    public async Task What_the_program_complains_of_is_passed_on()
    {
        Assert.Empty(await _files.ReadAsync(new PdfReader(new(), Script("echo 'Command Line Error: Incorrect password' >&2; echo more >&2; exit 1")), _files.Write("a.pdf", "%PDF-")));
        Assert.Equal("pdftotext ended with code 1: Command Line Error: Incorrect password", _files.Reason);
        _files.Skipped.Clear();
        Assert.Empty(await _files.ReadAsync(new PdfReader(new(), new PdfToText(_files["nothing"])), _files["a.pdf"]));
        Assert.StartsWith($"'{_files["nothing"]}' cannot be started: ", _files.Reason, StringComparison.Ordinal);
    }

    private async Task<Document> ReadAsync(byte[] pdf) => Assert.Single(await TryReadAsync(pdf));

    private Task<List<Document>> TryReadAsync(byte[] pdf, DocumentReaderOptions? options = null) =>
        _files.ReadAsync(new PdfReader(options ?? new(), pdfToText: null), _files.Write("a.pdf", pdf));

    private PdfToText Script(string commands)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs a shell");
        var path = _files.Write("program", $"#!/bin/sh\n{commands}\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return new(path);
    }

    private static bool HasEnded(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            return process.WaitForExit(30_000);
        }
        catch (ArgumentException)
        {
            return true;
        }
    }
}
