using System.Text;
using System.Text.Json.Serialization;
using Microsoft.Extensions.AI;

namespace AgentRag.Models;

/// <summary>Makes the chat client that a model setting names.</summary>
public static class ChatModels
{
    /// <summary>Makes the chat client of a model.</summary>
    /// <param name="model">Which model.</param>
    /// <param name="options">Where it is and how it is asked.</param>
    /// <param name="providers">
    /// Makers by provider name, looked up first. <c>openai</c> is built in; a program adds the others it was built with, such as <c>extractive</c>.
    /// </param>
    /// <returns>A client that the caller disposes of.</returns>
    /// <exception cref="AgentRagException">The provider is not part of this program, or an option is out of range.</exception>
    public static IChatClient Create(
        ModelName model, ChatModelOptions options, IReadOnlyDictionary<string, Func<ModelName, ChatModelOptions, IChatClient>> providers)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(providers);
        if (providers.TryGetValue(model.Provider, out var make))
        {
            return make(model, options);
        }

        return model.Provider == ModelName.OpenAIProvider
            ? new OpenAICompatibleChatClient(options.ForOpenAI(model))
            : throw new AgentRagException(
                $"Model '{model}' needs the provider '{model.Provider}', which this program was built without: it has "
                + $"{string.Join(", ", providers.Keys.Append(ModelName.OpenAIProvider).Order(StringComparer.Ordinal))}.");
    }
}

/// <summary>The settings of a chat model that do not depend on its provider. Null means the provider's own default.</summary>
/// <remarks>The text form holds no key.</remarks>
public sealed record ChatModelOptions
{
    /// <summary>The endpoint's base URL as the user wrote it, such as <c>http://127.0.0.1:11434/v1</c>. Default null.</summary>
    public string? BaseUrl { get; init; }

    /// <summary>The key. Default null. Never part of a message, of the text form, or of JSON.</summary>
    [JsonIgnore]
    public string? ApiKey { get; init; }

    /// <summary>Name of the setting that the user keeps the key in, used in messages. Default null.</summary>
    public string? ApiKeySetting { get; init; }

    /// <summary>Which field carries the cap on output tokens. Default: by host.</summary>
    public MaxTokensField MaxTokensField { get; init; } = MaxTokensField.ByHost;

    /// <summary>How the model is held to the form of a reply. Default: the strongest means that its server takes.</summary>
    public StepControl StepControl { get; init; } = StepControl.Auto;

    /// <summary>Longest time for one attempt. Default null.</summary>
    public TimeSpan? AttemptTimeout { get; init; }

    /// <summary>Longest time for a request with its retries. Default null.</summary>
    public TimeSpan? OverallTimeout { get; init; }

    /// <summary>Attempts after the first, ≥ 0. Default null.</summary>
    public int? MaxRetries { get; init; }

    /// <summary>These settings for an OpenAI-compatible endpoint.</summary>
    /// <param name="model">The model; its provider is not looked at.</param>
    /// <returns>Checked options.</returns>
    /// <exception cref="AgentRagException">Some value is out of range; the message names all of them.</exception>
    public OpenAICompatibleOptions ForOpenAI(ModelName model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var options = new OpenAICompatibleOptions { Model = model.Name };
        options = options with
        {
            ApiKey = string.IsNullOrEmpty(ApiKey) ? null : ApiKey,
            MaxTokensField = MaxTokensField,
            StepControl = StepControl,
            BaseUrl = BaseUrl is null ? options.BaseUrl : ParseBaseUrl(BaseUrl),
            ApiKeySetting = ApiKeySetting ?? options.ApiKeySetting,
            AttemptTimeout = AttemptTimeout ?? options.AttemptTimeout,
            MaxRetries = MaxRetries ?? options.MaxRetries,
        };

        // Whoever grants one attempt more time than the default of the whole means the whole to be longer too.
        var whole = options.OverallTimeout > options.AttemptTimeout ? options.OverallTimeout : options.AttemptTimeout * 2;
        return (options with { OverallTimeout = OverallTimeout ?? whole }).Validated();
    }

    private static Uri ParseBaseUrl(string text) => Uri.TryCreate(text.Trim(), UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
        ? url
        : throw new AgentRagException($"Base URL '{WithoutSecrets(text)}' is not a web address: write it as http://127.0.0.1:11434/v1.");

    // A user name, password or query of a URL may be a secret.
    private static string WithoutSecrets(string url) => url.AsSpan().IndexOfAny('@', '?') >= 0 ? "(not shown)" : url;

    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append($"BaseUrl = {WithoutSecrets(BaseUrl ?? "")}, ApiKey = ").Append(string.IsNullOrEmpty(ApiKey) ? "not set" : "set")
            .Append($", MaxTokensField = {MaxTokensField}, StepControl = {StepControl}, AttemptTimeout = {AttemptTimeout}, MaxRetries = {MaxRetries}");
        return true;
    }
}
