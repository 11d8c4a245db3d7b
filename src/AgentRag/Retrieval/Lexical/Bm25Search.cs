using System.Runtime.InteropServices;
using AgentRag.Indexing.Segments;

namespace AgentRag.Retrieval.Lexical;

/// <summary>Finds the best passages by exact BM25.</summary>
/// <remarks>
/// Two steps. First each passage gets an upper bound of its score: the codes of its postings are looked up in tables that are made for the query, and the
/// values are summed window by window. Every passage whose bound comes near the k-th best is a candidate. Then the candidates get their exact scores. If the
/// k-th exact score is below what candidates had to reach, one may be missing, and the first step is repeated with that score as its threshold: a passage
/// whose bound does not reach it cannot be among the best k. So the result is exact, whatever the codes.
/// One object per thread, used again and again: a search allocates nothing unless a buffer must grow.
/// </remarks>
internal sealed unsafe class Bm25Search
{
    /// <summary>
    /// Share of the bounds' width that is kept below the k-th bound: half of it is what scores lie below their bounds in the mean. A larger one costs
    /// candidates, a smaller one repetitions.
    /// </summary>
    private const double MarginShare = 0.6;

    /// <summary>Passages of a window for which looking up dense rows one by one is cheaper than adding the whole rows.</summary>
    private const int MaxLookups = 192;

    private const int CodeCount = 256;

    /// <summary>Postings of one term that are counted for a first threshold: more would cost as much as they spare.</summary>
    private const int MaxCounted = 1 << 14;

    // Rounding of sums in double precision is far below this.
    private const double Rounding = 1e-9;

    [ThreadStatic]
    private static Bm25Search? _ofThread;

    private readonly SimdLevel _level;
    private readonly Window _window;
    private readonly Candidates _candidates = new();
    private readonly TermCursors _cursors = new();
    private readonly ExactScores _exact = new();
    private readonly Ranking _ranking = new();
    private readonly ushort[] _locals = GC.AllocateArray<ushort>(TermEntry.WindowSize, pinned: true);
    private readonly ushort[] _bounds = GC.AllocateArray<ushort>(TermEntry.WindowSize, pinned: true);
    private double _scale;

    private Bm25Search(SimdLevel level) => (_level, _window) = (level, new(level));

    /// <summary>The query's terms.</summary>
    public QueryTerms Terms { get; } = new();

    /// <summary>How often a search had to be repeated, for tests.</summary>
    public int Repetitions { get; private set; }

    /// <summary>The thread's own search.</summary>
    public static Bm25Search OfThread(SimdLevel level) => _ofThread?._level == level ? _ofThread : _ofThread = new(level);

    /// <summary>The passage at a rank from 0.</summary>
    public int PassageAt(int rank) => _candidates.Passages[_ranking.PlaceAt(rank)];

    /// <summary>The score at a rank from 0.</summary>
    public double ScoreAt(int rank) => _ranking.ScoreAt(rank);

    /// <summary>Ranks the passages for a query.</summary>
    /// <param name="snapshot">The index.</param>
    /// <param name="query">The query's text.</param>
    /// <param name="k">How many passages, ≥ 0.</param>
    /// <param name="allowed">Per segment, one bit per passage that may be returned; null for all.</param>
    /// <returns>How many there are; they stand at the ranks below that. Equal scores keep the order of the index.</returns>
    public int Rank(Bm25Snapshot snapshot, ReadOnlySpan<char> query, int k, ulong[]?[] allowed)
    {
        Terms.Read(query, snapshot.Index);
        if (k == 0 || Terms.Count == 0)
        {
            return 0;
        }

        _scale = (ushort.MaxValue - Terms.Count) / Terms.TotalWeight;
        _candidates.Begin(k, Margin(snapshot));
        if (Array.TrueForAll(allowed, bits => bits is null))
        {
            Expect(snapshot, k);
        }

        Collect(snapshot, allowed);
        var count = Score(snapshot);
        if (count >= k && Reached(k) < _candidates.Threshold)
        {
            Repetitions++;
            _candidates.BeginFixed(Reached(k));
            Collect(snapshot, allowed);
            count = Score(snapshot);
        }

        GC.KeepAlive(snapshot);
        return Math.Min(count, k);
    }

