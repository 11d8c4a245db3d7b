using AgentRag.Prompting;
using Xunit;

namespace AgentRag.Tests.Prompting;

public sealed class PromptLibraryTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("agentrag-prompts").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Every_prompt_ships_and_compiles()
    {
        foreach (var name in Enum.GetValues<PromptName>())
        {
            Assert.Equal(64, PromptLibrary.Default.Get(name).ContentHash.Length);
        }
    }

    [Fact]
    public void A_file_of_the_same_name_replaces_a_prompt_and_leaves_the_others()
    {
        Write("zero-shot.yaml", Yaml("Q: {{question}}", "Be short."));
        var library = PromptLibrary.Load(_folder);

        Assert.Equal("Q: Who?", library.Get(PromptName.ZeroShot).Render(new PromptContent { Question = "Who?" }, new Fakes.WordCounter()).User);
        Assert.Equal(PromptLibrary.Default.Get(PromptName.Rag).ContentHash, library.Get(PromptName.Rag).ContentHash);
    }

    [Fact]
    public void An_unknown_name_is_reported_with_file_and_line()
    {
        var path = Write("rag.yaml", Yaml("{{#each passages}}\n  {{text}} {{colour}}\n  {{/each}}", "x"));
        Assert.Equal(
            $"{path}:5: unknown name 'colour' in template; a template can use question, question_above, demonstrations, passages, steps, pending, max_sub_queries, language, history, temperature, refusal and what these hold.",
            Assert.Throws<AgentRagException>(() => PromptLibrary.Load(_folder)).Message);
    }

    [Theory]
    [InlineData("{{#unless passages}}{{oops}}{{/unless}}", "oops")] // a branch that only an empty prompt takes
    [InlineData("{{prefixes}}", "prefixes")] // only a request to mend a reply has them
    public void A_name_in_a_rare_branch_is_found_when_the_file_is_loaded(string template, string name)
    {
        Write("rag.yaml", Yaml(template, "x"));
        Assert.Contains($"unknown name '{name}'", Assert.Throws<AgentRagException>(() => PromptLibrary.Load(_folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unclosed_block_is_reported_with_file_and_line()
    {
        var path = Write("rag.yaml", Yaml("{{#each passages}}", "x"));
        Assert.StartsWith($"{path}:4: template is no valid Handlebars template: ", Assert.Throws<AgentRagException>(() => PromptLibrary.Load(_folder)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("name: x\nagentrag: 1\n", ":2: unknown key 'agentrag'; own settings belong under execution_settings.default.")]
    [InlineData("name: x\n", ":1: no 'template'; a prompt needs one for the user role.")]
    [InlineData("name: x\ntemplate: y\n", ":1: no 'execution_settings.default'; the system role stands there as agentrag_system.")]
    [InlineData("template: y\nexecution_settings:\n  default:\n    max_tokens: 5\n", ":4: no 'agentrag_system'; a prompt needs one for the system role.")]
    [InlineData("template: y\nexecution_settings:\n  default:\n    agentrag_system: z\n    max_tokens: many\n", ":5: max_tokens is 'many', must be a number in [1, 1000000].")]
    [InlineData("template_format: liquid\ntemplate: y\n", ":1: template_format is 'liquid', must be handlebars.")]
    [InlineData("- a\n", ":1: not a prompt; a prompt file is one YAML mapping with name, template and execution_settings.")]
    public void A_broken_file_is_reported_with_its_line(string yaml, string expected)
    {
        var path = Write("drag.yaml", yaml);
        Assert.Equal(path + expected, Assert.Throws<AgentRagException>(() => PromptLibrary.Load(_folder)).Message);
    }

    [Fact]
    public void Broken_yaml_is_reported_with_its_line()
    {
        var path = Write("drag.yaml", "name: x\ntemplate: 'open\n");
        Assert.StartsWith($"{path}:2: not valid YAML: ", Assert.Throws<AgentRagException>(() => PromptLibrary.Load(_folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_misspelt_file_name_is_an_error()
    {
        var path = Write("rags.yaml", Yaml("x", "y"));
        Assert.Equal(
            $"{path}: no prompt has this file name; the names are zero-shot.yaml, many-shot.yaml, rag.yaml, drag.yaml, iterdrag-step.yaml, iterdrag-final.yaml, cot.yaml, sufficiency.yaml, decompose.yaml, rerank.yaml, decompose-parallel.yaml, keywords.yaml, keyword-note.yaml, multi-query.yaml, standalone.yaml, classify.yaml, quality.yaml.",
            Assert.Throws<AgentRagException>(() => PromptLibrary.Load(_folder)).Message);
    }

    [Fact]
    public void A_missing_folder_is_an_error() => Assert.Equal(
        "The prompt folder '/no/such/folder' does not exist: create it, or leave --prompts out.",
        Assert.Throws<AgentRagException>(() => PromptLibrary.Load("/no/such/folder")).Message);

    private static string Yaml(string template, string system) =>
        $"name: x\ntemplate_format: handlebars\ntemplate: |\n  {template}\nexecution_settings:\n  default:\n    agentrag_system: {system}\n";

    private string Write(string name, string yaml)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, yaml);
        return path;
    }
}
