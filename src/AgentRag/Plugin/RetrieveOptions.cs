namespace AgentRag.Plugin;

/// <summary>How <c>retrieve</c> presents what it finds.</summary>
public sealed record RetrieveOptions
{
    /// <summary>Most tokens of the result as JSON. Default 8,000: below what makes clients warn.</summary>
    public int MaxTokens { get; init; } = PluginTools.DefaultResultTokens;

    /// <summary>Whether passages come as snippets around the query's words instead of whole. Default false.</summary>
    public bool Concise { get; init; }

    /// <summary>A path: only sources below it are searched. Default: everywhere.</summary>
    public string Scope { get; init; } = "";

    /// <summary>Where the page begins: <see cref="RetrieveResult.NextCursor"/> of the page before. Default: the best passage.</summary>
    public string Cursor { get; init; } = "";
}
