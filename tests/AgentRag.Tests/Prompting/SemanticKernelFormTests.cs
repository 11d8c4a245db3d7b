using AgentRag.Tests.Architecture;
using Xunit;
using YamlDotNet.Core;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace AgentRag.Tests.Prompting;

/// <summary>The shipped prompts, read as <c>KernelFunctionYaml.ToPromptTemplateConfig</c> reads them: by names with underscores, where a name that it does not know is an error.</summary>
public sealed class SemanticKernelFormTests
{
    private static readonly IDeserializer Reader = new DeserializerBuilder().WithNamingConvention(UnderscoredNamingConvention.Instance).Build();

    public static TheoryData<string> Files => [.. Directory.EnumerateFiles(Repository.PathOf("prompts"), "*.yaml", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Repository.Root, file))];

    [Theory]
    [MemberData(nameof(Files))]
    public void A_shipped_prompt_is_a_prompt_of_Semantic_Kernel(string file)
    {
        var config = Reader.Deserialize<PromptTemplateConfig>(File.ReadAllText(Repository.PathOf(file)));

        Assert.NotNull(config.Name);
        Assert.Equal("handlebars", config.TemplateFormat);
        Assert.False(string.IsNullOrWhiteSpace(config.Template));
        Assert.All(config.InputVariables, variable => Assert.False(string.IsNullOrWhiteSpace(variable.Name)));
        Assert.Equal(config.InputVariables.Count, config.InputVariables.DistinctBy(variable => variable.Name).Count());

        // What Semantic Kernel does not know it keeps with the execution settings.
        Assert.Contains("agentrag_system", config.ExecutionSettings["default"].Keys);
    }

    [Fact]
    public void A_name_that_Semantic_Kernel_does_not_know_is_seen() =>
        Assert.Throws<YamlException>(() => Reader.Deserialize<PromptTemplateConfig>("name: x\nagentrag: 1\n"));

    // The properties of Semantic Kernel's PromptTemplateConfig, InputVariable and OutputVariable that a YAML file may set.
    public sealed class PromptTemplateConfig
    {
        public string? Name { get; set; }

        public string? Description { get; set; }

        public string Template { get; set; } = "";

        public string TemplateFormat { get; set; } = "semantic-kernel";

        public IList<InputVariable> InputVariables { get; set; } = [];

        public OutputVariable? OutputVariable { get; set; }

        public IDictionary<string, IDictionary<string, object>> ExecutionSettings { get; set; } = new Dictionary<string, IDictionary<string, object>>(StringComparer.Ordinal);

        public bool AllowDangerouslySetContent { get; set; }
    }

    public sealed class InputVariable
    {
        public string Name { get; set; } = "";

        public string Description { get; set; } = "";

        public object? Default { get; set; }

        public bool IsRequired { get; set; } = true;

        public string? JsonSchema { get; set; }

        public bool AllowDangerouslySetContent { get; set; }
    }

    public sealed class OutputVariable
    {
        public string Description { get; set; } = "";

        public string? JsonSchema { get; set; }
    }
}