    private int Reached(int k) => (int)(ScoreAt(k - 1) * _scale * (1 - Rounding));

    private int Margin(Bm25Snapshot snapshot)
    {
        var (width, index) = (0.0, snapshot.Index);
        for (var term = 0; term < Terms.Count; term++)
        {
            var isDense = Terms[term].Passages >= index.PassageCount / 8;
            width += Terms[term].Weight * (isDense ? snapshot.Bounds[0].RowWidth : snapshot.Bounds[0].ListWidth);
        }

        return (int)(width * _scale * MarginShare);
    }

    /// <summary>Finds a first threshold: the k best passages are at least as good as the k best of one term alone.</summary>
    private void Expect(Bm25Snapshot snapshot, int k)
    {
        // The rarest term that occurs often enough: it has the greatest weight, and the fewest postings.
        var rarest = -1;
        for (var term = 0; term < Terms.Count; term++)
        {
            var passages = Terms[term].Passages;
            rarest = passages >= k && passages <= MaxCounted && (rarest < 0 || passages < Terms[rarest].Passages) ? term : rarest;
        }

        if (rarest < 0)
        {
            return;
        }

        var (most, weight) = (0, Terms[rarest].Weight * _scale);
        var counts = stackalloc int[CodeCount];
        for (var number = 0; number < snapshot.Bounds.Length; number++)
        {
            if (Terms.NumberIn(number, rarest) is not (>= 0 and var found))
            {
                continue;
            }

            var list = snapshot.Index.Segments[number].Segment.Postings(found);
            if (list.IsDense)
            {
                continue;
            }

            new Span<int>(counts, CodeCount).Clear();
            var codes = list.Codes;
            for (var posting = 0; posting < list.Count; posting++)
            {
                counts[codes[posting]]++;
            }

            var upper = snapshot.Bounds[number].Lists;
            for (var code = 1; code < upper.Length; code++)
            {
                if (counts[code] > 0)
                {
                    var bound = TermCursors.Value(weight, upper[code]);
                    _candidates.Expect(bound, counts[code]);
                    most = Math.Max(most, bound);
                }
            }
        }

        _candidates.RaiseToExpected(most);
    }

    private void Collect(Bm25Snapshot snapshot, ulong[]?[] allowed)
    {
        for (var number = 0; number < snapshot.Bounds.Length; number++)
        {
            var segment = snapshot.Index.Segments[number].Segment;
            _cursors.Begin(segment, number, Terms);
            if (_cursors.Count == 0)
            {
                continue;
            }

            _cursors.SetValues(snapshot.Bounds[number], _scale);
            for (var first = 0; first < segment.PassageCount; first += TermEntry.WindowSize)
            {
                var bits = allowed[number] is { } words ? words.AsSpan(first >> 6) : [];
                Collect(snapshot.FirstPassages[number] + first, first, Math.Min(TermEntry.WindowSize, segment.PassageCount - first), bits);
            }
        }
    }

