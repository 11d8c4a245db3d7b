using AgentRag.Decoding.Kernels;
using AgentRag.Decoding.Weights;

namespace AgentRag.Decoding.Transformers;

/// <summary>What a layer does between its queries, keys and values and the product with its output matrix.</summary>
/// <remarks>A token's result depends on the tokens before it alone, bit for bit: scores, their sums and the sums of values have one order, whatever is attended to beside it.</remarks>
internal sealed unsafe class AttentionStep(TransformerShape shape, TransformerOptions options, double[] frequencies, TeamPhases phases) : IDisposable
{
    private const int QueriesPerItem = 32;
    private const int AttentionChunk = 256;

    private readonly NativeBuffer<float> _query = new((long)options.ChunkTokens * shape.Heads * shape.HeadWidth);
    private readonly NativeBuffer<float> _key = new((long)options.ChunkTokens * shape.KeyValueHeads * shape.HeadWidth);
    private readonly NativeBuffer<float> _value = new((long)options.ChunkTokens * shape.KeyValueHeads * shape.HeadWidth);
    private readonly NativeBuffer<float> _cosines = new((long)options.ChunkTokens * frequencies.Length);
    private readonly NativeBuffer<float> _sines = new((long)options.ChunkTokens * frequencies.Length);
    private readonly AttentionScratch[] _scratch = [.. Enumerable.Range(0, options.Threads).Select(_ => new AttentionScratch())];
    private readonly int _tokensPerItem = Math.Max(1, QueriesPerItem / shape.HeadsPerKeyValueHead);

    // What the team is working on.
    private KeyValueCache _cache = null!;
    private int _tokens;

    /// <summary>Takes the tokens' queries.</summary>
    public float* Query => _query.Start;

    /// <summary>Takes the tokens' keys.</summary>
    public float* Key => _key.Start;

    /// <summary>Takes the tokens' values.</summary>
    public float* Value => _value.Start;

    /// <summary>The result.</summary>
    public Activations Attended { get; } = new(options.ChunkTokens, shape.Heads * shape.HeadWidth);

    /// <summary>Prepares a run through all layers; before the team works.</summary>
    /// <param name="cache">Takes keys and values.</param>
    /// <param name="tokens">Tokens of the run.</param>
    public void Prepare(KeyValueCache cache, int tokens)
    {
        (_cache, _tokens) = (cache, tokens);
        for (var t = 0; t < tokens; t++)
        {
            for (var i = 0; i < frequencies.Length; i++)
            {
                var (sine, cosine) = Math.SinCos((cache.Length + t) * frequencies[i]);
                _cosines.Start[(t * frequencies.Length) + i] = (float)cosine;
                _sines.Start[(t * frequencies.Length) + i] = (float)sine;
            }
        }

        foreach (var scratch in _scratch)
        {
            scratch.Reserve(QueriesOf(_tokensPerItem), shape.HeadWidth, cache.Length + tokens);
        }
    }

    /// <summary>Turns queries and keys by their positions, scales the queries, and stores keys and values.</summary>
    public void Position(int phase, int layer)
    {
        var (heads, keyHeads, width, half) = (shape.Heads, shape.KeyValueHeads, shape.HeadWidth, frequencies.Length);
        var scale = 1 / MathF.Sqrt(width);
        for (var t = phases.Claim(phase, 1); t < _tokens; t = phases.Claim(phase, 1))
        {
            var cosines = _cosines.Start + (t * half);
            var sines = _sines.Start + (t * half);
            var query = Query + ((long)t * heads * width);
            for (var head = 0; head < heads; head++)
            {
                VectorMath.Rotate(query + (head * width), cosines, sines, half);
            }

            for (var i = 0; i < heads * width; i++)
            {
                query[i] *= scale;
            }

            for (var head = 0; head < keyHeads; head++)
            {
                var offset = (((long)t * keyHeads) + head) * width;
                VectorMath.Rotate(Key + offset, cosines, sines, half);
                _cache.Store(layer, head, _cache.Length + t, Key + offset, Value + offset);
            }
        }

        phases.Meet();
    }

    /// <summary>Attends: a piece is one head of keys and values with some tokens, whose queries share what is read.</summary>
    public void Attend(int phase, int thread, int layer)
    {
        var tiles = (_tokens + _tokensPerItem - 1) / _tokensPerItem;
        for (var item = phases.Claim(phase, 1); item < tiles * shape.KeyValueHeads; item = phases.Claim(phase, 1))
        {
            var (head, first) = (item % shape.KeyValueHeads, item / shape.KeyValueHeads * _tokensPerItem);
            var tokens = Math.Min(_tokensPerItem, _tokens - first);
            if (_cache.Precision == CachePrecision.F32)
            {
                Attend<F32Format>(_scratch[thread], layer, head, first, tokens);
            }
            else
            {
                Attend<BF16Format>(_scratch[thread], layer, head, first, tokens);
            }
        }

        phases.Meet();
    }

