namespace AgentRag.Documents;

/// <summary>A reference to another object of a PDF file.</summary>
/// <param name="Number">The object's number.</param>
internal sealed record PdfReference(int Number);

/// <summary>A name of a PDF file.</summary>
/// <param name="Text">The name without its slash.</param>
internal sealed record PdfName(string Text);

/// <summary>A dictionary of a PDF file, with the bytes behind it if it is a stream's.</summary>
/// <remarks>Values are <see cref="double"/>, <see cref="PdfName"/>, byte arrays (strings), lists, dictionaries, <see cref="PdfReference"/>, or null.</remarks>
internal sealed class PdfDictionary
{
    public Dictionary<string, object?> Entries { get; } = new(StringComparer.Ordinal);

    /// <summary>The stream's bytes as they are in the file; null for a dictionary alone.</summary>
    public ReadOnlyMemory<byte>? Stream { get; set; }
}
