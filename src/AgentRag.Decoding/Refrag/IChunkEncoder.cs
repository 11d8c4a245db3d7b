namespace AgentRag.Decoding.Refrag;

/// <summary>Makes one embedding of the decoder's width out of a chunk of tokens.</summary>
/// <remarks>A chunk's embedding depends on its tokens alone, so it can be kept from question to question. Not for concurrent use.</remarks>
internal interface IChunkEncoder
{
    /// <summary>Tokens of a chunk, ≥ 1 (the paper's k).</summary>
    int Rate { get; }

    /// <summary>Numbers of an embedding.</summary>
    int Width { get; }

    /// <summary>Names the weights: two encoders of the same fingerprint make the same embeddings.</summary>
    string Fingerprint { get; }

    /// <summary>Encodes a chunk.</summary>
    /// <param name="tokens"><see cref="Rate"/> tokens of the decoder.</param>
    /// <param name="embedding">Takes <see cref="Width"/> numbers.</param>
    void Encode(ReadOnlySpan<int> tokens, Span<float> embedding);
}
