using System.Text;
using AgentRag.Documents;
using Xunit;

namespace AgentRag.Tests.Documents;

public sealed class MetadataTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Front_matter_gives_its_plain_fields_and_lists()
    {
        var document = await ReadAsync(
            "a.md",
            """
            ---
            title: Guide
            Author: Ada Venn
            tags: [red, blue, red]
            draft: false
            nested:
              deep: [1, 2]
              title: not this one
            dates:
              - 2024-01-31
              - {inner: no}
            base: &b x
            same: *b
            ---
            # Heading
            """);

        Assert.Equal("Guide", document.Title);
        Assert.Equal("author=Ada Venn; tags=red,blue; draft=false; dates=2024-01-31; base=x", Text(document));
    }

    [Theory]
    [InlineData("- just\n- a list", "")]
    [InlineData("author: Ada\n]: broken", "author=Ada")]
    [InlineData("a=b: no name\n? [1]\n: complex\nafter: yes", "after=yes")]
    public async Task Front_matter_of_other_forms_gives_what_can_be_read(string yaml, string expected) =>
        Assert.Equal(expected, Text(await ReadAsync("a.md", $"---\n{yaml}\n---\n# H\n\nbody")));

    [Fact]
    public async Task Rows_of_jsonl_give_their_other_plain_fields() => Assert.Equal(
        "year=1871; ratio=0.50; open=true; tags=x,2; author=Ada Venn",
        Text(await ReadAsync("a.jsonl", """{"id":"1","title":"t","text":"b","year":1871,"ratio":0.50,"open":true,"none":null,"tags":["x",2,{}],"map":{"a":1}," Author ":" Ada\n Venn "}""")));

    [Fact]
    public async Task Columns_of_csv_rows_give_metadata_and_empty_ones_none() => Assert.Equal(
        "year=1871; author=Ada", Text(await ReadAsync("a.csv", "id,Year,text,title,Author,empty\n1,1871,body,t,Ada,\n")));

    [Fact]
    public async Task Mails_give_addresses_in_lower_case_the_day_and_the_subject() => Assert.Equal(
        "from=ada@orm.example; to=bo@orm.example,cy@tarrow.example; date=1997-11-21; subject=The lamp",
        Text(await ReadAsync(
            "a.eml",
            "From: \"Venn, Ada\" <Ada@Orm.example>\r\nTo: bo@orm.example, Cy <cy@tarrow.example>\r\nDate: Fri, 21 Nov 1997 09:55:06 -0600 (CST)\r\nSubject: The lamp\r\n\r\nIt burns.\r\n")));

    [Fact]
    public async Task Pages_give_language_and_meta_elements_but_not_those_for_browsers() => Assert.Equal(
        "lang=en; author=Ada Venn; keywords=lamp,tower; og:type=article",
        Text(await ReadAsync(
            "a.html",
            """
            <html lang="en"><head><title>t</title><meta charset="utf-8"><meta name="Author" content="Ada Venn"><meta name="viewport" content="width=1">
            <meta name="keywords" content="lamp, tower,"><meta property="og:type" content="article"><meta name="description"></head><body><p>text</p></body></html>
            """)));

    [Fact]
    public void What_is_no_label_is_left_out()
    {
        var builder = new MetadataBuilder();
        builder.Add("long", new string('x', MetadataBuilder.MaxValueLength + 1));
        builder.Add(new string('n', MetadataBuilder.MaxNameLength + 1), "x");
        builder.Add("a=b", "x");
        builder.Add("", "x");
        builder.Add("blank", " \n");
        Assert.Empty(builder.Build());

        for (var i = 0; i < 1000; i++)
        {
            builder.Add($"f{i % 100}", $"v{i}");
        }

        var metadata = builder.Build();
        Assert.Equal((MetadataBuilder.MaxFields, MetadataBuilder.MaxValues), (metadata.Count, metadata.Sum(field => field.Value.Count)));
    }

    private async Task<Document> ReadAsync(string name, string content)
    {
        File.WriteAllText(_folder[name], content, new UTF8Encoding(false));
        var file = new DocumentFile(_folder[name], _folder.Path, name) { Id = "a" };
        var documents = await new DocumentReaders().For(file.FullPath)!.ReadAsync(file, skipped => Assert.Fail(skipped.Reason), TestContext.Current.CancellationToken)
            .ToListAsync(TestContext.Current.CancellationToken);
        return Assert.Single(documents);
    }

    private static string Text(Document document) => string.Join("; ", document.Metadata.Select(field => $"{field.Key}={string.Join(',', field.Value)}"));
}
