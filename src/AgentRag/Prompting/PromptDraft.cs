using AgentRag.Tokens;

namespace AgentRag.Prompting;

/// <summary>A prompt that is planned and counted, but not yet put together.</summary>
internal sealed class PromptDraft
{
    private readonly Func<RenderedPrompt> _render;

    public PromptDraft(int tokenCount, IReadOnlyDictionary<PromptItem, int>? costs, Func<RenderedPrompt> render) =>
        (TokenCount, Costs, _render) = (tokenCount, costs, render);

    /// <summary>Input tokens of the request: exactly those of the rendered prompt.</summary>
    public int TokenCount { get; }

    /// <summary>About how many tokens less the prompt has without an item; null when only the whole can be counted.</summary>
    public IReadOnlyDictionary<PromptItem, int>? Costs { get; }

    public RenderedPrompt Render() => _render();

    /// <summary>Makes a draft out of a rendered prompt.</summary>
    public static PromptDraft Of(string system, string user, ITokenCounter counter)
    {
        var tokens = RenderedPrompt.CountTokens(counter, system, user);
        return new PromptDraft(tokens, costs: null, () => new RenderedPrompt(system, user, tokens));
    }
}
