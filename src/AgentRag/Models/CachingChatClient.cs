using System.Runtime.CompilerServices;
using System.Text.Json;
using AgentRag.Caching;
using Microsoft.Extensions.AI;

namespace AgentRag.Models;

/// <summary>Keeps the replies of a model to exactly the same request.</summary>
/// <remarks>
/// <para>
/// The key is the model, its endpoint, every message and every option. A reply found is the reply that was given, usage included: budgets, traces and
/// reports are the same with and without the cache, and only time and money are saved. A stream is kept when it has come to its end, and a reply found is
/// streamed too.
/// </para>
/// <para>
/// Not kept: requests at a temperature other than 0 (unless told), with tools, with content other than text, within a conversation that the server keeps; replies
/// that are empty, not text or withheld by a filter. Safe for concurrent use.
/// </para>
/// </remarks>
/// <param name="inner">The model.</param>
/// <param name="cache">Keeps the replies.</param>
/// <param name="options">What is kept; null for the defaults.</param>
public sealed class CachingChatClient(IChatClient inner, ResultCache cache, CachingChatClientOptions? options = null) : DelegatingChatClient(inner)
{
    // Raised when replies are kept in another form.
    private const string FormatVersion = "1";

    private static readonly JsonSerializerOptions Json = AIJsonUtilities.DefaultOptions;

    private readonly CachingChatClientOptions _options = options ?? new();

    /// <inheritdoc/>
    public override async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<ChatMessage> asked = [.. messages];
        if (KeyOf(asked, options) is not { } key)
        {
            return await base.GetResponseAsync(asked, options, cancellationToken).ConfigureAwait(false);
        }

        if (await FindAsync(key, cancellationToken).ConfigureAwait(false) is { } found)
        {
            return found;
        }

        var response = await base.GetResponseAsync(asked, options, cancellationToken).ConfigureAwait(false);
        await KeepAsync(key, response, cancellationToken).ConfigureAwait(false);
        return response;
    }

    /// <inheritdoc/>
    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        IReadOnlyList<ChatMessage> asked = [.. messages];
        var key = KeyOf(asked, options);
        if (key is not null && await FindAsync(key, cancellationToken).ConfigureAwait(false) is { } found)
        {
            foreach (var update in found.ToChatResponseUpdates())
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return update;
            }

            yield break;
        }

        List<ChatResponseUpdate> updates = [];
        await foreach (var update in base.GetStreamingResponseAsync(asked, options, cancellationToken).ConfigureAwait(false))
        {
            updates.Add(update);
            yield return update;
        }

        if (key is not null)
        {
            await KeepAsync(key, updates.ToChatResponse(), cancellationToken).ConfigureAwait(false);
        }
    }

    private static bool CanKeep(ChatResponse response) =>
        response.ConversationId is null && response.FinishReason != ChatFinishReason.ContentFilter && !string.IsNullOrWhiteSpace(response.Text)
        && response.Messages.SelectMany(message => message.Contents).All(content => content is TextContent or TextReasoningContent or UsageContent);

    private async Task<ChatResponse?> FindAsync(string key, CancellationToken cancellationToken)
    {
        var found = await cache.FindAsync<ChatResponse>(key, Json, cancellationToken).ConfigureAwait(false);
        cache.Count(key, found is not null);
        return found;
    }

    private Task KeepAsync(string key, ChatResponse response, CancellationToken cancellationToken) =>
        CanKeep(response) ? cache.SetAsync(key, response, Json, cancellationToken) : Task.CompletedTask;

    private string? KeyOf(IReadOnlyList<ChatMessage> messages, ChatOptions? options)
    {
        if ((options?.Temperature is not 0 && !_options.AnyTemperature) || options is { Tools.Count: > 0 } or { RawRepresentationFactory: not null } or { ConversationId: not null }
            || messages.Any(message => message.Contents.Any(content => content is not TextContent)))
        {
            return null;
        }

        var metadata = GetService(typeof(ChatClientMetadata)) as ChatClientMetadata;
        try
        {
            // The offline model reads the attached request, not the messages: with all other options it is part of the key.
            return CacheKey.Of(
                "response",
                FormatVersion,
                metadata?.ProviderName ?? InnerClient.GetType().FullName ?? "",
                metadata?.ProviderUri?.ToString() ?? "",
                metadata?.DefaultModelId ?? "",
                _options.Settings,
                JsonSerializer.Serialize(messages.Select(message => new[] { message.Role.Value, message.AuthorName, message.Text }), Json),
                options is null ? "" : JsonSerializer.Serialize(options, Json));
        }
        catch (Exception e) when (e is NotSupportedException or JsonException or InvalidOperationException)
        {
            // Something is attached that has no fixed form: then two requests cannot be told to be the same.
            return null;
        }
    }
}
