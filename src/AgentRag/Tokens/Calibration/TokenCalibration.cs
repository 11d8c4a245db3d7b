using System.Runtime.InteropServices;
using System.Text.Json;

namespace AgentRag.Tokens.Calibration;

/// <summary>What a provider's reports have taught about counting for one model: a factor for texts, and the tokens its chat template adds.</summary>
/// <remarks>
/// <para>
/// The template's tokens per message and per request come out of a weighted least-squares fit, drawn towards <see cref="ChatTemplateTokens.Usual"/>. The
/// factor is then the conformal quantile of (reported - template) / counted over the last requests: the ⌈(n + 1) q⌉-th smallest. If requests keep coming
/// from the same distribution, in whatever shape, the next one is under-counted with probability at most 1 - q (Vovk, Gammerman, Shafer: Algorithmic Learning
/// in a Random World, 2005), however good the fit is. With fewer requests than that needs, the factor is the worst one seen and a margin, and at least 1.
/// </para>
/// <para>Safe for concurrent use.</para>
/// </remarks>
public sealed class TokenCalibration
{
    private const string FormatName = "agentrag-calibration";
    private const int FormatVersion = 1;

    // Reports beyond are of something else than the texts: pictures, a proxy's invention.
    private const double LeastRatio = 0.05;
    private const double LargestRatio = 20;
    private const int LargestTemplateTokens = 64;

    private readonly CalibrationOptions _options;
    private readonly Lock _lock = new();
    private readonly Queue<CountedRequest> _requests = [];
    private readonly string? _path;
    private State _state = State.Untaught;

    /// <summary>Begins with nothing learned, in memory alone.</summary>
    /// <param name="options">How to learn; null for the defaults.</param>
    /// <exception cref="AgentRagException">The options are inconsistent.</exception>
    public TokenCalibration(CalibrationOptions? options = null)
        : this(options, path: null, model: "", counter: "")
    {
    }

    private TokenCalibration(CalibrationOptions? options, string? path, string model, string counter) =>
        (_options, _path, Model, CounterName) = ((options ?? new CalibrationOptions()).Validated(), path, model, counter);

    /// <summary>The model it is for; empty when none was named.</summary>
    public string Model { get; }

    /// <summary>The name of the counter it corrects; empty when none was named.</summary>
    public string CounterName { get; }

    /// <summary>Requests that are learned from now.</summary>
    public int Requests => _state.Requests;

    /// <summary>Whether there are enough of them for the quantile to hold.</summary>
    public bool IsCalibrated => Requests >= _options.RequestsNeeded;

    /// <summary>The factor by which texts' counts are multiplied, > 0.</summary>
    public double Factor => _state.Factor;

    /// <summary>What the chat template adds.</summary>
    public ChatTemplateTokens ChatTemplate => _state.Template;

    /// <summary>Opens what was learned before, and keeps it there from now on.</summary>
    /// <param name="path">The file; it need not exist yet.</param>
    /// <param name="model">The model it is for.</param>
    /// <param name="counterName">The name of the counter it corrects.</param>
    /// <param name="options">How to learn; null for the defaults.</param>
    /// <exception cref="AgentRagException">The file is damaged or is of another model or counter.</exception>
    public static TokenCalibration Open(string path, string model, string counterName, CalibrationOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(counterName);
        var calibration = new TokenCalibration(options, path, model, counterName);
        try
        {
            if (File.Exists(path))
            {
                calibration.Restore(JsonSerializer.Deserialize<Saved>(File.ReadAllBytes(path), JsonSerializerOptions.Web)!);
            }
        }
        catch (Exception e) when (e is JsonException or NullReferenceException or ArgumentException)
        {
            throw new AgentRagException($"{path}: this is no token calibration any more: {e.Message} Delete it; it is learned anew.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"{path}: the token calibration cannot be read: {e.Message}", e);
        }

        return calibration;
    }

    /// <summary>Learns from a request.</summary>
    /// <param name="counted">Tokens of its texts by the counter that is corrected, without any template, ≥ 0.</param>
    /// <param name="messages">Its messages, ≥ 1.</param>
    /// <param name="reported">Its input tokens as the provider reports them, those read from a cache included.</param>
    /// <returns>Whether it was taken; a report that cannot be of these texts is not.</returns>
    public bool Observe(int counted, int messages, long reported)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(counted);
        ArgumentOutOfRangeException.ThrowIfLessThan(messages, 1);
        if (!IsPlausible(counted, reported))
        {
            return false;
        }

        lock (_lock)
        {
            Keep(new CountedRequest(counted, messages, reported));
            _state = Learn();
        }

        return true;
    }

