using AgentRag.Decoding.Sampling;

namespace AgentRag.Decoding.Speculation;

/// <summary>Proposes what the target may say next.</summary>
/// <remarks>Not for concurrent use.</remarks>
internal interface IDrafter
{
    /// <summary>Proposes tokens.</summary>
    /// <param name="most">Most tokens, ≥ 1.</param>
    /// <param name="drafts">Takes them; empty.</param>
    /// <param name="history">What penalties go by; left as it was.</param>
    /// <param name="cancellationToken">Ends drafting.</param>
    void Draft(int most, Drafts drafts, TokenHistory history, CancellationToken cancellationToken);

    /// <summary>Tells what was said. Called once a round, whether or not anything was drafted.</summary>
    /// <param name="emitted">The tokens: the accepted drafts, and most often one more.</param>
    /// <param name="accepted">How many of them were drafts.</param>
    void Confirm(IReadOnlyList<int> emitted, int accepted);
}

/// <summary>Drafted tokens, each with the distribution it was drawn from.</summary>
/// <remarks>Rows are used again from round to round. Not for concurrent use.</remarks>
internal sealed class Drafts(int vocabularySize)
{
    private readonly List<int> _tokens = [];
    private readonly List<float[]> _rows = [];

    public IReadOnlyList<int> Tokens => _tokens;

    /// <summary>The distribution of a token, or room for that of the next one.</summary>
    public Span<float> Row(int token)
    {
        while (_rows.Count <= token)
        {
            _rows.Add(new float[vocabularySize]);
        }

        return _rows[token];
    }

    /// <summary>Adds a token drawn from the next row.</summary>
    public void Add(int token) => _tokens.Add(token);

    /// <summary>Adds a token that is proposed for certain.</summary>
    public void AddCertain(int token)
    {
        var row = Row(_tokens.Count);
        row.Clear();
        row[token] = 1;
        _tokens.Add(token);
    }

    public void Clear() => _tokens.Clear();
}
