using System.Text.Json;
using AgentRag.Tokens.BytePairs;

namespace AgentRag.Tokens.Vocabularies;

/// <summary>Reads the <c>tokenizer.json</c> of Hugging Face for byte-level BPE models: GPT-2, Llama 3, Qwen 2 and their relatives.</summary>
/// <remarks>
/// What the file asks for is done, or refused by name: another model type, an unknown pattern or normalizer, added tokens with conditions. Nothing is guessed.
/// Post-processors are not applied: counts are of the text alone.
/// </remarks>
public static class TokenizerJson
{
    private const string Contraction = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private const string Tail = @"\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string CasedFirst = @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+";
    private const string CasedSecond = @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*";

    private static readonly Dictionary<string, SplitPattern> Patterns = new(StringComparer.Ordinal)
    {
        [@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"] = SplitPattern.Gpt2,
        [@"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"] = SplitPattern.Gpt2,
        [$@"{Contraction}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{Tail}"] = SplitPattern.Cl100k,
        [$@"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{Tail}"] = SplitPattern.Cl100k,
        [$@"{Contraction}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{Tail}"] = SplitPattern.Qwen2,
        [$@"{CasedFirst}{Contraction}?|{CasedSecond}{Contraction}?|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{Tail}"] = SplitPattern.O200k,
        [$@"{CasedFirst}|{CasedSecond}|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{Tail}"] = SplitPattern.Tekken,
    };

    /// <summary>Reads a tokenizer.</summary>
    /// <param name="content">The file's bytes.</param>
    /// <param name="path">The file's path, for messages.</param>
    /// <param name="name">The name the tokenizer gets.</param>
    /// <exception cref="AgentRagException">The file is broken, or asks for what is not supported; the message names it.</exception>
    public static BytePairTokenizer Read(ReadOnlyMemory<byte> content, string path, string name)
    {
        ArgumentNullException.ThrowIfNull(path);
        try
        {
            using var json = JsonDocument.Parse(content);
            return Read(json.RootElement, name);
        }
        catch (JsonException e)
        {
            throw new AgentRagException($"{path}:{e.LineNumber + 1}: this is no JSON: {e.Message}", e);
        }
        catch (AgentRagException e)
        {
            throw new AgentRagException($"{path}: {e.Message}", e);
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            // A property that is missing, or of another kind.
            throw new AgentRagException($"{path}: this is no tokenizer.json of a BPE model: {e.Message}", e);
        }
    }

    private static BytePairTokenizer Read(JsonElement root, string name)
    {
        var model = root.GetProperty("model");
        RequireByteLevel(model);
        var composes = Optional(root, "normalizer") is { } normalizer && Composes(normalizer);
        var patterns = Optional(root, "pre_tokenizer") is { } preTokenizer
            ? PatternsOf(preTokenizer)
            : throw new AgentRagException("it has no pre_tokenizer, so it is not byte-level.");
        var vocabulary = Vocabulary(model);
        List<AddedToken> added = [];
        foreach (var token in Optional(root, "added_tokens") is { } tokens ? tokens.EnumerateArray() : [])
        {
            var text = token.GetProperty("content").GetString()!;
            if (((string[])["single_word", "lstrip", "rstrip"]).FirstOrDefault(flag => Flag(token, flag)) is { } flag)
            {
                throw new AgentRagException($"the added token '{text}' asks for {flag}, which is not supported.");
            }

            // One that texts are made of anyway, such as a plain word of the vocabulary, is found first all the same.
            added.Add(new AddedToken(text, token.GetProperty("id").GetInt32()));
        }

        return new BytePairTokenizer(name, vocabulary, patterns, added, composes);
    }

    private static void RequireByteLevel(JsonElement model)
    {
        var type = Optional(model, "type")?.GetString() ?? "BPE";
        if (type != "BPE")
        {
            throw new AgentRagException($"its model is of type {type}; only BPE is supported.");
        }

        if (Flag(model, "byte_fallback"))
        {
            throw new AgentRagException("its model falls back to bytes (byte_fallback), as SentencePiece models do; only byte-level BPE is supported.");
        }

        foreach (var affix in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
        {
            if (Optional(model, affix)?.GetString() is { Length: > 0 } text)
            {
                throw new AgentRagException($"its model has the {affix} '{text}'; only byte-level BPE is supported.");
            }
        }
    }

    private static bool Composes(JsonElement normalizer) => normalizer.GetProperty("type").GetString() switch
    {
        "NFC" => true,
        "Sequence" => normalizer.GetProperty("normalizers").EnumerateArray().Aggregate(false, (composes, one) => composes | Composes(one)),
        var type => throw new AgentRagException($"its normalizer {type} is not supported; known is NFC."),
    };

    private static List<SplitPattern> PatternsOf(JsonElement preTokenizer)
    {
        List<SplitPattern> patterns = [];
        var isByteLevel = false;
        var steps = preTokenizer.GetProperty("type").GetString() == "Sequence" ? preTokenizer.GetProperty("pretokenizers").EnumerateArray().ToArray() : [preTokenizer];
        foreach (var step in steps)
        {
            switch (step.GetProperty("type").GetString())
            {
                case "ByteLevel":
                    isByteLevel = true;
                    if (Flag(step, "add_prefix_space"))
                    {
                        throw new AgentRagException("its pre_tokenizer adds a space before the text (add_prefix_space), which is not supported.");
                    }

                    if (Optional(step, "use_regex")?.GetBoolean() ?? true)
                    {
                        patterns.Add(SplitPattern.Gpt2);
                    }

                    break;
                case "Split":
                    patterns.Add(PatternOf(step));
                    break;
                case "Digits":
                    patterns.Add(Flag(step, "individual_digits") ? SplitPattern.SingleDigits : SplitPattern.DigitRuns);
                    break;
                case var type:
                    throw new AgentRagException($"its pre_tokenizer {type} is not supported; known are ByteLevel, Split, Digits and sequences of them.");
            }
        }

        return !isByteLevel ? throw new AgentRagException("its pre_tokenizer has no ByteLevel step; only byte-level BPE is supported.")
            : patterns.Count > 0 ? patterns
            : [SplitPattern.None];
    }

    private static SplitPattern PatternOf(JsonElement split)
    {
        var regex = Optional(split.GetProperty("pattern"), "Regex")?.GetString() ?? throw new AgentRagException("it splits at a fixed text, which is not supported.");
        if (!Patterns.TryGetValue(regex, out var pattern))
        {
            throw new AgentRagException(
                $"its split pattern is not known, and another engine would not match it exactly: {regex} Known are those of GPT-2, cl100k_base and Llama 3, Qwen 2, o200k_base and Tekken.");
        }

        // These patterns match all of a text, so that keeping the matches alone and isolating them are the same.
        return (split.GetProperty("behavior").GetString(), Flag(split, "invert")) is ("Isolated", _) or ("Removed", true)
            ? pattern
            : throw new AgentRagException($"its split has the behavior {split.GetProperty("behavior").GetString()}, which is not supported.");
    }

    private static BytePairVocabulary Vocabulary(JsonElement model)
    {
        Dictionary<string, int> ids = new(StringComparer.Ordinal);
        foreach (var token in model.GetProperty("vocab").EnumerateObject())
        {
            ids[token.Name] = token.Value.GetInt32();
        }

        if (ids.Count == 0 || ids.Values.Min() < 0 || ids.Values.Max() > 2_000_000)
        {
            throw new AgentRagException($"its vocabulary has {ids.Count:N0} tokens with ids beyond [0, 2,000,000].");
        }

        var tokens = new ReadOnlyMemory<byte>[ids.Values.Max() + 1];
        foreach (var (text, id) in ids)
        {
            // What is not of the alphabet, such as a special token, is no part of any merge.
            tokens[id] = ByteLevelAlphabet.ToBytes(text) ?? [];
        }

        List<(int, int)> merges = [];
        foreach (var merge in model.GetProperty("merges").EnumerateArray())
        {
            var (left, right) = merge.ValueKind == JsonValueKind.Array
                ? (merge[0].GetString()!, merge[1].GetString()!)
                : Halves(merge.GetString()!);
            merges.Add(ids.TryGetValue(left, out var leftId) && ids.TryGetValue(right, out var rightId)
                ? (leftId, rightId)
                : throw new AgentRagException($"the merge '{left} {right}' names a token that the vocabulary does not hold."));
        }

        return new BytePairVocabulary(tokens, merges, Flag(model, "ignore_merges"));

        static (string Left, string Right) Halves(string merge)
        {
            var space = merge.IndexOf(' ', StringComparison.Ordinal);
            return space > 0 ? (merge[..space], merge[(space + 1)..]) : throw new AgentRagException($"the merge '{merge}' is not two tokens with a space between them.");
        }
    }

    private static JsonElement? Optional(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static bool Flag(JsonElement element, string name) => Optional(element, name)?.GetBoolean() ?? false;
}
