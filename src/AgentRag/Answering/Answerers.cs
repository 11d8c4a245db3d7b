namespace AgentRag.Answering;

/// <summary>The strategies by name.</summary>
public static class Answerers
{
    /// <summary>The names, simplest first.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        ZeroShotAnswerer.Name, ManyShotAnswerer.Name, RagAnswerer.Name, ChainOfThoughtAnswerer.Name, DragAnswerer.Name, DecomposeParallelAnswerer.Name,
        KeywordExpansionAnswerer.Name, IterDragAnswerer.Name,
    ];

    /// <summary>Whether n means something to a strategy: those of one pass take n = 1 alone.</summary>
    /// <param name="strategy">The strategy's name.</param>
    public static bool UsesIterations(string strategy) => strategy is not (ZeroShotAnswerer.Name or ManyShotAnswerer.Name or RagAnswerer.Name or DragAnswerer.Name);

    /// <summary>Makes the answerer of a strategy.</summary>
    /// <param name="strategy">One of <see cref="Names"/>.</param>
    /// <param name="context">What it works with.</param>
    /// <exception cref="AgentRagException">There is no such strategy.</exception>
    public static IAnswerer Create(string strategy, AnsweringContext context) => strategy switch
    {
        ZeroShotAnswerer.Name => new ZeroShotAnswerer(context),
        ManyShotAnswerer.Name => new ManyShotAnswerer(context),
        RagAnswerer.Name => new RagAnswerer(context),
        ChainOfThoughtAnswerer.Name => new ChainOfThoughtAnswerer(context),
        DragAnswerer.Name => new DragAnswerer(context),
        DecomposeParallelAnswerer.Name => new DecomposeParallelAnswerer(context),
        KeywordExpansionAnswerer.Name => new KeywordExpansionAnswerer(context),
        IterDragAnswerer.Name => new IterDragAnswerer(context),
        _ => throw new AgentRagException($"There is no strategy '{strategy}': use one of {string.Join(", ", Names)}."),
    };
}
