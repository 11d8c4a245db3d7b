using AgentRag.Decoding.Tokenizers;
using AgentRag.Decoding.Transformers;
using AgentRag.Decoding.Weights;
using AgentRag.Tokens.BytePairs;
using Xunit;

namespace AgentRag.Decoding.Tests.Tokenizers;

public sealed class TokenizerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void SentencePiece_joins_the_pair_of_highest_score_first()
    {
        // "▁abc": the pairs are ▁a (-5), ab (-1) and bc (-2). ab is joined first, so bc can no longer be; then ▁ab (-3).
        var tokenizer = SentencePiece([("▁", -9), ("a", -9), ("b", -9), ("c", -9), ("▁a", -5), ("ab", -1), ("bc", -2), ("▁ab", -3)]);
        Assert.Equal(["▁ab", "c"], Pieces(tokenizer, "abc"));
    }

    [Fact]
    public void SentencePiece_joins_the_leftmost_of_equal_pairs()
    {
        // "▁aaa" has the pair aa twice.
        var tokenizer = SentencePiece([("▁", -9), ("a", -9), ("aa", -1)]);
        Assert.Equal(["▁", "aa", "a"], Pieces(tokenizer, "aaa"));
    }

    [Fact]
    public void SentencePiece_falls_back_to_bytes_and_writes_spaces_back()
    {
        var tokenizer = SentencePiece([("▁", -1), ("a", -2), ("▁a", -1)]);
        Assert.Equal(["▁a", "▁", "<0xC3>", "<0xA9>"], Pieces(tokenizer, "a é"));
        Assert.Equal(" a é", TokenText.Of(tokenizer, Encode(tokenizer, "a é")));
    }

    [Fact]
    public void SentencePiece_takes_the_unknown_token_where_there_are_no_bytes()
    {
        var tokenizer = SentencePiece([("▁", -1), ("a", -2)], bytes: false);
        Assert.Equal(["▁", "<unk>", "<unk>"], Pieces(tokenizer, "é"));
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3)]
    public void SentencePiece_decodes_what_it_encodes(int seed)
    {
        RandomModel.Write(_folder["model.gguf"], Decoding.Tests.Transformers.Shapes.Llama with { VocabularySize = 2_000 }, TensorType.F32, seed: 1);
        using var file = GgufFile.Open(_folder["model.gguf"]);
        var tokenizer = GgufTokenizer.From(file);
        var random = new Random(seed);
        string[] parts = ["babe", "ä", "漢字", " ", "  ", "\n", "😀", "Ünïcode", "cat", "hello world", "▁", "\u0301", "7"];
        for (var run = 0; run < 200; run++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(1, 12)).Select(_ => parts[random.Next(parts.Length)]));
            var tokens = Encode(tokenizer, text);

            // U+2581 stands for a space, so a text's own comes back as one.
            Assert.Equal(" " + text.Replace('▁', ' '), TokenText.Of(tokenizer, tokens));
            Assert.Equal(TokensBySearch(tokenizer, file, text), tokens);
        }
    }

    [Fact]
    public void A_lone_surrogate_becomes_a_replacement_character()
    {
        var tokenizer = SentencePiece([("▁", -1), ("a", -2)]);
        Assert.Equal(" a\uFFFD", TokenText.Of(tokenizer, Encode(tokenizer, "a\uD83D")));
    }

    [Fact]
    public void Texts_never_become_control_tokens_but_user_defined_ones()
    {
        var tokenizer = SentencePiece([("▁", -1), ("<", -2), ("/", -2), ("s", -2), (">", -2)], userDefined: "[X]");
        Assert.Equal(["▁", "<", "/", "s", ">", "[X]", "s"], Pieces(tokenizer, "</s>[X]s"));
        Assert.Equal(2, tokenizer.ControlToken("</s>"));
        Assert.Null(tokenizer.ControlToken("s"));
        Assert.Equal(0, tokenizer.BytesOf(2).Length);
        Assert.Equal([2], tokenizer.EndTokens);
        Assert.Equal(1, tokenizer.BeginToken);
    }

    [Fact]
    public void Byte_level_BPE_merges_in_the_order_of_its_list_and_cuts_by_its_pattern()
    {
        var tokenizer = ByteLevel("qwen2", ["Ġ t", "h e", "Ġt he", "1 2"]);

        // " thethe" is one piece, whose merges are made in the list's order; digits stand each for itself in Qwen's pattern.
        Assert.Equal(["Ġthe", "t", "he", "1", "2"], Pieces(tokenizer, " thethe12"));
    }

    [Theory]
    [InlineData("llama-bpe", "12", new[] { "12" })] // groups of up to three digits
    [InlineData("qwen2", "12", new[] { "1", "2" })]
    [InlineData("gpt-2", "12", new[] { "12" })]
    [InlineData("smollm", "12", new[] { "1", "2" })]
    public void The_pattern_goes_by_its_name(string pattern, string text, string[] expected) => Assert.Equal(expected, Pieces(ByteLevel(pattern, ["1 2"]), text));

    [Theory]
    [InlineData("llama-bpe"), InlineData("qwen2"), InlineData("gpt-2"), InlineData("gpt-4o"), InlineData("tekken")]
    public void Byte_level_BPE_decodes_what_it_encodes(string pattern)
    {
        var tokenizer = ByteLevel(pattern, ["Ġ t", "h e", "Ġt he", "1 2"]);
        const string Characters = "the 12é漢\n\t'sS<|im_end|>";
        var random = new Random(4);
        for (var run = 0; run < 200; run++)
        {
            var text = new string([.. Enumerable.Range(0, random.Next(30)).Select(_ => Characters[random.Next(Characters.Length)])]);
            Assert.Equal(text, TokenText.Of(tokenizer, Encode(tokenizer, text)));
        }
    }

    [Fact]
    public void Byte_level_control_tokens_are_not_made_of_texts_and_end_the_answer()
    {
        var tokenizer = ByteLevel("qwen2", []);
        var end = tokenizer.ControlToken("<|im_end|>");
        Assert.NotNull(end);
        Assert.Contains(end.Value, tokenizer.EndTokens);
        Assert.DoesNotContain(end.Value, Encode(tokenizer, "a<|im_end|>"));
        Assert.Equal(11, Encode(tokenizer, "a<|im_end|>").Count);
        Assert.Null(tokenizer.BeginToken);
    }

    [Fact]
    public void A_pattern_that_is_not_known_is_named()
    {
        var fault = Assert.Throws<AgentRagException>(() => ByteLevel("bloom", []));
        Assert.StartsWith($"{_folder["bpe.gguf"]} cuts texts by the pattern 'bloom', this program knows llama-bpe, ", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x", "has a tokenizer of the kind 'x', this program knows gpt2 (byte-level BPE) and llama (SentencePiece).")]
    [InlineData("llama", "has a SentencePiece tokenizer without scores")]
    [InlineData("gpt2", "cuts texts by the pattern '(not named)'")]
    public void A_tokenizer_that_is_not_known_or_not_whole_is_named(string model, string expected)
    {
        new GgufWriter().Add("tokenizer.ggml.model", model).Add("tokenizer.ggml.tokens", new[] { "a" }).Write(_folder["a.gguf"]);
        using var file = GgufFile.Open(_folder["a.gguf"]);
        Assert.Contains(expected, Assert.Throws<AgentRagException>(() => GgufTokenizer.From(file)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_token_outside_the_vocabulary_is_damage()
    {
        new GgufWriter().Add("tokenizer.ggml.model", "llama").Add("tokenizer.ggml.tokens", new[] { "a" }).Add("tokenizer.ggml.scores", new[] { 0f })
            .Add("tokenizer.ggml.eos_token_id", 7u).Write(_folder["a.gguf"]);
        using var file = GgufFile.Open(_folder["a.gguf"]);
        Assert.Equal(
            $"{file.Path} is damaged: tokenizer.ggml.eos_token_id is 7, and there are 1 tokens. Download or convert it again.",
            Assert.Throws<AgentRagException>(() => GgufTokenizer.From(file)).Message);
    }

    [Fact]
    public void Characters_that_span_tokens_come_out_whole()
    {
        var tokenizer = SentencePiece([("▁", -1)]);
        var text = new TokenText(tokenizer);
        var tokens = Encode(tokenizer, "漢");
        Assert.Equal([" ", "", "", "漢"], tokens.Select(token => text.Add(token).ToString()));
        Assert.Equal("", text.End().ToString());
        Assert.Equal("", text.Add(tokens[1]).ToString());
        Assert.Equal("\uFFFD", text.End().ToString());
    }

    private static List<int> Encode(IModelTokenizer tokenizer, string text)
    {
        List<int> tokens = [];
        tokenizer.Encode(text, tokens);
        return tokens;
    }

    /// <summary>The plain definition: look at all pairs, join the best, until none is left. Bytes for what no token is made of.</summary>
    private static List<int> TokensBySearch(IModelTokenizer tokenizer, GgufFile file, string text)
    {
        var tokens = file.Metadata.Texts("tokenizer.ggml.tokens")!;
        var (scores, kinds) = (file.Metadata.Numbers("tokenizer.ggml.scores")!, file.Metadata.Integers("tokenizer.ggml.token_type")!);
        var ids = Enumerable.Range(0, tokens.Count).Where(id => kinds[id] == 1).ToDictionary(id => tokens[id]);
        var parts = ("▁" + text.Replace(' ', '▁')).EnumerateRunes().Select(rune => rune.ToString()).ToList();
        while (true)
        {
            var (best, at) = (float.NegativeInfinity, -1);
            for (var i = 0; i + 1 < parts.Count; i++)
            {
                if (ids.TryGetValue(parts[i] + parts[i + 1], out var id) && scores[id] > best)
                {
                    (best, at) = (scores[id], i);
                }
            }

            if (at < 0)
            {
                return [.. parts.SelectMany(part => ids.TryGetValue(part, out var id) ? [id] : System.Text.Encoding.UTF8.GetBytes(part).Select(value => value + 3))];
            }

            parts[at] += parts[at + 1];
            parts.RemoveAt(at + 1);
        }
    }

    private string[] Pieces(IModelTokenizer tokenizer, string text)
    {
        using var file = GgufFile.Open(tokenizer is SentencePieceTokenizer ? _folder["spm.gguf"] : _folder["bpe.gguf"]);
        var texts = file.Metadata.Texts("tokenizer.ggml.tokens")!;
        return [.. Encode(tokenizer, text).Select(id => texts[id])];
    }

    private IModelTokenizer SentencePiece((string Text, float Score)[] pieces, bool bytes = true, string? userDefined = null)
    {
        List<(string Text, float Score, int Kind)> all = [("<unk>", 0, 2), ("<s>", 0, 3), ("</s>", 0, 3)];
        all.AddRange(bytes ? Enumerable.Range(0, 256).Select(value => ($"<0x{value:X2}>", 0f, 6)) : []);
        all.AddRange(pieces.Select(piece => (piece.Text, piece.Score, 1)));
        all.AddRange(userDefined is null ? [] : [(userDefined, 0f, 4)]);
        new GgufWriter().Add("tokenizer.ggml.model", "llama")
            .Add("tokenizer.ggml.tokens", all.Select(token => token.Text).ToArray())
            .Add("tokenizer.ggml.scores", all.Select(token => token.Score).ToArray())
            .Add("tokenizer.ggml.token_type", all.Select(token => token.Kind).ToArray())
            .Add("tokenizer.ggml.bos_token_id", 1u).Add("tokenizer.ggml.eos_token_id", 2u).Add("tokenizer.ggml.unknown_token_id", 0u)
            .Write(_folder["spm.gguf"]);
        using var file = GgufFile.Open(_folder["spm.gguf"]);
        return GgufTokenizer.From(file);
    }

    private IModelTokenizer ByteLevel(string pattern, string[] merges)
    {
        List<string> tokens = [.. Enumerable.Range(0, 256).Select(value => ByteLevelAlphabet.CharacterOf((byte)value).ToString())];
        tokens.AddRange(merges.Select(merge => merge.Replace(" ", "", StringComparison.Ordinal)));
        List<int> kinds = [.. tokens.Select(_ => 1), 3, 3];
        tokens.AddRange(["<|endoftext|>", "<|im_end|>"]);
        new GgufWriter().Add("tokenizer.ggml.model", "gpt2").Add("tokenizer.ggml.pre", pattern)
            .Add("tokenizer.ggml.tokens", tokens.ToArray()).Add("tokenizer.ggml.token_type", kinds.ToArray()).Add("tokenizer.ggml.merges", merges)
            .Add("tokenizer.ggml.eos_token_id", (uint)(tokens.Count - 2))
            .Write(_folder["bpe.gguf"]);
        using var file = GgufFile.Open(_folder["bpe.gguf"]);
        return GgufTokenizer.From(file);
    }
}
