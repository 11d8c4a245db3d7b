using AgentRag.Models;
using Anthropic;
using Anthropic.Core;
using Anthropic.Exceptions;
using Microsoft.Extensions.AI;

namespace AgentRag.Cli;

/// <summary>Claude behind Anthropic's own client, with its faults told in the words of this program.</summary>
internal sealed class AnthropicModel : DelegatingChatClient
{
    private readonly string _subject;
    private readonly ChatModelOptions _options;
    private readonly string _keySetting;
    private volatile bool _takesTemperature = true;

    private AnthropicModel(IChatClient inner, ModelName model, ChatModelOptions options)
        : base(inner) => (_subject, _options, _keySetting) = ($"Chat model '{model}'", options, options.ApiKeySetting ?? "ANTHROPIC_API_KEY");

    /// <summary>Makes the client.</summary>
    /// <exception cref="AgentRagException">There is no key.</exception>
    public static IChatClient Create(ModelName model, ChatModelOptions options)
    {
        // Never the package's own search: it would look for credentials in files and variables that 'doctor' does not show.
        var client = new ClientOptions
        {
            ApiKey = options.ApiKey ?? throw new AgentRagException($"Model '{model}' needs a key: set {options.ApiKeySetting ?? "ANTHROPIC_API_KEY"}."),
            AuthToken = null,
            BaseUrl = options.BaseUrl ?? EnvironmentUrl.Production,
            MaxRetries = options.MaxRetries,
        };
        return new AnthropicModel(new AnthropicClient(client).AsIChatClient(model.Name), model, options);
    }

    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var list = messages.ToList();
        try
        {
            try
            {
                return await base.GetResponseAsync(list, Adapted(options), cancellationToken);
            }
            catch (AnthropicBadRequestException e) when (_takesTemperature && e.Message.Contains("temperature", StringComparison.OrdinalIgnoreCase))
            {
                // Newer models take no temperature; which ones do is known to the server alone.
                _takesTemperature = false;
                return await base.GetResponseAsync(list, Adapted(options), cancellationToken);
            }
        }
        catch (AnthropicUnauthorizedException e)
        {
            throw new AgentRagException($"{_subject} refused the key: check {_keySetting}.", e);
        }
        catch (AnthropicNotFoundException e)
        {
            throw new AgentRagException($"{_subject} does not exist: check the name behind 'anthropic:'.", e);
        }
        catch (AnthropicException e)
        {
            throw new AgentRagException($"{_subject} failed: {WithoutKey(e.Message)}", e);
        }
        catch (HttpRequestException e)
        {
            throw new AgentRagException($"{_subject} cannot be reached: {WithoutKey(e.Message)}", e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new AgentRagException($"{_subject} did not answer in time.", e);
        }
    }

    // The service refuses a stop sequence of white space alone, such as the line feed that ends a Self-Ask line; replies are read to their first line anyway.
    private ChatOptions? Adapted(ChatOptions? options)
    {
        var adapted = options?.Clone();
        if (adapted is not null)
        {
            adapted.StopSequences = adapted.StopSequences?.Where(stop => !string.IsNullOrWhiteSpace(stop)).ToList() is { Count: > 0 } stops ? stops : null;
            adapted.Temperature = _takesTemperature ? adapted.Temperature : null;
        }

        return adapted;
    }

    private string WithoutKey(string message) =>
        (_options.ApiKey is { Length: > 0 } key ? message.Replace(key, "(key)", StringComparison.Ordinal) : message).ReplaceLineEndings(" ");
}
