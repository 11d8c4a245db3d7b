using AgentRag.Decoding.Sampling;

namespace AgentRag.Decoding.Speculation;

/// <summary>Drafts out of a text that is there already: a predicted answer, or the prompt, out of which answers quote.</summary>
/// <remarks>Where what was said leaves the text, it goes on behind the longest match, of at least two tokens, of what was said last; of equally long ones the last.</remarks>
internal sealed class LookupDrafter : IDrafter
{
    private const int LongestMatch = 16;

    private readonly IReadOnlyList<int> _source;
    private readonly Dictionary<(int, int), int> _latest = [];
    private readonly int[] _previous;
    private readonly List<int> _said;
    private int _next;

    /// <param name="source">The text's tokens.</param>
    /// <param name="said">What was said last before the first draft.</param>
    /// <param name="isPrediction">Whether the answer is expected to begin where the text does.</param>
    public LookupDrafter(IReadOnlyList<int> source, IEnumerable<int> said, bool isPrediction)
    {
        (_source, _said, _previous) = (source, [.. said.TakeLast(LongestMatch)], new int[source.Count]);
        for (var i = 0; i + 1 < source.Count; i++)
        {
            _previous[i] = _latest.TryGetValue((source[i], source[i + 1]), out var before) ? before : -1;
            _latest[(source[i], source[i + 1])] = i;
        }

        _next = isPrediction ? 0 : -1;
        if (!isPrediction)
        {
            Realign();
        }
    }

    /// <inheritdoc/>
    public void Draft(int most, Drafts drafts, TokenHistory history, CancellationToken cancellationToken)
    {
        for (var i = 0; i < most && _next >= 0 && _next + i < _source.Count; i++)
        {
            drafts.AddCertain(_source[_next + i]);
        }
    }

    /// <inheritdoc/>
    public void Confirm(IReadOnlyList<int> emitted, int accepted)
    {
        foreach (var token in emitted)
        {
            _next = _next >= 0 && _next < _source.Count && _source[_next] == token ? _next + 1 : -1;
            _said.Add(token);
        }

        _said.RemoveRange(0, Math.Max(0, _said.Count - LongestMatch));
        if (_next < 0 || _next >= _source.Count)
        {
            Realign();
        }
    }

    private void Realign()
    {
        _next = -1;
        if (_said.Count < 2 || !_latest.TryGetValue((_said[^2], _said[^1]), out var at))
        {
            return;
        }

        var longest = 0;
        for (; at >= 0; at = _previous[at])
        {
            var length = 2;
            while (length < _said.Count && at - length + 1 >= 0 && _source[at - length + 1] == _said[^(length + 1)])
            {
                length++;
            }

            // A match at the very end of the text has nothing to propose.
            if (length > longest && at + 2 < _source.Count)
            {
                (longest, _next) = (length, at + 2);
            }
        }
    }
}
