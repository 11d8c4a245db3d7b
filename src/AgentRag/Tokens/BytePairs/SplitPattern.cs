namespace AgentRag.Tokens.BytePairs;

/// <summary>How a text is cut into pieces before the bytes of each piece are merged: the regular expressions of the model families.</summary>
/// <remarks>Each is matched by hand, exactly and in linear time; none looks behind the start of a piece.</remarks>
public enum SplitPattern
{
    /// <summary>No cut: the text is one piece.</summary>
    None,

    /// <summary>GPT-2: <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c>.</summary>
    Gpt2,

    /// <summary>
    /// cl100k_base and Llama 3:
    /// <c>(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+</c>.
    /// </summary>
    Cl100k,

    /// <summary>Qwen 2 and later: that of cl100k_base with every digit for itself.</summary>
    Qwen2,

    /// <summary>
    /// o200k_base: words cut where capitals begin anew, contractions kept with their word, groups of three digits, slashes kept with the line end behind punctuation.
    /// </summary>
    O200k,

    /// <summary>Tekken (Mistral Nemo): that of o200k_base without contractions and with every digit for itself.</summary>
    Tekken,

    /// <summary>Every digit for itself, and what stands between digits.</summary>
    SingleDigits,

    /// <summary>Runs of digits, and what stands between them.</summary>
    DigitRuns,
}
