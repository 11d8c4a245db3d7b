namespace AgentRag.Decoding.Generation;

/// <summary>A model in the middle of a text: takes tokens, gives logits, and can be set back.</summary>
/// <remarks>Not for concurrent use.</remarks>
internal interface ITokenContext
{
    /// <summary>Ids are below it.</summary>
    int VocabularySize { get; }

    /// <summary>Tokens held.</summary>
    int Length { get; }

    /// <summary>Tokens that still fit.</summary>
    int Room { get; }

    /// <summary>Runs tokens behind those held.</summary>
    /// <param name="tokens">Token ids, ≥ 1 of them, at most <see cref="Room"/>.</param>
    /// <param name="logitRows">For how many of the last of them logits are wanted.</param>
    /// <param name="cancellationToken">Ends the run; what is held then is a beginning of what would be.</param>
    void Append(ReadOnlySpan<int> tokens, int logitRows, CancellationToken cancellationToken = default);

    /// <summary>Logits of what follows a token of the last <see cref="Append"/>.</summary>
    /// <param name="row">From 0: the first of the rows asked for. Valid until the model runs again, in this context or another.</param>
    ReadOnlySpan<float> Logits(int row);

    /// <summary>Forgets the tokens behind the first ones.</summary>
    /// <param name="length">Tokens to keep, in [0, <see cref="Length"/>].</param>
    void Truncate(int length);
}
