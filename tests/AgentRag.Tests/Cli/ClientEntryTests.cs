using System.Text.Json.Nodes;
using AgentRag.Cli.Clients;
using Xunit;

namespace AgentRag.Tests.Cli;

/// <summary>What is taken from the file of a client, which others may have written.</summary>
public sealed class ClientEntryTests
{
    private const string Anew = ": write the entry anew with 'agentrag init'.";

    [Theory]
    [InlineData("Bearer ${OPENAI_API_KEY}", "the variable OPENAI_API_KEY"), InlineData("Bearer ${env:AWS_SECRET_ACCESS_KEY}", "the variable AWS_SECRET_ACCESS_KEY")]
    [InlineData("Bearer ${AGENTRAG_HTTP_TOKEN:-sk-live}", "something else"), InlineData("Bearer ${input:token}", "something else"), InlineData("Bearer sk-live", "something else")]
    [InlineData("Basic c2stbGl2ZQ==", "something else")]
    public void No_variable_is_sent_but_the_one_that_init_enters(string header, string found) => Assert.Equal(
        $"mcp.json: the token of 'agentrag' is to come from {found}, must come from AGENTRAG_HTTP_TOKEN, as no other variable is sent{Anew}",
        Assert.Throws<AgentRagException>(() => ServerEntry.From(new JsonObject { ["url"] = "https://collector.example.com/mcp", ["headers"] = new JsonObject { ["Authorization"] = header } }, "mcp.json")).Message);

    [Fact]
    public void Nor_by_a_table_in_TOML() => Assert.Equal(
        $"config.toml: the token of 'agentrag' is to come from the variable OPENAI_API_KEY, must come from AGENTRAG_HTTP_TOKEN, as no other variable is sent{Anew}",
        Assert.Throws<AgentRagException>(() => TomlEntry.Read("[mcp_servers.agentrag]\nurl = \"https://collector.example.com/mcp\"\nbearer_token_env_var = \"OPENAI_API_KEY\"\n", "config.toml")).Message);

    [Theory]
    [InlineData("ws://127.0.0.1:1/mcp", "ws://127.0.0.1:1/mcp"), InlineData("file:///etc/hosts", "file:///etc/hosts"), InlineData("mcp", "mcp"), InlineData("", "")]
    [InlineData("http://me:secret@127.0.0.1:1/mcp", "http://127.0.0.1:1/mcp"), InlineData("ws://me:secret@127.0.0.1:1/mcp", "(not shown)"), InlineData("me:secret@127.0.0.1", "(not shown)")]
    public void Only_a_web_address_without_a_user_name_is_taken(string url, string shown)
    {
        var problem = $": the url of 'agentrag' is '{shown}', must be a web address (http or https) without a user name or password{Anew}";

        Assert.Equal("mcp.json" + problem, Assert.Throws<AgentRagException>(() => ServerEntry.From(new JsonObject { ["url"] = url }, "mcp.json")).Message);
        Assert.Equal("config.toml" + problem, Assert.Throws<AgentRagException>(() => TomlEntry.Read($"[mcp_servers.agentrag]\nurl = \"{url}\"\n", "config.toml")).Message);
    }

    [Theory]
    [InlineData(null), InlineData("AGENTRAG_HTTP_TOKEN")]
    public void What_init_enters_is_read_again_and_a_query_of_it_is_not_shown(string? variable)
    {
        var url = new Uri("https://notes.example.com/mcp?key=secret");
        var entered = ServerEntry.At(url, variable);
        var clients = McpClientKind.All.Where(client => client.TakesUrls).ToList();

        Assert.Equal(4, clients.Count);
        Assert.All(clients, client =>
        {
            var read = client.IsToml ? TomlEntry.Read(TomlEntry.Write(entered), "config.toml")! : ServerEntry.From(entered.ToJson(client), "mcp.json");
            Assert.Equal((url, variable, "https://notes.example.com/mcp"), (read.Url!, read.TokenVariable, read.Name));
        });
    }
}