    /// <summary>Makes the codes of the attended rows where the matrix that follows works with codes.</summary>
    public void Quantize(int phase, TensorType next)
    {
        if (!next.IsQuantized())
        {
            return;
        }

        for (var t = phases.Claim(phase, 1); t < _tokens; t = phases.Claim(phase, 1))
        {
            Attended.Quantize(t);
        }

        phases.Meet();
    }

    public void Dispose()
    {
        foreach (var owned in (IDisposable[])[_query, _key, _value, _cosines, _sines, Attended, .. _scratch])
        {
            owned.Dispose();
        }
    }

    private int QueriesOf(int tokens) =>
        ((tokens * shape.HeadsPerKeyValueHead) + AttentionKernel<F32Format>.TileQueries - 1) / AttentionKernel<F32Format>.TileQueries * AttentionKernel<F32Format>.TileQueries;

    private void Attend<TFormat>(AttentionScratch scratch, int layer, int head, int firstToken, int tokens)
        where TFormat : struct, IFloatFormat
    {
        const int Block = AttentionKernel<TFormat>.BlockPositions;
        var (perHead, width, wide, stride) = (shape.HeadsPerKeyValueHead, shape.HeadWidth, options.InstructionSet == InstructionSet.Avx512, scratch.Stride);
        var count = tokens * perHead;
        for (var t = 0; t < tokens; t++)
        {
            Buffer.MemoryCopy(
                Query + ((((long)(firstToken + t) * shape.Heads) + (head * perHead)) * width),
                scratch.Queries + (t * perHead * width), perHead * width * sizeof(float), perHead * width * sizeof(float));
        }

        var positions = _cache.Length + firstToken + tokens;
        var keys = _cache.Keys(layer, head);
        for (var start = 0; start < positions; start += AttentionChunk)
        {
            var blocks = (Math.Min(AttentionChunk, positions - start) + Block - 1) / Block;
            AttentionKernel<TFormat>.Score(
                wide, keys + ((long)start * width * TFormat.Width), blocks, width, scratch.Queries, QueriesOf(tokens), scratch.Scores + start, stride);
        }

        for (var query = 0; query < count; query++)
        {
            VectorMath.Softmax(scratch.Scores + (query * stride), _cache.Length + firstToken + (query / perHead) + 1);
        }

        new Span<float>(scratch.Outputs, count * width).Clear();
        var values = _cache.Values(layer, head);
        for (var start = 0; start < positions; start += AttentionChunk)
        {
            AddValues<TFormat>(scratch, values, start, Math.Min(start + AttentionChunk, positions), firstToken, count, wide);
        }

        for (var t = 0; t < tokens; t++)
        {
            Buffer.MemoryCopy(
                scratch.Outputs + (t * perHead * width),
                Attended.Values(firstToken + t) + (head * perHead * width), perHead * width * sizeof(float), perHead * width * sizeof(float));
        }
    }

    // Four queries go together as far as all of them see; what a later token sees beyond that follows by itself, in the same order.
    private void AddValues<TFormat>(AttentionScratch scratch, byte* values, int start, int end, int firstToken, int count, bool wide)
        where TFormat : struct, IFloatFormat
    {
        var (perHead, width, stride) = (shape.HeadsPerKeyValueHead, shape.HeadWidth, scratch.Stride);
        for (var query = 0; query < count; query += 4)
        {
            var together = query + 4 <= count ? Math.Min(end, Seen(query)) - start : 0;
            if (together > 0)
            {
                AttentionKernel<TFormat>.AddFour(
                    wide, values + ((long)start * width * TFormat.Width), together, width, scratch.Scores + (query * stride) + start, stride, scratch.Outputs + (query * width));
            }

            var rest = start + Math.Max(0, together);
            for (var q = query; q < Math.Min(query + 4, count); q++)
            {
                var more = Math.Min(end, Seen(q)) - rest;
                if (more > 0)
                {
                    AttentionKernel<TFormat>.AddOne(
                        values + ((long)rest * width * TFormat.Width), more, width, scratch.Scores + (q * stride) + rest, scratch.Outputs + (q * width));
                }
            }
        }

        int Seen(int query) => _cache.Length + firstToken + (query / perHead) + 1;
    }

    /// <summary>What one thread needs to attend.</summary>
    private sealed class AttentionScratch : IDisposable
    {
        private NativeBuffer<float> _queries = new(0);
        private NativeBuffer<float> _outputs = new(0);
        private NativeBuffer<float> _scores = new(0);

        public float* Queries => _queries.Start;

        public float* Outputs => _outputs.Start;

        public float* Scores => _scores.Start;

        /// <summary>From one query's scores to the next.</summary>
        public long Stride { get; private set; }

        // Doubled when it is too short, so that a growing context allocates seldom.
        public void Reserve(int queries, int width, int positions)
        {
            if (positions > Stride)
            {
                Dispose();
                Stride = Math.Max(1_024L, (long)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)positions));
                (_queries, _outputs, _scores) = (new((long)queries * width), new((long)queries * width), new(queries * Stride));
            }
        }

        public void Dispose()
        {
            _queries.Dispose();
            _outputs.Dispose();
            _scores.Dispose();
        }
    }
}
