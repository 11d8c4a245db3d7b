using System.Text.Json.Serialization;

namespace AgentRag.Evaluation.Runs;

/// <summary>A passage as a run keeps it: records name it by the number of its line, from 0.</summary>
/// <param name="Id">The passage's id.</param>
/// <param name="DocumentId">Its document's id.</param>
/// <param name="Title">Title and headings.</param>
/// <param name="Source">Where the document came from.</param>
/// <param name="Text">The text.</param>
public sealed record RunPassage(
    [property: JsonPropertyName("id")] string Id,
    [property: JsonPropertyName("document")] string DocumentId,
    [property: JsonPropertyName("title")] string Title,
    [property: JsonPropertyName("source")] string Source,
    [property: JsonPropertyName("text")] string Text);
