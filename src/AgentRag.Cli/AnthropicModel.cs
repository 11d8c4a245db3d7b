using System.Runtime.CompilerServices;
using AgentRag.Models;
using AgentRag.Prompting;
using Anthropic;
using Anthropic.Core;
using Anthropic.Exceptions;
using Anthropic.Models.Messages;
using Microsoft.Extensions.AI;

namespace AgentRag.Cli;

/// <summary>Claude behind Anthropic's own client, with its faults told in the words of this program.</summary>
internal sealed class AnthropicModel : DelegatingChatClient
{
    private const int MostMarks = 4;

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
            return await base.GetResponseAsync([.. messages.Select(message => Marked(message, options))], Adapted(options), cancellationToken);
        }
        catch (Exception e) when (Told(e, cancellationToken) is not null)
        {
            throw Told(e, cancellationToken)!;
        }
    }

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await using var updates = base.GetStreamingResponseAsync([.. messages.Select(message => Marked(message, options))], Adapted(options), cancellationToken)
            .GetAsyncEnumerator(cancellationToken);
        while (true)
        {
            try
            {
                if (!await updates.MoveNextAsync())
                {
                    yield break;
                }
            }
            catch (Exception e) when (Told(e, cancellationToken) is not null)
            {
                throw Told(e, cancellationToken)!;
            }

            yield return updates.Current;
        }
    }

    // Null for what passes through as it is.
    private AgentRagException? Told(Exception fault, CancellationToken cancellationToken) => fault switch
    {
        AnthropicUnauthorizedException => new AgentRagException($"{_subject} refused the key: check {_keySetting}.", fault),
        AnthropicNotFoundException => new AgentRagException($"{_subject} does not exist: check the name behind 'anthropic:'.", fault),
        AnthropicException => new AgentRagException($"{_subject} failed: {WithoutKey(fault.Message)}", fault),
        HttpRequestException => new AgentRagException($"{_subject} cannot be reached: {WithoutKey(fault.Message)}", fault),
        OperationCanceledException when !cancellationToken.IsCancellationRequested => new AgentRagException($"{_subject} did not answer in time.", fault),
        _ => null,
    };

    /// <summary>Cuts a text at the beginnings it shares with other requests and marks those that another request will come back to.</summary>
    /// <remarks>
    /// The service compares whole blocks, so every boundary cuts, whichever are marked; it takes four marks and looks back twenty blocks from each. What is written to
    /// its cache costs a quarter more than plain input: passages that only this request shows are not marked.
    /// </remarks>
    private static ChatMessage Marked(ChatMessage message, ChatOptions? options)
    {
        var boundaries = PromptCacheMarks.Of(message);
        if (boundaries.Count == 0)
        {
            return message;
        }

        // The last boundary lies behind the passages, when there are any; one pass shows them once.
        var isOnePass = GroundedRequest.From(options) is { Task: GroundedTask.Answer, Passages.Count: > 0 };
        var shared = isOnePass ? boundaries.SkipLast(1).ToList() : [.. boundaries];
        HashSet<int> marked = [.. shared.Take(1), .. shared.TakeLast(MostMarks - 1)];
        List<AIContent> blocks = [];
        var start = 0;
        foreach (var end in boundaries.Append(message.Text.Length))
        {
            var block = new TextContent(message.Text[start..end]);
            blocks.Add(marked.Contains(end) ? block.WithCacheControl(new CacheControlEphemeral()) : block);
            start = end;
        }

        return new ChatMessage(message.Role, blocks);
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
