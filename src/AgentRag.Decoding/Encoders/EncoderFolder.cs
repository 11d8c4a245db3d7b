using AgentRag.Decoding.Weights;

namespace AgentRag.Decoding.Encoders;

/// <summary>What lies in the folder of an encoder: a Hugging Face model, with what sentence-transformers says about pooling where it is there.</summary>
internal sealed record EncoderFolder
{
    private const string Config = "config.json";
    private const string WeightsFile = "model.safetensors";
    private const string Modules = "modules.json";
    private const string SentenceConfig = "sentence_bert_config.json";
    private const string SentenceLimit = "max_seq_length";
    private const string TokenizerConfig = "tokenizer_config.json";
    private const string TokenizerLimit = "model_max_length";

    /// <summary>Where model, tokenizer and weights lie: the folder itself, or one below it that <c>modules.json</c> names.</summary>
    public required string ModelFolder { get; init; }

    public required EncoderShape Shape { get; init; }

    /// <summary>How a text's rows are pooled.</summary>
    public required PoolingMode Pooling { get; init; }

    /// <summary>Whether vectors get the length 1.</summary>
    public required bool Normalizes { get; init; }

    /// <summary>Tokens of a text that are read at most, special ones included.</summary>
    public required int MostTokens { get; init; }

    /// <summary>Whether texts become lower case before anything else.</summary>
    public required bool Lowercases { get; init; }

    /// <summary>SHA-256 over weights, measures and tokenizer, hexadecimal.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>The weights' file.</summary>
    public string WeightsPath => Path.Combine(ModelFolder, WeightsFile);

    /// <summary>Names model and pooling by their content.</summary>
    public string Key => $"bert:{Fingerprint[..16]}/{Pooling.ToString().ToLowerInvariant()}{(Normalizes ? "" : "/raw")}/{MostTokens}{(Lowercases ? "/lower" : "")}";

    /// <summary>Reads a folder's settings. The weights are only hashed.</summary>
    /// <param name="folder">The folder, as Hugging Face has it.</param>
    /// <param name="pooling">How to pool instead of what the folder says, or of the mean where it says nothing; null for that.</param>
    /// <param name="normalizes">Whether vectors get the length 1; null for what the folder says, or yes where it says nothing.</param>
    /// <exception cref="AgentRagException">The folder is not there, a file is missing or damaged, or the model is of a kind that this program does not run.</exception>
    public static EncoderFolder Open(string folder, PoolingMode? pooling = null, bool? normalizes = null)
    {
        if (!Directory.Exists(folder))
        {
            throw new AgentRagException($"There is no folder {folder}: an encoder is a folder with {Config}, {WeightsFile} and its tokenizer, as downloaded from Hugging Face.");
        }

        var modules = File.Exists(Path.Combine(folder, Modules)) ? JsonSettings.OpenList(Path.Combine(folder, Modules)) : null;
        var kinds = modules?.Select(module => (Kind: Kind(module), Folder: Below(folder, module))).ToList() ?? [];
        if (kinds.FirstOrDefault(module => module.Kind is not ("Transformer" or "Pooling" or "Normalize")).Kind is { } unknown)
        {
            throw new AgentRagException($"{Path.Combine(folder, Modules)}: the model has a module '{unknown}', this program knows Transformer, Pooling and Normalize; such a model runs behind a server, --embeddings openai:NAME.");
        }

        var modelFolder = kinds.FirstOrDefault(module => module.Kind == "Transformer").Folder ?? folder;
        var shape = EncoderShape.From(JsonSettings.Open(Path.Combine(modelFolder, Config)));
        RequireWeights(modelFolder);
        var sentence = JsonSettings.OpenIfAny(Path.Combine(modelFolder, SentenceConfig));
        return new EncoderFolder
        {
            ModelFolder = modelFolder,
            Shape = shape,
            Pooling = pooling ?? (kinds.FirstOrDefault(module => module.Kind == "Pooling").Folder is { } pool ? PoolingOf(JsonSettings.Open(Path.Combine(pool, Config))) : PoolingMode.Mean),
            Normalizes = normalizes ?? (modules is null || kinds.Exists(module => module.Kind == "Normalize")),
            MostTokens = Math.Min(LimitOf(modelFolder, sentence) ?? shape.MostTokens, shape.MostTokens),
            Lowercases = sentence?.Flag("do_lower_case") ?? false,
            Fingerprint = ContentHash.Of([Path.Combine(modelFolder, WeightsFile), Path.Combine(modelFolder, Config), .. EncoderTokenizers.Files.Select(file => Path.Combine(modelFolder, file)).Where(File.Exists)]),
        };
    }

