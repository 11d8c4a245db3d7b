using System.Globalization;
using System.Text;

namespace AgentRag.Documents;

/// <summary>The objects of a PDF file.</summary>
/// <remarks>
/// The objects are found by looking for them from the file's first byte to its last, the later of two with one number counting, as after an update.
/// So no cross-reference table is needed, which a truncated file has lost and a hostile one can bend into a circle.
/// </remarks>
internal sealed class PdfFile
{
    private const int MaxObjectsPerStream = 1_000_000;

    private readonly Dictionary<int, object?> _objects = [];
    private readonly DocumentReaderOptions _options;
    private long _left;

    private PdfFile(DocumentReaderOptions options) => (_options, _left) = (options, options.MaxUnpackedBytes);

    /// <summary>Whether the contents are encrypted.</summary>
    public bool IsEncrypted { get; private set; }

    /// <summary>Finds the objects.</summary>
    /// <exception cref="InvalidDataException">This is no PDF file, or one beyond the limits.</exception>
    public static PdfFile Parse(byte[] content, DocumentReaderOptions options, CancellationToken cancellationToken)
    {
        if (content.AsSpan(0, Math.Min(content.Length, 1024)).IndexOf("%PDF-"u8) < 0)
        {
            throw new InvalidDataException("is not a PDF file");
        }

        var file = new PdfFile(options);
        file.FindObjects(content, cancellationToken);
        return file;
    }

    /// <summary>The pages in order; a page tree that leads back to itself ends where it does.</summary>
    public IEnumerable<PdfDictionary> Pages()
    {
        HashSet<PdfDictionary> seen = new(ReferenceEqualityComparer.Instance);
        Stack<PdfDictionary> open = new();
        var catalog = _objects.Values.OfType<PdfDictionary>().LastOrDefault(found => Name(found, "Type") is "Catalog");
        if (catalog is not null && Dictionary(catalog, "Pages") is { } root)
        {
            open.Push(root);
        }

        while (open.TryPop(out var node))
        {
            if (!seen.Add(node))
            {
                continue;
            }

            if (Array(node, "Kids") is not { } kids)
            {
                yield return node;
                continue;
            }

            for (var i = kids.Count - 1; i >= 0; i--)
            {
                if (Resolve(kids[i]) is PdfDictionary kid)
                {
                    open.Push(kid);
                }
            }
        }
    }

    /// <summary>Follows a reference to its object.</summary>
    public object? Resolve(object? value) => value is PdfReference reference ? _objects.GetValueOrDefault(reference.Number) : value;

    public PdfDictionary? Dictionary(PdfDictionary owner, string key) => Resolve(owner.Entries.GetValueOrDefault(key)) as PdfDictionary;

    public List<object?>? Array(PdfDictionary owner, string key) => Resolve(owner.Entries.GetValueOrDefault(key)) as List<object?>;

    public string? Name(PdfDictionary owner, string key) => (Resolve(owner.Entries.GetValueOrDefault(key)) as PdfName)?.Text;

    public double? Number(object? value) => Resolve(value) as double?;

    public double? Number(PdfDictionary owner, string key) => Number(owner.Entries.GetValueOrDefault(key));

    /// <summary>The bytes of a stream without its filters.</summary>
    /// <returns>The bytes, or null when there is no stream or its filters are not known.</returns>
    /// <exception cref="InvalidDataException">All streams together unpack to more than is read.</exception>
    public byte[]? Content(PdfDictionary stream)
    {
        if (stream.Stream is not { } raw)
        {
            return null;
        }

        var content = PdfFilters.Decode(raw, Filters(stream), HasPredictor(stream), _left);
        _left -= content?.Length ?? 0;
        return content;
    }

    private string[] Filters(PdfDictionary stream) => Resolve(stream.Entries.GetValueOrDefault("Filter")) switch
    {
        PdfName name => [name.Text],
        List<object?> names => [.. names.Select(name => (Resolve(name) as PdfName)?.Text ?? "")],
        _ => [],
    };

    private bool HasPredictor(PdfDictionary stream) => Resolve(stream.Entries.GetValueOrDefault("DecodeParms")) switch
    {
        PdfDictionary parameters => Number(parameters, "Predictor") > 1,
        List<object?> list => list.Exists(item => Resolve(item) is PdfDictionary parameters && Number(parameters, "Predictor") > 1),
        _ => false,
    };

