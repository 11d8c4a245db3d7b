using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using AgentRag.Documents;
using AgentRag.Models;

namespace AgentRag.Demonstrations;

/// <summary>A pool of demonstrations on disk: JSON Lines, one demonstration each.</summary>
/// <remarks>
/// A row with <c>"formatVersion": 1</c> is a demonstration with its steps and, mostly, its passages: <c>{"formatVersion","id","question","answer","answers",
/// "steps":[{"subQuery","intermediateAnswer"}],"supporting","type","source","passages":[{"id","documentId","title",...,"text"}],"rankings":[["id",...],...],"built"}</c>,
/// where the rankings name the passages, best first: one for the question, then one for each step. A row without it is a <see cref="LabelledQuestion"/>, whose
/// passages are retrieved when it is shown. Both forms may stand in one file, and both are read by <see cref="LabelledQuestionFile"/> too.
/// </remarks>
public static class DemonstrationFile
{
    /// <summary>The version of the form with passages that is written, and the newest that is read.</summary>
    public const int FormatVersion = 1;

    private const string Expected = "a demonstration needs id, question, answer and steps, and may have answers, supporting, type, source, passages, rankings and built";
    private const int MaxRowBytes = 256 << 20;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>Reads a pool.</summary>
    /// <param name="path">The file. Unknown fields are ignored, blank lines skipped.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The demonstrations in file order; length ≥ 0.</returns>
    /// <exception cref="AgentRagException">The file is missing, a row is malformed or newer, or an id occurs twice; the message names file and line.</exception>
    public static async Task<IReadOnlyList<Demonstration>> LoadAsync(string path, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        List<Demonstration> pool = [];
        Dictionary<string, int> lineOfId = new(StringComparer.Ordinal);
        try
        {
            var stream = File.OpenRead(path);
            await using (stream.ConfigureAwait(false))
            {
                var lines = new LineReader(stream, MaxRowBytes);
                while (await lines.MoveNextAsync(cancellationToken).ConfigureAwait(false))
                {
                    if (lines.Current.Span.Trim(" \t\r"u8).IsEmpty && !lines.IsTooLong)
                    {
                        continue;
                    }

                    var demonstration = Parse(lines.Current.Span, problem => new AgentRagException($"{path}:{lines.Number}: {problem}"));
                    if (!lineOfId.TryAdd(demonstration.Id, lines.Number))
                    {
                        throw new AgentRagException(
                            $"{path}:{lines.Number}: the id \"{demonstration.Id}\" is taken by line {lineOfId[demonstration.Id]}; ids must differ.");
                    }

                    pool.Add(demonstration);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"{path}: the demonstrations cannot be read: {exception.Message}", exception);
        }

        return pool;
    }

    /// <summary>Writes a pool, whole or not at all.</summary>
    /// <param name="path">The file; one that is there is replaced when all is written.</param>
    /// <param name="pool">The demonstrations.</param>
    /// <param name="cancellationToken">Ends the writing; the file is left as it was.</param>
    /// <exception cref="AgentRagException">The file cannot be written.</exception>
    public static async Task SaveAsync(string path, IEnumerable<Demonstration> pool, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(pool);
        var unfinished = $"{path}.unfinished";
        try
        {
            await File.WriteAllLinesAsync(unfinished, pool.Select(ToJson), cancellationToken).ConfigureAwait(false);
            File.Move(unfinished, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"{path}: the demonstrations cannot be written: {e.Message}", e);
        }
    }

    /// <summary>One row, without its line end.</summary>
    internal static string ToJson(Demonstration demonstration)
    {
        var rankings = demonstration.Rankings;
        return JsonSerializer.Serialize(
            new Row
            {
                FormatVersion = FormatVersion,
                Id = demonstration.Id,
                Question = demonstration.Question,
                Answer = demonstration.Answer,
                Answers = demonstration.Answers,
                Steps = demonstration.Steps,
                Supporting = demonstration.Supporting,
                Type = demonstration.Type,
                Source = demonstration.Source,
                Built = demonstration.Origin,
                // A passage that several rankings hold is written once.
                Passages = rankings is null ? null : [.. rankings.SelectMany(ranking => ranking).DistinctBy(passage => passage.Id, StringComparer.Ordinal).Select(StoredPassage.From)],
                Rankings = rankings is null ? null : [.. rankings.Select(ranking => ranking.Select(passage => passage.Id).ToList())],
            },
            Json);
    }

    /// <summary>Reads one row of either form.</summary>
    internal static Demonstration Parse(ReadOnlySpan<byte> line, Func<string, AgentRagException> fault)
    {
        Row? row;
        try
        {
            row = JsonSerializer.Deserialize<Row>(line, Json);
        }
        catch (JsonException e)
        {
            // A labelled question that is malformed is told in its own words.
            row = line.IndexOf("\"formatVersion\""u8) < 0 ? new Row() : throw fault($"not a valid row: {e.Message.Split(" Path:")[0]} Expected: {Expected}.");
        }

        return row switch
        {
            null => throw fault($"the row is null; {Expected}."),
            { FormatVersion: null } => Demonstration.From(LabelledQuestionFile.Parse(line, fault)),
            { FormatVersion: not FormatVersion } => throw fault($"the row has format version {row.FormatVersion}, this program reads version {FormatVersion}: update agentrag."),
            { Id: null or "" } => throw fault($"no \"id\" field; {Expected}."),
            _ when string.IsNullOrWhiteSpace(row.Question) => throw fault($"no \"question\" field; {Expected}."),
            _ when string.IsNullOrWhiteSpace(row.Answer) => throw fault($"no \"answer\" field; {Expected}."),
            _ when row.Steps?.Any(step => step is not { SubQuery.Length: > 0, IntermediateAnswer.Length: > 0 }) is true =>
                throw fault("a step of \"steps\" needs subQuery and intermediateAnswer."),
            _ => new Demonstration
            {
                Id = row.Id,
                Question = row.Question,
                Answer = row.Answer,
                Answers = row.Answers ?? (row.Answer == Demonstration.NotFound ? [] : [row.Answer]),
                Steps = row.Steps ?? [],
                Supporting = row.Supporting ?? [],
                Type = row.Type,
                Source = row.Source,
                Origin = row.Built,
                Rankings = row.Rankings is null ? null : Resolve(row, fault),
            },
        };
    }

    private static List<IReadOnlyList<Passage>> Resolve(Row row, Func<string, AgentRagException> fault)
    {
        Dictionary<string, Passage> passages = new(StringComparer.Ordinal);
        foreach (var stored in row.Passages ?? [])
        {
            var passage = stored?.ToPassage() ?? throw fault("a passage of \"passages\" needs id and text.");
            passages[passage.Id] = passage;
        }

        return row.Rankings!.ConvertAll<IReadOnlyList<Passage>>(ranking =>
            [.. ranking.Select(id => passages.GetValueOrDefault(id) ?? throw fault($"\"rankings\" names the passage \"{id}\", which is not in \"passages\"."))]);
    }

    /// <summary>The row as it stands in the file: anything may be missing.</summary>
    private sealed record Row
    {
        public int? FormatVersion { get; init; }

        public string? Id { get; init; }

        public string? Question { get; init; }

        public string? Answer { get; init; }

        public IReadOnlyList<string>? Answers { get; init; }

        public IReadOnlyList<SelfAskStep>? Steps { get; init; }

        public IReadOnlyList<string>? Supporting { get; init; }

        public string? Type { get; init; }

        public string? Source { get; init; }

        public List<List<string>>? Rankings { get; init; }

        public List<StoredPassage?>? Passages { get; init; }

        public DemonstrationOrigin? Built { get; init; }
    }

    /// <summary>A passage in a row. A person who writes one by hand needs id and text alone.</summary>
    private sealed record StoredPassage(
        string? Id, string? DocumentId, string? Title, IReadOnlyList<string>? HeadingPath, string? Source, int? Start, int? End, string? Text, string? ContentHash, int? TokenCount)
    {
        public static StoredPassage From(Passage passage) => new(
            passage.Id,
            passage.DocumentId,
            passage.Title,
            passage.HeadingPath.Count == 0 ? null : passage.HeadingPath,
            passage.Source,
            passage.Start,
            passage.End,
            passage.Text,
            passage.ContentHash,
            passage.TokenCount);

        public Passage? ToPassage() => Id is not { Length: > 0 } || Text is null ? null : new Passage
        {
            Id = Id,
            DocumentId = DocumentId ?? Id,
            Title = Title ?? "",
            HeadingPath = HeadingPath ?? [],
            Source = Source ?? "",
            Start = Start ?? 0,
            End = End ?? Text.Length,
            Text = Text,
            ContentHash = ContentHash ?? PassageSplitter.ContentHash(Text),
            TokenCount = TokenCount ?? 0,
        };
    }
}
