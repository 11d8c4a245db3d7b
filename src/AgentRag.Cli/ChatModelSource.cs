using AgentRag.Cli.Configuration;
using AgentRag.Decoding.Chat;
using AgentRag.Decoding.Speculation;
using AgentRag.Documents;
using AgentRag.Models;
using AgentRag.Models.Extractive;
using AgentRag.Retrieval;
using AgentRag.Tokens;
using Microsoft.Extensions.AI;

namespace AgentRag.Cli;

/// <summary>Makes the chat model that the settings name, with a drafter before it where they ask for one.</summary>
/// <param name="settings">The settings.</param>
/// <param name="counter">Makes the token counter of this run.</param>
/// <param name="embedder">The embedding model; null when none is configured. Where there is one, it helps to choose what a drafter reads.</param>
internal sealed class ChatModelSource(Settings settings, Func<ITokenCounter> counter, Func<IEmbeddingGenerator<string, Embedding<float>>?> embedder) : IDisposable
{
    private IChatClient? _drafter;

    /// <summary>Makes the model.</summary>
    /// <exception cref="AgentRagException">The model or its drafter cannot be made: no key, a wrong URL, no such file; or the model takes no predicted outputs.</exception>
    public IChatClient Create()
    {
        var predictions = settings.Predictions;
        if (predictions.Mode.Value == PredictedOutputs.Off)
        {
            return Create(settings.Model.Value, Composition.ModelOptions(settings), LocalOptions);
        }

        var (model, draft) = (settings.Model.Value, predictions.DraftModel.Value);
        if (model.Provider is ModelName.ExtractiveProvider or ModelName.AnthropicProvider)
        {
            return predictions.Mode.Value == PredictedOutputs.Auto
                ? Create(model, Composition.ModelOptions(settings), LocalOptions)
                : throw new AgentRagException($"Model '{model}' takes no predicted outputs: OpenAI's do, gguf: models, and 'agentrag serve-model'. Leave {PredictionSettings.ModeKey.Option.Name} out, or choose another model.");
        }

        if (model.Provider == ModelName.GgufProvider && draft is null or { Provider: ModelName.GgufProvider })
        {
            // Within one process the drafter goes along token by token, and the default acceptance leaves the text as it is.
            return Create(model, Composition.ModelOptions(settings), LocalOptions with
            {
                DraftModelPath = draft?.Name,
                DraftRetriever = Retriever,
                Decoding = new DecodingOptions { Mode = DecodingMode.Rapid, DraftContext = predictions.DraftContext },
            });
        }

        var answering = Create(model, Composition.ModelOptions(settings), LocalOptions);
        try
        {
            // --context-window is the answering model's: a drafter in this process goes by its own file, and takes no memory for the window of an API.
            _drafter = draft is null ? null : Create(draft, DraftOptions(predictions), new LocalModelOptions());
            return new PredictedOutputChatClient(
                answering, _drafter ?? answering, counter(), predictions.DraftContext, predictions.Mode.Value == PredictedOutputs.On ? true : null, Retriever);
        }
        catch
        {
            answering.Dispose();
            throw;
        }
    }

    public void Dispose() => _drafter?.Dispose();

    private Func<IReadOnlyList<Passage>, IRetriever>? Retriever => embedder() is { } vectors ? DraftRetrievers.Hybrid(vectors, settings.FusionWeights.Value) : null;

    private LocalModelOptions LocalOptions => new() { ContextTokens = settings.ContextWindow.IsDefault ? null : settings.ContextWindow.Value };

    private IChatClient Create(ModelName model, ChatModelOptions options, LocalModelOptions local) => ChatModels.Create(
        model,
        options,
        new Dictionary<string, Func<ModelName, ChatModelOptions, IChatClient>>(StringComparer.Ordinal)
        {
            [ModelName.ExtractiveProvider] = (_, _) => new ExtractiveChatClient(counter()),
            [ModelName.AnthropicProvider] = AnthropicModel.Create,
            [ModelName.GgufProvider] = (file, _) => new LocalChatClient(file.Name, local),
        });

    private ChatModelOptions DraftOptions(PredictionSettings predictions) => Composition.ModelOptions(settings) with
    {
        BaseUrl = predictions.DraftBaseUrl.Value,
        ApiKey = predictions.DraftKey?.Reveal(),
        ApiKeySetting = predictions.DraftKey?.Variable ?? string.Join(" or ", Settings.DraftKeyVariables(predictions.DraftModel.Value!)),
    };
}
