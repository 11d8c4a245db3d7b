using AgentRag.Decoding.Kernels;
using AgentRag.Decoding.Weights;

namespace AgentRag.Decoding.Transformers;

/// <summary>Runs tokens through a decoder of the Llama or Qwen2 family.</summary>
/// <remarks>
/// <para>
/// A token's result depends on the tokens before it alone: computed by itself, in a chunk or as one of several drafts, with one thread or many, it is
/// the same bit for bit. Every sum has one order, whatever is computed beside it.
/// </para>
/// <para>Several caches may take turns. One caller at a time. Nothing is allocated while tokens run, but for logits of more rows than before.</para>
/// </remarks>
internal sealed unsafe class Transformer : ITeamWork, IDisposable
{
    private const int Group = PackedMatrix.GroupRows;
    private const int PhasesPerLayer = 9;

    private readonly TransformerOptions _options;
    private readonly ThreadTeam _team;
    private readonly TransformerShape _shape;
    private readonly TeamPhases _phases;
    private readonly AttentionStep _attention;
    private readonly NativeBuffer<float> _residual;
    private readonly Activations _normed;
    private readonly NativeBuffer<float> _projected;
    private readonly NativeBuffer<float> _gate;
    private readonly NativeBuffer<float> _up;
    private readonly Activations _inner;
    private NativeBuffer<float> _logits = new(0);

    // What the team is working on.
    private int _tokens;
    private int _outputRows;
    private bool _wantsLogits;

