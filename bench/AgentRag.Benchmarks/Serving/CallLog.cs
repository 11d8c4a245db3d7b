namespace AgentRag.Benchmarks.Serving;

/// <summary>The calls of all clients, by kind.</summary>
internal sealed class CallLog
{
    private readonly Dictionary<string, Kind> _kinds = new(StringComparer.Ordinal);

    public int Count { get; private set; }

    /// <summary>Enters a call.</summary>
    /// <param name="name">Its kind.</param>
    /// <param name="elapsed">From the request to its reply; null when none was waited for.</param>
    /// <param name="isGood">Whether the reply was what it should be.</param>
    public void Add(string name, TimeSpan? elapsed, bool isGood)
    {
        lock (_kinds)
        {
            if (!_kinds.TryGetValue(name, out var kind))
            {
                _kinds[name] = kind = new Kind();
            }

            Count++;
            kind.Count++;
            kind.Bad += isGood ? 0 : 1;
            if (elapsed is { } time)
            {
                kind.Milliseconds.Add(time.TotalMilliseconds);
            }
        }
    }

    /// <summary>Writes the table.</summary>
    public void Write()
    {
        Console.WriteLine("| call | calls | errors | p50 ms | p95 ms | p99 ms | max ms |");
        Console.WriteLine("| --- | --- | --- | --- | --- | --- | --- |");
        lock (_kinds)
        {
            foreach (var (name, kind) in _kinds.OrderByDescending(kind => kind.Value.Count))
            {
                Write(name, kind);
            }

            Write("all", new Kind { Count = Count, Bad = _kinds.Values.Sum(kind => kind.Bad), Milliseconds = [.. _kinds.Values.SelectMany(kind => kind.Milliseconds)] });
        }

        static void Write(string name, Kind kind)
        {
            kind.Milliseconds.Sort();
            var times = kind.Milliseconds.Count == 0
                ? " | | |"
                : FormattableString.Invariant($"{At(0.5):F1} | {At(0.95):F1} | {At(0.99):F1} | {kind.Milliseconds[^1]:F0}");
            Console.WriteLine(FormattableString.Invariant($"| {name} | {kind.Count:N0} | {kind.Bad} | {times} |"));

            double At(double share) => kind.Milliseconds[Math.Max(0, (int)Math.Ceiling(share * kind.Milliseconds.Count) - 1)];
        }
    }

    private sealed class Kind
    {
        public int Count { get; set; }

        public int Bad { get; set; }

        public List<double> Milliseconds { get; init; } = [];
    }
}
