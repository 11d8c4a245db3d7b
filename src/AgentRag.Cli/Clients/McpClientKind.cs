namespace AgentRag.Cli.Clients;

/// <summary>A client of MCP servers: where it keeps its servers, and in which form.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Title">Its name for people.</param>
/// <param name="Servers">The name of the object that holds the servers.</param>
/// <param name="ProjectFile">The file inside a project; null when it has only one per user.</param>
/// <param name="UserFile">Finds the file of this user; null when only the client itself may write it.</param>
internal sealed record McpClientKind(string Name, string Title, string Servers, string? ProjectFile, Func<string>? UserFile)
{
    /// <summary>All that are known.</summary>
    public static IReadOnlyList<McpClientKind> All { get; } =
    [
        new("claude-code", "Claude Code", "mcpServers", ".mcp.json", UserFile: null) { VariableStart = "${" },
        new("claude-desktop", "Claude Desktop", "mcpServers", ProjectFile: null, DesktopFile),
        new("vscode", "VS Code", "servers", Path.Combine(".vscode", "mcp.json"), UserFile: null) { WantsType = true, VariableStart = "${env:" },
        new("cursor", "Cursor", "mcpServers", Path.Combine(".cursor", "mcp.json"), () => Path.Combine(Home(), ".cursor", "mcp.json")) { VariableStart = "${env:" },
        new("codex", "Codex", "mcp_servers", ProjectFile: null, () => Path.Combine(Variable("CODEX_HOME") ?? Path.Combine(Home(), ".codex"), "config.toml")) { IsToml = true },
    ];

    /// <summary>What stands in front of a variable's name where an entry wants its value, closed by a brace; null when entries of this form take none.</summary>
    public string? VariableStart { get; private init; }

    /// <summary>Whether its file takes servers that run already, by their URL.</summary>
    public bool TakesUrls => IsToml || VariableStart is not null;

    /// <summary>Whether an entry names its transport.</summary>
    public bool WantsType { get; private init; }

    /// <summary>Whether the file is TOML; JSON otherwise.</summary>
    public bool IsToml { get; private init; }

    /// <summary>Finds a client.</summary>
    /// <exception cref="AgentRagException">It is not known.</exception>
    public static McpClientKind Parse(string? name) => All.FirstOrDefault(client => client.Name.Equals(name?.Trim(), StringComparison.OrdinalIgnoreCase))
        ?? throw new AgentRagException($"--client is {(name is null ? "missing" : $"'{name}'")}, must be one of {string.Join(", ", All.Select(client => client.Name))}.");

    /// <summary>The file to work on.</summary>
    /// <param name="file">The file that the user named; null for the client's own.</param>
    /// <param name="forUser">Whether the user's file is meant rather than that of the folder.</param>
    /// <exception cref="AgentRagException">The client has no such file.</exception>
    public string File(string? file, bool forUser) => Path.GetFullPath(file ?? (forUser || ProjectFile is null
        ? UserFile?.Invoke() ?? throw new AgentRagException($"{Title} keeps the servers of a user in a file of its own: leave out --user for the one of this folder, or name one with --file.")
        : ProjectFile));

    private static string DesktopFile() => Path.Combine(
        OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData)
            : OperatingSystem.IsMacOS() ? Path.Combine(Home(), "Library", "Application Support")
            : Variable("XDG_CONFIG_HOME") ?? Path.Combine(Home(), ".config"),
        "Claude",
        "claude_desktop_config.json");

    // Not verified by the system, which gives an empty path for a folder that does not exist: the file would land in the working directory.
    private static string Home() => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify) is var home && Directory.Exists(home)
        ? home
        : throw new AgentRagException($"The home folder '{home}', in which the client keeps its file, does not exist: set HOME to the right one, or name the file with --file.");

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