    public Transformer(TransformerWeights weights, TransformerOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.ChunkTokens, 1, nameof(options));
        (Weights, _options, _shape) = (weights, options, weights.Shape);
        _team = new ThreadTeam(options.Threads);
        _phases = new TeamPhases(_team, (_shape.Layers * PhasesPerLayer) + 2);
        _attention = new AttentionStep(_shape, options, RotaryFrequencies.Of(_shape.RotaryWidth, _shape.RotaryBase, _shape.RotaryScale, weights.RotaryFactors), _phases);
        var chunk = options.ChunkTokens;
        _residual = new NativeBuffer<float>((long)chunk * _shape.Width);
        _projected = new NativeBuffer<float>((long)chunk * _shape.Width);
        _normed = new Activations(chunk, _shape.Width);
        _gate = new NativeBuffer<float>((long)chunk * _shape.FeedForwardWidth);
        _up = new NativeBuffer<float>((long)chunk * _shape.FeedForwardWidth);
        _inner = new Activations(chunk, _shape.FeedForwardWidth);
    }

    public TransformerWeights Weights { get; }

    /// <summary>Tokens that go through a layer together.</summary>
    public int ChunkTokens => _options.ChunkTokens;

    /// <summary>Runs tokens and appends them to the cache.</summary>
    /// <param name="cache">The context so far; has room for the tokens.</param>
    /// <param name="tokens">Token ids, ≥ 1 of them.</param>
    /// <param name="logitRows">For how many of the last tokens logits are wanted, in [0, <see cref="ChunkTokens"/>].</param>
    /// <param name="cancellationToken">Looked at between chunks; the cache then holds the chunks before.</param>
    public void Run(KeyValueCache cache, ReadOnlySpan<int> tokens, int logitRows, CancellationToken cancellationToken = default)
    {
        Require(cache, tokens.Length, logitRows);
        for (var start = 0; start < tokens.Length;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = NextChunk(tokens.Length - start, logitRows);
            for (var t = 0; t < count; t++)
            {
                ReadEmbedding(tokens[start + t], _residual.Slice((long)t * _shape.Width, _shape.Width));
            }

            start += count;
            RunChunk(cache, count, start == tokens.Length ? logitRows : 0, wantsLogits: true);
        }
    }

    /// <summary>Runs rows of embeddings in the place of tokens.</summary>
    /// <param name="cache">The context so far; has room for the rows.</param>
    /// <param name="rows">Rows of the model's width.</param>
    /// <param name="logitRows">For how many of the last rows logits are wanted, in [0, <see cref="ChunkTokens"/>].</param>
    /// <param name="cancellationToken">Looked at between chunks.</param>
    public void RunEmbedded(KeyValueCache cache, ReadOnlySpan<float> rows, int logitRows, CancellationToken cancellationToken = default)
    {
        if (rows.Length % _shape.Width != 0)
        {
            throw new ArgumentException($"{rows.Length} numbers are no rows of {_shape.Width}.", nameof(rows));
        }

        var total = rows.Length / _shape.Width;
        Require(cache, total, logitRows);
        for (var start = 0; start < total;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = NextChunk(total - start, logitRows);
            rows.Slice(start * _shape.Width, count * _shape.Width).CopyTo(_residual.Slice(0, count * _shape.Width));
            start += count;
            RunChunk(cache, count, start == total ? logitRows : 0, wantsLogits: true);
        }
    }

    /// <summary>Runs at most one chunk of tokens and leaves the last layer's normed rows instead of logits.</summary>
    public void RunHidden(KeyValueCache cache, ReadOnlySpan<int> tokens)
    {
        Require(cache, tokens.Length, tokens.Length);
        for (var t = 0; t < tokens.Length; t++)
        {
            ReadEmbedding(tokens[t], _residual.Slice((long)t * _shape.Width, _shape.Width));
        }

        RunChunk(cache, tokens.Length, tokens.Length, wantsLogits: false);
    }

    /// <summary>The embedding of a token.</summary>
    public void ReadEmbedding(int token, Span<float> row)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(token);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(token, _shape.VocabularySize);
        Weights.Embedding.ReadRow(token, row);
    }

    /// <summary>The logits of the last run, one per token of the vocabulary.</summary>
    /// <param name="row">From 0: the first of the rows that were asked for. Valid until the next run.</param>
    public Span<float> Logits(int row)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, _wantsLogits ? _outputRows : 0);
        return _logits.Slice((long)row * Weights.Output.PaddedRows, _shape.VocabularySize);
    }

    /// <summary>The last layer's normed row of the last <see cref="RunHidden"/>.</summary>
    /// <param name="row">From 0. Valid until the next run.</param>
    public ReadOnlySpan<float> Hidden(int row)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, _outputRows);
        return new ReadOnlySpan<float>(_normed.Values(row), _shape.Width);
    }

    public void Dispose()
    {
        _team.Dispose();
        foreach (var owned in (IDisposable[])[_attention, _residual, _normed, _projected, _gate, _up, _inner, _logits])
        {
            owned.Dispose();
        }
    }

    /// <inheritdoc/>
    void ITeamWork.Execute(int thread)
    {
        var phase = 0;
        for (var layer = 0; layer < _shape.Layers; layer++)
        {
            var weights = Weights.Layers[layer];
            Norm(phase++, weights.AttentionNorm.Start, 0, _tokens, weights.Query.Type.IsQuantized() || weights.Key.Type.IsQuantized() || weights.Value.Type.IsQuantized());
            MultiplyQueryKeyValue(phase++, weights);
            _attention.Position(phase++, layer);
            _attention.Attend(phase++, thread, layer);
            _attention.Quantize(phase++, weights.AttentionOutput.Type);
            MultiplyIntoResidual(phase++, weights.AttentionOutput, _attention.Attended);
            Norm(phase++, weights.FeedForwardNorm.Start, 0, _tokens, weights.Gate.Type.IsQuantized() || weights.Up.Type.IsQuantized());
            MultiplyGateUp(phase++, weights);
            MultiplyIntoResidual(phase++, weights.Down, _inner);
        }

        if (_outputRows > 0)
        {
            Norm(phase++, Weights.OutputNorm.Start, _tokens - _outputRows, _outputRows, _wantsLogits && Weights.Output.Type.IsQuantized());
            if (_wantsLogits)
            {
                MultiplyLogits(phase);
            }
        }
    }

    // The last chunk holds all rows that logits are wanted for.
    private int NextChunk(int left, int logitRows) =>
        left <= ChunkTokens ? left : Math.Min(ChunkTokens, Math.Max(1, left - logitRows));

    private void Require(KeyValueCache cache, int tokens, int outputRows)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tokens, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(outputRows);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(outputRows, Math.Min(tokens, ChunkTokens));
        if (cache.Length + tokens > cache.Capacity)
        {
            throw new AgentRagException(
                $"The context holds {cache.Length} tokens and {tokens} more are to follow, it has room for {cache.Capacity}: shorten the prompt or give the model a longer context.");
        }
    }

    private void RunChunk(KeyValueCache cache, int tokens, int outputRows, bool wantsLogits)
    {
        (_tokens, _outputRows, _wantsLogits) = (tokens, outputRows, wantsLogits);
        if (wantsLogits && (long)outputRows * Weights.Output.PaddedRows > _logits.Length)
        {
            _logits.Dispose();
            _logits = new NativeBuffer<float>((long)outputRows * Weights.Output.PaddedRows);
        }

        _attention.Prepare(cache, tokens);
        _phases.Reset();
        _team.Run(this);
        cache.Advance(tokens);
    }

    // Some 100 KB of weights, or the products of as many: enough to hide the claim, little enough to share evenly.
    private int GroupsPerClaim(PackedMatrix matrix)
    {
        var wanted = Math.Max(1, (int)(100_000L * matrix.Groups / Math.Max(1, matrix.Bytes * _tokens)));
        return Math.Min(wanted, Math.Max(1, matrix.Groups / (4 * _phases.Threads)));
    }

    private void Norm(int phase, float* weights, int firstToken, int tokens, bool quantize)
    {
        for (var row = _phases.Claim(phase, 1); row < tokens; row = _phases.Claim(phase, 1))
        {
            VectorMath.RmsNorm(_residual.Start + ((long)(firstToken + row) * _shape.Width), weights, _normed.Values(row), _shape.Width, _shape.NormEpsilon);
            if (quantize)
            {
                _normed.Quantize(row);
            }
        }

        _phases.Meet();
    }

    private void MultiplyQueryKeyValue(int phase, TransformerLayer weights)
    {
        var (query, key, value) = (weights.Query, weights.Key, weights.Value);
        var size = GroupsPerClaim(query);
        var total = query.Groups + key.Groups + value.Groups;
        for (var start = _phases.Claim(phase, size); start < total; start = _phases.Claim(phase, size))
        {
            for (var group = start; group < Math.Min(start + size, total); group++)
            {
                if (group < query.Groups)
                {
                    Multiply(query, group, _normed, _attention.Query, query.Rows, weights.QueryBias);
                }
                else if (group < query.Groups + key.Groups)
                {
                    Multiply(key, group - query.Groups, _normed, _attention.Key, key.Rows, weights.KeyBias);
                }
                else
                {
                    Multiply(value, group - query.Groups - key.Groups, _normed, _attention.Value, value.Rows, weights.ValueBias);
                }
            }
        }

        _phases.Meet();
    }

    private void Multiply(PackedMatrix matrix, int group, Activations x, float* output, int stride, NativeBuffer<float>? bias)
    {
        var target = output + (group * Group);
        MatrixKernels.Multiply(_options.InstructionSet, matrix, group, x, 0, _tokens, target, stride);
        for (var t = 0; bias is not null && t < _tokens; t++)
        {
            VectorMath.Add(target + ((long)t * stride), bias.Start + (group * Group), Group);
        }
    }

    private void MultiplyIntoResidual(int phase, PackedMatrix matrix, Activations x)
    {
        var size = GroupsPerClaim(matrix);
        for (var start = _phases.Claim(phase, size); start < matrix.Groups; start = _phases.Claim(phase, size))
        {
            for (var group = start; group < Math.Min(start + size, matrix.Groups); group++)
            {
                var target = _projected.Start + (group * Group);
                MatrixKernels.Multiply(_options.InstructionSet, matrix, group, x, 0, _tokens, target, _shape.Width);
                for (var t = 0; t < _tokens; t++)
                {
                    VectorMath.Add(_residual.Start + ((long)t * _shape.Width) + (group * Group), target + ((long)t * _shape.Width), Group);
                }
            }
        }

        _phases.Meet();
    }

    // A piece is two groups, 32 rows of both matrices: a whole block of the next product's activations.
    private void MultiplyGateUp(int phase, TransformerLayer weights)
    {
        var (gate, up, width) = (weights.Gate, weights.Up, _shape.FeedForwardWidth);
        var pieces = (gate.Groups + 1) / 2;
        var size = Math.Max(1, GroupsPerClaim(gate) / 2);
        for (var start = _phases.Claim(phase, size); start < pieces; start = _phases.Claim(phase, size))
        {
            for (var piece = start; piece < Math.Min(start + size, pieces); piece++)
            {
                var groups = Math.Min(2, gate.Groups - (2 * piece));
                for (var group = 2 * piece; group < (2 * piece) + groups; group++)
                {
                    MatrixKernels.Multiply(_options.InstructionSet, gate, group, _normed, 0, _tokens, _gate.Start + (group * Group), width);
                    MatrixKernels.Multiply(_options.InstructionSet, up, group, _normed, 0, _tokens, _up.Start + (group * Group), width);
                }

                for (var t = 0; t < _tokens; t++)
                {
                    var at = piece * 2 * Group;
                    var offset = ((long)t * width) + at;
                    VectorMath.SwiGlu(_gate.Start + offset, _up.Start + offset, _inner.Values(t) + at, groups * Group);
                    if (weights.Down.Type.IsQuantized())
                    {
                        _inner.Quantize(t, piece, 1);
                    }
                }
            }
        }

        _phases.Meet();
    }

    private void MultiplyLogits(int phase)
    {
        var (matrix, stride) = (Weights.Output, (long)Weights.Output.PaddedRows);
        var size = GroupsPerClaim(matrix);
        for (var start = _phases.Claim(phase, size); start < matrix.Groups; start = _phases.Claim(phase, size))
        {
            for (var group = start; group < Math.Min(start + size, matrix.Groups); group++)
            {
                MatrixKernels.Multiply(_options.InstructionSet, matrix, group, _normed, 0, _outputRows, _logits.Start + ((long)group * Group), stride);
            }
        }

        _phases.Meet();
    }
}
