using System.Runtime.CompilerServices;
using System.Text.Json;

namespace AgentRag.Documents;

/// <summary>Reads .jsonl data sets row by row: <c>{"id","title","text"}</c>, one document each, whatever the file's size.</summary>
/// <param name="options">Limits; the size limit holds for each row.</param>
/// <remarks>
/// The id may be a string or a number; the title may be missing. Other fields are metadata where they are plain values or lists of them, else ignored. A bad
/// row is reported and skipped.
/// </remarks>
public sealed class JsonLinesReader(DocumentReaderOptions options) : IDocumentReader
{
    /// <summary>Bad rows reported one by one; the rest of a file's are only counted.</summary>
    internal const int MaxReportedRows = 20;

    private readonly DocumentReaderOptions _options = options.Validated();

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Extensions => [".jsonl"];

    /// <inheritdoc/>
    public bool RowsBringIds => true;

    /// <inheritdoc/>
    public async IAsyncEnumerable<Document> ReadAsync(
        DocumentFile file, Action<SkippedFile> skipped, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(skipped);
        var stream = new FileStream(file.FullPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16, useAsync: true);
        await using (stream.ConfigureAwait(false))
        {
            var lines = new LineReader(stream, (int)_options.MaxFileBytes);
            var bad = 0;
            while (await lines.MoveNextAsync(cancellationToken).ConfigureAwait(false))
            {
                if (lines.Number == 1 && LooksBinary(lines.Current.Span))
                {
                    skipped(new(file.FullPath, "is not a UTF-8 JSON Lines file"));
                    yield break;
                }

                var (document, problem) = lines.IsTooLong
                    ? (null, $"is longer than the {_options.MaxFileBytes:N0} bytes that are read of one row")
                    : ParseRow(file, lines.Number, lines.Current.Span);
                if (document is not null)
                {
                    yield return document;
                }
                else if (problem is not null && ++bad <= MaxReportedRows)
                {
                    skipped(new($"{file.FullPath}:{lines.Number}", problem));
                }
            }

            if (bad > MaxReportedRows)
            {
                skipped(new(file.FullPath, $"{bad - MaxReportedRows:N0} more rows like these"));
            }
        }
    }

    private static bool LooksBinary(ReadOnlySpan<byte> line) => line is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..] || line.Contains((byte)0);

    private static (Document? Document, string? Problem) ParseRow(DocumentFile file, int number, ReadOnlySpan<byte> line)
    {
        if (line.Trim(" \t\r"u8).IsEmpty)
        {
            return (null, null);
        }

        try
        {
            var reader = new Utf8JsonReader(line);
            using var row = JsonDocument.ParseValue(ref reader);
            if (reader.Read() || row.RootElement.ValueKind != JsonValueKind.Object)
            {
                return (null, "is not one JSON object; a row needs id and text, and may have a title");
            }

            var (id, text) = (Text(row.RootElement, "id"), Text(row.RootElement, "text"));
            var problem = IdProblem(id) ?? (text is null ? "no \"text\" field; a row needs id and text, and may have a title" : null);
            return problem is not null ? (null, problem) : (new Document
            {
                Id = id!,
                Title = Titles.OneLine(Text(row.RootElement, "title") ?? ""),
                Source = $"{file.Source}:{number}",
                Text = text!,
                Metadata = Metadata(row.RootElement),
            }, null);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: bytes that are not UTF-8, or half a surrogate pair, inside a string.
            return (null, $"is not valid JSON: {exception.Message}");
        }
    }

    private static IReadOnlyDictionary<string, IReadOnlyList<string>> Metadata(JsonElement row)
    {
        MetadataBuilder? metadata = null;
        foreach (var field in row.EnumerateObject())
        {
            if (field.Name is "id" or "title" or "text")
            {
                continue;
            }

            metadata ??= new();
            if (field.Value.ValueKind != JsonValueKind.Array)
            {
                metadata.Add(field.Name, Plain(field.Value));
                continue;
            }

            foreach (var item in field.Value.EnumerateArray())
            {
                metadata.Add(field.Name, Plain(item));
            }
        }

        return metadata?.Build() ?? MetadataBuilder.None;
    }

    private static string? Plain(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.GetRawText(),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => null,
    };

    private static string? IdProblem(string? id) => id switch
    {
        null => "no \"id\" field; a row needs id and text, and may have a title",
        _ when DocumentIds.Problem(id) is { } problem => $"its id {problem}",
        _ => null,
    };

    private static string? Text(JsonElement row, string name) => !row.TryGetProperty(name, out var value) ? null : value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.GetRawText(),
        _ => null,
    };
}
