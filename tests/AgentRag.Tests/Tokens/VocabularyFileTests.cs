using System.Text.Json;
using System.Text.Json.Nodes;
using AgentRag.Tokens;
using AgentRag.Tokens.BytePairs;
using AgentRag.Tokens.Vocabularies;
using Xunit;

namespace AgentRag.Tests.Tokens;

public sealed class VocabularyFileTests : IDisposable
{
    private const string Llama3 = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Qwen2 = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private static readonly TrainedVocabulary Trained = TrainedVocabulary.Instance;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_rank_file_gives_the_encoding_of_the_vocabulary_it_was_written_from()
    {
        var path = _folder.Write("cl100k_small.tiktoken", RankText());
        var tokenizer = TokenCounters.OpenFile(path);
        Assert.Matches("^cl100k_small\\.tiktoken@[0-9a-f]{12}$", tokenizer.Name);
        Assert.Equal(Trained.EncodeByRank(SplitPattern.Cl100k, "The lighthouse's 1848 keeper\n"), tokenizer.Encode("The lighthouse's 1848 keeper\n"));
    }

    [Theory]
    [InlineData("gpt2", SplitPattern.Gpt2), InlineData("llama3", SplitPattern.Cl100k), InlineData("qwen2", SplitPattern.Qwen2)]
    public void A_tokenizer_json_of_each_family_gives_the_encoding_of_its_merges(string family, SplitPattern pattern)
    {
        var tokenizer = TokenCounters.OpenFile(_folder.Write("tokenizer.json", Json(family).ToJsonString()));
        var random = new Random(3);
        for (var run = 0; run < 300; run++)
        {
            var text = HostileText.Next(random, 20).Replace("<|end|>", "", StringComparison.Ordinal);
            Assert.Equal(family == "llama3" ? Trained.EncodeByRank(pattern, text) : Trained.EncodeByMerges(pattern, text), tokenizer.Encode(text));
        }

        Assert.Equal(9_000, Assert.Single(tokenizer.Encode("<|end|>")));
        Assert.Equal(family == "qwen2", tokenizer.CountsUncomposed);
    }

    [Fact]
    public void Merges_may_be_written_as_texts_or_as_pairs()
    {
        var (texts, pairs) = (Json("gpt2"), Json("gpt2"));
        pairs["model"]!["merges"] = new JsonArray([.. Trained.Merges.Select(merge => new JsonArray(Token(merge.Left), Token(merge.Right)))]);
        var text = TrainedVocabulary.WorldText()[..20_000];
        Assert.Equal(
            TokenCounters.OpenFile(_folder.Write("texts.json", texts.ToJsonString())).Encode(text),
            TokenCounters.OpenFile(_folder.Write("pairs.json", pairs.ToJsonString())).Encode(text));
    }

