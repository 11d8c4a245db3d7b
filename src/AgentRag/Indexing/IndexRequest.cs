using AgentRag.Documents;

namespace AgentRag.Indexing;

/// <summary>What to index, and where.</summary>
public sealed record IndexRequest
{
    /// <summary>Where the index lies when nothing else is said.</summary>
    public const string DefaultDirectory = ".agentrag";

    /// <summary>Folders and files to index, beside what the index holds already; empty to bring all of that up to date.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];

    /// <summary>The folder that holds the index. Default <c>.agentrag</c>.</summary>
    public string IndexDirectory { get; init; } = DefaultDirectory;

    /// <summary>Which files below folders are read. Not stored with the index: give the same with every run, else files come and go.</summary>
    public DocumentFolderOptions Folder { get; init; } = new();

    /// <summary>How documents are cut; null for what the index was written with, in a new index the defaults.</summary>
    public PassageSplitterOptions? Splitter { get; init; }

    /// <summary>How text becomes terms; null for what the index was written with, in a new index <see cref="AnalyzerOptions.English"/>.</summary>
    public AnalyzerOptions? Analyzer { get; init; }

    /// <summary>Whether to read everything again and write the index anew, whatever it was written with. Default false.</summary>
    public bool Force { get; init; }

    /// <summary>
    /// Whether the run also makes the links between the passages that linked retrieval follows, and commits both in one step. Default false: they can be made
    /// later by <see cref="LinksIndex.Update"/>.
    /// </summary>
    public bool WithLinks { get; init; }

    /// <summary>Whether the run ends with merging segments. Default true; false for a caller that calls <see cref="Indexer.MergeAsync"/> when it suits.</summary>
    public bool Merge { get; init; } = true;
}

/// <summary>How far a run is.</summary>
/// <param name="FilesDone">Files looked at.</param>
/// <param name="FilesTotal">Files to look at.</param>
/// <param name="Documents">Documents of the new index so far.</param>
/// <param name="Passages">Passages of the new index so far.</param>
/// <param name="Path">The file at hand; empty at the end.</param>
public sealed record IndexProgress(int FilesDone, int FilesTotal, int Documents, int Passages, string Path);

/// <summary>What a run has done.</summary>
public sealed record IndexResult
{
    /// <summary>Documents in the index.</summary>
    public required int Documents { get; init; }

    /// <summary>Passages in the index.</summary>
    public required int Passages { get; init; }

    /// <summary>Model tokens of all passages.</summary>
    public required long Tokens { get; init; }

    /// <summary>Files that were not in the index before.</summary>
    public required int AddedFiles { get; init; }

    /// <summary>Files whose content, or the id that it gives their document, had changed.</summary>
    public required int ChangedFiles { get; init; }

    /// <summary>Files that are as they were; also those that were read again since others had taken or given back ids of their documents.</summary>
    public required int UnchangedFiles { get; init; }

    /// <summary>Files whose documents were removed, because they are gone or cannot be read any more.</summary>
    public required int RemovedFiles { get; init; }

    /// <summary>What was not read, and why.</summary>
    public required IReadOnlyList<SkippedFile> Skipped { get; init; }

    /// <summary>Files of kinds that are not read.</summary>
    public required int UnknownFiles { get; init; }

    /// <summary>Files that patterns or .gitignore files left out one by one.</summary>
    public required int IgnoredFiles { get; init; }

    /// <summary>Folders that patterns or .gitignore files left out as a whole: what is in them is not looked at, so it is not counted.</summary>
    public required int IgnoredFolders { get; init; }

    /// <summary>Bytes of the index on disk, with its links and vectors.</summary>
    public required long BytesOnDisk { get; init; }

    /// <summary>The folders and files that the index holds.</summary>
    public required IReadOnlyList<string> Roots { get; init; }
}
