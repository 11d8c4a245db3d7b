using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace AgentRag.Fitting;

/// <summary>An <see cref="AllocationModel"/> as a JSON file: <c>{"allocationModel":1, ...}</c>, the number being the version of the form.</summary>
/// <remarks>The file holds every field of the model under its name in camelCase, and nothing else: no time, no path, so that equal fits give equal files.</remarks>
public static class AllocationModelFile
{
    /// <summary>The version that is written: raised with every change that an older program would misread.</summary>
    public const int FormatVersion = 1;

    private const string VersionField = "allocationModel";
    private const string WayOut = "make it anew with 'agentrag fit'";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        WriteIndented = true,
        IndentSize = 1,
    };

    /// <summary>Writes a model, whole or not at all.</summary>
    /// <param name="path">The file; an old one is replaced.</param>
    /// <param name="model">The model.</param>
    /// <param name="cancellationToken">Ends the writing; an old file then stays as it was.</param>
    /// <exception cref="AgentRagException">The file cannot be written.</exception>
    public static async Task SaveAsync(string path, AllocationModel model, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(model);
        var unfinished = $"{path}.unfinished";
        try
        {
            await File.WriteAllTextAsync(unfinished, $"{ToJson(model)}\n", cancellationToken).ConfigureAwait(false);
            File.Move(unfinished, path, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"{path}: the allocation model cannot be written: {exception.Message}", exception);
        }
    }

    /// <summary>Reads a model.</summary>
    /// <param name="path">The file.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="AgentRagException">The file is missing, no allocation model, of another version, or damaged.</exception>
    public static async Task<AllocationModel> LoadAsync(string path, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            return Parse(path, await File.ReadAllTextAsync(path, cancellationToken).ConfigureAwait(false));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"{path}: the allocation model cannot be read: {exception.Message}", exception);
        }
    }

    internal static string ToJson(AllocationModel model)
    {
        var fields = (JsonObject)JsonSerializer.SerializeToNode(model, Json)!;
        fields.Insert(0, VersionField, FormatVersion);
        return fields.ToJsonString(Json);
    }

    internal static AllocationModel Parse(string path, string text)
    {
        try
        {
            if (JsonNode.Parse(text) is not JsonObject fields || fields[VersionField] is not JsonValue field || !field.TryGetValue(out int version))
            {
                throw new AgentRagException($"{path}: no allocation model, as it has no \"{VersionField}\" field: {WayOut}.");
            }

            if (version != FormatVersion)
            {
                throw new AgentRagException(
                    $"{path}: the allocation model has format version {version}, this program reads {FormatVersion}: " +
                    (version > FormatVersion ? "update agentrag." : $"{WayOut}."));
            }

            var model = fields.Deserialize<AllocationModel>(Json) ?? throw Damaged(path, "it is empty");
            return ProblemOf(model) is { } problem ? throw Damaged(path, problem) : model;
        }
        catch (JsonException exception)
        {
            throw Damaged(path, exception.Path is { Length: > 2 } at ? $"{at[2..]} cannot be read" : "it is not valid JSON");
        }
    }

    private static AgentRagException Damaged(string path, string what) => new($"{path}: the allocation model is damaged ({what}): {WayOut}.");

    // "required" makes a missing field an error, but not a field that is null or of another length.
    private static string? ProblemOf(AllocationModel model) =>
        model.Source is null || model.Strategies is null or { Count: 0 } || model.Scales is null || model.Informativeness is null || model.Measured is null
            || model.Fingerprints is null ? "a field is missing"
        : model.Strategies.FirstOrDefault(strategy => !IsSound(strategy)) is { } unsound ? $"the equation of {unsound?.Strategy ?? "a strategy"} is incomplete"
        : model.IsFitted && model.Strategies.FirstOrDefault(strategy => strategy.Uncertainty is null) is { } unsure ? $"the equation of {unsure.Strategy} has no uncertainty"
        : model.Scales.Any(scale => scale is not { DataSet: not null, Metric: not null, StandardDeviation: > 0 }) ? "a scale is incomplete"
        : model.Informativeness.Any(probe => probe is not { DataSet: not null, Strategy: not null, Metric: not null, Value: not null }) ? "an informativeness is incomplete"
        : model.Measured.Any(measured => measured is not { DataSet: not null, Strategy: not null, Metric: not null, Parameters: not null }) ? "a measurement is incomplete"
        : null;

    private static bool IsSound(StrategyModel? model) => model is { Strategy: not null, Equation: { A: not null, B: not null, Squares: not null, Epsilon: > 0 } }
        && (model.Uncertainty is not { } sure || (sure.Parameters is not null && sure.Covariance is not null
            && sure.Covariance.Count == sure.Parameters.Count && sure.Covariance.All(row => row?.Count == sure.Parameters.Count)));
}
