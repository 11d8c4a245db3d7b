using System.Text.Json.Serialization;

namespace AgentRag.Evaluation.Runs;

/// <summary>The file <c>run.json</c>: what a run is about. Written once, when the run begins.</summary>
public sealed record RunManifest
{
    internal const string FormatName = "agentrag-run";
    internal const int CurrentVersion = 1;

    /// <summary>Always <c>agentrag-run</c>.</summary>
    public string Format { get; init; } = FormatName;

    /// <summary>Version of the folder's layout.</summary>
    public int FormatVersion { get; init; } = CurrentVersion;

    /// <summary>Name of the data set.</summary>
    public required string DataSet { get; init; }

    /// <summary>The model, as its client names it.</summary>
    public required string Model { get; init; }

    /// <summary>What the results depend on.</summary>
    public required IReadOnlyDictionary<string, string> Fingerprint { get; init; }

    /// <summary>When the run began.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Whether a simulator answered instead of a model: then nothing in the run was measured.</summary>
    public bool IsSimulated { get; init; }

    /// <summary>The fingerprint as such.</summary>
    [JsonIgnore]
    public RunFingerprint Fingerprints => new(Fingerprint);
}
