namespace AgentRag.Decoding.Sampling;

/// <summary>How often each token stands in the prompt and in what was generated: what penalties go by.</summary>
/// <remarks>Not for concurrent use.</remarks>
internal sealed class TokenHistory
{
    private readonly HashSet<int> _prompt;
    private readonly Dictionary<int, int> _generated = [];

    /// <param name="prompt">The prompt's tokens.</param>
    public TokenHistory(IEnumerable<int> prompt) => _prompt = [.. prompt];

    /// <summary>Tokens of prompt or answer, each once.</summary>
    public IEnumerable<int> Seen => _prompt.Union(_generated.Keys);

    /// <summary>Generated tokens and how often.</summary>
    public IReadOnlyDictionary<int, int> Generated => _generated;

    public void Add(int token) => _generated[token] = _generated.GetValueOrDefault(token) + 1;

    public void Remove(int token)
    {
        if (_generated[token] == 1)
        {
            _generated.Remove(token);
        }
        else
        {
            _generated[token]--;
        }
    }
}
