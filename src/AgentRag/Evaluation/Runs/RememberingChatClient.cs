using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AgentRag.Models;
using Microsoft.Extensions.AI;

namespace AgentRag.Evaluation.Runs;

/// <summary>Asks equal requests about one question once: configurations of a grid often send the same prompt, and a budget that trims nothing changes none.</summary>
/// <remarks>
/// Also for a model that samples: within a run one question has one reply to one prompt, so configurations differ by what they ask and not by luck. Safe for the requests
/// that one strategy sends side by side; two equal ones among those may both be sent. Disposing it would dispose the model, so it is not disposed.
/// </remarks>
internal sealed class RememberingChatClient(IChatClient model, TimeProvider time) : DelegatingChatClient(model)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (ChatResponse Response, TimeSpan Took)> _known = new(StringComparer.Ordinal);
    private readonly List<AskedRequest> _asked = [];

    /// <summary>The requests since the last <see cref="Begin"/> that were answered, in the order of their answers.</summary>
    public IReadOnlyList<AskedRequest> Asked
    {
        get
        {
            lock (_lock)
            {
                return [.. _asked];
            }
        }
    }

    /// <summary>Puts a memory before a model, which stays the caller's.</summary>
    public static RememberingChatClient Over(IChatClient model, TimeProvider time) => new(model, time);

    /// <summary>Begins a configuration.</summary>
    public void Begin()
    {
        lock (_lock)
        {
            _asked.Clear();
        }
    }

    /// <summary>Takes over what an earlier process asked about this question.</summary>
    public void Remember(RunRecord record)
    {
        foreach (var request in record.Requests.Where(request => request.Key is not null))
        {
            var response = new ChatResponse(new ChatMessage(ChatRole.Assistant, request.Reply)) { ModelId = record.Model };
            if (request.Input is not null || request.Output is not null)
            {
                response.Usage = new UsageDetails { InputTokenCount = request.Input, CachedInputTokenCount = request.Cached, OutputTokenCount = request.Output };
                request.Prediction?.AddTo(response.Usage);
            }

            _known.TryAdd(request.Key!, (response, TimeSpan.FromSeconds(request.Seconds)));
        }
    }

    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<ChatMessage> all = [.. messages];
        var key = KeyOf(all, options);
        lock (_lock)
        {
            if (_known.TryGetValue(key, out var known))
            {
                _asked.Add(new AskedRequest(key, known.Response.Text, Reused: true, known.Took));
                return known.Response;
            }
        }

        var start = time.GetTimestamp();
        var response = await base.GetResponseAsync(all, options, cancellationToken).ConfigureAwait(false);
        var took = time.GetElapsedTime(start);
        lock (_lock)
        {
            _known.TryAdd(key, (response, took));
            _asked.Add(new AskedRequest(key, response.Text, Reused: false, took));
        }

        return response;
    }

    /// <summary>As <see cref="GetResponseAsync"/>, in one piece: nobody reads along.</summary>
    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var response = await GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false);
        foreach (var update in response.ToChatResponseUpdates())
        {
            yield return update;
        }
    }

    // Everything that the reply depends on. The task is part of it because an in-process model reads that instead of the text.
    private static string KeyOf(IReadOnlyList<ChatMessage> messages, ChatOptions? options)
    {
        var text = new StringBuilder();
        Add(GroundedRequest.From(options)?.Task.ToString());
        Add(options?.Temperature?.ToString(CultureInfo.InvariantCulture));
        Add(options?.MaxOutputTokens?.ToString(CultureInfo.InvariantCulture));
        var form = ReplyForm.From(options);
        foreach (var part in (string[])[.. options?.StopSequences ?? [], "prefixes", .. form?.Prefixes ?? [], "choices", .. form?.Choices ?? []])
        {
            Add(part);
        }

        Add(form?.MaxTextCharacters.ToString(CultureInfo.InvariantCulture));

        foreach (var message in messages)
        {
            Add(message.Role.Value);
            Add(message.Text);
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..24];

        // With its length, so that no two lists of parts make one text.
        void Add(string? part) => text.Append(CultureInfo.InvariantCulture, $"{part?.Length ?? -1}:{part}\n");
    }
}

/// <summary>One request that was asked of <see cref="RememberingChatClient"/>.</summary>
/// <param name="Key">Hash of the request.</param>
/// <param name="Reply">The reply.</param>
/// <param name="Reused">Whether the reply was remembered.</param>
/// <param name="Took">How long the model took, now or then.</param>
internal sealed record AskedRequest(string Key, string Reply, bool Reused, TimeSpan Took);
