namespace AgentRag.Retrieval.Lexical;

/// <summary>Collects the passages whose upper bound may reach the best k, and raises the threshold as more are found.</summary>
internal sealed unsafe class Candidates
{
    // Bounds are counted in steps of 16: fine enough, and the counts stay in the nearest cache.
    private const int StepBits = 4;
    private const int PruneAt = 1 << 15;

    private readonly int[] _histogram = new int[1 << (16 - StepBits)];
    private int[] _passages = new int[1 << 15];
    private ushort[] _bounds = new ushort[1 << 15];
    private int _k;
    private int _margin;
    private int _level;
    private int _atLevel;
    private bool _isFixed;

    public int Count { get; private set; }

    /// <summary>What a bound must reach; ≥ 1.</summary>
    public int Threshold { get; private set; }

    /// <summary>The passages, ascending.</summary>
    public ReadOnlySpan<int> Passages => _passages.AsSpan(0, Count);

    /// <summary>Begins a search whose threshold rises.</summary>
    /// <param name="k">How many passages are wanted; ≥ 1.</param>
    /// <param name="margin">How far below the k-th bound a passage is still kept.</param>
    public void Begin(int k, int margin) => (_k, _margin, _isFixed, Threshold, Count, _level, _atLevel) = (k, margin, false, 1, Clear(), 0, 0);

    /// <summary>Begins a search with a threshold that stays.</summary>
    public void BeginFixed(int threshold) => (_isFixed, Threshold, Count) = (true, Math.Max(1, threshold), Clear());

    /// <summary>Raises the threshold to what k passages are known to reach, before they are added.</summary>
    /// <param name="bounds">Bounds of different passages that are all allowed and have not been added.</param>
    public void Raise(ReadOnlySpan<ushort> bounds)
    {
        if (_isFixed || bounds.Length < _k)
        {
            return;
        }

        foreach (var bound in bounds)
        {
            _histogram[bound >> StepBits]++;
        }

        var (bin, count) = (_histogram.Length - 1, 0);
        for (; bin > 0 && (count += _histogram[bin]) < _k; bin--)
        {
        }

        foreach (var bound in bounds)
        {
            _histogram[bound >> StepBits]--;
        }

        Threshold = Math.Max(Threshold, (bin << StepBits) - _margin);
    }

    /// <summary>Tells that some passages reach a bound, before any is added. All that is told must be of different passages, and of allowed ones.</summary>
    /// <param name="bound">What each of them reaches at least.</param>
    /// <param name="passages">How many they are.</param>
    public void Expect(int bound, int passages) => _histogram[bound >> StepBits] += passages;

    /// <summary>Raises the threshold to what k passages are expected to reach, and forgets what was told.</summary>
    /// <param name="most">The greatest bound that was told.</param>
    public void RaiseToExpected(int most)
    {
        var (bin, count) = (most >> StepBits, 0);
        for (; bin > 0 && (count += _histogram[bin]) < _k; bin--)
        {
        }

        Threshold = Math.Max(Threshold, (bin << StepBits) - _margin);
        Clear();
    }

    /// <summary>Adds passages of one window.</summary>
    /// <param name="first">The window's first passage.</param>
    /// <param name="locals">The passages, counted from there.</param>
    /// <param name="bounds">Their bounds, all at least <see cref="Threshold"/>.</param>
    /// <param name="count">How many.</param>
    /// <param name="allowed">One bit per passage of the window; null for all.</param>
    public void Add(int first, ushort* locals, ushort* bounds, int count, ReadOnlySpan<ulong> allowed)
    {
        Reserve(count);
        var (next, level, atLevel) = (Count, _level, _atLevel);
        for (var i = 0; i < count; i++)
        {
            int local = locals[i];
            if (!allowed.IsEmpty && (allowed[local >> 6] >> local & 1) == 0)
            {
                continue;
            }

            (_passages[next], _bounds[next++]) = (first + local, bounds[i]);
            var bin = bounds[i] >> StepBits;
            _histogram[bin]++;
            atLevel += bin >= level ? 1 : 0;
        }

        Count = next;
        if (_isFixed)
        {
            return;
        }

        while (atLevel - _histogram[level] >= _k)
        {
            atLevel -= _histogram[level++];
        }

        (_level, _atLevel) = (level, atLevel);
        Threshold = Math.Max(Threshold, (level << StepBits) - _margin);
    }

    /// <summary>Drops what the threshold has left behind.</summary>
    public void Prune()
    {
        // Without a branch that could be guessed wrongly.
        var passages = _passages.AsSpan(0, Count);
        var bounds = _bounds.AsSpan(0, Count);
        var (threshold, kept) = (Threshold, 0);
        for (var i = 0; i < passages.Length; i++)
        {
            var bound = bounds[i];
            (passages[kept], bounds[kept]) = (passages[i], bound);
            kept += bound >= threshold ? 1 : 0;
        }

        Count = kept;
    }

    private int Clear()
    {
        Array.Clear(_histogram);
        return 0;
    }

    private void Reserve(int more)
    {
        if (Count + more <= _passages.Length)
        {
            return;
        }

        if (Count >= PruneAt / 2)
        {
            Prune();
        }

        if (Count + more > _passages.Length)
        {
            var length = Math.Max(_passages.Length * 2, Count + more);
            Array.Resize(ref _passages, length);
            Array.Resize(ref _bounds, length);
        }
    }
}
