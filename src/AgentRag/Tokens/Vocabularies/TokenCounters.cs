using System.Security.Cryptography;
using AgentRag.Tokens.BytePairs;

namespace AgentRag.Tokens.Vocabularies;

/// <summary>Opens token counters by name or by file.</summary>
public static class TokenCounters
{
    /// <summary>The name of the estimator, which needs no vocabulary.</summary>
    public const string Estimate = "estimate";

    // What the beginnings of file names say about rank files that are not known by their content.
    private static readonly (string Prefix, SplitPattern Pattern)[] FilePatterns =
        [("o200k", SplitPattern.O200k), ("cl100k", SplitPattern.Cl100k), ("r50k", SplitPattern.Gpt2), ("p50k", SplitPattern.Gpt2), ("gpt2", SplitPattern.Gpt2), ("qwen", SplitPattern.Qwen2)];

    /// <summary>Opens a counter.</summary>
    /// <param name="name"><see cref="Estimate"/>, the name of a <see cref="KnownVocabulary"/>, or a file: <c>.tiktoken</c> or <c>tokenizer.json</c>.</param>
    /// <param name="vocabularyFolder">The folder in which known vocabularies lie.</param>
    /// <exception cref="AgentRagException">There is no such counter; the message says what to do.</exception>
    public static ITokenCounter Open(string name, string vocabularyFolder)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(vocabularyFolder);
        if (name == Estimate)
        {
            return new EstimatingTokenCounter();
        }

        if (KnownVocabulary.All.FirstOrDefault(known => known.Name == name) is { } vocabulary)
        {
            var path = Path.Combine(vocabularyFolder, vocabulary.FileName);
            return File.Exists(path)
                ? OpenKnown(vocabulary, path)
                : throw new AgentRagException($"The vocabulary {name} is not in '{vocabularyFolder}': get it with 'agentrag tokenizer download {name}', or name its file.");
        }

        return File.Exists(name)
            ? OpenFile(name)
            : throw new AgentRagException(
                $"There is no tokenizer '{name}': use {Estimate}, {string.Join(", ", KnownVocabulary.All.Select(known => known.Name))}, or a file (.tiktoken or tokenizer.json).");
    }

    /// <summary>Opens a vocabulary file. Its name in indexes and reports tells its content: that of the known vocabulary, or file name and hash.</summary>
    /// <param name="path">A <c>.tiktoken</c> file, or the <c>tokenizer.json</c> of a byte-level BPE model.</param>
    /// <param name="pattern">How texts are cut, for a rank file that does not tell; null to go by its content or name.</param>
    /// <exception cref="AgentRagException">The file cannot be read, or asks for what is not supported.</exception>
    public static BytePairTokenizer OpenFile(string path, SplitPattern? pattern = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var content = Read(path);
        var hash = Convert.ToHexStringLower(SHA256.HashData(content));
        var fileName = Path.GetFileName(path);
        var known = KnownVocabulary.All.FirstOrDefault(known => known.Sha256 == hash);
        var name = known?.Name ?? $"{fileName}@{hash[..12]}";
        if (content.AsSpan().TrimStart(" \t\r\n"u8) is [(byte)'{', ..])
        {
            return TokenizerJson.Read(content, path, name);
        }

        var split = pattern ?? known?.Pattern ?? FilePatterns.Where(entry => fileName.StartsWith(entry.Prefix, StringComparison.OrdinalIgnoreCase)).Select(entry => (SplitPattern?)entry.Pattern).FirstOrDefault();
        return split is { } found
            ? new BytePairTokenizer(name, RankFile.Read(content, path), found)
            : throw new AgentRagException(
                $"{path}: a rank file does not say how texts are cut, and this one is not known: let its name begin with {string.Join(", ", FilePatterns.Select(entry => entry.Prefix))}, or use the model's tokenizer.json.");
    }

    private static BytePairTokenizer OpenKnown(KnownVocabulary vocabulary, string path)
    {
        var content = Read(path);
        var hash = Convert.ToHexStringLower(SHA256.HashData(content));
        return hash == vocabulary.Sha256
            ? new BytePairTokenizer(vocabulary.Name, RankFile.Read(content, path), vocabulary.Pattern)
            : throw new AgentRagException(
                $"{path}: this is not the published {vocabulary.Name} (SHA-256 {hash[..12]}… instead of {vocabulary.Sha256[..12]}…): delete it and run 'agentrag tokenizer download {vocabulary.Name}'.");
    }

    private static byte[] Read(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"{path}: the vocabulary cannot be read: {e.Message}", e);
        }
    }
}
