using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using AgentRag.Allocation.Routing;
using AgentRag.Answering;
using AgentRag.Answering.Assistants;
using AgentRag.Cli.Clients;
using AgentRag.Cli.Configuration;
using AgentRag.Cli.Output;
using AgentRag.Decoding.Chat;
using AgentRag.Models;
using AgentRag.Prompting;
using Microsoft.Extensions.AI;

namespace AgentRag.Cli.Commands;

/// <summary><c>agentrag doctor</c>: shows what is in effect, from where, and whether it can be used.</summary>
internal static class DoctorCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new ExampleCommand(
            "doctor",
            "Show every setting with its source, and check what can be used.",
            "Checks parameters, index, prompts, demonstrations and model; with --client that client's configuration instead, by starting the server it names: do that only with " +
            "a configuration that you trust. Exit code 0 when all can be used, else 2. A key is never printed.",
            "agentrag doctor",
            "agentrag doctor --model openai:qwen3:8b --base-url http://127.0.0.1:11434/v1 --json",
            "agentrag doctor --client claude-code")
        {
            InitCommand.Client, InitCommand.File, InitCommand.ForUser, Flags.Json,
        };
        SettingKeys.AddTo(command, SettingKeys.All);
        command.SetAction((parsed, cancellationToken) => RunAsync(terminal, parsed, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Terminal terminal, ParseResult parsed, CancellationToken cancellationToken)
    {
        var settings = Settings.Read(parsed);
        // A client's server has settings of its own: those of this folder would say nothing about it.
        var client = parsed.GetValue(InitCommand.Client) is { } name ? McpClientKind.Parse(name) : null;
        var rows = client is null ? Rows(settings) : [];
        var checks = client is null
            ? await ChecksAsync(settings, cancellationToken)
            : [await TryAsync(client.Name, () => ClientCheck.RunAsync(client, client.File(parsed.GetValue(InitCommand.File), parsed.GetValue(InitCommand.ForUser)), cancellationToken))];
        var isUsable = checks.All(check => check.IsGood);
        if (parsed.GetValue(Flags.Json))
        {
            terminal.WriteJson(new
            {
                Usable = isUsable,
                Settings = rows.ToDictionary(row => row.Name, row => new { row.Value, row.Source }),
                Checks = checks.Select(check => new { check.Name, Good = check.IsGood, check.Text }),
            });
        }
        else
        {
            WriteText(terminal, rows, checks);
            terminal.WriteLine(isUsable ? "Everything can be used." : "Something cannot be used; see the checks above.");
        }

        return isUsable ? ExitCode.Success : ExitCode.User;
    }

    private static void WriteText(Terminal terminal, IReadOnlyList<Row> rows, IReadOnlyList<Check> checks)
    {
        var (names, values) = (rows.Max(row => (int?)row.Name.Length) ?? 0, rows.Max(row => (int?)row.Value.Length) ?? 0);
        if (rows.Count > 0)
        {
            terminal.WriteLine("Settings:");
        }

        foreach (var row in rows)
        {
            terminal.WriteLine($"  {row.Name.PadRight(names)}  {row.Value.PadRight(values)}  {row.Source}".TrimEnd());
        }

        terminal.WriteLine("Checks:");
        foreach (var check in checks)
        {
            terminal.WriteLine($"  {(check.IsGood ? "ok  " : "FAIL")} {check.Name}: {check.Text}");
        }
    }

    private static IReadOnlyList<Row> Rows(Settings settings) =>
    [
        new("file", settings.File ?? $"none ({SettingsFile.DefaultName} is not in {Environment.CurrentDirectory})", ""),
        Of(SettingKeys.Model, settings.Model),
        Of(SettingKeys.BaseUrl, settings.BaseUrl with { Value = settings.BaseUrl.Value is { } url ? SettingText.WithoutSecrets(url) : "the provider's own" }),
        new("apiKey", settings.ApiKey is null ? "not set" : "set", settings.ApiKey is { } key ? $"from {key.Variable}" : ""),
        Of(SettingKeys.Index, settings.Index),
        Of(SettingKeys.Prompts, settings.Prompts with { Value = settings.Prompts.Value ?? "shipped" }),
        Of(SettingKeys.Demonstrations, settings.Demonstrations),
        new(SettingKeys.DemonstrationSelection.Name, $"{settings.DemonstrationSelection.Value}".ToLowerInvariant(), settings.DemonstrationSelection.Source),
        new(SettingKeys.DemonstrationK.Name, settings.DemonstrationK.Value is { } k ? $"{k}" : "as k", settings.DemonstrationK.Source),
        Of(SettingKeys.DemonstrationSeed, settings.DemonstrationSeed),
        .. RetrievalRows(settings),
        Of(SettingKeys.Strategy, settings.Strategy),
        Of(SettingKeys.K, settings.K),
        Of(SettingKeys.M, settings.M),
        Of(SettingKeys.N, settings.N),
        Of(SettingKeys.Budget, settings.Budget),
        Of(SettingKeys.ContextWindow, settings.ContextWindow),
        Of(SettingKeys.ReservedAnswerTokens, settings.ReservedAnswerTokens),
        Of(SettingKeys.AllocationModel, settings.AllocationModel with { Value = settings.AllocationModel.Value ?? "published" }),
        .. settings.Asking.Rows.Concat(settings.Answering.Rows).Concat(settings.Predictions.Rows).Select(row => new Row(row.Name, row.Value, row.Source)),
        Of(SettingKeys.Cache, settings.Cache),
        new(SettingKeys.Reuse.Name, $"{settings.CacheReuse.Value}".ToLowerInvariant(), settings.CacheReuse.Source),
        Of(SettingKeys.Similarity, settings.CacheSimilarity),
        Of(SettingKeys.Tokenizer, settings.Tokenizer),
        Of(SettingKeys.Vocabularies, settings.Vocabularies),
        new(SettingKeys.Roots.Name, settings.Roots.Value.Count == 0 ? "none" : string.Join(Path.PathSeparator, settings.Roots.Value), settings.Roots.Source),
    ];

    private static IReadOnlyList<Row> RetrievalRows(Settings settings) =>
    [
        new(SettingKeys.Retriever.Name, settings.Retriever.Value.Text(), settings.Retriever.Source),
        new(SettingKeys.Embeddings.Name, settings.Embeddings.Value?.ToString() ?? "none", settings.Embeddings.Source),
        new(
            SettingKeys.EmbeddingsBaseUrl.Name, settings.EmbeddingsBaseUrl.Value is { } url ? SettingText.WithoutSecrets(url) : "the provider's own", settings.EmbeddingsBaseUrl.Source),
        KeyRow("embeddingsKey", settings.EmbeddingsKey),
        new(SettingKeys.Fusion.Name, SettingText.Of(settings.Fusion.Value), settings.Fusion.Source),
        new(
            SettingKeys.FusionWeights.Name,
            settings.FusionWeights.Value is { } weights ? string.Join(',', weights.Select(weight => weight.ToString(CultureInfo.InvariantCulture))) : "1,1",
            settings.FusionWeights.Source),
        Of(SettingKeys.RrfK, settings.RrfK),
        Of(SettingKeys.Rerank, settings.Rerank),
        new(SettingKeys.RerankModel.Name, settings.RerankModel.Value ?? "none", settings.RerankModel.Source),
        new(SettingKeys.RerankForm.Name, SettingText.Of(settings.RerankForm.Value), settings.RerankForm.Source),
        KeyRow("rerankKey", settings.RerankKey),
        new(SettingKeys.Qdrant.Name, settings.Qdrant.Value is { } server ? SettingText.WithoutSecrets(server.OriginalString) : "none", settings.Qdrant.Source),
        Of(SettingKeys.QdrantCollection, settings.QdrantCollection),
        KeyRow("qdrantKey", settings.QdrantKey),
    ];

    private static Row KeyRow(string name, ApiKey? key) => new(name, key is null ? "not set" : "set", key is null ? "" : $"from {key.Variable}");

    private static Row Of<T>(SettingKey key, Setting<T> setting) => new(key.Name, $"{setting.Value}", setting.Source);

    private static async Task<IReadOnlyList<Check>> ChecksAsync(Settings settings, CancellationToken cancellationToken)
    {
        using var composition = new Composition(settings);
        return
        [
            await TryAsync("parameters", () =>
            {
                settings.Parameters.Validated();
                _ = new TokenBudget(settings.Bounds, price: settings.Answering.PriceTable.Find($"{settings.Model.Value}"));
                _ = composition.Cache;
                if (settings.Asking.Assistant.Value is { } assistant)
                {
                    Assistant.Load(assistant);
                }

                if (!Strategies.Names.Contains(settings.Strategy.Value))
                {
                    throw new AgentRagException($"There is no strategy '{settings.Strategy.Value}': use one of {string.Join(", ", Strategies.Names)}.");
                }

                return Task.FromResult($"{settings.Parameters}, {settings.Budget.Value:N0} tokens");
            }),
            await TryAsync("index", async () =>
            {
                if (settings.Retriever.Value == RetrieverName.Qdrant && !composition.HasIndex)
                {
                    return $"none in '{settings.Index.Value}'; collection '{settings.QdrantCollection.Value}' in Qdrant holds {Plural.Of(await composition.PassageCountAsync(cancellationToken), "passage")} "
                        + "to search, but documents cannot be listed or read whole";
                }

                var index = composition.Index;
                if (index.PassageCount == 0)
                {
                    throw new AgentRagException($"'{settings.Index.Value}' holds no passages: name folders and files with text in them, 'agentrag index PATH...'.");
                }

                return $"'{settings.Index.Value}' (format {FormatVersion(settings.Index.Value)}) holds {Plural.Of(index.DocumentCount, "document")}, {Plural.Of(index.PassageCount, "passage")} " +
                    $"of {index.MeanPassageTokens:N0} tokens in the mean, measured by {index.TokenCounterName}; roots: {string.Join(", ", index.Roots)}";
            }),
            await TryAsync("retriever", async () => (await composition.RetrieverAsync(bm25: null, cancellationToken)).Reason),
            .. settings.Embeddings.Value is not { IsLocal: true } ? Array.Empty<Check>() :
            [
                await TryAsync("embeddings", () => EmbeddingsAsync(settings, composition, cancellationToken)),
            ],
            await TryAsync("prompts", () =>
            {
                var prompts = PromptLibrary.Load(settings.Prompts.Value);
                var own = Enum.GetValues<PromptName>().Select(prompts.Get).Where(prompt => settings.Prompts.Value is { } folder && prompt.Source.StartsWith(folder, StringComparison.Ordinal));
                return Task.FromResult($"{Plural.Of(Enum.GetValues<PromptName>().Length, "prompt")}, of them replaced: {string.Join(", ", own.Select(prompt => prompt.Source).DefaultIfEmpty("none"))}");
            }),
            await TryAsync("demonstrations", async () =>
                $"{Plural.Of((await composition.DemonstrationsAsync(cancellationToken)).Count, "demonstration")} ({settings.Demonstrations.Value})"),
            .. settings.AllocationModel.Value is null ? Array.Empty<Check>() :
            [
                await TryAsync("allocation model", async () => $"'{settings.AllocationModel.Value}': {(await composition.AllocationModelAsync(cancellationToken)).Source}"),
            ],
            await ModelAsync(settings, composition, cancellationToken),
        ];
    }

    private static async Task<string> EmbeddingsAsync(Settings settings, Composition composition, CancellationToken cancellationToken)
    {
        var embedder = (ILocalEmbeddings)composition.Embedder!;
        var vector = (await embedder.GenerateAsync(["What is a lamp?"], cancellationToken: cancellationToken))[0].Vector;
        return $"{settings.Embeddings.Value} makes vectors of {vector.Length:N0} dimensions from up to {embedder.ContextTokens:N0} tokens in this process; its key is {embedder.ModelKey}";
    }

    private static async Task<Check> ModelAsync(Settings settings, Composition composition, CancellationToken cancellationToken)
    {
        var model = settings.Model.Value;
        if (model.Provider != ModelName.OpenAIProvider)
        {
            return await TryAsync("model", async () =>
            {
                var client = composition.Model;
                if (model.Provider == ModelName.AnthropicProvider)
                {
                    await client.GetResponseAsync([new ChatMessage(ChatRole.User, "Hi")], new ChatOptions { MaxOutputTokens = 1 }, cancellationToken);
                    return $"{model} answered a short request";
                }

                return $"{model} needs no key and no server";
            });
        }

        try
        {
            var probe = await ModelProbe.CheckAsync(Composition.ModelOptions(settings).ForOpenAI(model), cancellationToken: cancellationToken);
            return new Check("model", probe.IsReachable && probe.IsModelListed is not false, probe.Text);
        }
        catch (AgentRagException e)
        {
            return new Check("model", IsGood: false, e.Message);
        }
    }

    private static async Task<Check> TryAsync(string name, Func<Task<string>> check)
    {
        try
        {
            return new Check(name, IsGood: true, await check());
        }
        catch (AgentRagException e)
        {
            return new Check(name, IsGood: false, e.Message);
        }
    }

    // Opening has found that this program reads it.
    private static int FormatVersion(string directory)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(directory, Composition.IndexFile)));
        return json.RootElement.GetProperty("formatVersion").GetInt32();
    }

    private sealed record Row(string Name, string Value, string Source);

    private sealed record Check(string Name, bool IsGood, string Text);
}
