using AgentRag.Answering;

namespace AgentRag.Allocation.Routing;

/// <summary>All strategies by name: those that answer, and those that choose among them.</summary>
public static class Strategies
{
    /// <summary>The names, simplest first.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Answerers.Names, RoutedAnswerer.Name, EscalatingAnswerer.Name];

    /// <summary>Makes the answerer of a strategy.</summary>
    /// <param name="strategy">One of <see cref="Names"/>.</param>
    /// <param name="context">What it works with.</param>
    /// <param name="options">Sizes and judges for the strategies that choose; null for the defaults.</param>
    /// <exception cref="AgentRagException">There is no such strategy.</exception>
    public static IAnswerer Create(string strategy, AnsweringContext context, RoutingOptions? options = null) => strategy switch
    {
        RoutedAnswerer.Name => new RoutedAnswerer(context, (options ?? new RoutingOptions()).Validated()),
        EscalatingAnswerer.Name => new EscalatingAnswerer(context, (options ?? new RoutingOptions()).Validated()),
        _ when Answerers.Names.Contains(strategy, StringComparer.Ordinal) => Answerers.Create(strategy, context),
        _ => throw new AgentRagException($"There is no strategy '{strategy}': use one of {string.Join(", ", Names)}."),
    };

    /// <summary>A strategy that works on a run begun by another.</summary>
    internal static IStrategy Inner(string strategy, AnsweringContext context) => (IStrategy)Answerers.Create(strategy, context);
}
