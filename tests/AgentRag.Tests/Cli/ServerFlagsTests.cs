using System.CommandLine;
using AgentRag.Cli.Configuration;
using Xunit;

namespace AgentRag.Tests.Cli;

/// <summary>Which addresses go into a client's file, where anybody may read them.</summary>
public sealed class ServerFlagsTests
{
    [Theory]
    [InlineData("http://me:secret@127.0.0.1:1/v1"), InlineData("http://127.0.0.1:1/v1?key=secret"), InlineData("http://127.0.0.1:1/v1?secret")]
    [InlineData("https://r.openai.azure.com/openai?api-version=2024-10-21&key=secret"), InlineData("https://r.openai.azure.com/openai?api-version=1;key=secret"), InlineData("ws://me:secret@127.0.0.1:1")]
    public void An_address_that_may_hold_a_secret_is_refused(string address) => Assert.Equal(
        "--base-url holds a user name, password or query, which is written into no file (of queries, api-version alone is): leave it out, and give the client the variable of the key instead.",
        Assert.Throws<AgentRagException>(() => Flags("--base-url", address)).Message);

    [Theory]
    [InlineData("--base-url", "http://127.0.0.1:1/v1"), InlineData("--base-url", "https://r.openai.azure.com/openai?api-version=2024-10-21-preview"), InlineData("--base-url", "http://127.0.0.1:1/v1?")]
    [InlineData("--model", "openai:any?b"), InlineData("--prompts", "/notes/what?")]
    public void What_holds_none_is_entered_as_it_is(string flag, string value) => Assert.Equal([flag, value], Flags(flag, value));

    private static IReadOnlyList<string> Flags(params string[] args)
    {
        var root = new RootCommand();
        SettingKeys.AddTo(root, SettingKeys.All);
        return ServerFlags.Of(new SettingSources(root.Parse(args), new Dictionary<string, string>(), file: null), SettingKeys.All);
    }
}
