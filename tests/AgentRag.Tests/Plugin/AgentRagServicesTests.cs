using AgentRag.Indexing;
using AgentRag.Plugin;
using AgentRag.Tests.Mcp;
using AgentRag.Tokens;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Xunit;

namespace AgentRag.Tests.Plugin;

public sealed class AgentRagServicesTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_program_gets_the_plugin_from_its_services_configured_by_its_settings()
    {
        using var folder = await IndexedAsync();
        await using var services = new ServiceCollection()
            .AddSingleton<IChatClient>(new ScriptedModel(request => Task.FromResult(BridgeCorpus.Reply(request))))
            .AddAgentRag(Section(("IndexDirectory", folder[".agentrag"]), ("Retriever", "bm25"), ("MaxEffectiveContextTokens", "9000")))
            .BuildServiceProvider();
        services.GetRequiredService<IStartupValidator>().Validate();
        var plugin = services.GetRequiredService<AgentRagPlugin>();
        Assert.Equal("Tamsel", (await plugin.AnswerAsync(BridgeCorpus.Question, k: 1, cancellationToken: Cancel)).Answer);
        Assert.Equal(("Lorn Bridge", "The Lorn Bridge was opened in 1931. Its designer was Ada Quill."), (await plugin.SearchAsync("Lorn bridge opened", Cancel)).Select(found => (found.SourceName, found.Text)).First());
        Assert.Same(plugin, services.GetRequiredService<AgentRagPlugin>());
    }

    [Fact]
    public async Task What_is_indexed_later_is_found_by_the_next_call()
    {
        using var folder = await IndexedAsync();
        await using var services = new ServiceCollection()
            .AddAgentRag(options => (options.IndexDirectory, options.Mode) = (folder[".agentrag"], AnsweringMode.Host)).BuildServiceProvider();
        var plugin = services.GetRequiredService<AgentRagPlugin>();
        Assert.Empty((await plugin.RetrieveAsync("coopers", cancellationToken: Cancel)).Passages);
        folder.Write("docs/lisk.md", "# Lisk\n\nThe coopers of Lisk make barrels.\n");
        await IndexAsync(folder);
        Assert.Equal("Lisk", (await plugin.RetrieveAsync("coopers", cancellationToken: Cancel)).Passages.Single().Title);
    }

    [Fact]
    public async Task Without_a_model_the_message_says_what_to_add()
    {
        using var folder = await IndexedAsync();
        await using var services = new ServiceCollection().AddAgentRag(options => options.IndexDirectory = folder[".agentrag"]).BuildServiceProvider();
        var fault = await Assert.ThrowsAsync<AgentRagException>(() => services.GetRequiredService<AgentRagPlugin>().RetrieveAsync("x", cancellationToken: Cancel));
        Assert.Equal("There is no IChatClient among the services: add one, or set AgentRag's Mode to Host.", fault.Message);
    }

    [Fact]
    public void All_that_is_wrong_with_the_options_is_said_when_the_program_starts()
    {
        using var services = new ServiceCollection().AddAgentRag(options =>
        {
            options.Retriever = "best";
            options.Demonstrations = "no/such.jsonl";
            options.CallDeadline = TimeSpan.Zero;
            options.ReservedAnswerTokens = 0;
        }).BuildServiceProvider();
        var fault = Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<IStartupValidator>().Validate());
        Assert.Equal(
            [
                "AgentRag: Retriever is 'best', must be linked or bm25.",
                "AgentRag: Demonstrations: there is no file 'no/such.jsonl'.",
                "AgentRag: CallDeadline is 00:00:00, must be more than nothing.",
                "AgentRag: Token budget: ReservedAnswerTokens is 0, must be in [1, ContextWindowTokens - 1].",
            ],
            fault.Failures);
    }

    [Fact]
    public void A_misspelt_setting_is_an_error()
    {
        using var services = new ServiceCollection().AddAgentRag(Section(("IndexDirectoy", "x"))).BuildServiceProvider();
        Assert.Contains("IndexDirectoy", Assert.Throws<InvalidOperationException>(() => services.GetRequiredService<IStartupValidator>().Validate()).Message, StringComparison.Ordinal);
    }

    private static IConfiguration Section(params (string Key, string Value)[] settings) =>
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create($"AgentRag:{setting.Key}", (string?)setting.Value))).Build().GetSection("AgentRag");

    private static async Task<TemporaryFolder> IndexedAsync()
    {
        var folder = new TemporaryFolder();
        foreach (var passage in BridgeCorpus.Passages)
        {
            folder.Write($"docs/{passage.Source}", $"# {passage.Title}\n\n{passage.Text}\n");
        }

        await IndexAsync(folder);
        return folder;
    }

    private static async Task IndexAsync(TemporaryFolder folder)
    {
        await new Indexer(new EstimatingTokenCounter()).RunAsync(new IndexRequest { Paths = [folder["docs"]], IndexDirectory = folder[".agentrag"] }, cancellationToken: Cancel);
        LinksIndex.Update(folder[".agentrag"], Cancel);
    }
}
