using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AgentRag.Tokens;
using AgentRag.Tokens.Calibration;

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
    private readonly PromptProgram? _systemProgram;
    private readonly PromptProgram? _userProgram;
    private readonly Func<object, string>? _repair;
    private readonly string? _refusal;

    private PromptTemplate(PromptFile file)
    {
        (Temperature, _refusal) = (file.Temperature, file.Assistant?.GetValueOrDefault("refusal"));
        var samples = PromptModel.Samples().Select(WithOwn).ToList();
        _system = PromptTemplateCompiler.Compile(file, file.System, samples);
        _user = PromptTemplateCompiler.Compile(file, file.Template, samples);
        _systemProgram = PromptTemplateCompiler.Program(file.System, samples, _system);
        _userProgram = PromptTemplateCompiler.Program(file.Template, samples, _user);
        _repair = file.Repair is null ? null : PromptTemplateCompiler.Compile(file, file.Repair, PromptModel.RepairSamples());
        TakesQuestionAbove = file.Template.Text.Contains("question_above", StringComparison.Ordinal);
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

    /// <summary>Whether the template can show the question above the passages (<see cref="QuestionPlace.Above"/>): it uses <c>question_above</c>.</summary>
    public bool TakesQuestionAbove { get; }

    /// <summary>Whether prompts are planned part by part; false for a template that only the Handlebars engine can render.</summary>
    internal bool IsRenderedInParts => _systemProgram is not null && _userProgram is not null;

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
        return Draft(content, counter).Render();
    }

    /// <summary>Counts the input tokens of a prompt, without putting it together where that can be helped.</summary>
    /// <param name="content">What goes in.</param>
    /// <param name="counter">Counts its tokens.</param>
    public int CountTokens(PromptContent content, ITokenCounter counter)
    {
        ArgumentNullException.ThrowIfNull(content);
        ArgumentNullException.ThrowIfNull(counter);
        return Draft(content, counter).TokenCount;
    }

    /// <summary>Plans and counts a prompt.</summary>
    /// <param name="content">What goes in.</param>
    /// <param name="counter">Counts its tokens.</param>
    /// <param name="withCosts">Whether the tokens of each item are wanted, where they can be had.</param>
    internal PromptDraft Draft(PromptContent content, ITokenCounter counter, bool withCosts = false)
    {
        var model = WithOwn(PromptModel.From(content));
        counter = counter.Current();
        var corrected = counter as CalibratedTokenCounter;
        // Who counts whole requests knows more of their seams than the parts can tell.
        var pieces = counter is not IConversationTokenCounter && (corrected?.Counter ?? counter) is IPieceTokenCounter { IsPiecewise: true } piecewise ? piecewise : null;
        if (_systemProgram is null || _userProgram is null)
        {
            return PromptDraft.Of(_system(model).Trim(), _user(model).Trim(), counter);
        }

        var systemText = new TextSink();
        _systemProgram.Run(model, systemText);
        var system = systemText.ToString().Trim();
        var user = new PromptParts(pieces);
        _userProgram.Run(model, user);
        user.Trimmed();
        if (pieces is null)
        {
            var (text, boundaries) = user.ToText();
            var all = RenderedPrompt.CountTokens(counter, system, text);
            return new PromptDraft(all, costs: null, () => new RenderedPrompt(system, text, all) { CacheBoundaries = boundaries });
        }

        var costs = withCosts ? new Dictionary<PromptItem, int>() : null;
        var counted = user.Count(costs);
        var tokens = counter.ChatTemplate.Of(messages: 2) + counter.Count(system) + (corrected?.Corrected(counted) ?? counted);
        if (costs is not null && corrected is not null)
        {
            costs = costs.ToDictionary(cost => cost.Key, cost => corrected.Corrected(cost.Value));
        }

        return new PromptDraft(tokens, costs, () =>
        {
            var (text, boundaries) = user.ToText();
            return new RenderedPrompt(system, text, tokens) { CacheBoundaries = boundaries };
        });
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
