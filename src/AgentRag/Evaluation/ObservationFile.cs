using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using AgentRag.Answering;
using AgentRag.Documents;

namespace AgentRag.Evaluation;

/// <summary>Observations as JSON Lines: one observation per line, each with its format version, so that files can be joined and appended to.</summary>
/// <remarks>
/// A line: <c>{"observation":1,"dataSet":"hotpotqa","strategy":"drag","k":5,"m":2,"n":1,"metric":"f1","value":0.51,"questions":500,"standardError":0.02,
/// "meanEffectiveContextTokens":2210.5,"maxEffectiveContextTokens":2604,"simulated":false,"fingerprints":{"model":"...","prompts":"...","index":"...",
/// "retriever":"...","questions":"...","code":"..."}}</c>. <c>standardError</c>, <c>simulated</c> and <c>fingerprints</c> may be left out; unknown fields are ignored.
/// </remarks>
public static class ObservationFile
{
    /// <summary>The file's name in the folder of a run.</summary>
    public const string Name = "observations.jsonl";

    /// <summary>The version that is written: raised with every change that an older program would misread.</summary>
    public const int FormatVersion = 1;

    private const int MaxRowBytes = 1 << 20;
    private const string Expected = "a line needs observation (the format version), dataSet, strategy, k, m, n, metric, value, questions, " +
        "meanEffectiveContextTokens and maxEffectiveContextTokens";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>Writes an observation as one line, without its line feed.</summary>
    /// <param name="observation">The observation.</param>
    /// <exception cref="AgentRagException">A value is out of range.</exception>
    public static string Line(Observation observation)
    {
        ArgumentNullException.ThrowIfNull(observation);
        return JsonSerializer.Serialize(Row.From(observation.Validated()), Json);
    }

    /// <summary>Reads all observations of files and folders.</summary>
    /// <param name="paths">Files in the form above; a folder stands for every <see cref="Name"/> below it. Length ≥ 1.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The observations in the order of the paths and lines; length ≥ 1. A line that says the same as another is read once.</returns>
    /// <exception cref="AgentRagException">A path is missing or holds none, or a line is malformed; the message names file and line.</exception>
    public static async Task<IReadOnlyList<Observation>> LoadAsync(IReadOnlyList<string> paths, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(paths);
        List<Observation> observations = [];
        foreach (var file in paths.SelectMany(FilesOf))
        {
            await ReadAsync(file, observations, cancellationToken).ConfigureAwait(false);
        }

        return observations.Count == 0
            ? throw new AgentRagException($"{string.Join(", ", paths)}: no observation was found; 'agentrag evaluate' writes them, one per line.")
            : [.. observations.Distinct()];
    }

    private static IEnumerable<string> FilesOf(string path)
    {
        if (!Directory.Exists(path))
        {
            return [path];
        }

        List<string> files = [.. Directory.EnumerateFiles(path, Name, SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        return files.Count > 0 ? files : throw new AgentRagException($"{path}: the folder holds no {Name}; 'agentrag evaluate' writes it into the folder of a run.");
    }

    private static async Task ReadAsync(string path, List<Observation> observations, CancellationToken cancellationToken)
    {
        try
        {
            var stream = File.OpenRead(path);
            await using (stream.ConfigureAwait(false))
            {
                var lines = new LineReader(stream, MaxRowBytes);
                while (await lines.MoveNextAsync(cancellationToken).ConfigureAwait(false))
                {
                    if (lines.IsTooLong || !lines.Current.Span.Trim(" \t\r"u8).IsEmpty)
                    {
                        observations.Add(Parse(lines.Current.Span, $"{path}:{lines.Number}"));
                    }
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"{path}: the observations cannot be read: {exception.Message}", exception);
        }
    }

    private static Observation Parse(ReadOnlySpan<byte> line, string where)
    {
        Row? row;
        try
        {
            row = JsonSerializer.Deserialize<Row>(line, Json);
        }
        catch (JsonException exception)
        {
            var at = exception.Path is { Length: > 2 } path ? $" at {path[2..]}" : "";
            throw new AgentRagException($"{where}: not an observation{at}: {exception.Message.Split(" Path:")[0]} Expected: {Expected}.", exception);
        }

        if (row?.Version is not { } version)
        {
            throw new AgentRagException($"{where}: not an observation, no \"observation\" field; {Expected}.");
        }

        if (version != FormatVersion)
        {
            throw new AgentRagException(
                $"{where}: the observation has format version {version}, this program reads {FormatVersion}: " +
                (version > FormatVersion ? "update agentrag." : "measure it anew with 'agentrag evaluate'."));
        }

        try
        {
            return row.ToObservation().Validated();
        }
        catch (AgentRagException exception)
        {
            throw new AgentRagException($"{where}: {exception.Message}", exception);
        }
    }

    /// <summary>The row as it stands in the file: anything may be missing.</summary>
    private sealed record Row
    {
        [JsonPropertyName("observation")]
        public int? Version { get; init; }

        public string? DataSet { get; init; }

        public string? Strategy { get; init; }

        public int? K { get; init; }

        public int? M { get; init; }

        public int? N { get; init; }

        public string? Metric { get; init; }

        public double? Value { get; init; }

        public int? Questions { get; init; }

        public double? StandardError { get; init; }

        public double? MeanEffectiveContextTokens { get; init; }

        public long? MaxEffectiveContextTokens { get; init; }

        public bool Simulated { get; init; }

        public ObservationFingerprints? Fingerprints { get; init; }

        public static Row From(Observation observation) => new()
        {
            Version = FormatVersion,
            DataSet = observation.DataSet,
            Strategy = observation.Strategy,
            K = observation.Parameters.K,
            M = observation.Parameters.M,
            N = observation.Parameters.N,
            Metric = observation.Metric,
            Value = observation.Value,
            Questions = observation.Questions,
            StandardError = observation.StandardError,
            MeanEffectiveContextTokens = observation.MeanEffectiveContextTokens,
            MaxEffectiveContextTokens = observation.MaxEffectiveContextTokens,
            Simulated = observation.IsSimulated,
            Fingerprints = observation.Fingerprints,
        };

        public Observation ToObservation() => new()
        {
            DataSet = Given(DataSet, "dataSet"),
            Strategy = Given(Strategy, "strategy"),
            Parameters = new InferenceParameters(Given(K, "k"), Given(M, "m"), Given(N, "n")),
            Metric = Given(Metric, "metric"),
            Value = Given(Value, "value"),
            Questions = Given(Questions, "questions"),
            StandardError = StandardError,
            MeanEffectiveContextTokens = Given(MeanEffectiveContextTokens, "meanEffectiveContextTokens"),
            MaxEffectiveContextTokens = Given(MaxEffectiveContextTokens, "maxEffectiveContextTokens"),
            IsSimulated = Simulated,
            Fingerprints = Fingerprints ?? new(),
        };

        private static string Given(string? value, string field) => value ?? throw Missing(field);

        private static T Given<T>(T? value, string field)
            where T : struct => value ?? throw Missing(field);

        private static AgentRagException Missing(string field) => new($"no \"{field}\" field; {Expected}.");
    }
}
