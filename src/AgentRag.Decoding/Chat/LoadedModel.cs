using AgentRag.Decoding.Tokenizers;
using AgentRag.Decoding.Transformers;
using AgentRag.Decoding.Weights;

namespace AgentRag.Decoding.Chat;

/// <summary>A model file with everything that is made of it.</summary>
/// <remarks>One caller at a time may run it.</remarks>
internal sealed class LoadedModel : IDisposable
{
    private readonly GgufFile _file;

    private LoadedModel(GgufFile file, TransformerWeights weights, IModelTokenizer tokenizer, int threads) =>
        (_file, Tokenizer, Transformer) = (file, tokenizer, new Transformer(weights, new TransformerOptions { Threads = threads }));

    public string Path => _file.Path;

    public GgufFile File => _file;

    public Transformer Transformer { get; }

    public IModelTokenizer Tokenizer { get; }

    public TransformerShape Shape => Transformer.Weights.Shape;

    /// <summary>Opens a model.</summary>
    /// <exception cref="AgentRagException">The file cannot be read or run.</exception>
    public static LoadedModel Open(string path, int threads)
    {
        var file = GgufFile.Open(path);
        TransformerWeights? weights = null;
        try
        {
            weights = new TransformerWeights(path, TransformerShape.From(file), file.Tensors, threads);
            var tokenizer = GgufTokenizer.From(file);
            return tokenizer.VocabularySize <= weights.Shape.VocabularySize
                ? new LoadedModel(file, weights, tokenizer, threads)
                : throw new AgentRagException($"{path} is damaged: its tokenizer has {tokenizer.VocabularySize} tokens, its table of embeddings {weights.Shape.VocabularySize}. Download or convert it again.");
        }
        catch
        {
            weights?.Dispose();
            file.Dispose();
            throw;
        }
    }

    /// <summary>Refuses a second model that does not speak in the same tokens.</summary>
    public void RequireSameTokens(LoadedModel other)
    {
        var isSame = Shape.VocabularySize == other.Shape.VocabularySize && Tokenizer.VocabularySize == other.Tokenizer.VocabularySize;
        for (var token = 0; isSame && token < Tokenizer.VocabularySize; token++)
        {
            isSame = Tokenizer.BytesOf(token).SequenceEqual(other.Tokenizer.BytesOf(token));
        }

        if (!isSame)
        {
            throw new AgentRagException($"{other.Path} cannot draft for {Path}: it has other tokens. Take a smaller model of the same family.");
        }
    }

    public void Dispose()
    {
        Transformer.Dispose();
        Transformer.Weights.Dispose();
        _file.Dispose();
    }
}
