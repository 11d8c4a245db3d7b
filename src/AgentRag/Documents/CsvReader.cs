using System.Runtime.CompilerServices;
using System.Text;

namespace AgentRag.Documents;

/// <summary>Reads .csv and .tsv tables whose first row names the columns.</summary>
/// <param name="options">Limits.</param>
/// <remarks>
/// With columns <c>id</c> and <c>text</c> every row is a document, as in .jsonl, <c>title</c> names it, and the other columns are its metadata. Else the file is one document with a line
/// per row, <c>column: value | column: value</c>: so a passage that begins in the middle of the table still says what its values are. The separator
/// of a .csv is the comma, semicolon, tab or bar that is most frequent in the first row.
/// </remarks>
public sealed class CsvReader(DocumentReaderOptions options) : IDocumentReader
{
    private readonly DocumentReaderOptions _options = options.Validated();

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Extensions => [".csv", ".tsv"];

    /// <inheritdoc/>
    public async IAsyncEnumerable<Document> ReadAsync(
        DocumentFile file, Action<SkippedFile> skipped, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(skipped);
        if (await FileText.LoadAsync(file, _options, skipped, cancellationToken).ConfigureAwait(false) is not { } text)
        {
            yield break;
        }

        var rows = new CsvRows(text, CsvRows.Separator(text, file.FullPath), _options.MaxLineLength);
        if (!rows.MoveNext())
        {
            skipped(new(file.FullPath, rows.Problem ?? "has no row that names the columns"));
            yield break;
        }

        string[] columns = [.. rows.Current.Select(Titles.OneLine)];
        var (id, title, body) = (Column(columns, "id"), Column(columns, "title"), Column(columns, "text"));
        if (id < 0 || body < 0)
        {
            yield return Table(file, columns, rows, skipped, cancellationToken);
            yield break;
        }

        foreach (var row in Rows(file, rows, skipped))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var problem = row.Count <= Math.Max(id, body) ? "has fewer values than the first row has columns"
                : DocumentIds.Problem(row[id]) is { } wrong ? $"its id {wrong}"
                : null;
            if (problem is not null)
            {
                skipped(new($"{file.FullPath}:{rows.Line}", problem));
                continue;
            }

            yield return new Document
            {
                Id = row[id],
                Title = title >= 0 && title < row.Count ? Titles.OneLine(row[title]) : "",
                Source = $"{file.Source}:{rows.Line}",
                Text = row[body],
                Metadata = Metadata(columns, row, [id, title, body]),
            };
        }
    }

    private Document Table(DocumentFile file, string[] columns, CsvRows rows, Action<SkippedFile> skipped, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        foreach (var row in Rows(file, rows, skipped))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var start = text.Length;
            for (var i = 0; i < row.Count; i++)
            {
                if (Titles.OneLine(row[i]) is { Length: > 0 } value)
                {
                    text.Append(text.Length > start ? " | " : "");
                    text.Append(i < columns.Length && columns[i].Length > 0 ? columns[i] + ": " : "").Append(value);
                }
            }

            text.Append(text.Length > start ? "\n" : "");
            if (text.Length > _options.MaxUnpackedBytes)
            {
                skipped(new(
                    $"{file.FullPath}:{rows.Line}",
                    $"the rows from here on: with the columns' names the table is longer than {_options.MaxUnpackedBytes:N0} characters"));
                break;
            }
        }

        // A table without rows still says what it is about.
        return new Document
        {
            Id = file.Id,
            Title = Titles.FromFileName(file),
            Source = file.Source,
            Text = text.Length > 0 ? text.ToString() : string.Join(" | ", columns),
            IsMadeOfLines = true,
        };
    }

    private IEnumerable<IReadOnlyList<string>> Rows(DocumentFile file, CsvRows rows, Action<SkippedFile> skipped)
    {
        for (var count = 0; rows.MoveNext(); count++)
        {
            if (count == _options.MaxRows)
            {
                skipped(new($"{file.FullPath}:{rows.Line}", $"the rows from here on: no more than {_options.MaxRows:N0} are read of one file"));
                yield break;
            }

            yield return rows.Current;
        }

        if (rows.Problem is { } problem)
        {
            skipped(new($"{file.FullPath}:{rows.Line}", problem));
        }
    }

    private static IReadOnlyDictionary<string, IReadOnlyList<string>> Metadata(string[] columns, IReadOnlyList<string> row, ReadOnlySpan<int> named)
    {
        var metadata = new MetadataBuilder();
        for (var i = 0; i < Math.Min(columns.Length, row.Count); i++)
        {
            if (!named.Contains(i))
            {
                metadata.Add(columns[i], row[i]);
            }
        }

        return metadata.Build();
    }

    private static int Column(string[] columns, string name) =>
        Array.FindIndex(columns, column => column.Equals(name, StringComparison.OrdinalIgnoreCase));
}
