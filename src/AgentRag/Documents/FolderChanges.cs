namespace AgentRag.Documents;

/// <summary>Changes below watched folders that belong together.</summary>
/// <param name="Paths">Files and folders that were written, made, renamed or removed, in ordinal order. Whether their text differs is for the index to find out.</param>
/// <param name="MayHaveMore">Whether the system lost some notifications, so that other files may have changed too.</param>
public sealed record FolderChanges(IReadOnlyList<string> Paths, bool MayHaveMore);
