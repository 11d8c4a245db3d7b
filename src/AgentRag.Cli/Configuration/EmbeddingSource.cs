using AgentRag.Models;

namespace AgentRag.Cli.Configuration;

/// <summary>Which model makes vectors, and where it runs: <c>openai:NAME</c> at a server, <c>gguf:FILE</c> and <c>bert:FOLDER</c> in this process.</summary>
/// <param name="Provider">The part before the colon.</param>
/// <param name="Name">The part behind it: a model's name, a file, a folder.</param>
internal sealed record EmbeddingSource(string Provider, string Name)
{
    public const string Gguf = ModelName.GgufProvider;
    public const string Bert = "bert";

    private const string OpenAI = ModelName.OpenAIProvider;
    private const string Allowed = "openai:NAME (an embedding model of an OpenAI-compatible server), gguf:FILE or bert:FOLDER (run in this process)";

    /// <summary>Whether it runs in this process, and no text leaves it.</summary>
    public bool IsLocal => Provider is Gguf or Bert;

    /// <summary>Reads a source, its provider in any case; a name without a provider is one at a server.</summary>
    /// <exception cref="AgentRagException">What is named makes no embeddings.</exception>
    public static EmbeddingSource Parse(string text)
    {
        var name = SettingText.Text(text);
        var colon = name.IndexOf(':', StringComparison.Ordinal);
        // In any case, as for chat models: what is meant for this process must not go to a server for a capital letter.
        var (provider, rest) = colon > 0 ? (name[..colon].Trim().ToLowerInvariant(), name[(colon + 1)..].Trim()) : ("", name);
        return provider switch
        {
            _ when name.Equals(ModelName.ExtractiveProvider, StringComparison.OrdinalIgnoreCase) => throw NoEmbeddings(name),
            ModelName.ExtractiveProvider or ModelName.AnthropicProvider => throw NoEmbeddings(name),
            OpenAI or Gguf or Bert => rest.Length > 0
                ? new EmbeddingSource(provider, rest)
                : throw new AgentRagException($"'{name}' names nothing behind the colon: use {Allowed}."),
            _ => new EmbeddingSource(OpenAI, name),
        };
    }

    /// <summary>What to name for more vectors like those of an index: a model in this process is known there by its content, which names no file.</summary>
    public static string NamedAgain(string model) =>
        model.StartsWith($"{Gguf}:", StringComparison.Ordinal) || model.StartsWith($"{Bert}:", StringComparison.Ordinal) ? "as when they were made" : model;

    /// <summary>The model at a server.</summary>
    public ModelName AsServerModel() => ModelName.Parse($"{OpenAI}:{Name}");

    public override string ToString() => $"{Provider}:{Name}";

    private static AgentRagException NoEmbeddings(string name) => new($"'{name}' makes no embeddings: use {Allowed}.");
}
