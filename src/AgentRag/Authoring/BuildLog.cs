using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using AgentRag.Demonstrations;

namespace AgentRag.Authoring;

/// <summary>The work log of a build: what is in it was paid for and is not asked again.</summary>
/// <remarks>
/// JSON Lines beside the pool: first the settings that a trace depends on, then one line for each finished try, flushed to disk before the next begins. A last
/// line that was cut off when the program was killed is dropped. One process holds the log.
/// </remarks>
internal sealed class BuildLog : IDisposable
{
    private const int FormatVersion = 1;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    private readonly FileStream _file;
    private readonly List<BuildAttempt> _attempts = [];

    private BuildLog(FileStream file) => _file = file;

    /// <summary>Every try so far, in order.</summary>
    public IReadOnlyList<BuildAttempt> Attempts => _attempts;

    /// <summary>Opens a log or begins one.</summary>
    /// <param name="path">The file.</param>
    /// <param name="settings">What a trace depends on, by name.</param>
    /// <param name="anew">Whether a log of other settings is begun again instead of refused.</param>
    /// <exception cref="AgentRagException">The log belongs to other settings, is damaged, or is held by another build.</exception>
    public static BuildLog Open(string path, IReadOnlyDictionary<string, string> settings, bool anew)
    {
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"{path}: the work log cannot be opened; is another build writing it? {e.Message}", e);
        }

        try
        {
            var log = new BuildLog(file);
            log.Begin(path, settings, anew);
            return log;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Writes a finished try to disk.</summary>
    public void Add(BuildAttempt attempt)
    {
        WriteLine(JsonSerializer.Serialize(attempt with { Row = attempt.Demonstration is { } built ? DemonstrationFile.ToJson(built) : null }, Json));
        _attempts.Add(attempt);
    }

    public void Dispose() => _file.Dispose();

    private void Begin(string path, IReadOnlyDictionary<string, string> settings, bool anew)
    {
        var lines = WholeLines();
        if (lines.Count > 0)
        {
            var was = ReadHeader(path, lines[0]);
            var changed = settings.Keys.Union(was.Settings.Keys, StringComparer.Ordinal)
                .Where(name => settings.GetValueOrDefault(name) != was.Settings.GetValueOrDefault(name)).Order(StringComparer.Ordinal).ToList();
            if (changed.Count == 0)
            {
                for (var i = 1; i < lines.Count; i++)
                {
                    _attempts.Add(ReadAttempt(path, lines[i], i + 1));
                }

                return;
            }

            if (!anew)
            {
                var difference = string.Join("; ", changed.Select(name =>
                    $"{name} was {was.Settings.GetValueOrDefault(name) ?? "not set"} and is {settings.GetValueOrDefault(name) ?? "not set"}"));
                throw new AgentRagException(
                    $"{path}: this build was begun with other settings: {difference}. Give the old ones to go on, another --output, or --force to begin anew.");
            }
        }

        _file.SetLength(0);
        WriteLine(JsonSerializer.Serialize(new Header(FormatVersion, settings), Json));
    }

    /// <summary>The lines that were written to their end; what was cut off is removed from the file.</summary>
    private List<string> WholeLines()
    {
        var bytes = new byte[_file.Length];
        _file.ReadExactly(bytes);
        var end = bytes.AsSpan().LastIndexOf((byte)'\n') + 1;
        _file.SetLength(end);
        _file.Position = end;
        return [.. Encoding.UTF8.GetString(bytes, 0, end).Split('\n')[..^1]];
    }

    private static Header ReadHeader(string path, string line)
    {
        Header? header = null;
        try
        {
            header = JsonSerializer.Deserialize<Header>(line, Json);
        }
        catch (JsonException)
        {
            // Told below: whatever it is, it is no log.
        }

        return header switch
        {
            { FormatVersion: FormatVersion, Settings: not null } => header,
            { FormatVersion: > FormatVersion } => throw new AgentRagException($"{path}: the work log has format version {header.FormatVersion}, this program reads version {FormatVersion}: update agentrag."),
            _ => throw new AgentRagException($"{path}: this is no work log of a build: give another --output, or move the file away."),
        };
    }

    private static BuildAttempt ReadAttempt(string path, string line, int number)
    {
        try
        {
            var attempt = JsonSerializer.Deserialize<BuildAttempt>(line, Json) ?? throw new JsonException("null");
            return attempt.Row is { } row
                ? attempt with { Row = null, Demonstration = DemonstrationFile.Parse(Encoding.UTF8.GetBytes(row), problem => new AgentRagException($"{path}:{number}: {problem}")) }
                : attempt;
        }
        catch (JsonException e)
        {
            throw new AgentRagException($"{path}:{number}: the line is damaged ({e.Message}): remove it, and what it held is asked again.", e);
        }
    }

    private void WriteLine(string line)
    {
        try
        {
            _file.Write(Encoding.UTF8.GetBytes($"{line}\n"));
            _file.Flush(flushToDisk: true);
        }
        catch (IOException e)
        {
            throw new AgentRagException($"{_file.Name}: the work log cannot be written: {e.Message}", e);
        }
    }

    private sealed record Header(int FormatVersion, IReadOnlyDictionary<string, string> Settings);
}
