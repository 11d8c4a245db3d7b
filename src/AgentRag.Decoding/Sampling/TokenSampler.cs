using AgentRag.Decoding.Kernels;

namespace AgentRag.Decoding.Sampling;

/// <summary>Makes probabilities out of logits, and draws from them: the one pipeline that plain decoding, drafters and verifiers share.</summary>
/// <remarks>Not for concurrent use. Allocates nothing once it is made.</remarks>
internal sealed class TokenSampler
{
    private readonly SamplingOptions _options;
    private readonly SeededNumbers _random;
    private readonly float[] _scaled;
    private readonly float[] _heapKeys;
    private readonly int[] _heapTokens;

    /// <param name="options">How to choose; validated.</param>
    /// <param name="vocabularySize">Tokens of the vocabulary.</param>
    /// <param name="stream">Samplers of one seed and different streams draw unrelated numbers.</param>
    public TokenSampler(SamplingOptions options, int vocabularySize, int stream = 0)
    {
        _options = options;
        _random = new SeededNumbers(options.Seed, stream);
        _scaled = new float[vocabularySize];
        (_heapKeys, _heapTokens) = options.TopK > 0 || options.TopP < 1 ? (new float[vocabularySize], new int[vocabularySize]) : ([], []);
    }

    /// <summary>Whether the likeliest token is always taken.</summary>
    public bool IsGreedy => _options.Temperature == 0;

    /// <summary>Makes probabilities.</summary>
    /// <param name="logits">The model's logits.</param>
    /// <param name="history">What penalties go by.</param>
    /// <param name="probabilities">Takes the probabilities, which sum to 1: of greedy sampling, 1 for one token.</param>
    /// <exception cref="AgentRagException">The logits are not finite.</exception>
    public void Distribute(ReadOnlySpan<float> logits, TokenHistory history, Span<float> probabilities)
    {
        logits.CopyTo(_scaled);
        Penalize(history);
        var likeliest = Largest(_scaled);
        if (IsGreedy)
        {
            probabilities.Clear();
            probabilities[likeliest] = 1;
            return;
        }

        VectorMath.Softmax(_scaled, (float)(1 / _options.Temperature), probabilities);
        Cut(probabilities, probabilities[likeliest]);
    }

    /// <summary>Makes probabilities at temperature 1, whatever the options say, with penalties and without cuts.</summary>
    public void Soften(ReadOnlySpan<float> logits, TokenHistory history, Span<float> probabilities)
    {
        logits.CopyTo(_scaled);
        Penalize(history);
        _ = Largest(_scaled);
        VectorMath.Softmax(_scaled, 1, probabilities);
    }

    /// <summary>Chooses the next token.</summary>
    public int Sample(ReadOnlySpan<float> logits, TokenHistory history, Span<float> probabilities)
    {
        Distribute(logits, history, probabilities);
        return Draw(probabilities);
    }

    /// <summary>Draws a token. A greedy draw costs no random number, any other exactly one.</summary>
    /// <param name="weights">Weights ≥ 0, not all 0; need not sum to 1.</param>
    public int Draw(ReadOnlySpan<float> weights)
    {
        if (IsGreedy)
        {
            return Largest(weights);
        }

        var total = 0.0;
        foreach (var weight in weights)
        {
            total += weight;
        }

        var (target, sum, last) = (_random.NextDouble() * total, 0.0, 0);
        for (var token = 0; token < weights.Length; token++)
        {
            if (weights[token] > 0)
            {
                sum += weights[token];
                last = token;
                if (sum > target)
                {
                    return token;
                }
            }
        }

        return last;
    }

    /// <summary>A number in [0, 1): what acceptance is decided with.</summary>
    public double NextUniform() => _random.NextDouble();

    /// <summary>The token of the largest weight, of equal ones the first.</summary>
    /// <exception cref="AgentRagException">The weights are not finite.</exception>
    public static int Largest(ReadOnlySpan<float> weights)
    {
        var largest = VectorMath.Max(weights);
        return float.IsFinite(largest)
            ? weights.IndexOf(largest)
            : throw new AgentRagException("The model's logits are not finite: its weights are damaged, or it is not made for this context length.");
    }

