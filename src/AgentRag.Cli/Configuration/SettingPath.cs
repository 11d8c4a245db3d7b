using AgentRag.Answering.Assistants;
using AgentRag.Tokens.Vocabularies;

namespace AgentRag.Cli.Configuration;

/// <summary>Paths in the settings file are meant from its folder, wherever the program is started. Words that the settings take beside paths stay words.</summary>
internal static class SettingPath
{
    /// <summary>One path.</summary>
    public static string One(string folder, string value) => value.Trim() is { Length: > 0 } path ? Path.Combine(folder, path) : value;

    /// <summary>Paths, separated as in PATH.</summary>
    public static string Several(string folder, string value) =>
        string.Join(Path.PathSeparator, SettingText.Paths(value).Select(path => One(folder, path)));

    public static string OrNone(string folder, string value) => value.Trim() == DemonstrationSource.None ? value : One(folder, value);

    public static string OrOff(string folder, string value) => value.Trim() == CacheReuses.Off ? value : One(folder, value);

    public static string OrAssistant(string folder, string value) => Assistant.Shipped.Contains(value.Trim()) ? value : One(folder, value);

    public static string OrTokenizer(string folder, string value) =>
        value.Trim() is var name && (name == TokenCounters.Estimate || KnownVocabulary.All.Any(known => known.Name == name)) ? value : One(folder, value);

    /// <summary>A chat or embedding model: <c>gguf:FILE</c> and <c>bert:FOLDER</c> are paths, the others names.</summary>
    public static string OrModel(string folder, string value)
    {
        var colon = value.IndexOf(':', StringComparison.Ordinal);
        var provider = colon > 0 ? value[..colon].Trim().ToLowerInvariant() : "";
        return provider is EmbeddingSource.Gguf or EmbeddingSource.Bert ? $"{provider}:{One(folder, value[(colon + 1)..])}" : value;
    }
}
