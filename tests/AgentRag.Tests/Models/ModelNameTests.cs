using AgentRag.Models;
using Microsoft.Extensions.AI;
using NSubstitute;
using Xunit;

namespace AgentRag.Tests.Models;

public sealed class ModelNameTests
{
    private const string Allowed = "expected extractive, openai:<name> (any OpenAI-compatible server, see --base-url), anthropic:<name> or gguf:<file>.";

    private static readonly Dictionary<string, Func<ModelName, ChatModelOptions, IChatClient>> None = [];

    [Theory]
    [InlineData("extractive", "extractive", "extractive", "extractive")]
    [InlineData(" Extractive ", "extractive", "extractive", "extractive")]
    [InlineData("openai:gpt-5-mini", "openai", "gpt-5-mini", "openai:gpt-5-mini")]
    [InlineData("OpenAI:Qwen/Qwen3-8B:free", "openai", "Qwen/Qwen3-8B:free", "openai:Qwen/Qwen3-8B:free")]
    [InlineData("gguf:models/a:b.gguf", "gguf", "models/a:b.gguf", "gguf:models/a:b.gguf")]
    [InlineData("anthropic:claude-sonnet", "anthropic", "claude-sonnet", "anthropic:claude-sonnet")]
    public void A_setting_is_read_and_written_again(string text, string provider, string name, string written)
    {
        var model = ModelName.Parse(text);

        Assert.Equal((provider, name, written), (model.Provider, model.Name, model.ToString()));
        Assert.Equal(model, ModelName.Parse(written));
    }

    [Theory]
    [InlineData("", $"Model '' is not understood: {Allowed}")]
    [InlineData("gpt-5", $"Model 'gpt-5' is not understood: {Allowed} Did you mean 'openai:gpt-5'?")]
    [InlineData("qwen3:8b", $"Model 'qwen3:8b' is not understood: {Allowed} Did you mean 'openai:qwen3:8b'?")]
    [InlineData("openai: ", $"Model 'openai:' is not understood: {Allowed} Add the model's name after 'openai:'.")]
    [InlineData("anthropic", $"Model 'anthropic' is not understood: {Allowed} Add the model's name after 'anthropic:'.")]
    [InlineData("gguf:", $"Model 'gguf:' is not understood: {Allowed} Add the model file after 'gguf:'.")]
    [InlineData("extractive:big", $"Model 'extractive:big' is not understood: {Allowed} The model 'extractive' has no further name.")]
    public void A_setting_that_is_none_of_the_forms_says_what_is_allowed(string text, string message) =>
        Assert.Equal(message, Assert.Throws<AgentRagException>(() => ModelName.Parse(text)).Message);

    [Fact]
    public void The_provider_openai_is_built_in_and_its_default_is_openai_itself()
    {
        using var client = ChatModels.Create(ModelName.Parse("openai:gpt-5-mini"), new ChatModelOptions(), None);

        var metadata = client.GetService<ChatClientMetadata>();
        Assert.IsType<OpenAICompatibleChatClient>(client);
        Assert.Equal(("https://api.openai.com/v1", "gpt-5-mini"), (metadata?.ProviderUri?.ToString(), metadata?.DefaultModelId));
    }

    [Fact]
    public void Settings_reach_the_client_and_a_long_attempt_lengthens_the_whole()
    {
        var settings = new ChatModelOptions
        {
            BaseUrl = " http://127.0.0.1:8080/v1/ ",
            ApiKey = "",
            ApiKeySetting = "AGENTRAG_API_KEY",
            MaxTokensField = MaxTokensField.MaxTokens,
            AttemptTimeout = TimeSpan.FromMinutes(20),
            MaxRetries = 1,
        };

        var options = settings.ForOpenAI(ModelName.Parse("openai:small"));

        Assert.Equal(
            new OpenAICompatibleOptions
            {
                BaseUrl = new Uri("http://127.0.0.1:8080/v1/"),
                Model = "small",
                ApiKeySetting = "AGENTRAG_API_KEY",
                MaxTokensField = MaxTokensField.MaxTokens,
                AttemptTimeout = TimeSpan.FromMinutes(20),
                OverallTimeout = TimeSpan.FromMinutes(40),
                MaxRetries = 1,
            },
            options);
    }

    [Theory]
    [InlineData("127.0.0.1:8080", "Base URL '127.0.0.1:8080' is not a web address: write it as http://127.0.0.1:11434/v1.")]
    [InlineData("user:word@host", "Base URL '(not shown)' is not a web address: write it as http://127.0.0.1:11434/v1.")]
    public void A_base_url_that_is_no_web_address_is_an_error(string baseUrl, string message) => Assert.Equal(
        message,
        Assert.Throws<AgentRagException>(
            () => ChatModels.Create(ModelName.Parse("openai:small"), new ChatModelOptions { BaseUrl = baseUrl }, None)).Message);

    [Fact]
    public void Other_providers_are_made_by_the_program()
    {
        using var extractive = Substitute.For<IChatClient>();
        var providers = new Dictionary<string, Func<ModelName, ChatModelOptions, IChatClient>>(StringComparer.Ordinal)
        {
            [ModelName.ExtractiveProvider] = (_, _) => extractive,
        };

        using var made = ChatModels.Create(ModelName.Extractive, new ChatModelOptions(), providers);
        var fault = Assert.Throws<AgentRagException>(() => ChatModels.Create(ModelName.Parse("anthropic:claude"), new ChatModelOptions(), providers));

        Assert.Same(extractive, made);
        Assert.Equal(
            "Model 'anthropic:claude' needs the provider 'anthropic', which this program was built without: it has extractive, openai.", fault.Message);
    }
}