    [Theory]
    [InlineData("{\"model\":{\"type\":\"Unigram\"}}", "its model is of type Unigram; only BPE is supported.")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"byte_fallback\":true}}", "its model falls back to bytes (byte_fallback), as SentencePiece models do; only byte-level BPE is supported.")]
    [InlineData("{\"model\":{\"type\":\"BPE\"},\"normalizer\":{\"type\":\"Lowercase\"}}", "its normalizer Lowercase is not supported; known is NFC.")]
    [InlineData("{\"model\":{\"type\":\"BPE\"}}", "it has no pre_tokenizer, so it is not byte-level.")]
    [InlineData("{\"model\":{\"type\":\"BPE\"},\"pre_tokenizer\":{\"type\":\"Metaspace\"}}", "its pre_tokenizer Metaspace is not supported; known are ByteLevel, Split, Digits and sequences of them.")]
    [InlineData(
        "{\"model\":{\"type\":\"BPE\"},\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":true}}",
        "its pre_tokenizer adds a space before the text (add_prefix_space), which is not supported.")]
    [InlineData(
        "{\"model\":{\"type\":\"BPE\"},\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"\\\\w+\"},\"behavior\":\"Isolated\"}}",
        "its split pattern is not known, and another engine would not match it exactly: \\w+ Known are those of GPT-2, cl100k_base and Llama 3, Qwen 2, o200k_base and Tekken.")]
    public void What_a_tokenizer_json_asks_for_and_is_not_supported_is_named(string json, string expected)
    {
        var path = _folder.Write("tokenizer.json", json);
        Assert.Equal($"{path}: {expected}", Assert.Throws<AgentRagException>(() => TokenCounters.OpenFile(path)).Message);
    }

    [Fact]
    public void An_added_token_with_conditions_is_refused()
    {
        var json = Json("gpt2");
        json["added_tokens"]![0]!["lstrip"] = true;
        var path = _folder.Write("tokenizer.json", json.ToJsonString());
        Assert.Equal($"{path}: the added token '<|end|>' asks for lstrip, which is not supported.", Assert.Throws<AgentRagException>(() => TokenCounters.OpenFile(path)).Message);
    }

    [Theory]
    [InlineData("IQ== 0\nnonsense\n", 2, "this is no line of a rank file; expected is the base64 of a token's bytes, a space and its rank.")]
    [InlineData("IQ== 0\nIg== 0\n", 2, "the rank 0 stands twice.")]
    [InlineData("IQ== -1\n", 1, "this is no line of a rank file; expected is the base64 of a token's bytes, a space and its rank.")]
    [InlineData("IQ== 99999999999\n", 1, "this is no line of a rank file; expected is the base64 of a token's bytes, a space and its rank.")]
    public void A_broken_rank_file_is_an_error_with_file_and_line(string content, int line, string expected)
    {
        var path = _folder.Write("gpt2.tiktoken", content);
        Assert.Equal($"{path}:{line}: {expected}", Assert.Throws<AgentRagException>(() => TokenCounters.OpenFile(path)).Message);
    }

    [Fact]
    public void A_rank_file_of_unknown_cut_is_refused()
    {
        var path = _folder.Write("mine.tiktoken", RankText());
        Assert.Equal(
            $"{path}: a rank file does not say how texts are cut, and this one is not known: let its name begin with o200k, cl100k, r50k, p50k, gpt2, qwen, or use the model's tokenizer.json.",
            Assert.Throws<AgentRagException>(() => TokenCounters.OpenFile(path)).Message);
        Assert.Equal("mine.tiktoken", TokenCounters.OpenFile(path, SplitPattern.Gpt2).Name.Split('@')[0]);
    }

    [Fact]
    public void Names_are_opened_and_unknown_or_missing_ones_say_what_to_do()
    {
        Assert.IsType<EstimatingTokenCounter>(TokenCounters.Open("estimate", _folder.Path));
        Assert.Equal(
            "There is no tokenizer 'gpt-9': use estimate, o200k_base, cl100k_base, or a file (.tiktoken or tokenizer.json).",
            Assert.Throws<AgentRagException>(() => TokenCounters.Open("gpt-9", _folder.Path)).Message);
        Assert.Equal(
            $"The vocabulary o200k_base is not in '{_folder.Path}': get it with 'agentrag tokenizer download o200k_base', or name its file.",
            Assert.Throws<AgentRagException>(() => TokenCounters.Open("o200k_base", _folder.Path)).Message);
        _folder.Write("o200k_base.tiktoken", RankText());
        Assert.Contains("this is not the published o200k_base (SHA-256 ", Assert.Throws<AgentRagException>(() => TokenCounters.Open("o200k_base", _folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_alphabet_writes_every_byte_as_one_visible_character_and_reads_it_back()
    {
        byte[] all = [.. Enumerable.Range(0, 256).Select(value => (byte)value)];
        var text = ByteLevelAlphabet.ToText(all);
        Assert.Equal(256, text.Distinct().Count());
        Assert.DoesNotContain(text, character => char.IsWhiteSpace(character) || char.IsControl(character));
        Assert.Equal(('Ġ', 'Ċ', 'A'), (text[' '], text['\n'], text['A']));
        Assert.Equal(all, ByteLevelAlphabet.ToBytes(text));
        Assert.Null(ByteLevelAlphabet.ToBytes("a b"));
    }

    private static string Token(int id) => ByteLevelAlphabet.ToText(Trained.Tokens[id].Span);

    private static string RankText() => string.Concat(Trained.Tokens.Select((token, rank) => $"{Convert.ToBase64String(token.Span)} {rank}\n"));

    private static JsonObject Json(string family)
    {
        var json = JsonNode.Parse("{\"added_tokens\":[{\"id\":9000,\"content\":\"<|end|>\",\"special\":true,\"lstrip\":false}],\"normalizer\":null}")!.AsObject();
        json["pre_tokenizer"] = family == "gpt2"
            ? JsonNode.Parse("{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true}")
            : JsonNode.Parse(
                "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{\"Regex\":" + JsonSerializer.Serialize(family == "llama3" ? Llama3 : Qwen2)
                + "},\"behavior\":\"Isolated\",\"invert\":false},{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"use_regex\":false}]}");
        if (family == "qwen2")
        {
            json["normalizer"] = new JsonObject { ["type"] = "NFC" };
        }

        // Vocabularies written by trainers hold each token once.
        var vocabulary = new JsonObject();
        for (var id = 0; id < Trained.Tokens.Count; id++)
        {
            vocabulary.TryAdd(Token(id), id);
        }

        json["model"] = new JsonObject
        {
            ["type"] = "BPE",
            ["vocab"] = vocabulary,
            ["merges"] = new JsonArray([.. Trained.Merges.Select(merge => JsonValue.Create($"{Token(merge.Left)} {Token(merge.Right)}"))]),
            ["ignore_merges"] = family == "llama3",
        };
        return json;
    }
}
