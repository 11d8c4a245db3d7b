namespace AgentRag.Documents;

/// <summary>Something that was not read, and why.</summary>
/// <param name="Path">The file or folder; for a row with <c>:line</c> behind it.</param>
/// <param name="Reason">Why, in words for the user.</param>
public sealed record SkippedFile(string Path, string Reason);
