using Xunit;

namespace AgentRag.Tests.Documents;

public sealed class CsvReaderTests : IDisposable
{
    private readonly FileFixture _files = new();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData("a.csv", "Name,City\nAnn,\"Paris, \"\"south\"\"\"\n\nBob,\n", "Name: Ann | City: Paris, \"south\"\nName: Bob\n")]
    [InlineData("a.csv", "Name;City\r\nAnn;\"two\r\nlines\"\r\n", "Name: Ann | City: two lines\n")]
    [InlineData("a.tsv", "Name\tCity, land\nAnn\tx,y\tmore\n", "Name: Ann | City, land: x,y | more\n")]
    [InlineData("a.csv", "Name,City", "Name | City")]
    public async Task A_table_has_a_line_per_row_that_names_its_columns(string name, string content, string expected)
    {
        var table = await _files.ReadOneAsync(_files.Write(name, content));
        Assert.Equal((expected, "a", "id"), (table.Text, table.Title, table.Id));
        Assert.True(table.IsMadeOfLines);
    }

    [Fact]
    public async Task Rows_with_id_and_text_are_documents()
    {
        var rows = await _files.ReadAsync(_files.Write("a.csv", "ID,Title,Text,Other\nx,T,\"one\ntwo\",o\n,no,id,\nz\ny,,three,\n"));
        Assert.Equal([("x", "T", "one\ntwo"), ("y", "", "three")], rows.Select(r => (r.Id, r.Title, r.Text)));
        Assert.Equal([":2", ":6"], rows.Select(r => r.Source[^2..]));
        Assert.Equal([(":4", "its id is empty"), (":5", "has fewer values than the first row has columns")], _files.Skipped.Select(s => (s.Path[^2..], s.Reason)));
    }

    [Theory]
    [InlineData("a,b\n1,2\n3,\"open\n5,6\n", ":3", "the rows from here on: a quoted value is never closed")]
    [InlineData("a,b\n1,2\n3,\"xxxxxxxxxxxxxxxxxxxxx\nxxxxxxxxxxxxxxxxxxxxx\"\n", ":3", "the rows from here on: a value is longer than the 30 characters that are read of one")]
    [InlineData("a,b\n1,2\n3,4\n5,6\n", ":4", "the rows from here on: no more than 2 are read of one file")]
    public async Task Hostile_rows_end_the_table_and_are_reported(string content, string place, string reason)
    {
        var table = await _files.ReadOneAsync(_files.Write("a.csv", content), new() { MaxLineLength = 30, MaxRows = 2 });
        Assert.StartsWith("a: 1 | b: 2\n", table.Text, StringComparison.Ordinal);
        Assert.EndsWith(place, Assert.Single(_files.Skipped).Path, StringComparison.Ordinal);
        Assert.Equal(reason, _files.Reason);
    }

    [Fact]
    public async Task Long_column_names_do_not_multiply_without_bounds()
    {
        var content = new string('c', 1000) + ",b\n" + string.Concat(Enumerable.Repeat("1,2\n", 1000));
        var table = await _files.ReadOneAsync(_files.Write("a.csv", content), new() { MaxUnpackedBytes = 10_000 });
        Assert.InRange(table.Text.Length, 10_000, 12_000);
        Assert.StartsWith("the rows from here on: with the columns' names", _files.Reason, StringComparison.Ordinal);
    }
}
