namespace AgentRag.Documents;

/// <summary>Reads one object of a PDF file from its tokens.</summary>
internal static class PdfParser
{
    /// <summary>Reads an object.</summary>
    /// <param name="tokens">Where the object begins.</param>
    /// <param name="maxNesting">Deepest nesting of arrays and dictionaries; also bounds the recursion.</param>
    /// <exception cref="InvalidDataException">It is nested deeper.</exception>
    public static object? Read(PdfTokens tokens, int maxNesting)
    {
        var token = tokens.Next();
        return token switch
        {
            { Kind: PdfTokenKind.Open, Text: "<<" } => Dictionary(Items(tokens, maxNesting)),
            { Kind: PdfTokenKind.Open } => Items(tokens, maxNesting),
            _ => Simple(token),
        };
    }

    /// <summary>Reads up to the closing bracket. Two numbers and an R become a reference.</summary>
    private static List<object?> Items(PdfTokens tokens, int nesting)
    {
        if (nesting <= 0)
        {
            throw new InvalidDataException("its objects are nested too deep");
        }

        List<object?> items = [];
        for (var token = tokens.Next(); token.Kind is not (PdfTokenKind.Close or PdfTokenKind.End); token = tokens.Next())
        {
            switch (token)
            {
                case { Kind: PdfTokenKind.Open, Text: "<<" }:
                    items.Add(Dictionary(Items(tokens, nesting - 1)));
                    break;
                case { Kind: PdfTokenKind.Open }:
                    items.Add(Items(tokens, nesting - 1));
                    break;
                case { Kind: PdfTokenKind.Operator, Text: "R" } when items is [.., double number, double]:
                    items.RemoveRange(items.Count - 2, 2);
                    items.Add(new PdfReference((int)number));
                    break;
                case { Kind: PdfTokenKind.Operator, Text: "endobj" }:
                    return items; // a bracket was never closed
                default:
                    items.Add(Simple(token));
                    break;
            }
        }

        return items;
    }

    private static PdfDictionary Dictionary(List<object?> items)
    {
        var dictionary = new PdfDictionary();
        for (var i = 0; i + 1 < items.Count; i++)
        {
            // A value that is missing must not make values of the keys behind it.
            if (items[i] is PdfName key)
            {
                dictionary.Entries[key.Text] = items[++i];
            }
        }

        return dictionary;
    }

    private static object? Simple(PdfToken token) => token.Kind switch
    {
        PdfTokenKind.Number => token.Number,
        PdfTokenKind.Name => new PdfName(token.Text),
        PdfTokenKind.String => token.Bytes,
        _ => null,
    };
}
