namespace AgentRag.Tokens.BytePairs;

/// <summary>A text that is one token wherever it stands, such as <c>&lt;|im_end|&gt;</c>: it is looked for before the rest is cut into pieces.</summary>
/// <param name="Text">The text, not empty.</param>
/// <param name="Id">The token's id, ≥ 0.</param>
public sealed record AddedToken(string Text, int Id);
