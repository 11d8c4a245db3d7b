using System.Text;
using System.Text.Json.Nodes;
using AgentRag.Decoding.Encoders;
using AgentRag.Decoding.Tokenizers;
using Xunit;

namespace AgentRag.Decoding.Tests.Encoders;

public sealed class EncoderTokenizerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("UNwantéd,running", "un ##want ##ed , runn ##ing")] // the example of BERT's own tests
    [InlineData(" \tHeLLo!how  \n Are yoU?  ", "[UNK] [UNK] [UNK] [UNK] [UNK] ?")] // "hello ! how are you ?", of which only the last is in this vocabulary
    [InlineData("lamps of Orm.", "lamp ##s of orm .")]
    [InlineData("lampx", "[UNK]")] // the rest of the word is no piece, so all of it is unknown
    [InlineData("[SEP] [CLS]", "[UNK] [UNK] [UNK] [UNK] [UNK] [UNK]")] // a text never makes special tokens: brackets and letters, each by itself
    [InlineData("", "")]
    public void Words_are_cut_into_the_longest_pieces_from_the_left(string text, string expected)
    {
        new EncoderFiles().Write(_folder["m"]);
        Assert.Equal(expected.Split(' ', StringSplitOptions.RemoveEmptyEntries), Pieces(EncoderTokenizers.Open(_folder["m"]), text));
        new EncoderFiles().AddTokenizerJson(_folder["m"]);
        Assert.Equal(expected.Split(' ', StringSplitOptions.RemoveEmptyEntries), Pieces(EncoderTokenizers.Open(_folder["m"]), text));
    }

    [Theory]
    [InlineData("ah\u535A\u63A8zz", "ah|\u535A|\u63A8|zz")] // the example of BERT's own tests: Chinese characters are words
    [InlineData("HÉLLO Ünïcode", "hello|unicode")]
    [InlineData("e\u0301 \u1EA4 \u0130I", "e|a|ii")] // marks by themselves, two marks on a letter, a dotted capital
    [InlineData("ΆΣΣ Йод が \uAC01", "ασσ|иод|か|\u1100\u1161\u11A8")] // Greek without final sigma, Cyrillic, kana, a Hangul syllable as its letters
    [InlineData("a\u0000b\uFFFDc\u200Dd\u00ADe", "abcde")] // nothing, broken, and invisible characters are taken out
    [InlineData("a\u00A0b\u2003c\u3000d", "a|b|c|d")]
    [InlineData("$5^2-x_y`z", "$|5|^|2|-|x|_|y|`|z")] // all of ASCII that is neither letter nor digit is punctuation
    [InlineData("a—b…c«d»", "a|—|b|…|c|«|d|»")]
    [InlineData("x\uD83D\uDE00y \uD83D", "x\uD83D\uDE00y")] // a symbol is no punctuation; half a character is dropped
    [InlineData("\u037E", ";")] // the Greek question mark is a semicolon, canonically
    public void Texts_are_brought_into_shape_before_they_are_cut(string text, string expected) => Assert.Equal(expected.Split('|'), Words(text, new BertWordOptions()));

    [Fact]
    public void Cased_models_keep_letters_and_accents()
    {
        var cased = new BertWordOptions { Lowercases = false };
        Assert.Equal(["HÉllo", "\u535A"], Words("HÉllo\u535A", cased));
        Assert.Equal(["HEllo"], Words("HÉllo", cased with { StripsAccents = true }));
        Assert.Equal(["héllo", "i\u0307"], Words("HÉllo İ", new BertWordOptions { StripsAccents = false }));
        Assert.Equal(["a\u535A"], Words("a\u535A", cased with { SplitsChinese = false }));
        Assert.Equal(["a\u200D"], Words("a\u200D", cased with { CleansText = false }));
    }

    [Theory] // worked by hand from the decompositions in UnicodeData.txt
    [InlineData("\u00C0\u00E7\u0101\u01D6\u0229\u0233", "Ac\u0061uey")]
    [InlineData("\u1E00\u1EA5\u1EF9\u1EE8\u1E9B", "AayU\u017F")]
    [InlineData("\u1F00\u1FB7\u1FFC\u0390\u03D3", "\u03B1\u03B1\u03A9\u03B9\u03D2")]
    [InlineData("\u040D\u04F9\u0419\u0457", "\u0418\u044B\u0418\u0456")]
    [InlineData("\u212A\u212B\u2126\u2260\u226E\u2204", "KA\u03A9=<\u2203")]
    [InlineData("\u30DA\u304C\u30FE", "\u30D8\u304B\u30FD")]
    [InlineData("\uF900\uFAD9\uFB2A\u0958\u0623", "\u8C48\u9F8E\u05E9\u0915\u0627")]
    [InlineData("\u09CB\u0DDD\u1B12", "\u09C7\u09BE\u0DD9\u0DCF\u1B11\u1B35")] // signs that are two
    [InlineData("\uAC00\uAC01\uD7A3", "\u1100\u1161\u1100\u1161\u11A8\u1112\u1175\u11C2")]
    [InlineData("\u00F8\u0142\u0111\u00DF\u00E6\u0153\u00FE", "\u00F8\u0142\u0111\u00DF\u00E6\u0153\u00FE")] // strokes and ligatures are no accents
    [InlineData("\u0301\u0308a\u0327", "a")]
    public void Accents_come_off_and_nothing_else(string text, string expected)
    {
        var bases = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            CanonicalBases.Append(rune, bases);
        }

        Assert.Equal(expected, bases.ToString());
    }

    [Fact]
    public void A_word_of_more_than_a_hundred_characters_is_unknown()
    {
        WordPieceVocabulary vocabulary = new() { Ids = new Dictionary<string, int> { ["[UNK]"] = 0, ["a"] = 1, ["##a"] = 2 } };
        var tokenizer = new WordPieceTokenizer(vocabulary, new BertWordOptions(), [], []);
        List<int> tokens = [];
        tokenizer.Encode(new string('a', 100), tokens);
        Assert.Equal([1, .. Enumerable.Repeat(2, 99)], tokens);
        tokens.Clear();
        tokenizer.Encode(new string('a', 101), tokens);
        Assert.Equal([0], tokens);
    }

    [Theory]
    [InlineData("the the", "t he Ġthe")]
    [InlineData("the lamp", "t he Ġ la mp")]
    [InlineData("</s>", "< / s >")] // never a special token
    [InlineData("", "")]
    public void Roberta_merges_bytes_in_the_order_of_the_merges(string text, string expected)
    {
        var files = new EncoderFiles { Architecture = "roberta" };
        files.Write(_folder["r"]);
        Assert.Equal(expected.Split(' ', StringSplitOptions.RemoveEmptyEntries), Roberta(text));
        files.AddTokenizerJson(_folder["r"]);
        Assert.Equal(expected.Split(' ', StringSplitOptions.RemoveEmptyEntries), Roberta(text));

        IEnumerable<string> Roberta(string of)
        {
            var tokenizer = EncoderTokenizers.Open(_folder["r"]);
            Assert.Equal((0, 2), (Assert.Single(tokenizer.Before), Assert.Single(tokenizer.Behind)));
            List<int> tokens = [];
            tokenizer.Encode(of, tokens);
            return tokens.Select(token => EncoderFiles.RobertaVocabulary[token]);
        }
    }

    [Fact]
    public void Roberta_puts_a_space_before_the_text_where_its_settings_say_so()
    {
        new EncoderFiles { Architecture = "roberta" }.Write(_folder["r"]);
        EncoderFiles.Json(_folder["r"], "tokenizer_config.json", new { add_prefix_space = true });
        List<int> tokens = [];
        EncoderTokenizers.Open(_folder["r"]).Encode("the", tokens);
        Assert.Equal("Ġthe", EncoderFiles.RobertaVocabulary[Assert.Single(tokens)]);
    }

    [Theory] // by pre_tokenizers/byte_level.rs of Hugging Face's tokenizers: unless the text begins with U+0020
    [InlineData("the", "Ġthe"), InlineData(" the", "Ġthe")]
    [InlineData("\nthe", "Ġ Ċ t he")]
    [InlineData("\tthe", "Ġ ĉ t he")]
    [InlineData("", "")]
    public void Only_a_space_at_the_beginning_of_a_text_saves_the_added_one(string text, string expected)
    {
        var files = new EncoderFiles { Architecture = "roberta" };
        files.Write(_folder["r"]);
        files.AddTokenizerJson(_folder["r"]);
        var path = Path.Combine(_folder["r"], "tokenizer.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace("\"add_prefix_space\":false", "\"add_prefix_space\":true", StringComparison.Ordinal));
        List<int> tokens = [];
        EncoderTokenizers.Open(_folder["r"]).Encode(text, tokens);
        Assert.Equal(expected.Split(' ', StringSplitOptions.RemoveEmptyEntries), tokens.Select(token => EncoderFiles.RobertaVocabulary[token]));
    }

    [Theory]
    [InlineData("model.type", "\"Unigram\"", "its model is of type Unigram, this program knows WordPiece (BERT) and byte-level BPE (RoBERTa)")]
    [InlineData("pre_tokenizer.type", "\"Metaspace\"", "its pre_tokenizer is Metaspace, this program knows BertPreTokenizer.")]
    [InlineData("normalizer.type", "\"Precompiled\"", "its normalizer is Precompiled, this program knows BertNormalizer.")]
    [InlineData("post_processor.type", "\"Other\"", "its post_processor is Other, this program knows")]
    [InlineData("post_processor.single", "[]", "its template does not put one text between special tokens.")]
    [InlineData("model.unk_token", "\"[NONE]\"", "its vocabulary has no token '[NONE]' for unknown words.")]
    [InlineData("model.vocab", "{}", "its vocabulary is empty.")]
    [InlineData("model.vocab", "{\"[CLS]\": -1}", "the id of the token '[CLS]' must be a whole number from 0 to 16,777,215.")]
    [InlineData("model.vocab", "[]", "'vocab' must be an object.")]
    [InlineData("model", "null", "there is no 'model': this is no tokenizer.json.")]
    [InlineData("added_tokens", "[{\"id\": 40, \"content\": \"X\", \"special\": false}]", "the added token 'X' is not a special one")]
    [InlineData("added_tokens", "[{\"id\": -1, \"content\": \"X\", \"special\": true}]", "the added token 'X' has the id -1, expected a whole number from 0 to 16,777,215.")]
    [InlineData("added_tokens", "[{\"id\": 16777216, \"content\": \"X\", \"special\": true}]", "the added token 'X' has the id 16777216, expected a whole number from 0 to 16,777,215.")]
    public void What_a_tokenizer_asks_for_and_is_not_known_is_named(string field, string value, string expected)
    {
        new EncoderFiles().Write(_folder["m"]);
        new EncoderFiles().AddTokenizerJson(_folder["m"]);
        var path = Path.Combine(_folder["m"], "tokenizer.json");
        var json = JsonNode.Parse(File.ReadAllText(path))!;
        var names = field.Split('.');
        var parent = names.SkipLast(1).Aggregate(json, (node, name) => node[name]!);
        parent[names[^1]] = JsonNode.Parse(value);
        File.WriteAllText(path, json.ToJsonString());
        var fault = Assert.Throws<AgentRagException>(() => EncoderTokenizers.Open(_folder["m"])).Message;
        Assert.StartsWith(path, fault, StringComparison.Ordinal);
        Assert.Contains(expected, fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1), InlineData(int.MaxValue)]
    public void An_added_token_of_roberta_with_an_id_out_of_range_is_an_error(int id)
    {
        var files = new EncoderFiles { Architecture = "roberta" };
        files.Write(_folder["r"]);
        files.AddTokenizerJson(_folder["r"]);
        var path = Path.Combine(_folder["r"], "tokenizer.json");
        var json = JsonNode.Parse(File.ReadAllText(path))!;
        json["added_tokens"]!.AsArray().Add(new JsonObject { ["id"] = id, ["content"] = "<x>", ["special"] = true });
        File.WriteAllText(path, json.ToJsonString());
        Assert.Equal(
            $"{path}: the added token '<x>' has the id {id}, expected a whole number from 0 to 16,777,215. Download the model again.",
            Assert.Throws<AgentRagException>(() => EncoderTokenizers.Open(_folder["r"])).Message);
    }

    [Fact]
    public void Broken_vocabularies_are_errors()
    {
        new EncoderFiles().Write(_folder["m"]);
        var vocabulary = Path.Combine(_folder["m"], "vocab.txt");
        File.WriteAllText(vocabulary, "[UNK]\nthe\n");
        Assert.Equal($"{vocabulary}: its vocabulary has no token '[CLS]', which such a model begins or ends a text with.", Fault("m"));
        File.WriteAllText(vocabulary, "");
        Assert.Equal($"{vocabulary}: the vocabulary is empty. Download the model again.", Fault("m"));
        File.Delete(vocabulary);
        Assert.StartsWith($"There is no tokenizer in {_folder["m"]}: tokenizer.json, vocab.txt, or vocab.json with merges.txt is expected", Fault("m"), StringComparison.Ordinal);

        new EncoderFiles { Architecture = "roberta" }.Write(_folder["r"]);
        File.WriteAllText(Path.Combine(_folder["r"], "merges.txt"), "nospace\n");
        Assert.Contains("the merge 'nospace' is not two tokens with a space between them.", Fault("r"), StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(_folder["r"], "merges.txt"), "zz q\n");
        Assert.Contains("its merge 'zz q' is not two tokens of the vocabulary.", Fault("r"), StringComparison.Ordinal);
        EncoderFiles.Json(_folder["r"], "vocab.json", new Dictionary<string, int> { ["<s>"] = 0, ["</s>"] = 1 });
        File.WriteAllText(Path.Combine(_folder["r"], "merges.txt"), "");
        Assert.Contains("has no token for the byte", Fault("r"), StringComparison.Ordinal);

        string Fault(string name) => Assert.Throws<AgentRagException>(() => EncoderTokenizers.Open(_folder[name])).Message;
    }

    private static List<string> Words(string text, BertWordOptions options)
    {
        List<string> words = [];
        BertWords.Read(text, options, word => words.Add(word.ToString()));
        return words;
    }

    private static IEnumerable<string> Pieces(IEncoderTokenizer tokenizer, string text)
    {
        Assert.Equal((2, 3), (Assert.Single(tokenizer.Before), Assert.Single(tokenizer.Behind)));
        List<int> tokens = [];
        tokenizer.Encode(text, tokens);
        return tokens.Select(token => EncoderFiles.Vocabulary[token]);
    }
}
