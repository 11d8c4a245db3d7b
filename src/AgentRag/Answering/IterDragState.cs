using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AgentRag.Answering;

/// <summary>Where one question's IterDRAG loop stands: all that is needed to take it up again, but for the texts of its passages.</summary>
/// <remarks>A turn that was handed out and not answered yet is not in it: the restored loop hands the same turn out again.</remarks>
public sealed record IterDragState
{
    /// <summary>The version of this form that is written and read.</summary>
    public const int CurrentVersion = 1;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>The version of this form.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>Question, parameters, budget and stop rules.</summary>
    public required AnswerRequest Request { get; init; }

    /// <summary>Steps, passages, requests and what they cost.</summary>
    public required AnswerProgress Progress { get; init; }

    /// <summary>What comes next.</summary>
    public required IterDragPhase Phase { get; init; }

    /// <summary>The beginning of a reply that was no line of the asked form and is to be mended; null when there is none.</summary>
    public string? BrokenReply { get; init; }

    /// <summary>Sub-queries in a row that brought no new passage.</summary>
    public int SubQueriesWithoutNewPassages { get; init; }

    /// <summary>Sub-queries in a row that were answered with "not found".</summary>
    public int UnknownAnswers { get; init; }

    /// <summary>Whether it was asked for the coming step if what is held is enough, and it was not.</summary>
    public bool IsInsufficient { get; init; }

    /// <summary>Whether a draft of the answer was asked for before the coming step.</summary>
    public bool IsDrafted { get; init; }

    /// <summary>What the latest draft says, as drafts are compared; null when there is none that counts.</summary>
    public string? Draft { get; init; }

    /// <summary>Drafts in a row that say this.</summary>
    public int AgreeingDrafts { get; init; }

    /// <summary>Why the steps ended; null while they go on.</summary>
    public StopReason? StopReason { get; init; }

    /// <summary>The answer; null before <see cref="IterDragPhase.Finished"/>.</summary>
    public Answer? Answer { get; init; }

    /// <summary>Writes the state as one line of JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <param name="json">The text.</param>
    /// <exception cref="AgentRagException">It is no state of this version.</exception>
    public static IterDragState FromJson(string json)
    {
        try
        {
            return JsonSerializer.Deserialize<IterDragState>(json, Json) is { Version: CurrentVersion } state
                ? state
                : throw new AgentRagException($"The state of the question is of another version than {CurrentVersion}: ask the question again.");
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            throw new AgentRagException($"The state of the question cannot be read: {e.Message} Ask the question again.", e);
        }
    }
}

/// <summary>What an IterDRAG loop does next.</summary>
public enum IterDragPhase
{
    /// <summary>Retrieve: for the question, or for the last step's sub-query.</summary>
    Retrieve,

    /// <summary>Ask for the next step, or first whether what is held is enough, or for a draft of the answer.</summary>
    Step,

    /// <summary>Ask for the answer to the last step's sub-query.</summary>
    IntermediateAnswer,

    /// <summary>Ask for the final answer with what is held.</summary>
    FinalAnswer,

    /// <summary>Nothing: the answer is there.</summary>
    Finished,
}
