using AgentRag.Indexing.Segments;

namespace AgentRag.Indexing;

/// <summary>A file as an index holds it: large ones are spread over several segments.</summary>
/// <param name="Entry">What is known about it as a whole.</param>
/// <param name="Parts">Where its documents are.</param>
internal sealed record IndexedFile(FileEntry Entry, IReadOnlyList<FilePart> Parts)
{
    /// <summary>Lists the files of an index that are not deleted.</summary>
    public static Dictionary<string, IndexedFile> ListAll(IReadOnlyList<LiveSegment> segments)
    {
        Dictionary<string, IndexedFile> files = new(StringComparer.Ordinal);
        for (var segment = 0; segment < segments.Count; segment++)
        {
            var (entries, deletions) = (segments[segment].Segment.Files(), segments[segment].Deletions);
            for (var (file, document) = (0, 0); file < entries.Length; document += entries[file++].Documents)
            {
                if (deletions is not null && SegmentDeletions.IsMarked(deletions.Files, file))
                {
                    continue;
                }

                var (entry, part) = (entries[file], new FilePart(segment, file, document, entries[file].Documents));
                files[entry.FullPath] = !files.TryGetValue(entry.FullPath, out var known)
                    ? new(entry, [part])
                    : new(
                        entry with
                        {
                            Sha256 = known.Entry.Sha256 + entry.Sha256,
                            Documents = known.Entry.Documents + entry.Documents,
                            Skipped = [.. known.Entry.Skipped, .. entry.Skipped],
                            IdHolders = [.. known.Entry.IdHolders, .. entry.IdHolders],
                        },
                        [.. known.Parts, part]);
            }
        }

        return files;
    }
}

/// <summary>The documents of a file that are in one segment.</summary>
/// <param name="Segment">Number of the segment.</param>
/// <param name="File">Number of the file there.</param>
/// <param name="FirstDocument">Number of the first document there.</param>
/// <param name="Documents">How many.</param>
internal sealed record FilePart(int Segment, int File, int FirstDocument, int Documents);
