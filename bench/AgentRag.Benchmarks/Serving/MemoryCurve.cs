namespace AgentRag.Benchmarks.Serving;

/// <summary>What the servers took over a run, and whether it grew.</summary>
internal sealed class MemoryCurve
{
    private readonly List<(TimeSpan At, ProcessSample Sample)> _points = [];

    public void Add(TimeSpan at, ProcessSample sample) => _points.Add((at, sample));

    /// <summary>Writes the curve, at most about a dozen rows of it, and the slopes behind the warm-up.</summary>
    public void Write(TimeSpan warmUp)
    {
        Console.WriteLine("| minute | resident MB | managed heap MB | threads | handles | processor s |");
        Console.WriteLine("| --- | --- | --- | --- | --- | --- |");
        var step = Math.Max(1, _points.Count / 12);
        foreach (var (at, sample) in _points.Where((_, i) => i % step == 0 || i == _points.Count - 1))
        {
            Console.WriteLine(FormattableString.Invariant(
                $"| {at.TotalMinutes:F1} | {sample.ResidentBytes / 1e6:F1} | {sample.HeapBytes / 1e6:F1} | {sample.Threads} | {sample.Handles} | {sample.ProcessorTime.TotalSeconds:F0} |"));
        }

        var counted = _points.Where(point => point.At >= warmUp).ToList();
        if (counted.Count >= 4)
        {
            Console.WriteLine();
            Console.WriteLine(FormattableString.Invariant(
                $"From minute {warmUp.TotalMinutes:F0} on, {counted.Count} samples: resident {Slope(sample => sample.ResidentBytes)}, managed heap {Slope(sample => sample.HeapBytes)}"));
        }

        string Slope(Func<ProcessSample, long> bytes)
        {
            var (slope, error) = Line([.. counted.Select(point => (point.At.TotalMinutes, bytes(point.Sample) / 1e3))]);
            return FormattableString.Invariant($"{slope:+0.0;-0.0;0} kB/min (standard error {error:F1}; {slope * 60 / 1e3 / (counted.Average(point => bytes(point.Sample)) / 1e6) * 100:+0.0;-0.0;0} % per hour)");
        }
    }

    /// <summary>Fits a line by least squares; the error takes what follows each other for independent.</summary>
    private static (double Slope, double Error) Line(IReadOnlyList<(double X, double Y)> points)
    {
        var (meanX, meanY) = (points.Average(point => point.X), points.Average(point => point.Y));
        var spread = points.Sum(point => Math.Pow(point.X - meanX, 2));
        var slope = points.Sum(point => (point.X - meanX) * (point.Y - meanY)) / spread;
        var rest = points.Sum(point => Math.Pow(point.Y - meanY - (slope * (point.X - meanX)), 2));
        return (slope, Math.Sqrt(rest / (points.Count - 2) / spread));
    }
}
