using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AgentRag.Tokens;

namespace AgentRag.Prompting;

/// <summary>One prompt: a Handlebars template per role and the settings of its request.</summary>
/// <remarks>
/// The file is a Semantic Kernel prompt file: <c>template</c> is the user role; what Semantic Kernel does not know stands under
/// <c>execution_settings.default</c>, where it is kept and ignored. Safe for concurrent use.
/// </remarks>
public sealed class PromptTemplate
{
    private readonly Func<object, string> _system;
    private readonly Func<object, string> _user;
    private readonly Func<object, string>? _repair;

    private readonly string? _refusal;

    private PromptTemplate(PromptFile file)
    {
        (Temperature, _refusal) = (file.Temperature, file.Assistant?.GetValueOrDefault("refusal"));
        _system = PromptTemplateCompiler.Compile(file, file.System, PromptModel.Samples().Select(WithOwn));
        _user = PromptTemplateCompiler.Compile(file, file.Template, PromptModel.Samples().Select(WithOwn));
        _repair = file.Repair is null ? null : PromptTemplateCompiler.Compile(file, file.Repair, PromptModel.RepairSamples());
        MaxAnswerTokens = file.MaxTokens;
        StopSequences = file.StopSequences;
        ContentHash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(file.Text)));
        Source = file.Path;
    }

    /// <summary>The file the prompt came from; <c>prompts/NAME.yaml</c> for one that ships with AgentRag.</summary>
    public string Source { get; }

    /// <summary>SHA-256 of the file, hexadecimal: what a report records.</summary>
    public string ContentHash { get; }

    /// <summary>Output tokens the reply may have, ≥ 1; null for all that the budget reserves.</summary>
    public int? MaxAnswerTokens { get; }

    /// <summary>Sampling temperature, ≥ 0.</summary>
    public float Temperature { get; }

    /// <summary>Texts that end the reply; length ≥ 0.</summary>
    public IReadOnlyList<string> StopSequences { get; }

    /// <summary>Reads a prompt.</summary>
    /// <param name="yaml">The file's text.</param>
    /// <param name="path">The file's path, for messages.</param>
    /// <exception cref="AgentRagException">The file is no prompt: the message names file, line and what is wrong.</exception>
    public static PromptTemplate Parse(string yaml, string path) => new(PromptFile.Parse(yaml, path));

    /// <summary>Renders the prompt. Texts of passages, titles, questions and answers are made harmless on the way.</summary>
    /// <param name="content">What goes in.</param>
    /// <param name="counter">Counts its tokens.</param>
    public RenderedPrompt Render(PromptContent content, ITokenCounter counter)
    {
        ArgumentNullException.ThrowIfNull(content);
        ArgumentNullException.ThrowIfNull(counter);
        var model = WithOwn(PromptModel.From(content));
        var (system, user) = (_system(model).Trim(), _user(model).Trim());
        return new RenderedPrompt(system, user, RenderedPrompt.CountTokens(counter, system, user));
    }

    // What a template may say about itself.
    private Dictionary<string, object?> WithOwn(Dictionary<string, object?> model)
    {
        model["temperature"] = Temperature.ToString("0.0#", CultureInfo.InvariantCulture);
        model["refusal"] = _refusal;
        return model;
    }

    /// <summary>Renders the request to mend a reply that was no line of the asked form.</summary>
    /// <param name="prefixes">The prefixes that a line may start with; length ≥ 1.</param>
    /// <returns>The text of a further user message; null when this prompt has none.</returns>
    public string? RenderRepair(IReadOnlyList<string> prefixes) =>
        _repair?.Invoke(PromptModel.Repair(prefixes)).Trim();
}