    /// <summary>Collects the candidates of one window.</summary>
    /// <param name="firstInIndex">Number of the window's first passage in the index.</param>
    /// <param name="first">Its number in the segment.</param>
    /// <param name="count">Passages of the window.</param>
    /// <param name="allowed">One bit per passage; empty for all.</param>
    private void Collect(int firstInIndex, int first, int count, ReadOnlySpan<ulong> allowed)
    {
        var (touched, rows) = AddLists(first >> TermEntry.WindowBits);
        var rowLength = (int)TermEntry.RowLength(count);
        var locals = (ushort*)Marshal.UnsafeAddrOfPinnedArrayElement(_locals, 0);
        var bounds = (ushort*)Marshal.UnsafeAddrOfPinnedArrayElement(_bounds, 0);
        if (rows == 0)
        {
            if (touched)
            {
                var taken = _window.Take(rowLength, _candidates.Threshold, locals, bounds);
                _candidates.Add(firstInIndex, locals, bounds, taken, allowed);
            }

            return;
        }

        // Frequent terms weigh little: once they cannot lift a passage over the threshold alone, few passages need a look at them.
        if (_candidates.Threshold > rows)
        {
            var threshold = _candidates.Threshold - rows;
            if (!touched)
            {
                return;
            }

            if (_window.CountAtLeast(rowLength, threshold) <= MaxLookups)
            {
                var taken = LookUpRows(first, _window.Take(rowLength, threshold, locals, bounds), locals, bounds);
                _candidates.Add(firstInIndex, locals, bounds, taken, allowed);
                return;
            }
        }

        for (var i = 0; i < _cursors.Count; i++)
        {
            if (_cursors[i].List.IsDense)
            {
                _window.AddRow(_cursors[i].List.Codes + first, rowLength, _cursors[i].Values);
            }
        }

        if (_candidates.Count == 0 && allowed.IsEmpty)
        {
            _window.Maxima(bounds);
            _candidates.Raise(new(bounds, Window.MaximaCount));
        }

        _candidates.Add(firstInIndex, locals, bounds, _window.Take(rowLength, _candidates.Threshold, locals, bounds), allowed);
    }

    /// <summary>Adds the postings of a window that do not stand in dense rows.</summary>
    /// <returns>Whether there were any, and the most that dense rows can add.</returns>
    private (bool Touched, int Rows) AddLists(int window)
    {
        var (touched, rows) = (false, 0);
        for (var i = 0; i < _cursors.Count; i++)
        {
            ref var cursor = ref _cursors[i];
            if (cursor.List.IsDense)
            {
                rows += cursor.MaxValue;
                continue;
            }

            var (posting, count) = cursor.Take(window);
            if (count == 0)
            {
                continue;
            }

            touched = true;
            var codes = cursor.List.Codes + posting;
            if (!cursor.List.IsFlat)
            {
                _window.Add(cursor.List.Locals + posting, codes, count, cursor.Values);
                continue;
            }

            var passages = cursor.List.Passages + posting;
            for (var p = 0; p < count; p++)
            {
                _window.Add((int)(passages[p] & (TermEntry.WindowSize - 1)), cursor.Values[codes[p]]);
            }
        }

        return (touched, rows);
    }

    private int LookUpRows(int first, int count, ushort* locals, ushort* bounds)
    {
        for (var i = 0; i < _cursors.Count; i++)
        {
            ref var cursor = ref _cursors[i];
            if (cursor.List.IsDense)
            {
                var row = cursor.List.Codes + first;
                var values = cursor.Values;
                for (var p = 0; p < count; p++)
                {
                    bounds[p] += values[row[locals[p]]];
                }
            }
        }

        var kept = 0;
        for (var p = 0; p < count; p++)
        {
            if (bounds[p] >= _candidates.Threshold)
            {
                (locals[kept], bounds[kept++]) = (locals[p], bounds[p]);
            }
        }

        return kept;
    }

    /// <summary>Scores the candidates and sorts them.</summary>
    /// <returns>How many there are.</returns>
    private int Score(Bm25Snapshot snapshot)
    {
        _candidates.Prune();
        var passages = _candidates.Passages;
        var count = passages.Length;
        _exact.Begin(count);
        for (var (number, start) = (0, 0); start < count; number++)
        {
            var end = start;
            while (end < count && passages[end] < snapshot.FirstPassages[number + 1])
            {
                end++;
            }

            if (end > start)
            {
                var segment = snapshot.Index.Segments[number].Segment;
                _cursors.Begin(segment, number, Terms);
                _exact.Add(segment, snapshot.FirstPassages[number], _cursors, passages, start..end, snapshot.Norm);
                start = end;
            }
        }

        _ranking.Sort(_exact.Scores(count));
        return count;
    }
}
