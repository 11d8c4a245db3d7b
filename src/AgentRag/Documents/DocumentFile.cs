namespace AgentRag.Documents;

/// <summary>A file that a run is going to read.</summary>
/// <param name="FullPath">Absolute path, links resolved.</param>
/// <param name="Root">The root it was found below: absolute path of a folder, or of the file itself.</param>
/// <param name="RelativePath">Path below the root with <c>/</c>; for a root that is a file, the file's name.</param>
public sealed record DocumentFile(string FullPath, string Root, string RelativePath)
{
    /// <summary>Id for the file's document; rows of a data set bring their own. Empty until <see cref="DocumentIds.Assign"/> has chosen it.</summary>
    public string Id { get; init; } = "";

    /// <summary>How passages name the file: the root folder's name and the path below it, with <c>/</c>. Short, since it stands in prompts.</summary>
    public string Source => string.Equals(Root, FullPath, StringComparison.Ordinal) ? RelativePath : $"{RootName}/{RelativePath}";

    /// <summary>The last part of the root's path.</summary>
    public string RootName => Path.GetFileName(Path.TrimEndingDirectorySeparator(Root));
}
