namespace AgentRag.Indexing;

/// <summary>Turns text into index terms.</summary>
/// <remarks>
/// <para>
/// A term is a run of letters, marks and digits in lower case, with the apostrophes inside it; with stemming on, a possessive 's is left out. Stop words
/// and stems are English and touch words of the letters a to z alone.
/// </para>
/// <para>
/// Scripts written without spaces give overlapping pairs of characters, as Lucene's CJKBigramFilter does: 東京都の gives 東京, 京都 and 都の. A run ends at
/// anything else, so 1898年 gives 1898 and 年; a run of one character is a term. Thai, Lao, Khmer and Myanmar give pairs of base letters with their marks.
/// A query of one such character therefore finds only where it stands alone.
/// </para>
/// <para>Linear time. Safe for concurrent use.</para>
/// </remarks>
/// <param name="options">The steps that are taken.</param>
public sealed class Analyzer(AnalyzerOptions options)
{
    /// <summary>Raised whenever some text gets other terms: an index holds terms of one version, and a query must be given the same.</summary>
    internal const int Version = 2;

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
