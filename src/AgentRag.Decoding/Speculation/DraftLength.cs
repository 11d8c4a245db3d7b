namespace AgentRag.Decoding.Speculation;

/// <summary>Chooses how many tokens to draft (gamma), from measured times and from how many drafts were accepted.</summary>
/// <remarks>
/// <para>
/// Expected tokens of a round with gamma drafts, each accepted with probability a: (1 - a^(gamma + 1)) / (1 - a). Its time: gamma times a draft's, and a
/// run of gamma + 1 tokens through the target, taken as a line through measured times. The gamma with the most tokens per second wins; when that is 0,
/// speculation is off, and is tried again now and then.
/// </para>
/// <para>Not for concurrent use.</para>
/// </remarks>
internal sealed class DraftLength
{
    private const double Keeps = 0.95; // weight of the past from round to round: some 20 rounds count
    private const int RoundsBetweenTrials = 32;
    private static readonly int[] FirstRounds = [0, 2, 0, 4];

    private readonly int _most;
    private readonly int? _fixed;
    private double _n;
    private double _b;
    private double _bb;
    private double _t;
    private double _bt;
    private double _draftedTokens;
    private double _draftSeconds;
    private double _accepted = 1;
    private double _judged = 2; // one accepted of two: what is assumed before there is a measurement
    private int _rounds;
    private int _roundsOff;

    private DraftLength(int most, int? fixedLength) => (_most, _fixed) = (most, fixedLength);

    /// <summary>Always the same number.</summary>
    public static DraftLength Fixed(int tokens) => new(tokens, tokens);

    /// <summary>A number that follows the measurements.</summary>
    /// <param name="most">Most drafts of a round, ≥ 1.</param>
    public static DraftLength Measured(int most) => new(most, fixedLength: null);

    /// <summary>Share of judged drafts that were accepted; recent rounds count more.</summary>
    public double Acceptance => _accepted / _judged;

    /// <summary>How many tokens to draft now; 0 for none.</summary>
    public int Next()
    {
        if (_fixed is { } tokens)
        {
            return tokens;
        }

        if (_rounds < FirstRounds.Length)
        {
            return Math.Min(FirstRounds[_rounds], _most);
        }

        var best = Best();
        _roundsOff = best == 0 ? _roundsOff + 1 : 0;
        if (_roundsOff >= RoundsBetweenTrials)
        {
            _roundsOff = 0;
            return Math.Min(2, _most);
        }

        return best;
    }

    /// <summary>How many times faster than plain decoding a round with so many drafts is expected to be.</summary>
    public double Speedup(int drafts) => drafts == 0 ? 1 : Tokens(drafts) * RunSeconds(1) / ((drafts * DraftSeconds) + RunSeconds(drafts + 1));

    /// <summary>Takes in a round.</summary>
    /// <param name="drafted">Tokens drafted.</param>
    /// <param name="accepted">Of them accepted.</param>
    /// <param name="drafting">Time for all drafts together.</param>
    /// <param name="verifying">Time of the target's run of drafts + 1 tokens.</param>
    public void Record(int drafted, int accepted, TimeSpan drafting, TimeSpan verifying)
    {
        if (_fixed is not null)
        {
            return;
        }

        _rounds++;
        var (b, t) = (drafted + 1.0, verifying.TotalSeconds);
        (_n, _b, _bb, _t, _bt) = ((_n * Keeps) + 1, (_b * Keeps) + b, (_bb * Keeps) + (b * b), (_t * Keeps) + t, (_bt * Keeps) + (b * t));
        if (drafted > 0)
        {
            (_draftedTokens, _draftSeconds) = ((_draftedTokens * Keeps) + drafted, (_draftSeconds * Keeps) + drafting.TotalSeconds);

            // What stands behind a rejected draft was never judged.
            (_accepted, _judged) = ((_accepted * Keeps) + accepted, (_judged * Keeps) + accepted + (accepted < drafted ? 1 : 0));
        }
    }

    private double DraftSeconds => _draftedTokens > 0 ? _draftSeconds / _draftedTokens : 0;

    private double Tokens(int drafts)
    {
        var (sum, power, a) = (0.0, 1.0, Math.Min(Acceptance, 0.999));
        for (var i = 0; i <= drafts; i++, power *= a)
        {
            sum += power;
        }

        return sum;
    }

    // The least-squares line; where all rounds were alike, a run costs the same whatever its length, which the next longer round corrects.
    private double RunSeconds(int tokens)
    {
        var determinant = (_n * _bb) - (_b * _b);
        var slope = determinant > 1e-9 * _n * _bb ? Math.Max(0, ((_n * _bt) - (_b * _t)) / determinant) : 0;
        return Math.Max((_t / _n) + (slope * (tokens - (_b / _n))), (slope * tokens) + 1e-12);
    }

    private int Best()
    {
        var best = 0;
        for (var drafts = 1; drafts <= _most; drafts++)
        {
            best = Speedup(drafts) > Speedup(best) ? drafts : best;
        }

        return best;
    }
}
