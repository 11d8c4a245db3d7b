using AgentRag.Decoding.Sampling;

namespace AgentRag.Decoding.Speculation;

/// <summary>How a drafted token is taken over or replaced.</summary>
public enum AcceptanceRule
{
    /// <summary>
    /// The target draws its token as if there were no draft; the draft is taken when it is that token. Text and random numbers are those of plain decoding, bit for bit.
    /// </summary>
    Sampled,

    /// <summary>Speculative sampling (RAPID's equations 1 and 2, arXiv 2502.20330): other random numbers than plain decoding, the same distribution; takes more drafts.</summary>
    Rejection,

    /// <summary>
    /// RAPID as published, equations 6 to 10: drafts are judged by a target that leans towards the drafter by eta. The distribution is not the target's, whatever
    /// the paper's appendix B says.
    /// </summary>
    Paper,

    /// <summary>The same leaning target, kept normalised, with the residual that gives exactly its distribution.</summary>
    ExactAugmented,
}

/// <summary>Takes drafted tokens over or replaces them.</summary>
/// <remarks>
/// <para>
/// p is the target's distribution after temperature and cuts, q the drafter's, x the drafted token, drawn from q. The leaning target of equation 8,
/// softmax(z / T + eta (q - p)), is p · e^(eta (q - p)) made to sum to 1, as softmax(z / T) is p: so it keeps what top-k and top-p cut away at zero.
/// </para>
/// <para>
/// Where the rule leans and the temperature is 0, p and q are taken at temperature 1, and the likeliest token of the leaning target is emitted; the paper
/// does not treat that case. Immutable but for scratch space; not for concurrent use.
/// </para>
/// </remarks>
internal sealed class Acceptance
{
    private readonly double _eta;
    private readonly double _tailShare;
    private float[] _augmented = [];

    /// <param name="rule">The rule.</param>
    /// <param name="eta">How far the target leans towards the drafter, ≥ 0; of no use to the first two rules.</param>
    /// <param name="tailShare">Equation 9's alpha, in [0, 1]: tokens below this share of the likeliest do not lean. 0 for none. Used by <see cref="AcceptanceRule.Paper"/> alone.</param>
    public Acceptance(AcceptanceRule rule, double eta = 0, double tailShare = 0) => (Rule, _eta, _tailShare) = (rule, eta, tailShare);

    /// <summary>The rule that changes nothing.</summary>
    public static Acceptance Sampled => new(AcceptanceRule.Sampled);

    public AcceptanceRule Rule { get; }

    /// <summary>Whether emitted tokens follow another distribution than the target's.</summary>
    public bool IsAugmented => Rule is AcceptanceRule.Paper or AcceptanceRule.ExactAugmented && _eta > 0;

    /// <summary>Makes the target's distribution for a position.</summary>
    public void Distribute(TokenSampler sampler, ReadOnlySpan<float> logits, TokenHistory history, Span<float> probabilities, bool isDrafted)
    {
        if (isDrafted && IsAugmented && sampler.IsGreedy)
        {
            sampler.Soften(logits, history, probabilities);
        }
        else
        {
            sampler.Distribute(logits, history, probabilities);
        }
    }

    /// <summary>Decides about one drafted token.</summary>
    /// <param name="p">The target's distribution; overwritten.</param>
    /// <param name="q">The drafter's distribution; not looked at by <see cref="AcceptanceRule.Sampled"/>.</param>
    /// <param name="draft">The drafted token.</param>
    /// <param name="sampler">Draws.</param>
    /// <returns>The token to emit, and whether it is the draft, so that the next draft counts.</returns>
    public (int Token, bool IsDraft) Choose(Span<float> p, ReadOnlySpan<float> q, int draft, TokenSampler sampler)
    {
        if (Rule == AcceptanceRule.Sampled)
        {
            var token = sampler.Draw(p);
            return (token, token == draft);
        }

        if (!IsAugmented)
        {
            return Judge(p, q, draft, q, p, sampler);
        }

        Array.Resize(ref _augmented, p.Length);
        Augment(p, q, _eta, _augmented);
        if (Rule == AcceptanceRule.Paper && _tailShare > 0)
        {
            KeepTail(p, _augmented, _tailShare);
        }

        if (sampler.IsGreedy)
        {
            var likeliest = TokenSampler.Largest(_augmented);
            return (likeliest, likeliest == draft);
        }

        // Paper: [p - min(q, p^)]+, equation 10. Exact: [p^ - q]+.
        return Rule == AcceptanceRule.Paper ? JudgePaper(p, q, draft, sampler) : Judge(_augmented, q, draft, q, p, sampler);
    }

    /// <summary>p · e^(eta (q - p)), summing to 1: equation 8.</summary>
    internal static void Augment(ReadOnlySpan<float> p, ReadOnlySpan<float> q, double eta, Span<float> augmented)
    {
        // e^(eta) at most, which double holds up to an eta of 700; the largest exponent is taken out for those above.
        var largest = double.NegativeInfinity;
        for (var i = 0; i < p.Length; i++)
        {
            largest = p[i] > 0 ? Math.Max(largest, eta * (q[i] - p[i])) : largest;
        }

        var sum = 0.0;
        for (var i = 0; i < p.Length; i++)
        {
            sum += p[i] > 0 ? p[i] * Math.Exp((eta * (q[i] - p[i])) - largest) : 0;
        }

        for (var i = 0; i < p.Length; i++)
        {
            augmented[i] = p[i] > 0 ? (float)(p[i] * Math.Exp((eta * (q[i] - p[i])) - largest) / sum) : 0;
        }
    }

    /// <summary>Equation 9: tokens below a share of the likeliest get their plain probability back. The sum is not 1 then.</summary>
    internal static void KeepTail(ReadOnlySpan<float> p, Span<float> augmented, double share)
    {
        var threshold = (float)(share * Kernels.VectorMath.Max(augmented));
        for (var i = 0; i < p.Length; i++)
        {
            augmented[i] = augmented[i] < threshold ? p[i] : augmented[i];
        }
    }

    // Taken with probability min(1, aim / q), else drawn from [aim - subtracted]+.
    private static (int Token, bool IsDraft) Judge(Span<float> aim, ReadOnlySpan<float> q, int draft, ReadOnlySpan<float> subtracted, ReadOnlySpan<float> fallback, TokenSampler sampler)
    {
        if (sampler.NextUniform() * q[draft] < aim[draft])
        {
            return (draft, true);
        }

        var sum = 0.0;
        for (var i = 0; i < aim.Length; i++)
        {
            sum += Math.Max(0, aim[i] - subtracted[i]);
        }

        // Rejected by rounding alone where both are the same.
        if (sum <= 0)
        {
            return (sampler.Draw(fallback), false);
        }

        for (var i = 0; i < aim.Length; i++)
        {
            aim[i] = Math.Max(0, aim[i] - subtracted[i]);
        }

        return (sampler.Draw(aim), false);
    }

    private (int Token, bool IsDraft) JudgePaper(Span<float> p, ReadOnlySpan<float> q, int draft, TokenSampler sampler)
    {
        if (sampler.NextUniform() * q[draft] < _augmented[draft])
        {
            return (draft, true);
        }

        var sum = 0.0;
        for (var i = 0; i < p.Length; i++)
        {
            _augmented[i] = Math.Max(0, p[i] - Math.Min(q[i], _augmented[i]));
            sum += _augmented[i];
        }

        return (sampler.Draw(sum > 0 ? _augmented : p), false);
    }
}
