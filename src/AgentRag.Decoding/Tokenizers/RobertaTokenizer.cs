using AgentRag.Tokens.BytePairs;

namespace AgentRag.Decoding.Tokenizers;

/// <summary>RoBERTa's tokenizer: GPT-2's byte-level BPE with special tokens around the text.</summary>
internal sealed class RobertaTokenizer : IEncoderTokenizer
{
    private readonly BytePairTokenizer _tokenizer;
    private readonly bool _addsSpace;

    /// <param name="ids">Ids by the tokens' texts, in the byte-level alphabet.</param>
    /// <param name="merges">Pairs of tokens, first merged first.</param>
    /// <param name="addsSpace">Whether a space is put before a text that begins with none; as in Hugging Face's tokenizers library, other white space is none.</param>
    /// <param name="before">Tokens before a text.</param>
    /// <param name="behind">Tokens behind a text.</param>
    /// <exception cref="AgentRagException">The vocabulary is no byte-level one, or a merge is not of it.</exception>
    public RobertaTokenizer(IReadOnlyDictionary<string, int> ids, IEnumerable<(string Left, string Right)> merges, bool addsSpace, IReadOnlyList<int> before, IReadOnlyList<int> behind)
    {
        (_addsSpace, Before, Behind, VocabularySize) = (addsSpace, before, behind, ids.Values.Max() + 1);
        var special = before.Concat(behind).ToHashSet();
        var tokens = new ReadOnlyMemory<byte>[VocabularySize];
        foreach (var (text, id) in ids)
        {
            // Special tokens are no part of texts.
            tokens[id] = special.Contains(id) ? [] : ByteLevelAlphabet.ToBytes(text) ?? [];
        }

        var pairs = merges.Select(merge => ids.TryGetValue(merge.Left, out var left) && ids.TryGetValue(merge.Right, out var right)
            ? (left, right)
            : throw new AgentRagException($"its merge '{merge.Left} {merge.Right}' is not two tokens of the vocabulary."));
        _tokenizer = new BytePairTokenizer("roberta", new BytePairVocabulary(tokens, [.. pairs], wholePiecesFirst: false), SplitPattern.Gpt2);
    }

    /// <inheritdoc/>
    public int VocabularySize { get; }

    /// <inheritdoc/>
    public IReadOnlyList<int> Before { get; }

    /// <inheritdoc/>
    public IReadOnlyList<int> Behind { get; }

    /// <inheritdoc/>
    public void Encode(ReadOnlySpan<char> text, List<int> tokens) =>
        tokens.AddRange(_tokenizer.Encode(_addsSpace && text.Length > 0 && text[0] != ' ' ? $" {text}" : text));
}
