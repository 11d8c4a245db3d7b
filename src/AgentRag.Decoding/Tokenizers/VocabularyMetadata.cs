using AgentRag.Decoding.Weights;

namespace AgentRag.Decoding.Tokenizers;

/// <summary>What a vocabulary's entry is. The numbers are those of the GGUF format.</summary>
internal enum TokenKind
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}

/// <summary>The vocabulary in a GGUF file's metadata, checked.</summary>
internal sealed class VocabularyMetadata
{
    private const string Prefix = "tokenizer.ggml.";

    // Texts by which files of all makers mark the end of a turn, whether or not metadata names them.
    private static readonly string[] EndTexts = ["<|eot_id|>", "<|im_end|>", "<|eom_id|>", "<|endoftext|>", "<|end_of_text|>", "</s>"];

    public VocabularyMetadata(GgufFile file)
    {
        (Source, Metadata) = (file.Path, file.Metadata);
        Tokens = Metadata.Texts(Prefix + "tokens") ?? throw new AgentRagException($"{Source} has no tokenizer ({Prefix}tokens): convert the model again with its tokenizer.");
        Model = Metadata.Text(Prefix + "model") ?? "";
        var kinds = Metadata.Integers(Prefix + "token_type");
        if (Tokens.Count == 0 || (kinds is not null && kinds.Count != Tokens.Count))
        {
            throw new AgentRagException($"{Source} is damaged: its tokenizer has {Tokens.Count} tokens and {kinds?.Count} token types. Download or convert it again.");
        }

        Kinds = kinds is null ? [.. Enumerable.Repeat(TokenKind.Normal, Tokens.Count)] : [.. kinds.Select(kind => (TokenKind)kind)];
        Controls = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var id = 0; id < Tokens.Count; id++)
        {
            if (Kinds[id] is TokenKind.Control or TokenKind.Unknown)
            {
                Controls.TryAdd(Tokens[id], id);
            }
        }

        EndTokens = ((int?[])[Token("eos_token_id"), Token("eot_token_id"), Token("eom_token_id")])
            .Concat(EndTexts.Select(text => Controls.TryGetValue(text, out var id) ? (int?)id : null))
            .OfType<int>().ToHashSet();
    }

    public string Source { get; }

    public GgufMetadata Metadata { get; }

    /// <summary><c>gpt2</c> for byte-level BPE, <c>llama</c> for SentencePiece.</summary>
    public string Model { get; }

    public IReadOnlyList<string> Tokens { get; }

    public IReadOnlyList<TokenKind> Kinds { get; }

    public Dictionary<string, int> Controls { get; }

    public HashSet<int> EndTokens { get; }

    /// <summary>The begin token if contexts begin with it.</summary>
    /// <param name="byDefault">Whether they do when metadata does not say.</param>
    public int? Begin(bool byDefault) => Metadata.Flag(Prefix + "add_bos_token") ?? byDefault ? Token("bos_token_id") : null;

    /// <summary>Reads a token's id.</summary>
    /// <exception cref="AgentRagException">It lies outside the vocabulary.</exception>
    public int? Token(string name) => Metadata.Integer(Prefix + name) is { } id
        ? id >= 0 && id < Tokens.Count ? id : throw new AgentRagException($"{Source} is damaged: {Prefix}{name} is {id}, and there are {Tokens.Count} tokens. Download or convert it again.")
        : null;

    /// <summary>The tokens that stand for their own texts wherever these stand.</summary>
    public IEnumerable<int> UserDefined() => Enumerable.Range(0, Tokens.Count).Where(id => Kinds[id] == TokenKind.UserDefined && Tokens[id].Length > 0);
}
