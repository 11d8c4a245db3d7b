using System.Text.Json;
using AgentRag.Caching;
using AgentRag.Demonstrations;
using AgentRag.Tokens;

namespace AgentRag.Prompting;

/// <summary>Demonstrations as one prompt shows them, with what each adds to its size.</summary>
/// <remarks>Safe for concurrent use.</remarks>
/// <param name="template">The prompt.</param>
/// <param name="counter">Counts tokens.</param>
public sealed class RenderedDemonstrations(PromptTemplate template, ITokenCounter counter)
{
    // Raised when the same content is rendered otherwise by the same template.
    private const string RenderingVersion = "1";

    private static readonly PromptContent Bare = new() { Question = "?" };

    private readonly Lazy<RenderedPrompt> _without = new(() => template.Render(Bare, counter));

    /// <summary>Renders one demonstration.</summary>
    /// <param name="example">The demonstration with its passages.</param>
    /// <returns>What the prompt's user role holds more with it than without, as the first of its examples.</returns>
    public RenderedDemonstration Of(PreparedDemonstration example)
    {
        ArgumentNullException.ThrowIfNull(example);
        var (without, with) = (_without.Value, template.Render(Bare with { Demonstrations = [example] }, counter));
        var behind = CommonBeginning(Reversed(without.User), Reversed(with.User));
        var before = CommonBeginning(without.User[..^behind], with.User);
        return new RenderedDemonstration(with.User[before..^behind].Trim(), with.TokenCount - without.TokenCount);
    }

    /// <summary>Renders one demonstration, or finds it as it was rendered before.</summary>
    /// <param name="example">The demonstration with its passages.</param>
    /// <param name="cache">Keeps what was rendered, by content, token counter and hash of the template.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public Task<RenderedDemonstration> OfAsync(PreparedDemonstration example, ResultCache cache, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(example);
        ArgumentNullException.ThrowIfNull(cache);
        var shown = example.Demonstration;
        var key = CacheKey.Of(
            "demonstration",
            RenderingVersion,
            template.ContentHash,
            counter.Name,
            JsonSerializer.Serialize(new { shown.Question, shown.Answer, shown.Steps, example.Passages }));
        return cache.GetOrCreateAsync(key, _ => Task.FromResult(Of(example)), JsonSerializerOptions.Web, cancellationToken);
    }

    private static string Reversed(string text) => string.Concat(text.Reverse());

    private static int CommonBeginning(string one, string other) => one.AsSpan().CommonPrefixLength(other);
}

/// <summary>A demonstration as a prompt shows it.</summary>
/// <param name="Text">Its text, line ends outside of it left out.</param>
/// <param name="TokenCount">Model tokens that it adds to the prompt.</param>
public sealed record RenderedDemonstration(string Text, int TokenCount);
