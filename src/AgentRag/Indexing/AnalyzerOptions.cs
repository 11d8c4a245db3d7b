namespace AgentRag.Indexing;

/// <summary>How text becomes index terms. Words are always put into lower case.</summary>
public sealed record AnalyzerOptions
{
    /// <summary>Lower case alone; the preset <c>plain</c>.</summary>
    public static AnalyzerOptions Plain { get; } = new() { FoldAccents = false, RemoveStopWords = false, Stem = false };

    /// <summary>Everything on, for English; the preset <c>english</c> and the default.</summary>
    public static AnalyzerOptions English { get; } = new();

    /// <summary>
    /// Whether accented letters count as their base letters, and so do letters that differ in width, vowel marks or spelling habits alone: fullwidth Latin,
    /// halfwidth Katakana, ligatures, digits of all scripts, the marks of Arabic and Hebrew. Default true: names are often typed without.
    /// </summary>
    public bool FoldAccents { get; init; } = true;

    /// <summary>Whether Lucene's 33 English stop words are left out. Default true.</summary>
    public bool RemoveStopWords { get; init; } = true;

    /// <summary>Whether a possessive 's is left out and English suffixes are stripped by Porter's algorithm. Default true.</summary>
    public bool Stem { get; init; } = true;

    /// <summary>Finds a preset by the name used on the command line.</summary>
    /// <param name="name"><c>plain</c> or <c>english</c>.</param>
    /// <returns>The options.</returns>
    /// <exception cref="AgentRagException">No preset has the name.</exception>
    public static AnalyzerOptions Preset(string name) => name switch
    {
        "plain" => Plain,
        "english" => English,
        _ => throw new AgentRagException($"There is no analyzer '{name}': choose plain (lower case only) or english (accents folded, stop words, stems)."),
    };

    /// <summary>Names these options for messages: a preset's name, or what is switched on.</summary>
    /// <returns>Such as <c>english</c> or <c>plain + stems</c>.</returns>
    internal string Describe()
    {
        var steps = (FoldAccents ? " + folded accents" : "") + (RemoveStopWords ? " + stop words" : "") + (Stem ? " + stems" : "");
        return this == English ? "english" : "plain" + steps;
    }
}
