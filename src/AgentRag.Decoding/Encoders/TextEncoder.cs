using System.Collections.Concurrent;
using AgentRag.Decoding.Tokenizers;
using AgentRag.Decoding.Weights;

namespace AgentRag.Decoding.Encoders;

/// <summary>An encoder with its tokenizer and pooling: texts in, vectors out.</summary>
/// <remarks>Safe for concurrent use: each caller runs an encoder of its own over the same weights.</remarks>
internal sealed class TextEncoder : IDisposable
{
    private readonly EncoderWeights _weights;
    private readonly IEncoderTokenizer _tokenizer;
    private readonly ConcurrentBag<Encoder> _idle = [];

    private TextEncoder(EncoderFolder folder, IEncoderTokenizer tokenizer, EncoderWeights weights) => (Folder, _tokenizer, _weights) = (folder, tokenizer, weights);

    public EncoderFolder Folder { get; }

    /// <summary>Opens an encoder.</summary>
    /// <param name="path">The folder, as Hugging Face has it.</param>
    /// <param name="pooling">How to pool; null for what the folder says, or the mean where it says nothing.</param>
    /// <param name="normalizes">Whether vectors get the length 1; null for what the folder says, or yes where it says nothing.</param>
    /// <exception cref="AgentRagException">Something in the folder cannot be used.</exception>
    public static TextEncoder Open(string path, PoolingMode? pooling = null, bool? normalizes = null)
    {
        var folder = EncoderFolder.Open(path, pooling, normalizes);
        var tokenizer = EncoderTokenizers.Open(folder.ModelFolder);
        var special = tokenizer.Before.Count + tokenizer.Behind.Count;
        if (tokenizer.VocabularySize > folder.Shape.VocabularySize || special >= folder.MostTokens)
        {
            throw new AgentRagException(
                $"{folder.ModelFolder} is damaged: its tokenizer has {tokenizer.VocabularySize} tokens, {special} of them around each text, and the model {folder.Shape.VocabularySize} of which it reads {folder.MostTokens}. Download it again.");
        }

        return new TextEncoder(folder, tokenizer, new EncoderWeights(SafetensorsFile.Open(folder.WeightsPath), folder.Shape));
    }

    /// <summary>Encodes a text.</summary>
    /// <param name="text">Any text, also empty.</param>
    /// <param name="vector">Takes the vector, of the model's width.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>Tokens that were read, and whether the text had more.</returns>
    /// <exception cref="AgentRagException">The weights make no numbers of it.</exception>
    public (int Tokens, bool IsTruncated) Encode(string text, Span<float> vector, CancellationToken cancellationToken)
    {
        List<int> tokens = [.. _tokenizer.Before];
        _tokenizer.Encode(Folder.Lowercases ? text.ToLowerInvariant() : text, tokens);
        var room = Folder.MostTokens - _tokenizer.Behind.Count;
        var isTruncated = tokens.Count > room;
        if (isTruncated)
        {
            tokens.RemoveRange(room, tokens.Count - room);
        }

        tokens.AddRange(_tokenizer.Behind);
        if (!_idle.TryTake(out var encoder))
        {
            encoder = new Encoder(_weights);
        }

        encoder.Run([.. tokens], cancellationToken);
        Pooling.Pool(encoder, tokens.Count, Folder.Pooling, Folder.Normalizes, vector);
        _idle.Add(encoder);
        foreach (var value in vector)
        {
            if (!float.IsFinite(value))
            {
                throw new AgentRagException($"{Folder.WeightsPath} makes no numbers of a text: its weights are damaged. Download it again.");
            }
        }

        return (tokens.Count, isTruncated);
    }

    public void Dispose()
    {
        while (_idle.TryTake(out var encoder))
        {
            encoder.Dispose();
        }

        _weights.Dispose();
    }
}
