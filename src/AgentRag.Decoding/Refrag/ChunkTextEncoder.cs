using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AgentRag.Decoding.Encoders;
using AgentRag.Decoding.Tokenizers;

namespace AgentRag.Decoding.Refrag;

/// <summary>Reads chunks as texts: a BERT or RoBERTa encoder in the place of an adapter's own, as in the paper.</summary>
/// <remarks>
/// A chunk is tokens of the decoder; their text, which may begin and end within words, is encoded anew and pooled to one vector, without normalisation. A chunk's
/// vector depends on its tokens alone. Not for concurrent use.
/// </remarks>
internal sealed class ChunkTextEncoder : IDisposable
{
    private readonly TextEncoder _encoder;
    private readonly IModelTokenizer _tokenizer;

    private ChunkTextEncoder(string name, TextEncoder encoder, IModelTokenizer tokenizer) =>
        (Name, Fingerprint, _encoder, _tokenizer) = (name, FingerprintOf(encoder.Folder), encoder, tokenizer);

    /// <summary>The encoder's folder, from the adapter's on.</summary>
    public string Name { get; }

    /// <summary>
    /// Names weights, tokenizer and measures by their content, and what else changes vectors: where fewer tokens are read than the model has places for, or texts become
    /// lower case first, it is the SHA-256 of that name, the tokens and "lower" or "cased", with spaces between.
    /// </summary>
    public string Fingerprint { get; }

    /// <summary>How a chunk's rows become one vector.</summary>
    public PoolingMode Pooling => _encoder.Folder.Pooling;

    /// <summary>Numbers of a vector.</summary>
    public int Width => _encoder.Folder.Shape.Width;

    /// <summary>Opens an encoder.</summary>
    /// <param name="adapterPath">The adapter's file, beside which the folder lies.</param>
    /// <param name="name">The folder, from the adapter's on; never above it.</param>
    /// <param name="pooling">How a chunk's rows become one vector.</param>
    /// <param name="tokenizer">The decoder's.</param>
    /// <exception cref="AgentRagException">The folder lies elsewhere, or something in it cannot be used.</exception>
    public static ChunkTextEncoder Open(string adapterPath, string name, PoolingMode pooling, IModelTokenizer tokenizer) =>
        name.Length == 0 || Path.IsPathRooted(name) || name.Split('/', '\\').Contains("..")
            ? throw new AgentRagException($"{adapterPath} names the encoder '{name}', which does not lie beside it or below: put its folder there.")
            : new ChunkTextEncoder(name, TextEncoder.Open(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(adapterPath))!, name), pooling, normalizes: false), tokenizer);

    /// <summary>Encodes a chunk.</summary>
    /// <param name="tokens">Tokens of the decoder.</param>
    /// <param name="vector">Takes <see cref="Width"/> numbers.</param>
    public void Encode(IEnumerable<int> tokens, Span<float> vector) => _encoder.Encode(TokenText.Of(_tokenizer, tokens), vector, CancellationToken.None);

    public void Dispose() => _encoder.Dispose();

    // Of adapters whose encoder has neither setting, the name is the one that is written in them.
    private static string FingerprintOf(EncoderFolder folder) => folder.MostTokens == folder.Shape.MostTokens && !folder.Lowercases
        ? folder.Fingerprint
        : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"{folder.Fingerprint} {folder.MostTokens} {(folder.Lowercases ? "lower" : "cased")}"))));
}
