using System.Text.Json;
using System.Text.Json.Serialization;

namespace AgentRag.Documents;

/// <summary>Reads labelled questions: a data set, a test set or a demonstration pool.</summary>
public static class LabelledQuestionFile
{
    private const string Expected = "a row needs id and question, and may have answers, supporting, hops, type, source and decomposition";
    private const int MaxRowBytes = 64 << 20;

    /// <summary>Reads every row of a JSON Lines file.</summary>
    /// <param name="path">The file; its fields are those of <see cref="LabelledQuestion"/>. Unknown fields are ignored, blank lines skipped.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The questions in file order; length ≥ 0.</returns>
    /// <exception cref="AgentRagException">The file is missing, a row is malformed, or an id occurs twice; the message names file and line.</exception>
    public static async Task<IReadOnlyList<LabelledQuestion>> LoadAsync(string path, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            var stream = File.OpenRead(path);
            await using (stream.ConfigureAwait(false))
            {
                return await ReadAsync(path, stream, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"{path}: the questions cannot be read: {exception.Message}", exception);
        }
    }

    private static async Task<IReadOnlyList<LabelledQuestion>> ReadAsync(string path, Stream stream, CancellationToken cancellationToken)
    {
        List<LabelledQuestion> questions = [];
        Dictionary<string, int> lineOfId = new(StringComparer.Ordinal);
        var lines = new LineReader(stream, MaxRowBytes);
        while (await lines.MoveNextAsync(cancellationToken).ConfigureAwait(false))
        {
            if (lines.Current.Span.Trim(" \t\r"u8).IsEmpty && !lines.IsTooLong)
            {
                continue;
            }

            var question = Parse(lines.Current.Span, problem => new AgentRagException($"{path}:{lines.Number}: {problem}"));
            if (!lineOfId.TryAdd(question.Id, lines.Number))
            {
                throw new AgentRagException($"{path}:{lines.Number}: the id \"{question.Id}\" is taken by line {lineOfId[question.Id]}; ids must differ.");
            }

            questions.Add(question);
        }

        return questions;
    }

    /// <summary>Reads one row.</summary>
    /// <param name="line">The row.</param>
    /// <param name="fault">Makes the exception out of a problem: it knows file and line.</param>
    internal static LabelledQuestion Parse(ReadOnlySpan<byte> line, Func<string, AgentRagException> fault)
    {
        Row? row;
        try
        {
            row = JsonSerializer.Deserialize<Row>(line);
        }
        catch (JsonException exception)
        {
            var where = exception.Path is { Length: > 2 } path ? $" at {path[2..]}" : "";
            throw fault($"not a valid row{where}: {exception.Message.Split(" Path:")[0]} Expected: {Expected}.");
        }

        return row switch
        {
            null => throw fault($"the row is null; {Expected}."),
            { Id: null or "" } => throw fault($"no \"id\" field; {Expected}."),
            _ when string.IsNullOrWhiteSpace(row.Question) => throw fault($"no \"question\" field; {Expected}."),
            { Hops: < 0 } => throw fault($"\"hops\" is {row.Hops}, must be at least 0."),
            _ when Contains(row.Answers, null) || Contains(row.Supporting, null) => throw fault("null inside \"answers\" or \"supporting\"; write texts."),
            _ when row.Decomposition?.Any(step => step is not { Question: not null, Answer: not null }) is true =>
                throw fault("a step of \"decomposition\" needs question and answer."),
            _ => new LabelledQuestion
            {
                Id = row.Id,
                Question = row.Question,
                Answers = row.Answers ?? [],
                Supporting = row.Supporting ?? [],
                Hops = row.Hops,
                Type = row.Type,
                Source = row.Source,
                Decomposition = row.Decomposition ?? [],
            },
        };
    }

    private static bool Contains(IReadOnlyList<string>? texts, string? text) => texts?.Contains(text) is true;

    /// <summary>The row as it stands in the file: anything may be missing.</summary>
    private sealed record Row(
        [property: JsonPropertyName("id")] string? Id,
        [property: JsonPropertyName("question")] string? Question,
        [property: JsonPropertyName("answers")] IReadOnlyList<string>? Answers,
        [property: JsonPropertyName("supporting")] IReadOnlyList<string>? Supporting,
        [property: JsonPropertyName("hops")] int? Hops,
        [property: JsonPropertyName("type")] string? Type,
        [property: JsonPropertyName("source")] string? Source,
        [property: JsonPropertyName("decomposition")] IReadOnlyList<LabelledStep>? Decomposition);
}
