using System.Text.Json;
using AgentRag.Decoding.Tokenizers;

namespace AgentRag.Decoding.Encoders;

/// <summary>Makes the tokenizer that lies in a model's folder: <c>tokenizer.json</c>, else <c>vocab.txt</c> (BERT), else <c>vocab.json</c> with <c>merges.txt</c> (RoBERTa).</summary>
internal static class EncoderTokenizers
{
    private const string TokenizerJson = "tokenizer.json";
    private const string TokenizerSettings = "tokenizer_config.json";
    private const string VocabularyText = "vocab.txt";
    private const string VocabularyJson = "vocab.json";
    private const string Merges = "merges.txt";

    /// <summary>The files it may be made of.</summary>
    public static IReadOnlyList<string> Files { get; } = [TokenizerJson, TokenizerSettings, VocabularyText, VocabularyJson, Merges];

    /// <summary>Makes the tokenizer.</summary>
    /// <exception cref="AgentRagException">There is none, it is of a kind that is not known, or it is damaged.</exception>
    public static IEncoderTokenizer Open(string folder)
    {
        var settings = JsonSettings.OpenIfAny(Path.Combine(folder, TokenizerSettings));
        var json = Path.Combine(folder, TokenizerJson);
        var source = File.Exists(json) ? json : Path.Combine(folder, File.Exists(Path.Combine(folder, VocabularyText)) ? VocabularyText : VocabularyJson);
        try
        {
            return Path.GetFileName(source) switch
            {
                TokenizerJson => FromJson(JsonSettings.Open(source)),
                VocabularyText => FromText(source, settings),
                _ when File.Exists(source) && File.Exists(Path.Combine(folder, Merges)) => FromMerges(source, Path.Combine(folder, Merges), settings),
                _ => throw new AgentRagException($"There is no tokenizer in {folder}: {TokenizerJson}, {VocabularyText}, or {VocabularyJson} with {Merges} is expected beside the weights. Download the whole folder."),
            };
        }
        catch (AgentRagException e) when (!e.Message.Contains(folder, StringComparison.Ordinal))
        {
            throw new AgentRagException($"{source}: {e.Message}", e);
        }
    }

    private static IEncoderTokenizer FromJson(JsonSettings file)
    {
        var model = file.Object("model") ?? throw file.NotSupported("there is no 'model': this is no tokenizer.json. Download the model again.");
        var ids = (model.Object("vocab") is { } vocabulary && model.Text("type") != "Unigram" ? vocabulary : throw Unknown()).Ids();
        foreach (var token in file.Objects("added_tokens") ?? [])
        {
            // Special tokens are never made of texts here, so that it does not matter where they may stand.
            var text = token.Text("content") ?? "";
            var id = token.Integer("id") ?? throw file.NotSupported($"the added token '{text}' has no id. Download the model again.");
            ids.TryAdd(text, id is >= 0 and < JsonSettings.IdLimit
                ? id
                : throw file.NotSupported($"the added token '{text}' has the id {id}, expected a whole number from 0 to 16,777,215. Download the model again."));
            if (token.Flag("special") is not true)
            {
                throw file.NotSupported($"the added token '{text}' is not a special one, which this program does not know.");
            }
        }

        return (model.Text("type") ?? (model.Has("merges") ? "BPE" : "WordPiece")) switch
        {
            "WordPiece" => WordPiece(file, model, ids),
            "BPE" => BytePairs(file, model, ids),
            _ => throw Unknown(),
        };

        AgentRagException Unknown() => file.NotSupported(
            $"its model is of type {model.Text("type")}, this program knows WordPiece (BERT) and byte-level BPE (RoBERTa); multilingual models with SentencePiece run behind a server, --embeddings openai:NAME.");
    }

    private static WordPieceTokenizer WordPiece(JsonSettings file, JsonSettings model, Dictionary<string, int> ids)
    {
        if (file.Object("pre_tokenizer")?.Text("type") is not "BertPreTokenizer" and var preTokenizer)
        {
            throw file.NotSupported($"its pre_tokenizer is {preTokenizer ?? "none"}, this program knows BertPreTokenizer.");
        }

        var normalizer = file.Object("normalizer");
        if (normalizer?.Text("type") is not (null or "BertNormalizer") and var kind)
        {
            throw file.NotSupported($"its normalizer is {kind}, this program knows BertNormalizer.");
        }

        var words = normalizer is null
            ? new BertWordOptions { CleansText = false, SplitsChinese = false, Lowercases = false, StripsAccents = false }
            : new BertWordOptions
            {
                CleansText = normalizer.Flag("clean_text") ?? true,
                SplitsChinese = normalizer.Flag("handle_chinese_chars") ?? true,
                Lowercases = normalizer.Flag("lowercase") ?? true,
                StripsAccents = normalizer.Flag("strip_accents"),
            };
        var pieces = new WordPieceVocabulary { Ids = ids };
        pieces = pieces with
        {
            Continuing = model.Text("continuing_subword_prefix") ?? pieces.Continuing,
            Unknown = model.Text("unk_token") ?? pieces.Unknown,
            LongestWord = model.Integer("max_input_chars_per_word") ?? pieces.LongestWord,
        };
        var (before, behind) = Around(file, ids, "[CLS]", "[SEP]");
        return new WordPieceTokenizer(pieces, words, before, behind);
    }

