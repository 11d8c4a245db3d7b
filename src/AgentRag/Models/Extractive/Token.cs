using System.Diagnostics.CodeAnalysis;

namespace AgentRag.Models.Extractive;

/// <summary>A word, number or punctuation mark of a text.</summary>
internal sealed class Token(string text, bool spaceBefore)
{
    private string? _stem;

    public string Text { get; } = text;

    public bool SpaceBefore { get; } = spaceBefore;

    [SuppressMessage("Globalization", "CA1308:Normalize strings to uppercase", Justification = "Word lists are written in lower case.")]
    public string Lower { get; } = text.ToLowerInvariant();

    public string Stem => _stem ??= Words.Stem(Lower);

    public bool IsWord { get; } = char.IsLetterOrDigit(text[0]);

    public bool IsNumber { get; } = char.IsAsciiDigit(text[0]);

    public bool IsCapital { get; } = char.IsUpper(text[0]) || (text.Length > 1 && text[0] is '$' or '£' or '€');

    public bool IsStop => Words.IsStop(Lower);

    public override string ToString() => Text;
}
