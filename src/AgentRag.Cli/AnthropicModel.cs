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
        try
        {
            return await base.GetResponseAsync(messages, Adapted(options), cancellationToken);
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
    // The temperature is left out by the package itself, as newer models take none.
    private static ChatOptions? Adapted(ChatOptions? options)
    {
        var adapted = options?.Clone();
        if (adapted?.StopSequences is { } stops)
        {
            adapted.StopSequences = [.. stops.Where(stop => !string.IsNullOrWhiteSpace(stop))];
        }

        return adapted;
    }

    // What is shorter is a placeholder, and stands in ordinary words.
    private string WithoutKey(string message) =>
        (_options.ApiKey is { Length: >= 8 } key ? message.Replace(key, "(key)", StringComparison.Ordinal) : message).ReplaceLineEndings(" ");
}
