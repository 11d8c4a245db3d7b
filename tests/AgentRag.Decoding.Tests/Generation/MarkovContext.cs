using AgentRag.Decoding.Generation;

namespace AgentRag.Decoding.Tests.Generation;

/// <summary>A model whose next token depends on the last one alone, by a table of probabilities: its laws can be written down.</summary>
internal sealed class MarkovContext(double[][] table, int capacity = 1_000) : ITokenContext
{
    private readonly List<int> _tokens = [];
    private int _rows;

    public int VocabularySize => table.Length;

    public int Length => _tokens.Count;

    public int Room => capacity - _tokens.Count;

    public IReadOnlyList<int> Tokens => _tokens;

    public void Append(ReadOnlySpan<int> tokens, int logitRows, CancellationToken cancellationToken = default)
    {
        _tokens.AddRange(tokens);
        Assert(_tokens.Count <= capacity && logitRows <= tokens.Length);
        _rows = logitRows;
    }

    public ReadOnlySpan<float> Logits(int row)
    {
        Assert(row < _rows);
        return table[_tokens[_tokens.Count - _rows + row]].Select(p => p > 0 ? (float)Math.Log(p) : -100).ToArray();
    }

    public void Truncate(int length)
    {
        Assert(length <= _tokens.Count);
        _tokens.RemoveRange(length, _tokens.Count - length);
        _rows = 0;
    }

    private static void Assert(bool holds) => Xunit.Assert.True(holds);
}
