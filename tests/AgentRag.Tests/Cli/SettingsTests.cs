using System.CommandLine;
using AgentRag.Cli.Configuration;
using Xunit;

namespace AgentRag.Tests.Cli;

public sealed class SettingsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("agentrag-settings-").FullName;

    [Fact]
    public void Flags_beat_the_environment_which_beats_the_file_which_beats_the_default()
    {
        var file = Write("""{"k": 1, "m": 1, "n": 1}""");
        var environment = new Dictionary<string, string> { ["AGENTRAG_K"] = "2", ["AGENTRAG_M"] = "2" };

        var settings = Read(environment, "--config", file, "--k", "3");

        Assert.Equal(new Setting<int>(3, "--k"), settings.K);
        Assert.Equal(new Setting<int>(2, "AGENTRAG_M"), settings.M);
        Assert.Equal(new Setting<int>(1, $"{file} \"n\""), settings.N);
        Assert.Equal(new Setting<long>(65_536, "default"), settings.Budget);
    }

    [Fact]
    public void An_empty_variable_counts_as_not_set() =>
        Assert.True(Read(new Dictionary<string, string> { ["AGENTRAG_K"] = "" }).K.IsDefault);

    [Theory]
    [InlineData("openai:any", "AGENTRAG_API_KEY")]
    [InlineData("anthropic:any", "AGENTRAG_API_KEY")]
    public void The_programs_own_key_goes_before_the_providers(string model, string variable)
    {
        var environment = new Dictionary<string, string> { ["AGENTRAG_API_KEY"] = "a", ["OPENAI_API_KEY"] = "o", ["ANTHROPIC_API_KEY"] = "c" };

        Assert.Equal(variable, Read(environment, "--model", model).ApiKey?.Variable);
    }

    [Fact]
    public void A_provider_never_gets_the_key_of_another()
    {
        Assert.Null(Read(new Dictionary<string, string> { ["OPENAI_API_KEY"] = "o" }, "--model", "anthropic:any").ApiKey);
        Assert.Null(Read(new Dictionary<string, string> { ["ANTHROPIC_API_KEY"] = "c" }, "--model", "openai:any").ApiKey);
        Assert.Null(Read(new Dictionary<string, string> { ["AGENTRAG_API_KEY"] = "a" }, "--model", "extractive").ApiKey);
    }

    [Fact]
    public void A_named_variable_is_the_only_one_looked_at()
    {
        var environment = new Dictionary<string, string> { ["OPENAI_API_KEY"] = "o", ["CORP_KEY"] = "c" };

        Assert.Equal("CORP_KEY", Read(environment, "--model", "openai:any", "--api-key-environment", "CORP_KEY").ApiKey?.Variable);
        Assert.Null(Read(environment, "--model", "openai:any", "--api-key-environment", "OTHER_KEY").ApiKey);
    }

    [Fact]
    public void Neither_the_settings_nor_the_key_print_the_secret()
    {
        var settings = Read(new Dictionary<string, string> { ["OPENAI_API_KEY"] = "sk-secret" }, "--model", "openai:any");

        Assert.Equal("set (from OPENAI_API_KEY)", settings.ApiKey?.ToString());
        Assert.DoesNotContain("sk-secret", settings.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Paths_of_the_file_are_meant_from_its_folder()
    {
        var settings = Read([], "--config", Write("""{"index": "there", "roots": ["a", "/b"], "demonstrations": "none"}"""));

        Assert.Equal(Path.Combine(_folder, "there"), settings.Index.Value);
        Assert.Equal([Path.Combine(_folder, "a"), "/b"], settings.Roots.Value);
        Assert.True(settings.Demonstrations.Value.IsNone);
    }

    [Fact]
    public void An_unknown_key_is_an_error_that_names_file_key_and_the_allowed_keys()
    {
        var file = Write("""{"baseURL": "http://127.0.0.1"}""");

        var error = Assert.Throws<AgentRagException>(() => Read([], "--config", file));

        Assert.StartsWith($"{file}: there is no setting \"baseURL\"; the settings are model, baseUrl, apiKeyEnvironment, ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_that_cannot_be_used_is_told_with_its_source()
    {
        var file = Write("""{"budget": "lots"}""");

        Assert.StartsWith($"{file} \"budget\": 'lots' is not a number", Assert.Throws<AgentRagException>(() => Read([], "--config", file)).Message, StringComparison.Ordinal);
        Assert.StartsWith(
            "AGENTRAG_CONTEXT_WINDOW: 'wide' is not a number",
            Assert.Throws<AgentRagException>(() => Read(new Dictionary<string, string> { ["AGENTRAG_CONTEXT_WINDOW"] = "wide" })).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_was_named_may_choose_where_the_key_is_sent()
    {
        var file = Write("""{"model": "openai:any", "baseUrl": "https://models.example.com/v1"}""");

        Assert.NotNull(Read(new Dictionary<string, string> { ["OPENAI_API_KEY"] = "o" }, "--config", file).ApiKey);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_drafter_of_the_models_provider_shares_its_server_and_key_and_another_has_its_own()
    {
        Dictionary<string, string> keys = new() { ["OPENAI_API_KEY"] = "o", ["ANTHROPIC_API_KEY"] = "c", ["CORP_KEY"] = "k" };
        string[] model = ["--model", "openai:large", "--base-url", "http://127.0.0.1:1/v1", "--api-key-environment", "CORP_KEY"];
        var same = Read(keys, [.. model, "--draft-model", "openai:small"]).Predictions;
        var elsewhere = Read(keys, [.. model, "--draft-model", "openai:small", "--draft-base-url", "http://127.0.0.1:2/v1"]).Predictions;
        var other = Read(keys, [.. model, "--draft-model", "anthropic:small"]).Predictions;
        Assert.Equal(("http://127.0.0.1:1/v1", "CORP_KEY"), (same.DraftBaseUrl.Value, same.DraftKey?.Variable));
        Assert.Equal(("http://127.0.0.1:2/v1", "OPENAI_API_KEY"), (elsewhere.DraftBaseUrl.Value, elsewhere.DraftKey?.Variable));
        Assert.Equal((null, "ANTHROPIC_API_KEY"), (other.DraftBaseUrl.Value, other.DraftKey?.Variable));
        Assert.Null(Read(keys, model).Predictions.DraftKey);
    }

    private static Settings Read(Dictionary<string, string> environment, params string[] args)
    {
        var root = new RootCommand { SettingKeys.Config };
        SettingKeys.AddTo(root, SettingKeys.All);
        return Settings.Read(root.Parse(args), environment);
    }

    private string Write(string json)
    {
        var path = Path.Combine(_folder, "named.json");
        File.WriteAllText(path, json);
        return path;
    }
}
