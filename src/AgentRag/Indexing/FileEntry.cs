using AgentRag.Documents;

namespace AgentRag.Indexing;

/// <summary>A file as it was when it was read, or the part of it whose documents are in one segment.</summary>
/// <param name="FullPath">Absolute path, links resolved.</param>
/// <param name="Root">The root it was found below.</param>
/// <param name="Id">The id chosen for it; empty when its rows bring their own.</param>
/// <param name="Sha256">Hash of its bytes, hexadecimal; empty in all parts but one, in all when it must be read again in any case.</param>
/// <param name="Documents">How many documents of the segment are its; files and documents stand in the same order.</param>
/// <param name="Skipped">What of it was not read, repeated in every run's report.</param>
internal sealed record FileEntry(string FullPath, string Root, string Id, string Sha256, int Documents, IReadOnlyList<SkippedFile> Skipped)
{
    /// <summary>Files that hold ids which rows of this one have too: when one of them changes, these rows may come to count, so this file is read again.</summary>
    public IReadOnlyList<string> IdHolders { get; init; } = [];
}
