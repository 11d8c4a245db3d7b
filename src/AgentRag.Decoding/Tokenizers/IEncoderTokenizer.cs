namespace AgentRag.Decoding.Tokenizers;

/// <summary>The tokens of an encoder: what a text is made of, and what stands around it.</summary>
/// <remarks>Immutable; safe for concurrent use.</remarks>
internal interface IEncoderTokenizer
{
    /// <summary>Ids are below it.</summary>
    int VocabularySize { get; }

    /// <summary>Tokens before a text, such as <c>[CLS]</c>.</summary>
    IReadOnlyList<int> Before { get; }

    /// <summary>Tokens behind a text, such as <c>[SEP]</c>.</summary>
    IReadOnlyList<int> Behind { get; }

    /// <summary>Encodes a text. Special tokens are never made of it, whatever it says.</summary>
    /// <param name="text">Any text, also empty.</param>
    /// <param name="tokens">Takes the ids.</param>
    void Encode(ReadOnlySpan<char> text, List<int> tokens);
}
