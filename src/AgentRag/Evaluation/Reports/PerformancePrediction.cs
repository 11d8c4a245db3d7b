using System.Text.Json;
using System.Text.Json.Serialization;
using AgentRag.Answering;
using AgentRag.Documents;

namespace AgentRag.Evaluation.Reports;

/// <summary>What a model of performance predicts for one configuration, in the metric's own unit: to be set against what was measured.</summary>
/// <param name="DataSet">The data set.</param>
/// <param name="Strategy">The strategy.</param>
/// <param name="Parameters">k, m and n.</param>
/// <param name="Metric">The metric, as in <see cref="ObservationMetrics"/>.</param>
/// <param name="Predicted">The predicted mean, in [0, 1].</param>
/// <param name="Low">Lower end of its interval; null for none.</param>
/// <param name="High">Upper end.</param>
public sealed record PerformancePrediction(
    string DataSet, string Strategy, InferenceParameters Parameters, string Metric, double Predicted, double? Low = null, double? High = null)
{
    /// <summary>
    /// Reads predictions from JSON Lines: <c>{"dataSet":"hotpotqa","strategy":"drag","k":5,"m":2,"n":1,"metric":"f1","predicted":0.51,"low":0.46,"high":0.55}</c>, where
    /// low and high may be missing.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="AgentRagException">The file cannot be read, or a line is malformed; the message names file and line.</exception>
    public static async Task<IReadOnlyList<PerformancePrediction>> LoadAsync(string path, CancellationToken cancellationToken = default)
    {
        try
        {
            List<PerformancePrediction> all = [];
            var stream = File.OpenRead(path);
            await using (stream.ConfigureAwait(false))
            {
                var lines = new LineReader(stream, 1 << 20);
                while (await lines.MoveNextAsync(cancellationToken).ConfigureAwait(false))
                {
                    if (!lines.Current.Span.Trim(" \t\r"u8).IsEmpty)
                    {
                        all.Add(Parse(lines.Current.Span, $"{path}:{lines.Number}"));
                    }
                }
            }

            return all;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"{path}: the predictions cannot be read: {e.Message}", e);
        }
    }

    private static PerformancePrediction Parse(ReadOnlySpan<byte> line, string where)
    {
        const string Expected = "a prediction needs dataSet, strategy, k, m, n, metric and predicted (0 to 1), and may have low and high";
        try
        {
            return JsonSerializer.Deserialize<Row>(line) is { DataSet: { } dataSet, Strategy: { } strategy, K: { } k, M: { } m, N: { } n, Metric: { } metric, Predicted: { } predicted } row
                ? new PerformancePrediction(dataSet, strategy, new InferenceParameters(k, m, n), metric, predicted, row.Low, row.High)
                : throw new AgentRagException($"{where}: a field is missing: {Expected}.");
        }
        catch (JsonException e)
        {
            throw new AgentRagException($"{where}: not a prediction: {e.Message.Split(" Path:")[0]} Expected: {Expected}.", e);
        }
    }

    private sealed record Row(
        [property: JsonPropertyName("dataSet")] string? DataSet,
        [property: JsonPropertyName("strategy")] string? Strategy,
        [property: JsonPropertyName("k")] int? K,
        [property: JsonPropertyName("m")] int? M,
        [property: JsonPropertyName("n")] int? N,
        [property: JsonPropertyName("metric")] string? Metric,
        [property: JsonPropertyName("predicted")] double? Predicted,
        [property: JsonPropertyName("low")] double? Low,
        [property: JsonPropertyName("high")] double? High);
}
