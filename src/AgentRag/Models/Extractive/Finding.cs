namespace AgentRag.Models.Extractive;

/// <summary>An answer and where it was read.</summary>
/// <param name="Answer">The answer's text.</param>
/// <param name="Passages">Numbers of the passages used, in the order of use; length ≥ 0.</param>
/// <param name="Confidence">In [0, 1]: 1 when the text states it in a known wording about the thing asked for.</param>
internal sealed record Finding(string Answer, IReadOnlyList<int> Passages, double Confidence);
