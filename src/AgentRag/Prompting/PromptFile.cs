using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace AgentRag.Prompting;

/// <summary>A prompt file, taken apart and checked.</summary>
internal sealed class PromptFile
{
    // The keys that Semantic Kernel's prompt loader takes; it rejects any other, so we do too.
    private static readonly string[] TopLevelKeys =
        ["name", "description", "template", "template_format", "input_variables", "output_variable", "execution_settings", "allow_dangerously_set_content"];

    private readonly YamlMappingNode _settings;

    private PromptFile(string text, string path)
    {
        (Text, Path) = (text, path);
        var root = Root();
        foreach (var key in root.Children.Keys.Where(key => !TopLevelKeys.Contains(key.ToString(), StringComparer.Ordinal)))
        {
            throw Problem(key, $"unknown key '{key}'; own settings belong under execution_settings.default");
        }

        if (Child(root, "template_format") is { } format && format.ToString() != "handlebars")
        {
            throw Problem(format, $"template_format is '{format}', must be handlebars");
        }

        Template = TemplateOf(root, "template") ?? throw Problem(root, "no 'template'; a prompt needs one for the user role");
        _settings = Child(root, "execution_settings") is YamlMappingNode all && Child(all, "default") is YamlMappingNode settings
            ? settings
            : throw Problem(root, "no 'execution_settings.default'; the system role stands there as agentrag_system");
        System = TemplateOf(_settings, "agentrag_system") ?? throw Problem(_settings, "no 'agentrag_system'; a prompt needs one for the system role");
        Repair = TemplateOf(_settings, "agentrag_repair");
        Assistant = Child(_settings, "agentrag_assistant") switch
        {
            null => null,
            YamlMappingNode rules => rules.Children.ToDictionary(rule => rule.Key.ToString(), rule => rule.Value.ToString(), StringComparer.Ordinal),
            var other => throw Problem(other, "agentrag_assistant must be a mapping of rules"),
        };
        MaxTokens = Child(_settings, "max_tokens") is null ? null : (int)Number("max_tokens", 1, 1, 1_000_000);
        Temperature = (float)Number("temperature", 0, 0, 2);
        StopSequences = Child(_settings, "stop_sequences") switch
        {
            null => [],
            YamlSequenceNode list => [.. list.Children.Select(child => child.ToString())],
            var other => throw Problem(other, "stop_sequences must be a list of texts"),
        };
    }

    public string Text { get; }

    public string Path { get; }

    public PromptFileTemplate Template { get; }

    public PromptFileTemplate System { get; }

    public PromptFileTemplate? Repair { get; }

    /// <summary>The rules of an assistant, as they stand in the file; null for a prompt that is none.</summary>
    public IReadOnlyDictionary<string, string>? Assistant { get; }

    public int? MaxTokens { get; }

    public float Temperature { get; }

    public IReadOnlyList<string> StopSequences { get; }

    public static PromptFile Parse(string yaml, string path) => new(yaml, path);

    /// <summary>An error about the settings as a whole.</summary>
    public AgentRagException Problem(string problem) => Problem(_settings, problem);

    private static YamlNode? Child(YamlMappingNode node, string key) => node.Children.TryGetValue(new YamlScalarNode(key), out var child) ? child : null;

    private static PromptFileTemplate? TemplateOf(YamlMappingNode node, string key) => Child(node, key) is YamlScalarNode { Value: { } text } scalar
        // The text of a block scalar starts on the line below its key.
        ? new PromptFileTemplate(key, text, (int)scalar.Start.Line + (scalar.Style is ScalarStyle.Literal or ScalarStyle.Folded ? 1 : 0))
        : null;

    private YamlMappingNode Root()
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(Text));
        }
        catch (YamlException e)
        {
            throw new AgentRagException($"{Path}:{e.Start.Line}: not valid YAML: {e.Message}", e);
        }

        return stream.Documents is [{ RootNode: YamlMappingNode root }]
            ? root
            : throw new AgentRagException($"{Path}:1: not a prompt; a prompt file is one YAML mapping with name, template and execution_settings.");
    }

    private double Number(string key, double standard, double low, double high)
    {
        if (Child(_settings, key) is not { } node)
        {
            return standard;
        }

        return double.TryParse(node.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= low && value <= high
            ? value
            : throw Problem(node, $"{key} is '{node}', must be a number in [{low}, {high}]");
    }

    private AgentRagException Problem(YamlNode node, string problem) => new($"{Path}:{node.Start.Line}: {problem}.");
}

/// <summary>One template of a prompt file.</summary>
/// <param name="Key">The key it stands under.</param>
/// <param name="Text">The template.</param>
/// <param name="FirstLine">The line of the file its text starts on, from 1.</param>
internal sealed record PromptFileTemplate(string Key, string Text, int FirstLine);
