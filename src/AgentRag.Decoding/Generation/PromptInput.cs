namespace AgentRag.Decoding.Generation;

/// <summary>What a model is to read: tokens, and rows of embeddings in the place of tokens.</summary>
/// <remarks>Each place has a key, by which a context sees what it holds already: a token's is its id; that of a row is negative and names what the row was made of.</remarks>
internal sealed class PromptInput
{
    private readonly List<long> _keys = [];
    private readonly Dictionary<int, ReadOnlyMemory<float>> _rows = [];

    /// <summary>Places.</summary>
    public int Length => _keys.Count;

    /// <summary>One key per place.</summary>
    public IReadOnlyList<long> Keys => _keys;

    /// <summary>The tokens, without the rows between them.</summary>
    public IEnumerable<int> Tokens => _keys.Where(key => key >= 0).Select(key => (int)key);

    /// <summary>A prompt of tokens alone.</summary>
    public static PromptInput Of(IEnumerable<int> tokens)
    {
        var input = new PromptInput();
        input.Add(tokens);
        return input;
    }

    public void Add(IEnumerable<int> tokens)
    {
        foreach (var token in tokens)
        {
            _keys.Add(token);
        }
    }

    /// <summary>Adds a row.</summary>
    /// <param name="row">Of the model's width.</param>
    /// <param name="key">Names what it was made of; negative.</param>
    public void Add(ReadOnlyMemory<float> row, long key)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(key, 0);
        _rows[_keys.Count] = row;
        _keys.Add(key);
    }

    /// <summary>The prompt without its last place, which must be a token: generation begins with it.</summary>
    public PromptInput WithoutLast()
    {
        var input = new PromptInput();
        input._keys.AddRange(_keys.Take(_keys.Count - 1));
        foreach (var (place, row) in _rows)
        {
            input._rows[place] = row;
        }

        return input;
    }

    /// <summary>Whether a row stands at a place, and no token.</summary>
    public bool IsRow(int place) => _keys[place] < 0;

    /// <summary>The row at a place.</summary>
    public ReadOnlySpan<float> RowAt(int place) => _rows[place].Span;
}
