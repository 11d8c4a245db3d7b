namespace AgentRag.Indexing;

/// <summary>Turns text into index terms.</summary>
/// <remarks>
/// A term is a run of letters and digits in lower case, with the apostrophes inside it; with stemming on, a possessive 's is left out. Han characters and
/// Hiragana, which are written without spaces, are terms one by one. Linear time. Safe for concurrent use.
/// </remarks>
/// <param name="options">The steps that are taken.</param>
public sealed class Analyzer(AnalyzerOptions options)
{
    /// <summary>The steps that are taken.</summary>
    public AnalyzerOptions Options { get; } = options ?? throw new ArgumentNullException(nameof(options));

    /// <summary>Finds the terms of a text.</summary>
    /// <param name="text">Any text, also empty.</param>
    /// <returns>The terms in text order, repeated as in the text; length ≥ 0.</returns>
    public IReadOnlyList<string> Terms(string text)
    {
        List<string> terms = [];
        var reader = new TermReader(text, Options, stackalloc char[TermReader.BufferLength]);
        while (reader.MoveNext())
        {
            terms.Add(reader.Current.ToString());
        }

        return terms;
    }
}
