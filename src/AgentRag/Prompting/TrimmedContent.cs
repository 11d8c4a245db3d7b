namespace AgentRag.Prompting;

/// <summary>What was left out of a prompt, or out of a question's prompts, because it did not fit.</summary>
/// <param name="Passages">Test passages left out, lowest-ranked first.</param>
/// <param name="DemonstrationPassages">Passages of demonstrations left out, those of demonstrations that were dropped whole included.</param>
/// <param name="Demonstrations">Demonstrations left out whole.</param>
/// <param name="Iterations">Iterations that were asked for and could not be paid.</param>
public sealed record TrimmedContent(int Passages, int DemonstrationPassages, int Demonstrations, int Iterations)
{
    /// <summary>Nothing left out.</summary>
    public static TrimmedContent None { get; } = new(0, 0, 0, 0);

    /// <summary>Whether nothing was left out.</summary>
    public bool IsNothing => this == None;
}
