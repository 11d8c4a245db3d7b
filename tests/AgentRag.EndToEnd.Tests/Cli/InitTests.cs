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
    public async Task A_dry_run_shows_what_it_would_do_to_the_file_and_writes_nothing_even_with_yes()
    {
        using var agentrag = Town.With();

        var fresh = await agentrag.RunAsync("init", "docs", "--client", "cursor", "--dry-run", "--yes");
        Assert.Equal((0, "agentrag: nothing was written; leave out --dry-run to write it.\n"), (fresh.ExitCode, fresh.Error));
        Assert.EndsWith("}\nThe file is new.\n", fresh.Output, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(agentrag.Folder, ".cursor/mcp.json")));

        await agentrag.RunAsync("init", "docs", "--client", "cursor", "--yes");
        var again = await agentrag.RunAsync("init", "docs", "--client", "cursor", "--dry-run");
        Assert.EndsWith("}\nThe entry 'agentrag' that the file has is replaced; all else in it stays.\n", again.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_settings_in_effect_are_entered_with_paths_in_full_because_the_client_has_none_of_them()
    {
        using var agentrag = Town.With(("agentrag.json", """{"demonstrations": "pool.jsonl", "fusion": "min-max"}"""), ("pool.jsonl", ""));
        agentrag.Environment["AGENTRAG_EMBEDDINGS"] = "openai:any";

        var written = await agentrag.RunAsync(
            "init", "docs", "--client", "claude-code", "--yes", "--answering", "host", "--embeddings-base-url", "http://127.0.0.1:1/v1", "--retriever", "hybrid", "--cache", "kept", "--tokenizer", "estimate");
        Assert.Equal(0, written.ExitCode);
        var arguments = Entry(agentrag, ".mcp.json", "mcpServers").GetProperty("args").EnumerateArray().Select(argument => argument.GetString()!).SkipWhile(argument => argument != "--index").ToList();
        Assert.Equal(
            [
                "--index", Path.Combine(agentrag.Folder, ".agentrag"), "--answering", "host", "--tokenizer", "estimate", "--retriever", "hybrid", "--embeddings", "openai:any",
                "--embeddings-base-url", "http://127.0.0.1:1/v1", "--fusion", "min-max", "--demonstrations", Path.Combine(agentrag.Folder, "pool.jsonl"), "--cache", Path.Combine(agentrag.Folder, "kept"),
            ],
            arguments);
    }

    [Theory]
    [InlineData("--base-url", "http://me:secret@127.0.0.1:1/v1"), InlineData("--qdrant", "http://me:secret@127.0.0.1:1"), InlineData("--base-url", "http://127.0.0.1:1/v1?key=secret")]
    public async Task A_password_in_an_address_is_written_nowhere(string flag, string address)
    {
        using var agentrag = Town.With();

        var refused = await agentrag.RunAsync("init", "docs", "--client", "claude-code", "--yes", "--model", "openai:any", flag, address);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains($"{flag} holds a user name, password or query, which is written into no file", refused.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refused.Output + refused.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(agentrag.Folder, ".mcp.json")));
    }

    [Theory]
    [InlineData("claude-code", ".mcp.json", "${AGENTRAG_HTTP_TOKEN}"), InlineData("vscode", ".vscode/mcp.json", "${env:AGENTRAG_HTTP_TOKEN}"), InlineData("codex", "home/config.toml", "bearer_token_env_var = \"AGENTRAG_HTTP_TOKEN\"")]
    public async Task A_server_that_runs_already_is_entered_by_its_address_and_checked_there(string client, string file, string token)
    {
        using var agentrag = await Town.IndexedAsync();
        var secret = new string('t', 40);
        agentrag.Environment["CODEX_HOME"] = Path.Combine(agentrag.Folder, "home");
        agentrag.Environment["AGENTRAG_HTTP_TOKEN"] = secret;
        using var server = agentrag.Start("mcp", "--http", "127.0.0.1:0");
        var serving = await server.StandardError.ReadLineAsync(TestContext.Current.CancellationToken);
        var address = serving!.Split(' ').First(word => word.StartsWith("http://", StringComparison.Ordinal));

        var written = await agentrag.RunAsync("init", "--client", client, "--http", address, "--yes");
        Assert.Contains("agentrag: the token is not in the file: ", written.Error, StringComparison.Ordinal);
        var text = await File.ReadAllTextAsync(Path.Combine(agentrag.Folder, file), TestContext.Current.CancellationToken);
        Assert.Contains(address, text, StringComparison.Ordinal);
        Assert.Contains(token, text, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, text + written.Output + written.Error, StringComparison.Ordinal);

        var doctor = await agentrag.RunAsync("doctor", "--client", client);
        Assert.Equal((0, ""), (doctor.ExitCode, doctor.Error));
        Assert.Contains($" finds at {address} agentrag ", doctor.Output, StringComparison.Ordinal);

        agentrag.Environment["AGENTRAG_HTTP_TOKEN"] = new string('x', 40);
        Assert.Contains("cannot be used as a server: ", (await agentrag.RunAsync("doctor", "--client", client)).Output, StringComparison.Ordinal);
        server.Kill();
        await server.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("claude-desktop", "The file of Claude Desktop takes only servers that it starts itself: leave out --http, or add the URL in its settings.\n")]
    [InlineData("cursor", "--http names a server that runs already: give folders and settings to 'agentrag mcp --http' instead.\n", "docs")]
    [InlineData("cursor", "--http names a server that runs already: give folders and settings to 'agentrag mcp --http' instead.\n", "--answering", "chat")]
    public async Task An_address_where_it_makes_no_sense_is_refused(string client, string error, params string[] more)
    {
        using var agentrag = Town.With();

        var refused = await agentrag.RunAsync(["init", "--client", client, "--http", "127.0.0.1:8080", .. more]);
        Assert.Equal((2, $"error: {error}"), (refused.ExitCode, refused.Error));
    }

    [Theory]
    [InlineData("http://me:secret@127.0.0.1:8080/mcp"), InlineData("http://127.0.0.1:8080/mcp?key=secret"), InlineData("me:secret@127.0.0.1:8080")]
    public async Task A_password_in_the_address_of_a_server_that_runs_already_is_written_nowhere(string address)
    {
        using var agentrag = Town.With();

        var refused = await agentrag.RunAsync("init", "--client", "cursor", "--http", address, "--yes");
        Assert.Equal((2, ""), (refused.ExitCode, refused.Output));
        Assert.EndsWith("must be an address such as 127.0.0.1:8080, or the URL of a server without a user name, password or query in it.\n", refused.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refused.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(agentrag.Folder, ".cursor/mcp.json")));
    }

    [Theory]
    [InlineData("codex"), InlineData("claude-desktop"), InlineData("cursor", "--user")]
    public async Task Without_a_home_folder_nothing_is_written_into_the_working_folder(string client, params string[] more)
    {
        using var agentrag = Town.With();
        var home = Path.Combine(agentrag.Folder, "none");
        agentrag.Environment["HOME"] = home;
        agentrag.Environment["XDG_CONFIG_HOME"] = "";
        agentrag.Environment["CODEX_HOME"] = "";
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows does not go by HOME.");

        var refused = await agentrag.RunAsync(["init", "docs", "--client", client, "--yes", .. more]);
        Assert.Equal(
            (2, $"error: The home folder '{home}', in which the client keeps its file, does not exist: set HOME to the right one, or name the file with --file.\n"), (refused.ExitCode, refused.Error));
        Assert.Equal(["docs", "questions.jsonl"], Directory.EnumerateFileSystemEntries(agentrag.Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
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

    [Fact]
    public async Task The_key_of_a_drafter_is_asked_for_too()
    {
        using var agentrag = Town.With();
        agentrag.Environment["OPENAI_API_KEY"] = "sk-very-secret";
        agentrag.Environment["AGENTRAG_DRAFT_API_KEY"] = "sk-secret-as-well";
        string[] init =
        [
            "init", "docs", "--client", "cursor", "--yes", "--model", "openai:any", "--base-url", "http://127.0.0.1:1/v1", "--draft-model", "openai:small", "--draft-base-url", "http://127.0.0.1:2/v1",
        ];

        var drafting = await agentrag.RunAsync([.. init, "--predicted-outputs", "on"]);
        Assert.Contains("Cursor must be started with OPENAI_API_KEY and AGENTRAG_DRAFT_API_KEY set.\n", drafting.Error, StringComparison.Ordinal);
        var text = await File.ReadAllTextAsync(Path.Combine(agentrag.Folder, ".cursor/mcp.json"), TestContext.Current.CancellationToken);
        Assert.DoesNotContain("secret", text + drafting.Output + drafting.Error, StringComparison.Ordinal);

        // Nothing is drafted: no key is needed.
        Assert.Contains("Cursor must be started with OPENAI_API_KEY set.\n", (await agentrag.RunAsync(init)).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"mcpServers":{"agentrag":{"url":"ws://127.0.0.1:1/mcp"}}}""", "the url of 'agentrag' is 'ws://127.0.0.1:1/mcp', must be a web address (http or https)")]
    [InlineData("""{"mcpServers":{"agentrag":{"url":"http://me:pass@127.0.0.1:1/mcp"}}}""", "the url of 'agentrag' is 'http://127.0.0.1:1/mcp', must be a web address (http or https) without a user name")]
    [InlineData(
        """{"mcpServers":{"agentrag":{"url":"http://127.0.0.1:1/mcp","headers":{"Authorization":"Bearer ${OPENAI_API_KEY}"}}}}""",
        "the token of 'agentrag' is to come from the variable OPENAI_API_KEY, must come from AGENTRAG_HTTP_TOKEN")]
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
