using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AgentRag.Cli.Clients;

/// <summary>A client's configuration file with the one entry that is ours; everything else in it stays as it is.</summary>
/// <param name="client">The client.</param>
/// <param name="path">The file; it need not exist.</param>
internal sealed class ClientFile(McpClientKind client, string path)
{
    private const int MostBytes = 4 << 20;

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>The name of the entry.</summary>
    public const string EntryName = "agentrag";

    public string Path { get; } = path;

    /// <summary>The entry as it would stand in the file, with what is around it.</summary>
    public string Show(ServerEntry entry) => client.IsToml
        ? TomlEntry.Write(entry)
        : new JsonObject { [client.Servers] = new JsonObject { [EntryName] = entry.ToJson(client) } }.ToJsonString(Indented) + "\n";

    /// <summary>What writing does to the file, in one sentence.</summary>
    public string Change() =>
        ReadText() is not { } text || text.Trim().Length == 0 ? "The file is new."
        : HasEntry(text) ? $"The entry '{EntryName}' that the file has is replaced; all else in it stays."
        : "It is added to the file; all else in it stays.";

    private bool HasEntry(string text) => client.IsToml ? TomlEntry.IsIn(text) : (Parse(text, isLenient: true)[client.Servers] as JsonObject)?[EntryName] is not null;

    /// <summary>The entry that the file holds; null when it holds none.</summary>
    /// <exception cref="AgentRagException">The file cannot be read or understood.</exception>
    public ServerEntry? Read()
    {
        if (ReadText() is not { } text)
        {
            return null;
        }

        if (client.IsToml)
        {
            return TomlEntry.Read(text, Path);
        }

        var entry = (Parse(text, isLenient: true)[client.Servers] as JsonObject)?[EntryName];
        return entry is null ? null : ServerEntry.From(entry, Path);
    }

    /// <summary>What the file would hold.</summary>
    /// <exception cref="AgentRagException">The file holds something that writing would lose or break.</exception>
    public string With(ServerEntry entry)
    {
        var text = ReadText() ?? "";
        if (client.IsToml)
        {
            return TomlEntry.Replace(text, entry);
        }

        if (text.Trim().Length == 0)
        {
            return Show(entry);
        }

        var root = Parse(text, isLenient: false);
        if (root[client.Servers] is not JsonObject servers)
        {
            if (root[client.Servers] is not null)
            {
                throw new AgentRagException($"{Path}: \"{client.Servers}\" is no object; nothing was written. Mend the file first.");
            }

            root[client.Servers] = servers = [];
        }

        servers[EntryName] = entry.ToJson(client);
        return root.ToJsonString(Indented) + "\n";
    }

    /// <summary>Writes the file; what it was before stays beside it with <c>.bak</c> at the end of its name.</summary>
    /// <exception cref="AgentRagException">It cannot be written.</exception>
    public void Write(string text)
    {
        try
        {
            // A link, such as of those who keep their settings in a repository, goes on pointing where it did.
            var target = File.Exists(Path) ? File.ResolveLinkTarget(Path, returnFinalTarget: true)?.FullName ?? Path : Path;
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(target)!);
            if (File.Exists(target))
            {
                File.Copy(target, target + ".bak", overwrite: true);
            }

            var aside = $"{target}.{Environment.ProcessId}";
            File.WriteAllText(aside, text, Utf8);
            if (!OperatingSystem.IsWindows() && File.Exists(target))
            {
                File.SetUnixFileMode(aside, File.GetUnixFileMode(target));
            }

            File.Move(aside, target, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"{Path} cannot be written: {e.Message}", e);
        }
    }

    private string? ReadText()
    {
        try
        {
            return !File.Exists(Path) ? null
                : new FileInfo(Path).Length <= MostBytes ? File.ReadAllText(Path)
                : throw new AgentRagException($"{Path} is larger than {MostBytes:N0} bytes: that is no configuration of {client.Title}.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"{Path} cannot be read: {e.Message}", e);
        }
    }

    private JsonObject Parse(string text, bool isLenient)
    {
        try
        {
            return Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false });
        }
        catch (JsonException strict)
        {
            try
            {
                var lenient = Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false, AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip });
                return isLenient ? lenient : throw new AgentRagException($"{Path} holds comments or trailing commas, which writing would lose: add the entry by hand.", strict);
            }
            catch (JsonException broken)
            {
                throw new AgentRagException($"{Path} is no JSON: {broken.Message} Mend it first.", broken);
            }
        }
    }

    private JsonObject Parse(string text, JsonDocumentOptions options) => JsonNode.Parse(text, documentOptions: options) as JsonObject
        ?? throw new AgentRagException($"{Path} is no JSON object: mend it first.");
}
