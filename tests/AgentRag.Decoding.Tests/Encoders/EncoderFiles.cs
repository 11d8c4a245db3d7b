using System.Text.Json;
using AgentRag.Decoding.Weights;
using AgentRag.Tokens.BytePairs;

namespace AgentRag.Decoding.Tests.Encoders;

/// <summary>Writes folders of small encoders with random weights, as Hugging Face has them.</summary>
internal sealed record EncoderFiles
{
    public string Architecture { get; init; } = "bert";

    public int Layers { get; init; } = 2;

    public int Width { get; init; } = 64;

    public int Heads { get; init; } = 4;

    public int FeedForwardWidth { get; init; } = 96;

    public int Positions { get; init; } = 80;

    public string Activation { get; init; } = "gelu";

    public TensorType Type { get; init; } = TensorType.F32;

    /// <summary>What stands before the tensors' names.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Whether norms have TensorFlow's names.</summary>
    public bool HasGammas { get; init; }

    public int Seed { get; init; } = 1;

    /// <summary>The vocabulary of BERT models, a token per line.</summary>
    public static IReadOnlyList<string> Vocabulary { get; } =
        ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "want", "##want", "##ed", "wa", "un", "runn", "##ing", ",", "the", "lamp", "of", "orm", "##s", "is", "a", "?", ".", "harbour", "town", "where", "river", "lisk", ":", "query", "passage"];

    /// <summary>Ids of RoBERTa models: special tokens, 256 bytes, then what the merges make.</summary>
    public static IReadOnlyList<string> RobertaVocabulary { get; } =
        ["<s>", "<pad>", "</s>", "<unk>", "<mask>", .. Enumerable.Range(0, 256).Select(value => $"{ByteLevelAlphabet.CharacterOf((byte)value)}"), "he", "Ġt", "Ġthe", "la", "mp"];

    public static IReadOnlyList<string> RobertaMerges { get; } = ["h e", "Ġ t", "Ġt he", "l a", "m p"];

    public int VocabularySize => Architecture == "roberta" ? RobertaVocabulary.Count : Vocabulary.Count;

    /// <summary>Writes the folder: weights, measures, tokenizer.</summary>
    public string Write(string folder)
    {
        Directory.CreateDirectory(folder);
        Json(folder, "config.json", new Dictionary<string, object>
        {
            ["model_type"] = Architecture,
            ["num_hidden_layers"] = Layers,
            ["hidden_size"] = Width,
            ["num_attention_heads"] = Heads,
            ["intermediate_size"] = FeedForwardWidth,
            ["vocab_size"] = VocabularySize,
            ["max_position_embeddings"] = Positions,
            ["type_vocab_size"] = Architecture == "roberta" ? 1 : 2,
            ["layer_norm_eps"] = 1e-5,
            ["hidden_act"] = Activation,
            ["pad_token_id"] = Architecture == "roberta" ? 1 : 0,
            ["position_embedding_type"] = "absolute",
        });
        Weights().Write(Path.Combine(folder, "model.safetensors"));
        if (Architecture == "roberta")
        {
            Json(folder, "vocab.json", RobertaVocabulary.Index().ToDictionary(token => token.Item, token => token.Index));
            File.WriteAllText(Path.Combine(folder, "merges.txt"), "#version: 0.2\n" + string.Concat(RobertaMerges.Select(merge => merge + "\n")));
        }
        else
        {
            File.WriteAllText(Path.Combine(folder, "vocab.txt"), string.Concat(Vocabulary.Select(token => token + "\n")));
        }

        return folder;
    }

    /// <summary>Adds what sentence-transformers writes.</summary>
    public static void AddModules(string folder, string pooling, bool normalizes, int mostTokens)
    {
        List<object> modules = [new { idx = 0, name = "0", path = "", type = "sentence_transformers.models.Transformer" }, new { idx = 1, name = "1", path = "1_Pooling", type = "sentence_transformers.models.Pooling" }];
        if (normalizes)
        {
            modules.Add(new { idx = 2, name = "2", path = "2_Normalize", type = "sentence_transformers.models.Normalize" });
        }

        Json(folder, "modules.json", modules);
        Json(folder, "sentence_bert_config.json", new { max_seq_length = mostTokens, do_lower_case = false });
        Directory.CreateDirectory(Path.Combine(folder, "1_Pooling"));
        Json(folder, "1_Pooling/config.json", new Dictionary<string, object>
        {
            ["word_embedding_dimension"] = 64,
            ["pooling_mode_cls_token"] = pooling == "cls",
            ["pooling_mode_mean_tokens"] = pooling == "mean",
            ["pooling_mode_max_tokens"] = pooling == "max",
            ["pooling_mode_mean_sqrt_len_tokens"] = pooling == "sqrt",
        });
    }

    /// <summary>Writes the same tokenizer as <c>tokenizer.json</c>.</summary>
    public void AddTokenizerJson(string folder)
    {
        var special = Architecture == "roberta" ? RobertaVocabulary.Take(5) : Vocabulary.Take(5);
        var added = special.Index().Select(token => new { id = token.Index, content = token.Item, special = true, lstrip = token.Item == "<mask>" });
        Json(folder, "tokenizer.json", Architecture == "roberta"
            ? new
            {
                version = "1.0",
                truncation = (object?)null,
                added_tokens = added,
                normalizer = (object?)null,
                pre_tokenizer = new { type = "ByteLevel", add_prefix_space = false, trim_offsets = true },
                post_processor = (object)new { type = "RobertaProcessing", sep = new object[] { "</s>", 2 }, cls = new object[] { "<s>", 0 } },
                model = (object)new { type = "BPE", vocab = RobertaVocabulary.Index().ToDictionary(token => token.Item, token => token.Index), merges = RobertaMerges },
            }
            : new
            {
                version = "1.0",
                truncation = new { max_length = 4 },
                added_tokens = added,
                normalizer = new { type = "BertNormalizer", clean_text = true, handle_chinese_chars = true, strip_accents = (bool?)null, lowercase = true },
                pre_tokenizer = new { type = "BertPreTokenizer" },
                post_processor = new
                {
                    type = "TemplateProcessing",
                    single = new object[] { new { SpecialToken = new { id = "[CLS]", type_id = 0 } }, new { Sequence = new { id = "A", type_id = 0 } }, new { SpecialToken = new { id = "[SEP]", type_id = 0 } } },
                },
                model = new { type = "WordPiece", unk_token = "[UNK]", continuing_subword_prefix = "##", max_input_chars_per_word = 100, vocab = Vocabulary.Index().ToDictionary(token => token.Item, token => token.Index) },
            });
    }

    public static void Json(string folder, string name, object value) => File.WriteAllText(Path.Combine(folder, name), JsonSerializer.Serialize(value));

    private SafetensorsWriter Weights()
    {
        var random = new Random(Seed);
        var writer = new SafetensorsWriter().Add("format", "pt");
        Matrix("embeddings.word_embeddings.weight", Width, VocabularySize, 1);
        Matrix("embeddings.position_embeddings.weight", Width, Positions, 0.5);
        Matrix("embeddings.token_type_embeddings.weight", Width, Architecture == "roberta" ? 1 : 2, 0.5);
        Norm("embeddings.LayerNorm");
        for (var layer = 0; layer < Layers; layer++)
        {
            var at = $"encoder.layer.{layer}.";
            foreach (var name in (string[])["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"])
            {
                Linear(at + name, Width, Width);
            }

            Norm($"{at}attention.output.LayerNorm");
            Linear($"{at}intermediate.dense", Width, FeedForwardWidth);
            Linear($"{at}output.dense", FeedForwardWidth, Width);
            Norm($"{at}output.LayerNorm");
        }

        Linear("pooler.dense", Width, Width);
        return writer;

        void Linear(string name, int columns, int rows)
        {
            Matrix($"{name}.weight", columns, rows, 1.5 / Math.Sqrt(columns));
            Matrix($"{name}.bias", rows, 1, 0.2);
        }

        void Norm(string name)
        {
            Matrix($"{name}.{(HasGammas ? "gamma" : "weight")}", Width, 1, 0.2, 1);
            Matrix($"{name}.{(HasGammas ? "beta" : "bias")}", Width, 1, 0.2);
        }

        void Matrix(string name, int columns, int rows, double spread, double mean = 0) => writer.Add(
            Prefix + name, Type, rows == 1 && !name.Contains("embeddings.token", StringComparison.Ordinal) ? [columns] : [columns, rows],
            [.. Enumerable.Range(0, columns * rows).Select(_ => (float)(mean + (((random.NextDouble() * 2) - 1) * spread)))]);
    }
}
