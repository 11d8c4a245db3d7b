using System.Text;
using AgentRag.Documents;

namespace AgentRag.Indexing;

/// <summary>The content of an index in memory: documents, passages, terms and postings as columns. Never changed once made.</summary>
internal sealed class IndexSegment
{
    public required StringTable DocumentIds { get; init; }

    public required StringTable DocumentTitles { get; init; }

    public required StringTable DocumentSources { get; init; }

    /// <summary>The distinct heading paths, each as its titles joined by line feeds.</summary>
    public required StringTable HeadingPaths { get; init; }

    public required StringTable PassageIds { get; init; }

    public required StringTable PassageTexts { get; init; }

    public required int[] PassageDocuments { get; init; }

    public required int[] PassageHeadingPaths { get; init; }

    public required int[] PassageStarts { get; init; }

    public required int[] PassageEnds { get; init; }

    /// <summary>Model tokens of each passage.</summary>
    public required int[] PassageTokens { get; init; }

    /// <summary>Index terms of each passage, with those of title and headings: BM25's length.</summary>
    public required int[] PassageTerms { get; init; }

    /// <summary>The distinct terms, sorted by their bytes.</summary>
    public required StringTable Terms { get; init; }

    /// <summary>Where each term's postings end; they begin where the term before ends.</summary>
    public required int[] PostingEnds { get; init; }

    /// <summary>Per posting, the passage: ascending within a term.</summary>
    public required int[] PostingPassages { get; init; }

    /// <summary>Per posting, how often the term occurs in the passage, ≥ 1.</summary>
    public required int[] PostingFrequencies { get; init; }

    /// <summary>The files the documents came from; empty for an index made in memory.</summary>
    public required IReadOnlyList<FileEntry> Files { get; init; }

    public int PassageCount => PassageDocuments.Length;

    public int DocumentCount => DocumentIds.Count;

    /// <summary>Finds the postings of a term.</summary>
    public (int Start, int End) Postings(string term)
    {
        var index = Terms.BinarySearch(Encoding.UTF8.GetBytes(term));
        return index < 0 ? (0, 0) : (index == 0 ? 0 : PostingEnds[index - 1], PostingEnds[index]);
    }

    public Passage Passage(int index)
    {
        var (document, text) = (PassageDocuments[index], PassageTexts[index]);
        var path = HeadingPaths[PassageHeadingPaths[index]];
        return new Passage
        {
            Id = PassageIds[index],
            DocumentId = DocumentIds[document],
            Title = DocumentTitles[document],
            HeadingPath = path.Length == 0 ? [] : path.Split('\n'),
            Source = DocumentSources[document],
            Start = PassageStarts[index],
            End = PassageEnds[index],
            Text = text,
            ContentHash = PassageSplitter.ContentHash(text),
            TokenCount = PassageTokens[index],
        };
    }
}

/// <summary>A file as it was when it was read.</summary>
/// <param name="FullPath">Absolute path, links resolved.</param>
/// <param name="Root">The root it was found below.</param>
/// <param name="Id">The id chosen for it; empty when its rows bring their own.</param>
/// <param name="Sha256">Hash of its bytes, hexadecimal; empty when it must be read again in any case.</param>
/// <param name="Documents">How many documents of the segment are its; files and documents stand in the same order.</param>
/// <param name="Skipped">What of it was not read, repeated in every run's report.</param>
internal sealed record FileEntry(string FullPath, string Root, string Id, string Sha256, int Documents, IReadOnlyList<SkippedFile> Skipped);
