namespace AgentRag.Documents;

/// <summary>Labelled questions as a data set's own file holds them, with the paragraphs that come with them.</summary>
public sealed record DataSet
{
    /// <summary>The data set's name: the benchmark's own where the format tells it, else the file's, or its folder's where the file is only called after a split.</summary>
    public required string Name { get; init; }

    /// <summary>The format that was recognised.</summary>
    public required DataSetFormat Format { get; init; }

    /// <summary>The questions in file order; length ≥ 0.</summary>
    public required IReadOnlyList<LabelledQuestion> Questions { get; init; }

    /// <summary>
    /// The paragraphs that the questions carry, each once, in the order in which they first come; empty for a format without. Their ids are those that
    /// <see cref="LabelledQuestion.Supporting"/> names.
    /// </summary>
    public IReadOnlyList<DataSetParagraph> Paragraphs { get; init; } = [];

    /// <summary>Questions that were left out, ≥ 0: MuSiQue's unanswerable ones, whose evidence is missing from their own 20 paragraphs but not from all of them.</summary>
    public int LeftOut { get; init; }
}

/// <summary>One paragraph of a data set: a document of its own.</summary>
/// <param name="Id">Unique id: the title; with <c>~</c> and eight digits of the text's hash where a title alone does not tell paragraphs apart.</param>
/// <param name="Title">The title of the page it is from.</param>
/// <param name="Text">The text.</param>
public sealed record DataSetParagraph(string Id, string Title, string Text);

/// <summary>A form in which labelled questions are published.</summary>
public enum DataSetFormat
{
    /// <summary>This project's JSON Lines: see <see cref="LabelledQuestion"/>.</summary>
    AgentRag,

    /// <summary>HotpotQA's JSON, with context and supporting facts.</summary>
    HotpotQa,

    /// <summary>2WikiMultiHopQA's JSON: HotpotQA's with evidences.</summary>
    TwoWikiMultiHopQa,

    /// <summary>MuSiQue's JSON Lines, with paragraphs and decomposition.</summary>
    MuSiQue,

    /// <summary>Bamboogle's CSV or JSON: Question and Answer.</summary>
    Bamboogle,

    /// <summary>Open-domain questions and answers, as JSON or JSON Lines: NQ-open, TriviaQA as retrieval work uses it.</summary>
    OpenQuestions,

    /// <summary>TriviaQA's own JSON, with aliases.</summary>
    TriviaQa,

    /// <summary>StrategyQA's JSON, answered by yes and no.</summary>
    StrategyQa,
}
