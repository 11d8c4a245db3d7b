using AgentRag.Decoding.Kernels;

namespace AgentRag.Decoding.Encoders;

/// <summary>Runs one text at a time through a BERT or RoBERTa encoder: every token sees every other, norms stand behind the sums, positions are added.</summary>
/// <remarks>
/// Source: Devlin et al., NAACL 2019; Liu et al., arXiv 1907.11692. On the caller's thread, so that many texts run side by side, each with an encoder of its own over
/// the same weights. Every sum has one order: a text's rows are the same bit for bit, whatever is encoded before or beside it. Not for concurrent use.
/// </remarks>
internal sealed unsafe class Encoder : IDisposable
{
    private const int Group = PackedMatrix.GroupRows;
    private const int Block = AttentionKernel<F32Format>.BlockPositions;
    private const int Tile = AttentionKernel<F32Format>.TileQueries;

    private readonly EncoderWeights _weights;
    private readonly EncoderShape _shape;
    private readonly InstructionSet _set;
    private readonly float[] _row;
    private Scratch _scratch;

    /// <param name="weights">The weights; they may be shared.</param>
    /// <param name="set">Instructions to use; they change no result.</param>
    public Encoder(EncoderWeights weights, InstructionSet? set = null)
    {
        (_weights, _shape, _set) = (weights, weights.Shape, set ?? InstructionSets.Best);
        _row = new float[_shape.Width];
        _scratch = new Scratch(_shape, Block);
    }

    /// <summary>The last layer's row of a token of the last run.</summary>
    /// <param name="token">From 0. Valid until the next run.</param>
    public ReadOnlySpan<float> Row(int token) => new(_scratch.Hidden.Values(token), _shape.Width);