    private void FindObjects(byte[] content, CancellationToken cancellationToken)
    {
        var position = 0;
        while (position < content.Length)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var found = content.AsSpan(position).IndexOf("obj"u8);
            var trailer = content.AsSpan(position, found < 0 ? content.Length - position : found).IndexOf("trailer"u8);
            if (trailer >= 0)
            {
                IsEncrypted |= PdfParser.Read(new PdfTokens(content.AsMemory(position + trailer + "trailer".Length)), _options.MaxNesting) is PdfDictionary end
                    && end.Entries.ContainsKey("Encrypt");
            }

            if (found < 0)
            {
                return;
            }

            var start = position + found + "obj".Length;
            position = NumberBefore(content.AsSpan(0, position + found)) is { } number ? ReadObject(content, number, start) : start;
        }
    }

    /// <summary>Reads one object and, where there is one, its stream.</summary>
    /// <returns>Where to look for the next.</returns>
    private int ReadObject(byte[] content, int number, int start)
    {
        var tokens = new PdfTokens(content.AsMemory(start));
        var value = PdfParser.Read(tokens, _options.MaxNesting);
        _objects[number] = value;
        var end = start + tokens.Position;
        if (value is not PdfDictionary dictionary || tokens.Next() is not { Kind: PdfTokenKind.Operator, Text: "stream" })
        {
            return end;
        }

        var first = start + tokens.Position;
        first += content.AsSpan(first) is [(byte)'\r', (byte)'\n', ..] ? 2 : content.AsSpan(first) is [(byte)'\n' or (byte)'\r', ..] ? 1 : 0;
        var length = StreamLength(content, dictionary, first);
        dictionary.Stream = content.AsMemory(first, length);
        IsEncrypted |= Name(dictionary, "Type") is "XRef" && dictionary.Entries.ContainsKey("Encrypt");
        if (Name(dictionary, "Type") is "ObjStm")
        {
            AddPackedObjects(dictionary);
        }

        return first + length;
    }

    /// <summary>The length that the dictionary says, if the stream ends there; else up to the word that ends it.</summary>
    private static int StreamLength(byte[] content, PdfDictionary dictionary, int first)
    {
        var rest = content.AsSpan(first);
        if (dictionary.Entries.GetValueOrDefault("Length") is double said and >= 0 && said <= rest.Length
            && rest[(int)said..].TrimStart("\r\n \t"u8).StartsWith("endstream"u8))
        {
            return (int)said;
        }

        var end = rest.IndexOf("endstream"u8);
        return end < 0 ? rest.Length : end;
    }

    /// <summary>PDF 32000-1:2008, section 7.5.7: pairs of number and offset, then the objects.</summary>
    private void AddPackedObjects(PdfDictionary stream)
    {
        if (Content(stream) is not { } content || Number(stream, "First") is not (>= 0 and var first) || first > content.Length)
        {
            return;
        }

        var header = new PdfTokens(content.AsMemory(0, (int)first));
        for (var i = 0; i < MaxObjectsPerStream; i++)
        {
            var (number, offset) = (header.Next(), header.Next());
            if (offset.Kind != PdfTokenKind.Number)
            {
                return;
            }

            if (offset.Number >= 0 && first + offset.Number < content.Length)
            {
                _objects[(int)number.Number] = PdfParser.Read(new PdfTokens(content.AsMemory((int)(first + offset.Number))), _options.MaxNesting);
            }
        }
    }

    /// <summary>The object number of <c>12 0 obj</c>, read backwards from before the word; null where there is none, as in <c>endobj</c>.</summary>
    private static int? NumberBefore(ReadOnlySpan<byte> before)
    {
        var generation = TakeNumber(ref before);
        var number = generation.IsEmpty ? default : TakeNumber(ref before);
        return !number.IsEmpty && int.TryParse(Encoding.ASCII.GetString(number), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;

        static ReadOnlySpan<byte> TakeNumber(ref ReadOnlySpan<byte> bytes)
        {
            var text = bytes.TrimEnd("\r\n \t"u8);
            var start = text.Length;
            while (start > 0 && start > text.Length - 10 && char.IsAsciiDigit((char)text[start - 1]))
            {
                start--;
            }

            var number = text.Length < bytes.Length ? text[start..] : default;
            bytes = text[..start];
            return number;
        }
    }
}
