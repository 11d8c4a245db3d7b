using System.Text;
using System.Text.Json;

namespace AgentRag.Documents;

/// <summary>Reads labelled questions in the format of their data set, recognised by content.</summary>
public static class DataSetFile
{
    private const int MaxRowBytes = 64 << 20;
    private const int MaxCsvCharacters = 1 << 20;

    // Names of splits say nothing about the set.
    private static readonly HashSet<string> SplitNames = new(
        ["questions", "question", "dev", "test", "train", "val", "valid", "validation", "data", "qa"], StringComparer.OrdinalIgnoreCase);

    /// <summary>Reads a file.</summary>
    /// <param name="path">JSON, JSON Lines or CSV; which format it is tells its content.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The questions and what comes with them.</returns>
    /// <exception cref="AgentRagException">The file is missing, of no known format, or malformed; the message names file and row.</exception>
    public static async Task<DataSet> LoadAsync(string path, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, useAsync: true);
            await using (stream.ConfigureAwait(false))
            {
                return await ReadAsync(path, stream, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"{path}: the questions cannot be read: {e.Message}", e);
        }
    }

    private static async Task<DataSet> ReadAsync(string path, FileStream stream, CancellationToken cancellationToken)
    {
        var head = await HeadAsync(stream, cancellationToken).ConfigureAwait(false);
        return head.TrimStart() switch
        {
            "" => throw new AgentRagException($"{path}: the file is empty; it needs labelled questions, in JSON Lines, JSON or CSV."),
            ['[', ..] => await ReadArrayAsync(path, stream, cancellationToken).ConfigureAwait(false),
            ['{', ..] when await IsOneObjectPerLineAsync(stream, cancellationToken).ConfigureAwait(false) =>
                await ReadLinesAsync(path, stream, cancellationToken).ConfigureAwait(false),
            ['{', ..] => await ReadObjectAsync(path, stream, cancellationToken).ConfigureAwait(false),
            _ => await ReadCsvAsync(path, stream, cancellationToken).ConfigureAwait(false),
        };
    }

    private static async Task<string> HeadAsync(FileStream stream, CancellationToken cancellationToken)
    {
        var bytes = new byte[4096];
        var read = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        stream.Position = 0;
        return Encoding.UTF8.GetString(bytes, 0, read).TrimStart('\uFEFF');
    }

    // TriviaQA's own file is one object, printed over many lines or written on one: then its only row has "Data".
    private static async Task<bool> IsOneObjectPerLineAsync(FileStream stream, CancellationToken cancellationToken)
    {
        var lines = new LineReader(stream, MaxRowBytes);
        var isRow = false;
        while (await lines.MoveNextAsync(cancellationToken).ConfigureAwait(false))
        {
            if (!lines.Current.Span.Trim(" \t\r"u8).IsEmpty)
            {
                isRow = IsRow(lines.Current.Span);
                break;
            }
        }

        stream.Position = 0;
        return isRow;
    }

    // A first line that begins an object and does not end it is a row with a fault or the first line of a printed object: a row has its first name on that line.
    private static bool IsRow(ReadOnlySpan<byte> line)
    {
        try
        {
            var reader = new Utf8JsonReader(line);
            using var row = JsonDocument.ParseValue(ref reader);
            return !row.RootElement.TryGetProperty("Data", out _);
        }
        catch (JsonException)
        {
            return line.Trim(" \t\r"u8).Length > 1;
        }
    }

    private static async Task<DataSet> ReadLinesAsync(string path, FileStream stream, CancellationToken cancellationToken)
    {
        DataSetBuilder? builder = null;
        var lines = new LineReader(stream, MaxRowBytes);
        while (await lines.MoveNextAsync(cancellationToken).ConfigureAwait(false))
        {
            if (lines.Current.Span.Trim(" \t\r"u8).IsEmpty && !lines.IsTooLong)
            {
                continue;
            }

            var where = $"{path}:{lines.Number}";
            using var row = Parse(where, lines.Current);
            if (builder is null && DataSetRow.IsOwn(row.RootElement))
            {
                return new DataSet
                {
                    Name = NameOf(path),
                    Format = DataSetFormat.AgentRag,
                    Questions = await LabelledQuestionFile.LoadAsync(path, cancellationToken).ConfigureAwait(false),
                };
            }

            builder ??= new DataSetBuilder(path, NameOf(path), DataSetRow.FormatOf(row.RootElement, where));
            builder.Add(row.RootElement, where);
        }

        return builder!.Finish();
    }

    private static async Task<DataSet> ReadArrayAsync(string path, FileStream stream, CancellationToken cancellationToken)
    {
        DataSetBuilder? builder = null;
        var number = 0;
        try
        {
            await foreach (var row in JsonSerializer.DeserializeAsyncEnumerable<JsonElement>(stream, cancellationToken: cancellationToken).ConfigureAwait(false))
            {
                var where = $"{path}: row {++number}";
                builder ??= new DataSetBuilder(path, NameOf(path), DataSetRow.FormatOf(row, where));
                builder.Add(row, where);
            }
        }
        catch (JsonException e)
        {
            throw new AgentRagException($"{path}: not valid JSON behind row {number}: {e.Message}", e);
        }

        return builder?.Finish() ?? throw new AgentRagException($"{path}: there is no question in it.");
    }

    private static async Task<DataSet> ReadObjectAsync(string path, FileStream stream, CancellationToken cancellationToken)
    {
        try
        {
            using var json = await JsonDocument.ParseAsync(stream, cancellationToken: cancellationToken).ConfigureAwait(false);
            if (!json.RootElement.TryGetProperty("Data", out var rows) || rows.ValueKind != JsonValueKind.Array)
            {
                throw DataSetRow.Unknown(json.RootElement, path);
            }

            var builder = new DataSetBuilder(path, NameOf(path), DataSetFormat.TriviaQa);
            foreach (var (i, row) in rows.EnumerateArray().Index())
            {
                builder.Add(row, $"{path}: row {i + 1}");
            }

            return builder.Finish();
        }
        catch (JsonException e)
        {
            throw new AgentRagException($"{path}:{e.LineNumber + 1}: not valid JSON: {e.Message}", e);
        }
    }

    private static async Task<DataSet> ReadCsvAsync(string path, FileStream stream, CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var text = await reader.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
        var rows = new CsvRows(text, CsvRows.Separator(text, path), MaxCsvCharacters);
        var (question, answer) = rows.MoveNext() ? (Column("question"), Column("answer")) : (-1, -1);
        if (question < 0 || answer < 0)
        {
            throw new AgentRagException(
                $"{path}:1: this is neither JSON nor a table of questions: a CSV file needs the columns Question and Answer (Bamboogle). {DataSetRow.Known}");
        }

        List<LabelledQuestion> questions = [];
        while (rows.MoveNext())
        {
            if (rows.Current.Count <= Math.Max(question, answer) || rows.Current[question].Trim().Length == 0 || rows.Current[answer].Trim().Length == 0)
            {
                throw new AgentRagException($"{path}:{rows.Line}: the row needs a question and an answer.");
            }

            questions.Add(new LabelledQuestion
            {
                Id = DataSetBuilder.NumberedId("bamboogle", questions.Count),
                Question = rows.Current[question].Trim(),
                Answers = [rows.Current[answer].Trim()],
            });
        }

        return rows.Problem is null
            ? new DataSet { Name = "bamboogle", Format = DataSetFormat.Bamboogle, Questions = questions }
            : throw new AgentRagException($"{path}:{rows.Line}: {rows.Problem}.");

        int Column(string name)
        {
            for (var i = 0; i < rows.Current.Count; i++)
            {
                if (rows.Current[i].Trim().Trim('\uFEFF').Equals(name, StringComparison.OrdinalIgnoreCase))
                {
                    return i;
                }
            }

            return -1;
        }
    }

    private static JsonDocument Parse(string where, ReadOnlyMemory<byte> line)
    {
        try
        {
            return line.IsEmpty
                ? throw new AgentRagException($"{where}: the row is longer than {MaxRowBytes:N0} bytes.")
                : JsonDocument.Parse(line);
        }
        catch (JsonException e)
        {
            throw new AgentRagException($"{where}: not valid JSON: {e.Message}", e);
        }
    }

    private static string NameOf(string path)
    {
        // "questions.dev" is the dev split of what its folder is called after.
        var name = Path.GetFileNameWithoutExtension(path);
        return name.Split('.', '-', '_').All(SplitNames.Contains) && Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(path))) is { Length: > 0 } folder
            ? folder
            : name;
    }
}
