using System.Text.Json;
using Xunit;

namespace AgentRag.EndToEnd.Tests.Cli;

public sealed class InitTests
{
    [Theory]
    [InlineData("claude-code", ".mcp.json", "mcpServers"), InlineData("vscode", ".vscode/mcp.json", "servers"), InlineData("cursor", ".cursor/mcp.json", "mcpServers")]
    public async Task A_client_is_set_up_by_one_command_and_checked_by_a_second(string client, string file, string servers)
    {
        using var agentrag = Town.With();

        var written = await agentrag.RunAsync("init", "docs", "--client", client, "--yes");
        Assert.Equal(0, written.ExitCode);
        Assert.StartsWith($"{Title(client)}: {Path.Combine(agentrag.Folder, file)}\n{{\n", written.Output, StringComparison.Ordinal);
        Assert.Contains($"agentrag: written; 'agentrag doctor --client {client}' checks it", written.Error, StringComparison.Ordinal);
        var entry = Entry(agentrag, file, servers);
        Assert.Contains(Path.Combine(agentrag.Folder, "docs"), entry.GetProperty("args").EnumerateArray().Select(argument => argument.GetString()));

        var doctor = await agentrag.RunAsync("doctor", "--client", client);
        Assert.Equal((0, ""), (doctor.ExitCode, doctor.Error));
        Assert.Contains(": 8 tools over 4 documents, 4 passages\nEverything can be used.\n", doctor.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Codex_keeps_its_servers_in_toml_and_the_rest_of_the_file_stays_as_it_was()
    {
        using var agentrag = Town.With(("home/config.toml", "# mine\nmodel = \"o5\"\n\n[mcp_servers.agentrag]\ncommand = \"old\"\n[mcp_servers.agentrag.env]\nX = \"1\"\n\n[mcp_servers.other]\ncommand = \"other\" # keep\n"));
        agentrag.Environment["CODEX_HOME"] = Path.Combine(agentrag.Folder, "home");

        Assert.Equal(0, (await agentrag.RunAsync("init", "docs", "--client", "codex", "--yes")).ExitCode);
        var text = await File.ReadAllTextAsync(Path.Combine(agentrag.Folder, "home/config.toml"), TestContext.Current.CancellationToken);
        Assert.StartsWith("# mine\nmodel = \"o5\"\n\n[mcp_servers.agentrag]\ncommand = \"", text, StringComparison.Ordinal);
        Assert.EndsWith("]\n\n[mcp_servers.other]\ncommand = \"other\" # keep\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("old", text, StringComparison.Ordinal);
        Assert.DoesNotContain("X =", text, StringComparison.Ordinal);

        Assert.Contains("8 tools over 4 documents", (await agentrag.RunAsync("doctor", "--client", "codex")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_yes_it_shows_and_writes_nothing()
    {
        using var agentrag = Town.With();

        var shown = await agentrag.RunAsync("init", "docs", "--client", "claude-code");
        Assert.Equal((0, "agentrag: nothing was written; add --yes to write it.\n"), (shown.ExitCode, shown.Error));
        Assert.False(File.Exists(Path.Combine(agentrag.Folder, ".mcp.json")));
    }

    [Fact]
    public async Task Other_servers_stay_and_the_file_as_it_was_stays_beside_it()
    {
        const string Before = """{"other": 1, "mcpServers": {"a": {"command": "x", "env": {"TOKEN": "secret"}}}}""";
        using var agentrag = Town.With((".mcp.json", Before));

        var written = await agentrag.RunAsync("init", "docs", "--client", "claude-code", "--yes");
        Assert.DoesNotContain("secret", written.Output + written.Error, StringComparison.Ordinal);
        var servers = Root(agentrag, ".mcp.json").GetProperty("mcpServers");
        Assert.Equal("secret", servers.GetProperty("a").GetProperty("env").GetProperty("TOKEN").GetString());
        Assert.True(servers.TryGetProperty("agentrag", out _));
        Assert.Equal(Before, await File.ReadAllTextAsync(Path.Combine(agentrag.Folder, ".mcp.json.bak"), TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("{ // mine\n \"mcpServers\": {} }", "holds comments or trailing commas, which writing would lose: add the entry by hand.")]
    [InlineData("[]", "is no JSON object: mend it first.")]
    [InlineData("""{"mcpServers": []}""", "\"mcpServers\" is no object; nothing was written. Mend the file first.")]
    public async Task A_file_that_writing_would_harm_is_left_alone(string text, string error)
    {
        using var agentrag = Town.With((".mcp.json", text));

        var refused = await agentrag.RunAsync("init", "docs", "--client", "claude-code", "--yes");
        Assert.Equal(2, refused.ExitCode);
        Assert.EndsWith($"{error}\n", refused.Error, StringComparison.Ordinal);
        Assert.Equal(text, await File.ReadAllTextAsync(Path.Combine(agentrag.Folder, ".mcp.json"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_key_is_never_written_but_asked_for()
    {
        using var agentrag = Town.With();
        agentrag.Environment["OPENAI_API_KEY"] = "sk-very-secret";

        var written = await agentrag.RunAsync("init", "docs", "--client", "cursor", "--model", "openai:any", "--base-url", "http://127.0.0.1:1/v1", "--yes");
        Assert.Contains("agentrag: the key is not in the file: Cursor must be started with OPENAI_API_KEY set.\n", written.Error, StringComparison.Ordinal);
        var text = await File.ReadAllTextAsync(Path.Combine(agentrag.Folder, ".cursor/mcp.json"), TestContext.Current.CancellationToken);
        Assert.DoesNotContain("very-secret", text + written.Output + written.Error, StringComparison.Ordinal);
        Assert.Contains("\"openai:any\"", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"mcpServers":{}}""", "has no entry 'agentrag': write one with 'agentrag init --client claude-code FOLDER'.")]
    [InlineData("""{"mcpServers":{"agentrag":{"command":"/no/such/program","args":[]}}}""", "'/no/such/program' cannot be used as a server: ")]
    public async Task The_doctor_says_what_is_wrong_with_a_set_up(string text, string finding)
    {
        using var agentrag = Town.With((".mcp.json", text));

        var doctor = await agentrag.RunAsync("doctor", "--client", "claude-code");
        Assert.Equal(2, doctor.ExitCode);
        Assert.Contains($"FAIL claude-code: {Path.Combine(agentrag.Folder, ".mcp.json")}", doctor.Output, StringComparison.Ordinal);
        Assert.Contains(finding, doctor.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_relative_path_that_a_client_would_not_find_is_found_by_the_doctor()
    {
        using var agentrag = await Town.IndexedAsync();
        await agentrag.RunAsync("init", "docs", "--client", "claude-code", "--yes");
        var file = Path.Combine(agentrag.Folder, ".mcp.json");
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)).Replace(agentrag.Folder + "/", "", StringComparison.Ordinal), TestContext.Current.CancellationToken);

        var doctor = await agentrag.RunAsync("doctor", "--client", "claude-code");
        Assert.Equal(2, doctor.ExitCode);
        Assert.Contains("the server starts, but its tools cannot work: ", doctor.Output, StringComparison.Ordinal);
    }

    private static string Title(string client) => client switch { "claude-code" => "Claude Code", "vscode" => "VS Code", _ => "Cursor" };

    private static JsonElement Root(Agentrag agentrag, string file) => JsonDocument.Parse(File.ReadAllText(Path.Combine(agentrag.Folder, file))).RootElement;

    private static JsonElement Entry(Agentrag agentrag, string file, string servers) => Root(agentrag, file).GetProperty(servers).GetProperty("agentrag");
}
