using System.Text;

namespace AgentRag.Decoding.Sampling;

/// <summary>Lets text through until a stop text appears; what may be the beginning of one is held back.</summary>
/// <remarks>Not for concurrent use.</remarks>
internal sealed class StopText(IReadOnlyList<string> stops)
{
    private readonly string[] _stops = [.. stops.Where(stop => stop.Length > 0)];
    private readonly StringBuilder _held = new();

    /// <summary>Whether a stop text appeared: nothing more will be let through.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>Adds text.</summary>
    /// <returns>What cannot be part of a stop text any more, or stands before it.</returns>
    public string Add(ReadOnlySpan<char> text)
    {
        if (IsStopped)
        {
            return "";
        }

        if (_stops.Length == 0)
        {
            return text.ToString();
        }

        var all = _held.Append(text).ToString();
        var first = _stops.Select(stop => all.IndexOf(stop, StringComparison.Ordinal)).Where(at => at >= 0).DefaultIfEmpty(-1).Min();
        if (first >= 0)
        {
            IsStopped = true;
            _held.Clear();
            return all[..first];
        }

        var kept = _stops.Max(stop => LongestOverlap(all, stop));
        _held.Clear().Append(all, all.Length - kept, kept);
        return all[..^kept];
    }

    /// <summary>Ends the text.</summary>
    /// <returns>What was held back.</returns>
    public string End()
    {
        var rest = IsStopped ? "" : _held.ToString();
        _held.Clear();
        return rest;
    }

    // The longest end of the text with which the stop text begins.
    private static int LongestOverlap(string text, string stop)
    {
        for (var length = Math.Min(text.Length, stop.Length - 1); length > 0; length--)
        {
            if (text.AsSpan(text.Length - length).SequenceEqual(stop.AsSpan(0, length)))
            {
                return length;
            }
        }

        return 0;
    }
}
