using System.Diagnostics.Tracing;
using Microsoft.Diagnostics.NETCore.Client;
using Microsoft.Diagnostics.Tracing;

namespace AgentRag.Benchmarks.Serving;

/// <summary>The managed heap of another process, from the counters that every .NET process offers.</summary>
internal sealed class ManagedHeap : IDisposable
{
    // The keyword whose listener has the garbage collected when it comes.
    private const long CollectKeyword = 0x800000;

    private static readonly HashSet<string> Generations = new(StringComparer.Ordinal) { "gen-0-size", "gen-1-size", "gen-2-size", "loh-size", "poh-size" };

    private readonly DiagnosticsClient _client;
    private readonly EventPipeSession _session;
    private readonly Dictionary<string, double> _sizes = new(StringComparer.Ordinal);
    private readonly Thread _reader;

    public ManagedHeap(int processId)
    {
        _client = new DiagnosticsClient(processId);
        _session = Session();
        _reader = new Thread(Read) { IsBackground = true };
        _reader.Start();
    }

    /// <summary>All generations together, after the last collection; 0 before the first report.</summary>
    public long Bytes
    {
        get
        {
            lock (_sizes)
            {
                return (long)_sizes.Values.Sum();
            }
        }
    }

    /// <summary>Collects all garbage of the process.</summary>
    public void Collect()
    {
        using var session = _client.StartEventPipeSession([new EventPipeProvider("Microsoft-Windows-DotNETRuntime", EventLevel.Informational, CollectKeyword)], requestRundown: false);
        Thread.Sleep(TimeSpan.FromSeconds(1));
        session.Stop();
    }

    public void Dispose()
    {
        try
        {
            _session.Stop();
        }
        catch (Exception e) when (e is ServerNotAvailableException or IOException)
        {
            // The process has ended, and the session with it.
        }

        _reader.Join(TimeSpan.FromSeconds(5));
        _session.Dispose();
    }

    // A process that was just started is not there to be asked yet.
    private EventPipeSession Session()
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return _client.StartEventPipeSession(
                    [new EventPipeProvider("System.Runtime", EventLevel.Informational, 0, new Dictionary<string, string>(StringComparer.Ordinal) { ["EventCounterIntervalSec"] = "2" })], requestRundown: false);
            }
            catch (Exception e) when (tries < 100 && e is (ServerNotAvailableException or System.Net.Sockets.SocketException))
            {
                Thread.Sleep(100);
            }
        }
    }

    private void Read()
    {
        using var source = new EventPipeEventSource(_session.EventStream);
        source.Dynamic.All += happened =>
        {
            if (happened.EventName == "EventCounters" && happened.PayloadValue(0) is IDictionary<string, object> outer && outer["Payload"] is IDictionary<string, object> counter
                && counter["Name"] is string name && Generations.Contains(name))
            {
                lock (_sizes)
                {
                    _sizes[name] = Convert.ToDouble(counter["Mean"], System.Globalization.CultureInfo.InvariantCulture);
                }
            }
        };
        try
        {
            source.Process();
        }
        catch (Exception e) when (e is EndOfStreamException or IOException or ObjectDisposedException or FormatException)
        {
            // The process ended in the middle of an event.
        }
    }
}