    /// <summary>Encodes a text.</summary>
    /// <param name="tokens">Token ids with the special ones around them, from 1 to <see cref="EncoderShape.MostTokens"/> of them.</param>
    /// <param name="cancellationToken">Looked at between layers.</param>
    public void Run(ReadOnlySpan<int> tokens, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tokens.Length, 1, nameof(tokens));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tokens.Length, _shape.MostTokens, nameof(tokens));
        if (tokens.Length > _scratch.Capacity)
        {
            _scratch.Dispose();
            _scratch = new Scratch(_shape, Math.Min((_shape.MostTokens + Block - 1) / Block * Block, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)tokens.Length)));
        }

        Embed(tokens);
        foreach (var layer in _weights.Layers)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (count, hidden) = (tokens.Length, _scratch.Hidden);
            Multiply(layer.Query, hidden, count, _scratch.Query.Start, _shape.Width);
            Multiply(layer.Key, hidden, count, _scratch.Key.Start, _shape.Width);
            Multiply(layer.Value, hidden, count, _scratch.Value.Start, _shape.Width);
            for (var head = 0; head < _shape.Heads; head++)
            {
                Attend(head, count);
            }

            Multiply(layer.AttentionOutput, _scratch.Attended, count, _scratch.Query.Start, _shape.Width);
            AddAndNorm(_scratch.Query.Start, layer.AttentionNorm, count);
            Multiply(layer.Inner, hidden, count, _scratch.Inner.Values(0), _scratch.Inner.Stride);
            Activate(count);
            Multiply(layer.Output, _scratch.Inner, count, _scratch.Query.Start, _shape.Width);
            AddAndNorm(_scratch.Query.Start, layer.OutputNorm, count);
        }
    }

    public void Dispose() => _scratch.Dispose();

    private void Embed(ReadOnlySpan<int> tokens)
    {
        for (var t = 0; t < tokens.Length; t++)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(tokens[t], nameof(tokens));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(tokens[t], _shape.VocabularySize, nameof(tokens));
            var row = new Span<float>(_scratch.Hidden.Values(t), _shape.Width);
            _weights.Embedding.ReadRow(tokens[t], row);
            Add(_weights.Type, 0, row);
            Add(_weights.Positions, _shape.FirstPosition + t, row);
            VectorMath.LayerNorm(_scratch.Hidden.Values(t), _weights.EmbeddingNorm.Weights.Start, _weights.EmbeddingNorm.Bias.Start, _scratch.Hidden.Values(t), _shape.Width, _shape.NormEpsilon);
        }

        void Add(Weights.Tensor table, int at, Span<float> row)
        {
            table.ReadRow(at, _row);
            for (var i = 0; i < row.Length; i++)
            {
                row[i] += _row[i];
            }
        }
    }

    private void Multiply(EncoderMatrix matrix, Activations x, int tokens, float* output, int stride)
    {
        for (var group = 0; group < matrix.Weights.Groups; group++)
        {
            var target = output + (group * Group);
            MatrixKernels.Multiply(_set, matrix.Weights, group, x, 0, tokens, target, stride);
            for (var t = 0; t < tokens; t++)
            {
                VectorMath.Add(target + ((long)t * stride), matrix.Bias.Start + (group * Group), Group);
            }
        }
    }

    private void AddAndNorm(float* sums, EncoderNorm norm, int tokens)
    {
        for (var t = 0; t < tokens; t++)
        {
            var row = _scratch.Hidden.Values(t);
            VectorMath.Add(row, sums + ((long)t * _shape.Width), _shape.Width);
            VectorMath.LayerNorm(row, norm.Weights.Start, norm.Bias.Start, row, _shape.Width, _shape.NormEpsilon);
        }
    }

    private void Activate(int tokens)
    {
        for (var t = 0; t < tokens; t++)
        {
            var row = _scratch.Inner.Values(t);
            switch (_shape.Activation)
            {
                case EncoderActivation.Gelu: VectorMath.Gelu(row, _shape.FeedForwardWidth); break;
                case EncoderActivation.GeluTanh: VectorMath.GeluTanh(row, _shape.FeedForwardWidth); break;
                default: VectorMath.Relu(row, _shape.FeedForwardWidth); break;
            }
        }
    }

    private void Attend(int head, int tokens)
    {
        var (width, from, wide) = (_shape.HeadWidth, head * _shape.HeadWidth, _set == InstructionSet.Avx512);
        var scale = 1 / MathF.Sqrt(width);
        var blocks = (tokens + Block - 1) / Block;
        long stride = blocks * Block;
        new Span<float>(_scratch.Keys, blocks * Block * width).Clear();
        for (var t = 0; t < tokens; t++)
        {
            var at = ((long)t * _shape.Width) + from;
            var query = _scratch.Query.Start + at;
            var key = _scratch.Key.Start + at;
            var keys = _scratch.Keys + ((long)t / Block * Block * width) + (t % Block);
            for (var i = 0; i < width; i++)
            {
                _scratch.Queries[((long)t * width) + i] = query[i] * scale;
                keys[i * Block] = key[i];
            }

            Copy(_scratch.Value.Start + at, _scratch.Values + ((long)t * width));
        }

        var rows = (tokens + Tile - 1) / Tile * Tile;
        new Span<float>(_scratch.Outputs, rows * width).Clear();
        AttentionKernel<F32Format>.Score(wide, (byte*)_scratch.Keys, blocks, width, _scratch.Queries, rows, _scratch.Scores, stride);
        for (var t = 0; t < tokens; t++)
        {
            VectorMath.Softmax(_scratch.Scores + (t * stride), tokens);
        }

        for (var t = 0; t < tokens; t += Tile)
        {
            AttentionKernel<F32Format>.AddFour(wide, (byte*)_scratch.Values, tokens, width, _scratch.Scores + (t * stride), stride, _scratch.Outputs + ((long)t * width));
        }

        for (var t = 0; t < tokens; t++)
        {
            Copy(_scratch.Outputs + ((long)t * width), _scratch.Attended.Values(t) + from);
        }

        void Copy(float* source, float* target) => Buffer.MemoryCopy(source, target, width * sizeof(float), width * sizeof(float));
    }

    /// <summary>What one text takes.</summary>
    private sealed class Scratch : IDisposable
    {
        private readonly NativeBuffer<float> _heads;

        public Scratch(EncoderShape shape, int tokens)
        {
            Capacity = (tokens + Block - 1) / Block * Block;
            var perHead = (long)Capacity * shape.HeadWidth;
            Hidden = new Activations(Capacity, shape.Width);
            Attended = new Activations(Capacity, shape.Width);
            Inner = new Activations(Capacity, shape.FeedForwardWidth);
            Query = new NativeBuffer<float>((long)Capacity * shape.Width);
            Key = new NativeBuffer<float>((long)Capacity * shape.Width);
            Value = new NativeBuffer<float>((long)Capacity * shape.Width);
            _heads = new NativeBuffer<float>((4 * perHead) + ((long)Capacity * Capacity));
            Queries = _heads.Start;
            Keys = Queries + perHead;
            Values = Keys + perHead;
            Outputs = Values + perHead;
            Scores = Outputs + perHead;
        }

        /// <summary>Tokens there is room for, whole blocks of keys.</summary>
        public int Capacity { get; }

        public Activations Hidden { get; }

        public Activations Attended { get; }

        public Activations Inner { get; }

        public NativeBuffer<float> Query { get; }

        public NativeBuffer<float> Key { get; }

        public NativeBuffer<float> Value { get; }

        public float* Queries { get; }

        public float* Keys { get; }

        public float* Values { get; }

        public float* Outputs { get; }

        public float* Scores { get; }

        public void Dispose()
        {
            foreach (var owned in (IDisposable[])[Hidden, Attended, Inner, Query, Key, Value, _heads])
            {
                owned.Dispose();
            }
        }
    }
}