    private void Penalize(TokenHistory history)
    {
        if (_options.RepetitionPenalty != 1)
        {
            foreach (var token in history.Seen)
            {
                var logit = _scaled[token];
                _scaled[token] = (float)(logit > 0 ? logit / _options.RepetitionPenalty : logit * _options.RepetitionPenalty);
            }
        }

        if (_options.PresencePenalty != 0 || _options.FrequencyPenalty != 0)
        {
            foreach (var (token, count) in history.Generated)
            {
                _scaled[token] -= (float)(_options.PresencePenalty + (count * _options.FrequencyPenalty));
            }
        }
    }

    private void Cut(Span<float> probabilities, float largest)
    {
        if (_options.TopK > 0 || _options.TopP < 1)
        {
            KeepLikeliest(probabilities);
        }

        if (_options.MinP > 0)
        {
            var least = (float)(largest * _options.MinP);
            foreach (ref var probability in probabilities)
            {
                probability = probability >= least || probability == largest ? probability : 0;
            }
        }

        if (_options.TopK > 0 || _options.TopP < 1 || _options.MinP > 0)
        {
            Normalize(probabilities);
        }
    }

    /// <summary>Makes weights sum to 1.</summary>
    public static void Normalize(Span<float> weights)
    {
        var sum = 0.0;
        foreach (var weight in weights)
        {
            sum += weight;
        }

        var scale = (float)(1 / sum);
        foreach (ref var weight in weights)
        {
            weight *= scale;
        }
    }

    // A heap gives the likeliest one by one: most often few are needed of very many. Top-p's share is of what top-k leaves.
    private void KeepLikeliest(Span<float> probabilities)
    {
        var count = 0;
        for (var token = 0; token < probabilities.Length; token++)
        {
            if (probabilities[token] > 0)
            {
                (_heapKeys[count], _heapTokens[count]) = (probabilities[token], token);
                count++;
            }
        }

        for (var i = (count / 2) - 1; i >= 0; i--)
        {
            SiftDown(i, count);
        }

        var kept = _options.TopK > 0
            ? Reaching(count, Take(count, _options.TopK, enough: double.PositiveInfinity))
            : Take(count, count, _options.TopP < 1 ? _options.TopP : double.PositiveInfinity);
        probabilities.Clear();
        for (var i = count - kept; i < count; i++)
        {
            probabilities[_heapTokens[i]] = _heapKeys[i];
        }
    }

    /// <summary>Takes the likeliest, which collect at the end of the arrays, until there are so many or their sum is enough.</summary>
    private int Take(int count, int most, double enough)
    {
        var (taken, sum) = (0, 0.0);
        while (taken < Math.Min(most, count) && sum < enough)
        {
            var end = count - 1 - taken++;
            Swap(0, end);
            SiftDown(0, end);
            sum += _heapKeys[end];
        }

        return taken;
    }

    /// <summary>How many of the taken ones reach top-p's share of them all.</summary>
    private int Reaching(int count, int taken)
    {
        var (all, sum, kept) = (0.0, 0.0, 0);
        for (var i = count - taken; i < count; i++)
        {
            all += _heapKeys[i];
        }

        while (kept < taken && (kept == 0 || _options.TopP >= 1 || sum < _options.TopP * all))
        {
            sum += _heapKeys[count - 1 - kept++];
        }

        return kept;
    }

    private void SiftDown(int i, int count)
    {
        while (true)
        {
            var largest = i;
            foreach (var child in (ReadOnlySpan<int>)[(2 * i) + 1, (2 * i) + 2])
            {
                largest = child < count && IsBefore(child, largest) ? child : largest;
            }

            if (largest == i)
            {
                return;
            }

            Swap(i, largest);
            i = largest;
        }
    }

    private bool IsBefore(int a, int b) => _heapKeys[a] > _heapKeys[b] || (_heapKeys[a] == _heapKeys[b] && _heapTokens[a] < _heapTokens[b]);

    private void Swap(int a, int b)
    {
        (_heapKeys[a], _heapKeys[b]) = (_heapKeys[b], _heapKeys[a]);
        (_heapTokens[a], _heapTokens[b]) = (_heapTokens[b], _heapTokens[a]);
    }
}
