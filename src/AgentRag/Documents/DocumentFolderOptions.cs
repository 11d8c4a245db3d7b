namespace AgentRag.Documents;

/// <summary>Which of the files below a folder are read. A file that is itself given as a root is always read.</summary>
public sealed record DocumentFolderOptions
{
    /// <summary>
    /// Patterns for paths below the root, as in .gitignore: <c>**/*.md</c> reads only what matches, <c>!drafts/**</c> leaves out. With several that
    /// include, one has to match; of those that exclude, none may. Default none: everything is read.
    /// </summary>
    public IReadOnlyList<string> Patterns { get; init; } = [];

    /// <summary>
    /// Whether what .gitignore files leave out is left out. Default true: build output and installed packages are no documents. Files above a root count
    /// up to the folder that holds <c>.git</c>.
    /// </summary>
    public bool RespectGitIgnore { get; init; } = true;

    /// <summary>Returns these options if they are consistent.</summary>
    /// <exception cref="AgentRagException">A pattern cannot be read.</exception>
    public DocumentFolderOptions Validated()
    {
        foreach (var text in Patterns)
        {
            try
            {
                if (GlobPattern.Parse(text) is null)
                {
                    throw new AgentRagException($"Pattern '{text}' is blank or a comment: give one like **/*.md or !drafts/**.");
                }
            }
            catch (ArgumentException exception)
            {
                throw new AgentRagException($"Pattern '{text}' cannot be read: {exception.Message}", exception);
            }
        }

        return this;
    }
}