    private static RobertaTokenizer BytePairs(JsonSettings file, JsonSettings model, Dictionary<string, int> ids)
    {
        var preTokenizer = file.Object("pre_tokenizer");
        if (preTokenizer?.Text("type") != "ByteLevel" || preTokenizer.Flag("use_regex") is false || file.Has("normalizer"))
        {
            throw file.NotSupported("its pre_tokenizer is not ByteLevel alone, or texts are normalized first: this program knows RoBERTa's byte-level BPE.");
        }

        var merges = (model.List("merges") ?? throw file.NotSupported("its model has no merges. Download the model again.")).Select(merge => merge switch
        {
            { ValueKind: JsonValueKind.String } => Halves(merge.GetString()!),
            { ValueKind: JsonValueKind.Array } when merge.GetArrayLength() == 2 && merge[0].ValueKind == JsonValueKind.String && merge[1].ValueKind == JsonValueKind.String
                => (merge[0].GetString()!, merge[1].GetString()!),
            _ => throw file.NotSupported("a merge is not two tokens. Download the model again."),
        });
        var (before, behind) = Around(file, ids, "<s>", "</s>");
        return new RobertaTokenizer(ids, merges, preTokenizer.Flag("add_prefix_space") ?? false, before, behind);
    }

    private static WordPieceTokenizer FromText(string path, JsonSettings? settings)
    {
        Dictionary<string, int> ids = new(StringComparer.Ordinal);
        foreach (var (id, line) in Lines(path).Index())
        {
            // The later of two equal lines counts, as where such files come from.
            ids[line] = id;
        }

        if (ids.Count == 0)
        {
            throw new AgentRagException($"{path}: the vocabulary is empty. Download the model again.");
        }

        var words = new BertWordOptions
        {
            Lowercases = settings?.Flag("do_lower_case") ?? true,
            StripsAccents = settings?.Flag("strip_accents"),
            SplitsChinese = settings?.Flag("tokenize_chinese_chars") ?? true,
        };
        return new WordPieceTokenizer(new WordPieceVocabulary { Ids = ids }, words, [Special(ids, "[CLS]")], [Special(ids, "[SEP]")]);
    }

    private static RobertaTokenizer FromMerges(string vocabulary, string merges, JsonSettings? settings)
    {
        var ids = JsonSettings.Open(vocabulary).Ids();
        var pairs = Lines(merges).Where(line => line.Length > 0 && !line.StartsWith("#version", StringComparison.Ordinal)).Select(Halves);
        return new RobertaTokenizer(ids, pairs, settings?.Flag("add_prefix_space") ?? false, [Special(ids, "<s>")], [Special(ids, "</s>")]);
    }

    // What a post-processor puts around one text; without one, what the family is known for.
    private static (IReadOnlyList<int> Before, IReadOnlyList<int> Behind) Around(JsonSettings file, Dictionary<string, int> ids, string begin, string end)
    {
        var around = file.Object("post_processor");
        switch (around?.Text("type"))
        {
            case null:
                return ([Special(ids, begin)], [Special(ids, end)]);
            case "BertProcessing" or "RobertaProcessing":
                return ([Id(around, "cls")], [Id(around, "sep")]);
            case "TemplateProcessing":
                List<int>[] sides = [[], []];
                var side = 0;
                foreach (var part in around.Objects("single") ?? [])
                {
                    if (part.Object("Sequence") is not null)
                    {
                        side++;
                    }
                    else if (side < 2 && part.Object("SpecialToken")?.Text("id") is { } text)
                    {
                        sides[side].Add(Special(ids, text));
                    }
                }

                return side == 1 ? (sides[0], sides[1]) : throw file.NotSupported("its template does not put one text between special tokens. Download the model again.");
            case var other:
                throw file.NotSupported($"its post_processor is {other}, this program knows BertProcessing, RobertaProcessing and TemplateProcessing.");
        }

        int Id(JsonSettings processor, string name) => processor.List(name) is [_, { ValueKind: JsonValueKind.Number } number] && number.TryGetInt32(out var id) && ids.ContainsValue(id)
            ? id
            : throw file.NotSupported($"its post_processor's '{name}' is no token of the vocabulary. Download the model again.");
    }

    private static int Special(Dictionary<string, int> ids, string text) =>
        ids.TryGetValue(text, out var id) ? id : throw new AgentRagException($"its vocabulary has no token '{text}', which such a model begins or ends a text with.");

    private static (string Left, string Right) Halves(string merge)
    {
        var space = merge.IndexOf(' ', StringComparison.Ordinal);
        return space > 0 ? (merge[..space], merge[(space + 1)..]) : throw new AgentRagException($"the merge '{merge}' is not two tokens with a space between them. Download the model again.");
    }

    // Line feeds alone end a line: a token may hold any other white space.
    private static IEnumerable<string> Lines(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"{path} cannot be read: {e.Message}", e);
        }

        var lines = text.Split('\n').Select(line => line.EndsWith('\r') ? line[..^1] : line).ToList();
        return lines is [.., ""] ? lines.SkipLast(1) : lines;
    }
}
