namespace AgentRag.Decoding.Tokenizers;

/// <summary>The tokens of one model.</summary>
/// <remarks>Immutable; safe for concurrent use.</remarks>
internal interface IModelTokenizer
{
    /// <summary>Ids are below it.</summary>
    int VocabularySize { get; }

    /// <summary>The token that begins a context; null when the model was trained without one.</summary>
    int? BeginToken { get; }

    /// <summary>Tokens after which the model says no more: end of text, of a turn, of a message.</summary>
    IReadOnlySet<int> EndTokens { get; }

    /// <summary>Encodes a text. Control tokens are never made of it, whatever it says: only templates put them in.</summary>
    /// <param name="text">Any text, also empty.</param>
    /// <param name="tokens">Takes the ids.</param>
    void Encode(ReadOnlySpan<char> text, List<int> tokens);

    /// <summary>The bytes of UTF-8 that a token writes, which need not be whole characters; none for a control token.</summary>
    ReadOnlySpan<byte> BytesOf(int token);

    /// <summary>Finds a control token by its text.</summary>
    /// <param name="text">Such as <c>&lt;|im_end|&gt;</c>.</param>
    /// <returns>Its id; null when the vocabulary has none.</returns>
    int? ControlToken(string text);
}