    /// <summary>A counter corrected by what is known now; it does not change any more.</summary>
    /// <param name="counter">The counter that is corrected.</param>
    public CalibratedTokenCounter Correct(ITokenCounter counter)
    {
        var state = _state;
        return new CalibratedTokenCounter(counter, state.Factor, state.Template);
    }

    /// <summary>Writes what is known to its file; does nothing when it has none.</summary>
    /// <exception cref="AgentRagException">The file cannot be written.</exception>
    public void Save()
    {
        if (_path is null)
        {
            return;
        }

        // A name of this process's own: two of them must not write one file. The last one wins.
        var temporary = $"{_path}.{Environment.ProcessId}.{Environment.CurrentManagedThreadId}";
        try
        {
            byte[] content;
            lock (_lock)
            {
                content = JsonSerializer.SerializeToUtf8Bytes(
                    new Saved(FormatName, FormatVersion, Model, CounterName, [.. _requests.Select(request => (long[])[request.Counted, request.Messages, request.Reported])]),
                    JsonSerializerOptions.Web);
            }

            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(_path))!);
            File.WriteAllBytes(temporary, content);
            File.Move(temporary, _path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"{_path}: the token calibration cannot be kept: {e.Message}", e);
        }
    }

    private static bool IsPlausible(int counted, long reported) => counted > 0 && reported >= counted * LeastRatio && reported <= (counted * LargestRatio) + (4 * LargestTemplateTokens);

    private void Restore(Saved saved)
    {
        if (saved.Format != FormatName || saved.Version != FormatVersion)
        {
            throw new AgentRagException($"{_path}: this is no token calibration of format {FormatVersion}: delete it; it is learned anew.");
        }

        if (saved.Model != Model || saved.Counter != CounterName)
        {
            throw new AgentRagException(
                $"{_path}: this token calibration is of model {saved.Model} and counter {saved.Counter}; this run needs {Model} and {CounterName}: name another file.");
        }

        foreach (var request in saved.Requests)
        {
            if (request is [>= 0 and <= int.MaxValue, >= 1 and <= int.MaxValue, > 0] && IsPlausible((int)request[0], request[2]))
            {
                Keep(new CountedRequest((int)request[0], (int)request[1], request[2]));
            }
        }

        _state = Learn();
    }

    private void Keep(CountedRequest request)
    {
        _requests.Enqueue(request);
        if (_requests.Count > _options.WindowRequests)
        {
            _requests.Dequeue();
        }
    }

    private State Learn()
    {
        if (_requests.Count == 0)
        {
            return State.Untaught;
        }

        var template = TemplateFit.Of(_requests, LargestTemplateTokens);
        var factors = _requests.Select(request => (request.Reported - template.Of(request.Messages)) / (double)request.Counted).Order().ToList();
        var rank = (int)Math.Ceiling((factors.Count + 1) * _options.Quantile);
        return new State(
            factors.Count,
            rank <= factors.Count ? Math.Max(factors[rank - 1], LeastRatio) : Math.Max(1, factors[^1] * _options.EarlyMargin),
            template);
    }

    private sealed record State(int Requests, double Factor, ChatTemplateTokens Template)
    {
        public static State Untaught { get; } = new(0, 1, ChatTemplateTokens.Usual);
    }

    private sealed record Saved(string Format, int Version, string Model, string Counter, IReadOnlyList<long[]> Requests);
}

/// <summary>A request with both counts.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct CountedRequest(int Counted, int Messages, long Reported);
