using System.Reflection;

namespace AgentRag.Prompting;

/// <summary>All prompts: those that ship with AgentRag, each replaced by the user's file of the same name if there is one.</summary>
public sealed class PromptLibrary
{
    private readonly Dictionary<PromptName, PromptTemplate> _templates;

    private PromptLibrary(Dictionary<PromptName, PromptTemplate> templates) => _templates = templates;

    /// <summary>The prompts that ship with AgentRag.</summary>
    public static PromptLibrary Default { get; } = Load();

    /// <summary>Loads the prompts.</summary>
    /// <param name="overrideFolder">A folder with files that replace prompts of the same file name, or null.</param>
    /// <exception cref="AgentRagException">The folder does not exist, holds a YAML file that is no prompt's name, or a file is broken.</exception>
    public static PromptLibrary Load(string? overrideFolder = null)
    {
        var overrides = overrideFolder is null ? [] : Overrides(overrideFolder);
        return new PromptLibrary(Enum.GetValues<PromptName>().ToDictionary(name => name, name => overrides.TryGetValue(FileName(name), out var path)
            ? PromptTemplate.Parse(Read(path), path)
            : PromptTemplate.Parse(Shipped(FileName(name)), $"prompts/{FileName(name)}")));
    }

    /// <summary>The file name of a prompt, such as <c>zero-shot.yaml</c>.</summary>
    /// <param name="name">The prompt.</param>
    public static string FileName(PromptName name) => name switch
    {
        PromptName.ZeroShot => "zero-shot.yaml",
        PromptName.ManyShot => "many-shot.yaml",
        PromptName.Rag => "rag.yaml",
        PromptName.Drag => "drag.yaml",
        PromptName.IterDragStep => "iterdrag-step.yaml",
        PromptName.IterDragFinal => "iterdrag-final.yaml",
        PromptName.ChainOfThought => "cot.yaml",
        PromptName.Sufficiency => "sufficiency.yaml",
        PromptName.Decompose => "decompose.yaml",
        PromptName.Rerank => "rerank.yaml",
        PromptName.DecomposeParallel => "decompose-parallel.yaml",
        PromptName.Keywords => "keywords.yaml",
        PromptName.KeywordNote => "keyword-note.yaml",
        PromptName.MultiQuery => "multi-query.yaml",
        PromptName.Standalone => "standalone.yaml",
        PromptName.Classify => "classify.yaml",
        PromptName.Quality => "quality.yaml",
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "There is no such prompt."),
    };

    /// <summary>Finds a prompt.</summary>
    /// <param name="name">The prompt.</param>
    public PromptTemplate Get(PromptName name) => _templates[name];

    private static Dictionary<string, string> Overrides(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new AgentRagException($"The prompt folder '{folder}' does not exist: create it, or leave --prompts out.");
        }

        var known = Enum.GetValues<PromptName>().Select(FileName).ToHashSet(StringComparer.Ordinal);
        var files = Directory.EnumerateFiles(folder, "*.yaml").ToDictionary(path => Path.GetFileName(path), path => path, StringComparer.Ordinal);
        // A misspelt name would silently leave the shipped prompt in place.
        return files.Keys.FirstOrDefault(name => !known.Contains(name)) is { } stranger
            ? throw new AgentRagException($"{files[stranger]}: no prompt has this file name; the names are {string.Join(", ", known)}.")
            : files;
    }

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"{path}: the prompt cannot be read: {e.Message}", e);
        }
    }

    private static string Shipped(string fileName)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"prompts/{fileName}")
            ?? throw new InvalidOperationException($"The assembly lacks its prompt {fileName}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
