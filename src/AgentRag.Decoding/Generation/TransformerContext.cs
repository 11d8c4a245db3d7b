using System.Runtime.InteropServices;
using AgentRag.Decoding.Transformers;

namespace AgentRag.Decoding.Generation;

/// <summary>A transformer's context that knows which tokens it holds, so that a prompt which begins like the one before is not read again.</summary>
/// <remarks>Not for concurrent use.</remarks>
internal sealed class TransformerContext : ITokenContext, IDisposable
{
    private readonly Transformer _transformer;
    private readonly KeyValueCache _cache;
    private readonly List<long> _keys = [];

    /// <param name="transformer">The model, which several contexts may share.</param>
    /// <param name="capacity">Most tokens.</param>
    /// <param name="precision">How keys and values are stored.</param>
    public TransformerContext(Transformer transformer, int capacity, CachePrecision precision) =>
        (_transformer, _cache) = (transformer, new KeyValueCache(transformer.Weights.Shape, capacity, precision));

    /// <inheritdoc/>
    public int VocabularySize => _transformer.Weights.Shape.VocabularySize;

    /// <inheritdoc/>
    public int Length => _cache.Length;

    /// <inheritdoc/>
    public int Room => _cache.Capacity - _cache.Length;

    /// <summary>Most tokens.</summary>
    public int Capacity => _cache.Capacity;

    /// <summary>Bytes of keys and values held.</summary>
    public long Bytes => _cache.BytesPerToken * _cache.Length;

    /// <summary>Makes the context hold a prompt and nothing else.</summary>
    /// <param name="prompt">The prompt, possibly empty.</param>
    /// <param name="cancellationToken">Ends reading; a later call goes on from there.</param>
    /// <returns>How many of its places were held already.</returns>
    public int Read(PromptInput prompt, CancellationToken cancellationToken = default)
    {
        var reused = CommonPrefix(prompt.Keys);
        Truncate(reused);
        for (var start = reused; start < prompt.Length;)
        {
            // Tokens go in one run, and so do rows.
            var (end, areRows) = (start, prompt.IsRow(start));
            while (end < prompt.Length && prompt.IsRow(end) == areRows)
            {
                end++;
            }

            if (areRows)
            {
                ReadRows(prompt, start, end, cancellationToken);
            }
            else
            {
                int[] tokens = [.. Enumerable.Range(start, end - start).Select(place => (int)prompt.Keys[place])];
                Append(tokens, 0, cancellationToken);
            }

            start = end;
        }

        return reused;
    }

    /// <summary>How many of a prompt's first places are held.</summary>
    public int CommonPrefix(IReadOnlyList<long> keys)
    {
        var common = 0;
        while (common < keys.Count && common < _keys.Count && keys[common] == _keys[common])
        {
            common++;
        }

        return common;
    }

    /// <inheritdoc/>
    public void Append(ReadOnlySpan<int> tokens, int logitRows, CancellationToken cancellationToken = default)
    {
        try
        {
            foreach (var token in tokens)
            {
                _keys.Add(token);
            }

            _transformer.Run(_cache, tokens, logitRows, cancellationToken);
        }
        finally
        {
            CollectionsMarshal.SetCount(_keys, _cache.Length);
        }
    }

    /// <inheritdoc/>
    public ReadOnlySpan<float> Logits(int row) => _transformer.Logits(row);

    /// <inheritdoc/>
    public void Truncate(int length)
    {
        _cache.Truncate(length);
        CollectionsMarshal.SetCount(_keys, length);
    }

    public void Dispose() => _cache.Dispose();

    private void ReadRows(PromptInput prompt, int start, int end, CancellationToken cancellationToken)
    {
        var width = _transformer.Weights.Shape.Width;
        var rows = new float[(end - start) * width];
        for (var place = start; place < end; place++)
        {
            prompt.RowAt(place).CopyTo(rows.AsSpan((place - start) * width, width));
        }

        try
        {
            for (var place = start; place < end; place++)
            {
                _keys.Add(prompt.Keys[place]);
            }

            _transformer.RunEmbedded(_cache, rows, 0, cancellationToken);
        }
        finally
        {
            CollectionsMarshal.SetCount(_keys, _cache.Length);
        }
    }
}
