namespace AgentRag.Documents;

/// <summary>Limits for reading files: what lies beyond them is reported and skipped, so that one hostile file cannot stop a run.</summary>
public sealed record DocumentReaderOptions
{
    /// <summary>
    /// Largest file, and largest row of a .jsonl file, in bytes. Default 64 MiB: such a file is held in memory, a .jsonl data set is not.
    /// </summary>
    public long MaxFileBytes { get; init; } = 64L << 20;

    /// <summary>Longest line of a text, Markdown, code or .csv file, in characters. Default 4 Mi: prose with a paragraph per line is far below.</summary>
    public int MaxLineLength { get; init; } = 4 << 20;

    /// <summary>Most rows that are read of a .csv or .tsv file. Default 1,000,000.</summary>
    public int MaxRows { get; init; } = 1_000_000;

    /// <summary>Most pages that are read of a .pdf file. Default 5,000.</summary>
    public int MaxPages { get; init; } = 5_000;

    /// <summary>Most bytes that a packed file (.docx, .epub, .pdf) may unpack to. Default 256 MiB.</summary>
    public long MaxUnpackedBytes { get; init; } = 256L << 20;

    /// <summary>How many times its packed size a part of a .docx or .epub may take, once it is over 1 MiB. Default 200: XML packs 10 to 50 times.</summary>
    public int MaxUnpackedRatio { get; init; } = 200;

    /// <summary>Most entries of a .docx or .epub file. Default 10,000.</summary>
    public int MaxPackedEntries { get; init; } = 10_000;

    /// <summary>Deepest nesting of elements in a .docx file, of PDF objects, and (at most 32) of parts in a mail. Default 256.</summary>
    public int MaxNesting { get; init; } = 256;

    /// <summary>Deepest nesting of HTML elements. Default 500: long threads of mail nest some hundreds; from 512 on the parser flattens, which takes it minutes for hostile files.</summary>
    public int MaxHtmlNesting { get; init; } = 500;

    /// <summary>Most time until a file gives its document. Default 60 seconds. Rows of a .jsonl file are not timed: their size is the limit.</summary>
    public TimeSpan MaxReadTime { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Returns these options if they are consistent.</summary>
    /// <exception cref="AgentRagException">Some value is out of range; the message names all of them.</exception>
    public DocumentReaderOptions Validated()
    {
        List<string> problems = [];
        Require(MaxFileBytes is >= 1 and <= 1L << 29, $"MaxFileBytes is {MaxFileBytes}, must be in [1, {1L << 29}]");
        Require(MaxUnpackedBytes is >= 1 and <= 1L << 30, $"MaxUnpackedBytes is {MaxUnpackedBytes}, must be in [1, {1L << 30}]");
        RequirePositive(MaxLineLength, nameof(MaxLineLength));
        RequirePositive(MaxRows, nameof(MaxRows));
        RequirePositive(MaxPages, nameof(MaxPages));
        RequirePositive(MaxUnpackedRatio, nameof(MaxUnpackedRatio));
        RequirePositive(MaxPackedEntries, nameof(MaxPackedEntries));
        RequirePositive(MaxNesting, nameof(MaxNesting));
        RequirePositive(MaxHtmlNesting, nameof(MaxHtmlNesting));
        Require(
            MaxReadTime > TimeSpan.Zero && MaxReadTime <= TimeSpan.FromDays(1),
            $"MaxReadTime is {MaxReadTime}, must be more than 0 and at most one day");
        return problems.Count == 0 ? this : throw new AgentRagException($"Document reader: {string.Join("; ", problems)}.");

        void RequirePositive(int value, string name) => Require(value >= 1, $"{name} is {value}, must be at least 1");

        void Require(bool holds, string problem) => problems.AddRange(holds ? [] : [problem]);
    }
}
