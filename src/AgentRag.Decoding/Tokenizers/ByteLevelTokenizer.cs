using System.Text;
using AgentRag.Tokens.BytePairs;

namespace AgentRag.Decoding.Tokenizers;

/// <summary>Byte-level BPE from a file's tokens, merges and the name of its pattern.</summary>
internal sealed class ByteLevelTokenizer : IModelTokenizer
{
    // The names under which converters write the patterns down; whether a piece that is a token is taken whole is part of the model too.
    private static readonly (string[] Names, SplitPattern[] Patterns, bool WholePiecesFirst, bool AddsBegin)[] Known =
    [
        (["llama-bpe", "llama3", "llama-v3"], [SplitPattern.Cl100k], true, true),
        (["qwen2", "deepseek-r1-qwen"], [SplitPattern.Qwen2], false, false),
        (["gpt-2", "gpt2"], [SplitPattern.Gpt2], false, false),
        (["smollm"], [SplitPattern.SingleDigits, SplitPattern.Gpt2], false, false),
        (["gpt-4o", "llama4"], [SplitPattern.O200k], false, false),
        (["tekken"], [SplitPattern.Tekken], true, false),
    ];

    private readonly BytePairTokenizer _tokenizer;
    private readonly VocabularyMetadata _metadata;
    private readonly byte[][] _bytes;

    public ByteLevelTokenizer(VocabularyMetadata metadata)
    {
        _metadata = metadata;
        var name = metadata.Metadata.Text("tokenizer.ggml.pre");
        var known = Known.FirstOrDefault(entry => entry.Names.Contains(name, StringComparer.Ordinal));
        if (known.Names is null)
        {
            throw new AgentRagException(
                $"{metadata.Source} cuts texts by the pattern '{name ?? "(not named)"}', this program knows {string.Join(", ", Known.SelectMany(entry => entry.Names))}: convert the model again with a current converter.");
        }

        _bytes = [.. metadata.Tokens.Select((text, id) => Bytes(text, metadata.Kinds[id]))];
        try
        {
            // Only what texts are made of takes part in encoding.
            var tokens = _bytes.Select((bytes, id) => metadata.Kinds[id] == TokenKind.Normal ? (ReadOnlyMemory<byte>)bytes : ReadOnlyMemory<byte>.Empty).ToArray();
            var vocabulary = new BytePairVocabulary(tokens, Merges(), known.WholePiecesFirst);
            _tokenizer = new BytePairTokenizer("gguf", vocabulary, known.Patterns, [.. metadata.UserDefined().Select(id => new AddedToken(metadata.Tokens[id], id))]);
        }
        catch (AgentRagException e)
        {
            throw new AgentRagException($"{metadata.Source} has a tokenizer that cannot be used: {e.Message}", e);
        }

        BeginToken = metadata.Begin(known.AddsBegin);
    }

    /// <inheritdoc/>
    public int VocabularySize => _bytes.Length;

    /// <inheritdoc/>
    public int? BeginToken { get; }

    /// <inheritdoc/>
    public IReadOnlySet<int> EndTokens => _metadata.EndTokens;

    /// <inheritdoc/>
    public void Encode(ReadOnlySpan<char> text, List<int> tokens) => tokens.AddRange(_tokenizer.Encode(text));

    /// <inheritdoc/>
    public ReadOnlySpan<byte> BytesOf(int token) => _bytes[token];

    /// <inheritdoc/>
    public int? ControlToken(string text) => _metadata.Controls.TryGetValue(text, out var id) ? id : null;

    private static byte[] Bytes(string text, TokenKind kind) => kind switch
    {
        TokenKind.Control or TokenKind.Unknown or TokenKind.Unused => [],
        TokenKind.UserDefined => Encoding.UTF8.GetBytes(text),
        _ => ByteLevelAlphabet.ToBytes(text) ?? Encoding.UTF8.GetBytes(text),
    };

    private List<(int Left, int Right)> Merges()
    {
        var merges = _metadata.Metadata.Texts("tokenizer.ggml.merges")
            ?? throw new AgentRagException("it has no merges (tokenizer.ggml.merges).");
        var ids = new Dictionary<string, int>(_metadata.Tokens.Count, StringComparer.Ordinal);
        for (var id = 0; id < _metadata.Tokens.Count; id++)
        {
            ids.TryAdd(_metadata.Tokens[id], id);
        }

        return [.. merges.Select(merge =>
        {
            var space = merge.IndexOf(' ', 1);
            return space > 0 && ids.TryGetValue(merge[..space], out var left) && ids.TryGetValue(merge[(space + 1)..], out var right)
                ? (left, right)
                : throw new AgentRagException($"the merge '{merge}' is not two tokens of the vocabulary with a space between them.");
        })];
    }
}
