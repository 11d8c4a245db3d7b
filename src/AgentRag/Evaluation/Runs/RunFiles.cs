using System.Text.Json;
using AgentRag.Documents;

namespace AgentRag.Evaluation.Runs;

/// <summary>The names of a run's files, and how they are read and written.</summary>
internal sealed record RunFiles(string Directory)
{
    public string Manifest => Path.Combine(Directory, "run.json");

    public string Questions => Path.Combine(Directory, "questions.jsonl");

    public string Log => Path.Combine(Directory, "log.jsonl");

    public string Passages => Path.Combine(Directory, "passages.jsonl");

    public string Judgements => Path.Combine(Directory, "judgements.jsonl");

    public string LockFile => Path.Combine(Directory, "write.lock");

    /// <summary>Reads the manifest.</summary>
    /// <returns>The manifest; null when there is none.</returns>
    /// <exception cref="AgentRagException">It cannot be read, is damaged, or of another version.</exception>
    public RunManifest? ReadManifest()
    {
        if (!File.Exists(Manifest))
        {
            return null;
        }

        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(Manifest));
            if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("format", out var format) || format.GetString() != RunManifest.FormatName)
            {
                throw new AgentRagException($"'{Manifest}' is not the manifest of an evaluation run: choose another folder.");
            }

            var version = json.RootElement.TryGetProperty("formatVersion", out var number) && number.TryGetInt32(out var value) ? value : 0;
            return version == RunManifest.CurrentVersion
                ? json.RootElement.Deserialize<RunManifest>(RunJson.Options)
                : throw new AgentRagException($"Run '{Directory}' has format version {version}, this program reads version {RunManifest.CurrentVersion}: use the version that wrote it, or start another run.");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new AgentRagException($"'{Manifest}' is damaged: {e.Message} Start another run.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"'{Manifest}' cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Reads the questions.</summary>
    public IReadOnlyList<LabelledQuestion> ReadQuestions() => [.. RunLog.Read<LabelledQuestion>(Questions)];

    /// <summary>Writes the first files: afterwards the folder is a run. Killed anywhere, it is none, and the next call begins again.</summary>
    public void Begin(RunManifest manifest, IEnumerable<LabelledQuestion> questions)
    {
        Replace(Questions, stream =>
        {
            foreach (var question in questions)
            {
                JsonSerializer.Serialize(stream, question, RunJson.Options);
                stream.WriteByte((byte)'\n');
            }
        });
        Replace(Manifest, stream => JsonSerializer.Serialize(stream, manifest, RunJson.Indented));
    }

    /// <summary>Writes a file whole or not at all.</summary>
    public static void Replace(string path, Action<Stream> write)
    {
        var unfinished = $"{path}.tmp";
        using (var stream = new FileStream(unfinished, FileMode.Create, FileAccess.Write))
        {
            write(stream);
            stream.Flush(flushToDisk: true);
        }

        File.Move(unfinished, path, overwrite: true);
    }
}
