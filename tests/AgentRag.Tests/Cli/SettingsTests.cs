using System.CommandLine;
using AgentRag.Answering.Assistants;
using AgentRag.Answering.Rewriting;
using AgentRag.Cli.Configuration;
using AgentRag.Models;
using AgentRag.Tokens.Vocabularies;
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
    public void Another_model_gets_a_key_and_a_server_of_its_own()
    {
        var environment = new Dictionary<string, string> { ["OPENAI_API_KEY"] = "o", ["ANTHROPIC_API_KEY"] = "c" };
        var judge = new Setting<ModelName>(ModelName.Parse("openai:judge"), "--judge");

        // The model's own provider, server and key are not the judge's.
        var settings = Read(environment, judge, new("http://127.0.0.1:9/v1", "--judge-base-url"), "--model", "anthropic:any", "--base-url", "https://proxy.example.com");
        Assert.Equal(("openai:judge", "http://127.0.0.1:9/v1", "OPENAI_API_KEY"), ($"{settings.Model.Value}", settings.BaseUrl.Value, settings.ApiKey?.Variable));

        // Without a server of its own it is asked where the model is.
        Assert.Equal("https://proxy.example.com", Read(environment, judge, baseUrl: null, "--base-url", "https://proxy.example.com").BaseUrl.Value);
        Assert.Null(Read(new Dictionary<string, string> { ["ANTHROPIC_API_KEY"] = "c" }, judge, baseUrl: null, "--model", "anthropic:any").ApiKey);
    }

    [Fact]
    public void The_layout_of_prompts_and_the_early_stops_are_settings()
    {
        Assert.Equal("reversed-rank, append-batches", $"{Read([]).Asking.PromptLayout}");
        Assert.Equal("rank, append-batches, question above", $"{Read([], "--order", "rank", "--question-place", "above").Asking.PromptLayout}");
        Assert.Null(Read([]).Answering.StopRules.AgreeingDrafts);
        Assert.Equal(3, Read([], "--agreeing-drafts", "3").Answering.StopRules.AgreeingDrafts);
        Assert.Equal("--agreeing-drafts: '1' drafts cannot agree: at least 2 are needed.", Assert.Throws<AgentRagException>(() => Read([], "--agreeing-drafts", "1")).Message);
        Assert.Equal("--question-place: there is no place of the question 'left': use below, above", Assert.Throws<AgentRagException>(() => Read([], "--question-place", "left")).Message);
    }

    [Theory]
    [InlineData("BERT:./minilm", "bert:./minilm", true), InlineData(" Gguf : small.gguf ", "gguf:small.gguf", true)]
    [InlineData("OpenAI:Nomic", "openai:Nomic", false), InlineData("Nomic:V1", "openai:Nomic:V1", false)]
    public void The_provider_of_an_embedding_model_is_read_in_any_case(string text, string read, bool isLocal)
    {
        var embeddings = Read([], "--embeddings", text).Embeddings.Value!;

        Assert.Equal((read, isLocal), (embeddings.ToString(), embeddings.IsLocal));
    }

    [Theory]
    [InlineData("Extractive"), InlineData("Anthropic:any")]
    public void A_model_that_makes_no_embeddings_is_none_in_any_case(string text) => Assert.StartsWith(
        $"--embeddings: '{text}' makes no embeddings: ", Assert.Throws<AgentRagException>(() => Read([], "--embeddings", text)).Message, StringComparison.Ordinal);

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

    [Theory]
    [InlineData("assistant", "house.yaml"), InlineData("tokenizer", "own/tokenizer.json"), InlineData("prices", "prices.json"), InlineData("cache", "kept")]
    [InlineData("prompts", "words"), InlineData("allocationModel", "model.json"), InlineData("vocabularies", "v"), InlineData("demonstrations", "pool.jsonl")]
    public void A_file_or_folder_that_the_file_names_lies_beside_it_wherever_the_program_is_started(string key, string path)
    {
        var settings = Read([], "--config", Write($$"""{"{{key}}": "{{path}}"}"""));

        var read = key switch
        {
            "assistant" => settings.Asking.Assistant.Value,
            "tokenizer" => settings.Tokenizer.Value,
            "prices" => settings.Answering.Prices.Value,
            "cache" => settings.Cache.Value,
            "prompts" => settings.Prompts.Value,
            "allocationModel" => settings.AllocationModel.Value,
            "vocabularies" => settings.Vocabularies.Value,
            _ => settings.Demonstrations.Value.File,
        };
        Assert.Equal(Path.Combine(_folder, path), read);
    }

    [Fact]
    public void A_model_file_lies_beside_the_file_that_names_it_and_other_models_are_names()
    {
        Assert.Equal($"gguf:{Path.Combine(_folder, "small.gguf")}", Read([], "--config", Write("""{"model": "gguf:small.gguf"}""")).Model.Value.ToString());
        Assert.Equal("gguf:/models/small.gguf", Read([], "--config", Write("""{"model": "GGUF: /models/small.gguf"}""")).Model.Value.ToString());
        Assert.Equal("openai:qwen3:8b", Read([], "--config", Write("""{"model": "openai:qwen3:8b"}""")).Model.Value.ToString());
        Assert.Equal($"bert:{Path.Combine(_folder, "minilm")}", Read([], "--config", Write("""{"embeddings": "bert:minilm"}""")).Embeddings.Value!.ToString());
    }

    [Fact]
    public void Each_word_of_a_choice_stands_for_its_own_value()
    {
        (string, StepControl)[] controls =
        [
            ("auto", StepControl.Auto), ("JSON-Schema", StepControl.JsonSchema), ("regex", StepControl.Regex), ("grammar", StepControl.Grammar), ("stop", StepControl.Stop),
            ("none", StepControl.None),
        ];
        Assert.All(controls, pair => Assert.Equal(pair.Item2, Read([], "--step-control", pair.Item1).Answering.StepControl.Value));
        Assert.Equal(Enum.GetValues<StepControl>().Length, controls.Length);

        (string, QueryRewriting)[] rewritings = [("none", QueryRewriting.None), ("Keywords", QueryRewriting.Keywords), ("multi-query", QueryRewriting.MultiQuery)];
        Assert.All(rewritings, pair => Assert.Equal(pair.Item2, Read([], "--rewriting", pair.Item1).Asking.Rewriting.Value));
        Assert.Equal(Enum.GetValues<QueryRewriting>().Length, rewritings.Length);
    }

    [Fact]
    public void What_the_program_knows_by_name_is_no_path()
    {
        Assert.Equal("legal", Read([], "--config", Write("""{"assistant": "legal"}""")).Asking.Assistant.Value);
        Assert.Equal("estimate", Read([], "--config", Write("""{"tokenizer": "estimate"}""")).Tokenizer.Value);
        Assert.Equal("o200k_base", Read([], "--config", Write("""{"tokenizer": "o200k_base"}""")).Tokenizer.Value);
        Assert.Equal("off", Read([], "--config", Write("""{"cache": "off"}""")).Cache.Value);
    }

    [Fact]
    public void Paths_of_flags_and_variables_go_by_the_working_directory()
    {
        var settings = Read(new Dictionary<string, string> { ["AGENTRAG_TOKENIZER"] = "own.tiktoken" }, "--config", Write("""{"tokenizer": "x", "assistant": "y"}"""), "--assistant", "house.yaml");

        Assert.Equal(("own.tiktoken", "house.yaml"), (settings.Tokenizer.Value, settings.Asking.Assistant.Value));
    }

    // They are written out in the help, because looking them up would slow every start.
    [Fact]
    public void The_help_names_every_known_vocabulary_and_every_shipped_assistant()
    {
        Assert.All(KnownVocabulary.All, known => Assert.Contains($" {known.Name}", SettingKeys.Tokenizer.Option.Description, StringComparison.Ordinal));
        Assert.All(Assistant.Shipped, name => Assert.Contains($" {name},", StrategySettings.AssistantKey.Option.Description, StringComparison.Ordinal));
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
        // The program's own variable holds the key of the model's server: it is there in all cases, and goes nowhere else.
        Dictionary<string, string> keys = new() { ["AGENTRAG_API_KEY"] = "a", ["OPENAI_API_KEY"] = "o", ["ANTHROPIC_API_KEY"] = "c", ["CORP_KEY"] = "k" };
        string[] model = ["--model", "openai:large", "--base-url", "http://127.0.0.1:1/v1", "--api-key-environment", "CORP_KEY"];
        var same = Read(keys, [.. model, "--draft-model", "openai:small"]).Predictions;
        var elsewhere = Read(keys, [.. model, "--draft-model", "openai:small", "--draft-base-url", "http://127.0.0.1:2/v1"]).Predictions;
        var other = Read(keys, [.. model, "--draft-model", "anthropic:small"]).Predictions;
        Assert.Equal(("http://127.0.0.1:1/v1", "CORP_KEY"), (same.DraftBaseUrl.Value, same.DraftKey?.Variable));
        Assert.Equal(("http://127.0.0.1:2/v1", "OPENAI_API_KEY"), (elsewhere.DraftBaseUrl.Value, elsewhere.DraftKey?.Variable));
        Assert.Equal((null, "ANTHROPIC_API_KEY"), (other.DraftBaseUrl.Value, other.DraftKey?.Variable));
        Assert.Null(Read(keys, model).Predictions.DraftKey);
        Assert.Null(Read(keys, [.. model, "--draft-model", "gguf:small.gguf"]).Predictions.DraftKey);
        Assert.Equal("AGENTRAG_API_KEY", Read(keys, [.. model[..4], "--draft-model", "openai:small"]).Predictions.DraftKey?.Variable);
    }

    [Theory]
    [InlineData("--draft-model", "anthropic:small"), InlineData("--draft-model", "openai:small", "--draft-base-url", "https://drafts.example.com/v1")]
    public void The_models_key_is_never_sent_to_the_server_of_a_drafter(params string[] drafter)
    {
        string[] all = ["--model", "openai:large", "--base-url", "http://127.0.0.1:1/v1", .. drafter];
        Dictionary<string, string> keys = new() { ["AGENTRAG_API_KEY"] = "a" };

        Assert.Equal(("AGENTRAG_API_KEY", null), (Read(keys, all).ApiKey?.Variable, Read(keys, all).Predictions.DraftKey?.Variable));
    }

    [Theory]
    [InlineData("openai:judge", "http://127.0.0.1:2/v1", null), InlineData("anthropic:judge", null, null), InlineData("openai:judge", null, "AGENTRAG_API_KEY")]
    public void Nor_to_that_of_a_judge_elsewhere_which_may_have_one_of_its_own(string judge, string? server, string? expected)
    {
        string[] model = ["--model", "openai:large", "--base-url", "http://127.0.0.1:1/v1"];
        var (name, url) = (new Setting<ModelName>(ModelName.Parse(judge), "--judge"), server is null ? null : new Setting<string?>(server, "--judge-base-url"));
        Dictionary<string, string> keys = new() { ["AGENTRAG_API_KEY"] = "a" };
        Assert.Equal(expected, Read(keys, name, url, model).ApiKey?.Variable);
        keys["AGENTRAG_JUDGE_API_KEY"] = "j";
        Assert.Equal(expected ?? "AGENTRAG_JUDGE_API_KEY", Read(keys, name, url, model).ApiKey?.Variable);

        // A reader without a key leaves it to the judge.
        Assert.Equal("AGENTRAG_API_KEY", Read(keys, name, url).ApiKey?.Variable);
    }

    [Theory]
    [InlineData("--draft-model", "openai:small"), InlineData("--draft-model", "anthropic:small"), InlineData("--draft-model", "openai:small", "--draft-base-url", "http://127.0.0.1:2/v1")]
    public void A_drafter_may_have_a_key_of_its_own(params string[] drafter)
    {
        Dictionary<string, string> keys = new() { ["AGENTRAG_API_KEY"] = "a", ["OPENAI_API_KEY"] = "o", ["ANTHROPIC_API_KEY"] = "c", ["AGENTRAG_DRAFT_API_KEY"] = "d" };
        var predictions = Read(keys, ["--model", "openai:large", "--base-url", "http://127.0.0.1:1/v1", .. drafter]).Predictions;

        Assert.Equal(("d", "AGENTRAG_DRAFT_API_KEY"), (predictions.DraftKey?.Reveal(), predictions.DraftKey?.Variable));
        Assert.Contains(("draftKey", "set", "from AGENTRAG_DRAFT_API_KEY"), predictions.Rows);
        Assert.Contains("Key: AGENTRAG_DRAFT_API_KEY; ", PredictionSettings.DraftModelKey.Option.Description, StringComparison.Ordinal);
    }

    private static Settings Read(Dictionary<string, string> environment, params string[] args)
    {
        var root = new RootCommand { SettingKeys.Config };
        SettingKeys.AddTo(root, SettingKeys.All);
        return Settings.Read(root.Parse(args), environment);
    }

    private static Settings Read(Dictionary<string, string> environment, Setting<ModelName> model, Setting<string?>? baseUrl, params string[] args)
    {
        var root = new RootCommand { SettingKeys.Config };
        SettingKeys.AddTo(root, SettingKeys.All);
        return Settings.Read(root.Parse(args), environment, model, baseUrl);
    }

    private string Write(string json)
    {
        var path = Path.Combine(_folder, "named.json");
        File.WriteAllText(path, json);
        return path;
    }
}
