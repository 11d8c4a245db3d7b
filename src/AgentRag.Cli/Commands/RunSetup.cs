using System.Globalization;
using System.Text.Json;
using AgentRag.Answering;
using AgentRag.Cli.Configuration;
using AgentRag.Demonstrations;
using AgentRag.Documents;
using AgentRag.Evaluation;
using AgentRag.Evaluation.Runs;
using AgentRag.Models;
using AgentRag.Prompting;

namespace AgentRag.Cli.Commands;

/// <summary>Says what a run is about: its manifest and its folder.</summary>
internal static class RunSetup
{
    private const string Folder = "agentrag-runs";

    /// <summary>Makes the manifest of a run that is about to begin, with everything its results depend on.</summary>
    /// <exception cref="AgentRagException">The index or the demonstrations cannot be read.</exception>
    public static async Task<RunManifest> ManifestAsync(
        string name, DataSet dataSet, Settings settings, Composition composition, AnsweringContext context, ulong seed, CancellationToken cancellationToken)
    {
        var fingerprints = ObservationFingerprints.Of(context, composition.HasIndex ? composition.Index : null);
        Dictionary<string, string> parts = new(StringComparer.Ordinal)
        {
            ["cache reuse"] = settings.Cache.Value == CacheReuses.Off ? $"{CacheReuse.Exact}" : $"{settings.CacheReuse.Value}",
            ["code"] = fingerprints.Code ?? "",
            ["context window"] = $"{composition.Bounds.ContextWindowTokens}",
            ["data set"] = name,
            ["demonstration selection"] = SelectionOf(settings.DemonstrationOptions),
            ["demonstrations"] = DemonstrationsOf(context),
            ["document language"] = context.DocumentLanguage ?? "none",
            ["further bounds"] = Named(
                ("deadline in seconds", settings.Answering.Deadline.Value?.TotalSeconds), ("calls", settings.Answering.MaxCalls.Value), ("cost", settings.Answering.MaxCost.Value)),
            ["index"] = fingerprints.Index ?? "none",
            ["layout"] = $"{context.Layout}",
            ["model"] = $"{settings.Model.Value}",
            ["prompts"] = fingerprints.Prompts ?? "",
            ["questions"] = RunFingerprint.HashOf(string.Concat(dataSet.Questions.Select(question => JsonSerializer.Serialize(question)))),
            ["reserved answer tokens"] = $"{settings.ReservedAnswerTokens.Value}",
            ["retriever"] = await RetrieverAsync(settings, composition, cancellationToken) ?? fingerprints.Retriever ?? "",
            ["retriever settings"] = RetrieverSettings(settings),
            ["routing"] = Named(
                ("complexity by model", settings.Asking.ComplexityByModel.Value), ("quality by model", settings.Asking.QualityByModel.Value), ("threshold", settings.Asking.QualityThreshold.Value)),
            ["seed"] = string.Create(CultureInfo.InvariantCulture, $"{seed}"),
            ["server"] = Server(settings),
            ["step control"] = $"{settings.Answering.StepControl.Value}",
            ["stop rules"] = StopRules(settings.Answering.StopRules),
            ["token counter"] = context.TokenCounter.Name,
        };
        if (settings.Predictions is { Mode.Value: not PredictedOutputs.Off } predictions)
        {
            // The same answers, but other times and costs.
            parts["predicted outputs"] = Named(
                ("mode", predictions.Mode.Value), ("drafter", predictions.DraftModel.Value), ("drafter's server", Uri.TryCreate(predictions.DraftBaseUrl.Value, UriKind.Absolute, out var drafting) ? drafting.Authority : null),
                ("drafter's tokens", predictions.DraftTokens.Value));
        }

        foreach (var prompt in Enum.GetValues<PromptName>())
        {
            parts[$"prompt {PromptLibrary.FileName(prompt)}"] = context.Prompts.Get(prompt).ContentHash;
        }

        return new RunManifest { DataSet = name, Model = context.ModelName, Fingerprint = parts, CreatedAt = TimeProvider.System.GetUtcNow() };
    }

    /// <summary>The folder of a run that was given none: the same for the same data set and settings, so that the same command goes on with its run.</summary>
    public static string DefaultDirectory(RunManifest manifest) =>
        Path.Combine(Folder, $"{string.Concat(manifest.DataSet.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '-')).TrimStart('.')}-{manifest.Fingerprints.Hash[..8]}");

    // What the name of a retriever that is not opened yet cannot tell, such as whether the index has the vectors that "auto" would use.
    private static async Task<string?> RetrieverAsync(Settings settings, Composition composition, CancellationToken cancellationToken) =>
        composition.HasIndex || settings.Retriever.Value == RetrieverName.Qdrant ? (await composition.RetrieverAsync(bm25: null, cancellationToken)).Retriever.Name : null;

    private static string RetrieverSettings(Settings settings) => Named(
        ("embeddings", settings.Embeddings.Value),
        ("fusion", settings.Fusion.Value),
        ("weights", settings.FusionWeights.Value is { } weights ? string.Join('/', weights.Select(weight => weight.ToString(CultureInfo.InvariantCulture))) : null),
        ("k of ranks", settings.RrfK.Value),
        ("reranker", settings.Rerank.Value),
        ("reranking model", settings.RerankModel.Value),
        ("collection", settings.QdrantCollection.Value),
        ("server of the collection", settings.Qdrant.Value?.Authority),
        ("server of the embeddings", Uri.TryCreate(settings.EmbeddingsBaseUrl.Value, UriKind.Absolute, out var embeddings) ? embeddings.Authority : null));

    private static string StopRules(StopRules rules) => Named(
        ("sub-queries without new passages", rules.MaxSubQueriesWithoutNewPassages),
        ("unknown answers", rules.MaxUnknownAnswers),
        ("at a repeated sub-query", rules.StopsAtRepeatedSubQuery),
        ("sufficiency check", rules.ChecksSufficiency),
        ("agreeing drafts", rules.AgreeingDrafts));

    private static string Named(params (string Name, object? Value)[] values) =>
        string.Join(", ", values.Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Name} {pair.Value ?? "none"}")));

    // A URL may hold a name or a key: host and port say which server it is.
    private static string Server(Settings settings) =>
        settings.Model.Value.Provider != ModelName.ExtractiveProvider && settings.BaseUrl.Value is { } url && Uri.TryCreate(url, UriKind.Absolute, out var parsed) ? parsed.Authority : "default";

    private static string DemonstrationsOf(AnsweringContext context) => context.Demonstrations.Count == 0
        ? DemonstrationSource.None
        : RunFingerprint.HashOf(string.Concat(context.Demonstrations.Pool.Select(shown => JsonSerializer.Serialize(new { shown.Id, shown.Question, shown.Answer, shown.Steps }))));

    private static string SelectionOf(DemonstrationOptions options) => Named(
        ("by", options.Selection), ("seed", options.Selection == DemonstrationSelection.Random ? options.Seed : null), ("passages each", options.K));
}
