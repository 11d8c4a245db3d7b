using AgentRag.Decoding.Weights;

namespace AgentRag.Decoding.Tokenizers;

/// <summary>Makes the tokenizer that a GGUF file describes.</summary>
internal static class GgufTokenizer
{
    /// <summary>Makes the tokenizer.</summary>
    /// <exception cref="AgentRagException">The file has none, it is of a kind that is not known, or it is damaged.</exception>
    public static IModelTokenizer From(GgufFile file)
    {
        var metadata = new VocabularyMetadata(file);
        return metadata.Model switch
        {
            "gpt2" => new ByteLevelTokenizer(metadata),
            "llama" => new SentencePieceTokenizer(metadata),
            var model => throw new AgentRagException($"{file.Path} has a tokenizer of the kind '{model}', this program knows gpt2 (byte-level BPE) and llama (SentencePiece)."),
        };
    }
}
