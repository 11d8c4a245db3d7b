using System.Collections.ObjectModel;

namespace AgentRag.Documents;

/// <summary>Collects what a document says about itself beside its text, and leaves out what is no label.</summary>
/// <remarks>
/// Names are one line in lower case, without <c>=</c>, of at most 64 characters; values one line of at most 256. A document has at most 64 fields and 256
/// values: a hostile file cannot fill the index with them.
/// </remarks>
internal sealed class MetadataBuilder
{
    public const int MaxNameLength = 64;
    public const int MaxValueLength = 256;
    public const int MaxFields = 64;
    public const int MaxValues = 256;

    private readonly Dictionary<string, IReadOnlyList<string>> _fields = new(StringComparer.Ordinal);
    private int _values;

    /// <summary>The metadata of a document that has none.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> None => ReadOnlyDictionary<string, IReadOnlyList<string>>.Empty;

    /// <summary>A name as it is stored and looked for.</summary>
    public static string NameOf(string name) => Titles.OneLine(name).ToLowerInvariant();

    /// <summary>Metadata from outside in the form that is stored.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Normal(IReadOnlyDictionary<string, IReadOnlyList<string>> fields)
    {
        if (fields.Count == 0)
        {
            return None;
        }

        var builder = new MetadataBuilder();
        foreach (var (name, values) in fields)
        {
            foreach (var value in values)
            {
                builder.Add(name, value);
            }
        }

        return builder.Build();
    }

    /// <summary>Adds a value; one that is there already, or is no label, is left out.</summary>
    public void Add(string name, string? value)
    {
        // Cut before it is looked at: a value of megabytes is no label, whatever it holds.
        if (value is null || value.Length > 4 * MaxValueLength || name.Length > 4 * MaxNameLength)
        {
            return;
        }

        var (field, text) = (NameOf(name), Titles.OneLine(value));
        if (field.Length is 0 or > MaxNameLength || field.Contains('=', StringComparison.Ordinal) || text.Length is 0 or > MaxValueLength || _values == MaxValues)
        {
            return;
        }

        if (!_fields.TryGetValue(field, out var values))
        {
            if (_fields.Count == MaxFields)
            {
                return;
            }

            _fields.Add(field, values = new List<string>());
        }

        if (!values.Contains(text, StringComparer.Ordinal))
        {
            ((List<string>)values).Add(text);
            _values++;
        }
    }

    public IReadOnlyDictionary<string, IReadOnlyList<string>> Build() => _fields.Count == 0 ? None : _fields;
}