    private static string Kind(JsonSettings module) => (module.Text("type") ?? throw module.NotSupported("a module has no 'type'. Download the model again.")).Split('.')[^1];

    // What a file names must lie in the folder that was meant.
    private static string Below(string folder, JsonSettings module)
    {
        var path = module.Text("path") ?? "";
        return Path.IsPathRooted(path) || path.Split('/', '\\').Contains("..")
            ? throw module.NotSupported($"a module lies at '{path}', which is outside of the model's folder.")
            : Path.Combine(folder, path);
    }

    private static PoolingMode PoolingOf(JsonSettings pooling)
    {
        (string Name, PoolingMode? Mode)[] known =
        [
            ("pooling_mode_cls_token", PoolingMode.Cls), ("pooling_mode_mean_tokens", PoolingMode.Mean), ("pooling_mode_max_tokens", PoolingMode.Max),
            ("pooling_mode_mean_sqrt_len_tokens", PoolingMode.MeanSqrtLength), ("pooling_mode_weightedmean_tokens", null), ("pooling_mode_lasttoken", null),
        ];
        if (pooling.Text("pooling_mode") is { } named)
        {
            return named switch
            {
                "cls" => PoolingMode.Cls,
                "mean" => PoolingMode.Mean,
                "max" => PoolingMode.Max,
                "mean_sqrt_len_tokens" => PoolingMode.MeanSqrtLength,
                _ => throw pooling.NotSupported($"the model pools by '{named}', this program knows cls, mean, max and mean_sqrt_len_tokens."),
            };
        }

        return known.Where(mode => pooling.Flag(mode.Name) is true).ToList() is [(_, { } only)]
            ? only
            : throw pooling.NotSupported("the model does not pool in one of the ways that this program knows: the first token, the mean, the maximum, or the sum by the root of the length.");
    }

    // Tokens of a text at most, by the first file that says it; null for no limit but the model's own.
    private static int? LimitOf(string folder, JsonSettings? sentence)
    {
        if (sentence?.Integer(SentenceLimit) is { } most)
        {
            return AtLeastThree(sentence, SentenceLimit, most);
        }

        // "No limit" is written as a number beyond all integers.
        var tokenizer = JsonSettings.OpenIfAny(Path.Combine(folder, TokenizerConfig));
        return tokenizer?.Number(TokenizerLimit) is { } limit && limit <= int.MaxValue ? AtLeastThree(tokenizer, TokenizerLimit, (int)limit) : null;

        static int AtLeastThree(JsonSettings file, string name, int limit) => limit >= 3 ? limit : throw file.NotSupported($"'{name}' is {limit}, must be at least 3.");
    }

    private static void RequireWeights(string folder)
    {
        if (!File.Exists(Path.Combine(folder, WeightsFile)))
        {
            var other = ((string[])["model.safetensors.index.json", "pytorch_model.bin", "tf_model.h5"]).FirstOrDefault(name => File.Exists(Path.Combine(folder, name)));
            throw new AgentRagException($"There is no {WeightsFile} in {folder}{(other is null ? "" : $", but {other}")}: this program reads weights from one safetensors file; most models offer it for download.");
        }
    }
}
