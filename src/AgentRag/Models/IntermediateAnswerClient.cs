using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using AgentRag.Caching;
using Microsoft.Extensions.AI;

namespace AgentRag.Models;

/// <summary>Answers a sub-query as it was answered before for another question, if what that answer cites is in this prompt too.</summary>
/// <remarks>
/// <para>
/// Questions about one corpus keep asking the same sub-queries, in prompts that are never the same. An answer is kept when it cites passages of its prompt; it
/// is given again to the same sub-query (but for case, spaces and punctuation) of the same model, with the same instructions and index, when all passages it cites are
/// in the prompt at hand, under the numbers they have there. That nothing was found is never kept.
/// </para>
/// <para>
/// Other than <see cref="CachingChatClient"/> this can change answers: the model might have said something else with other passages beside. Only requests at temperature
/// 0 are looked at. Safe for concurrent use.
/// </para>
/// </remarks>
/// <param name="inner">The model.</param>
/// <param name="cache">Keeps the answers.</param>
/// <param name="indexVersion">Tells what stands for the content of the index that passages come from; asked for each sub-query.</param>
public sealed partial class IntermediateAnswerClient(IChatClient inner, ResultCache cache, Func<string> indexVersion) : DelegatingChatClient(inner)
{
    private const string FormatVersion = "1";

    /// <inheritdoc/>
    public override async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<ChatMessage> asked = [.. messages];
        if (await FindAsync(asked, options, cancellationToken).ConfigureAwait(false) is { } found)
        {
            return found;
        }

        var response = await base.GetResponseAsync(asked, options, cancellationToken).ConfigureAwait(false);
        await KeepAsync(asked, options, response, cancellationToken).ConfigureAwait(false);
        return response;
    }

    /// <inheritdoc/>
    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        IReadOnlyList<ChatMessage> asked = [.. messages];
        if (await FindAsync(asked, options, cancellationToken).ConfigureAwait(false) is { } found)
        {
            foreach (var update in found.ToChatResponseUpdates())
            {
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

        await KeepAsync(asked, options, updates.ToChatResponse(), cancellationToken).ConfigureAwait(false);
    }

    private static string Normalised(string subQuery)
    {
        var letters = new StringBuilder(subQuery.Length);
        foreach (var letter in subQuery.Where(letter => char.IsLetterOrDigit(letter) || letter is '#' or '+'))
        {
            letters.Append(char.ToUpperInvariant(letter));
        }

        return letters.ToString();
    }

    private static GroundedRequest? Asked(ChatOptions? options) =>
        options?.Temperature is 0 && GroundedRequest.From(options) is { Task: GroundedTask.IntermediateAnswer, Steps: [.., { IntermediateAnswer: null }] } request ? request : null;

    private string KeyOf(IReadOnlyList<ChatMessage> messages, string subQuery)
    {
        var metadata = GetService(typeof(ChatClientMetadata)) as ChatClientMetadata;
        return CacheKey.Of(
            "intermediate",
            FormatVersion,
            metadata?.ProviderName ?? "",
            metadata?.ProviderUri?.ToString() ?? "",
            metadata?.DefaultModelId ?? "",
            indexVersion(),
            messages.Count > 0 && messages[0].Role == ChatRole.System ? messages[0].Text : "",
            Normalised(subQuery));
    }

    private async Task<ChatResponse?> FindAsync(IReadOnlyList<ChatMessage> messages, ChatOptions? options, CancellationToken cancellationToken)
    {
        if (Asked(options) is not { } request)
        {
            return null;
        }

        var key = KeyOf(messages, request.Steps[^1].SubQuery);
        var kept = await cache.FindAsync<Kept>(key, AIJsonUtilities.DefaultOptions, cancellationToken).ConfigureAwait(false);
        var text = kept is { Text: not null, PassageIds: not null } ? WithNumbers(kept, request.Passages) : null;
        cache.Count(key, text is not null);
        return text is null ? null : new ChatResponse(new ChatMessage(ChatRole.Assistant, text)) { ModelId = kept!.Model, FinishReason = ChatFinishReason.Stop };
    }

    private async Task KeepAsync(IReadOnlyList<ChatMessage> messages, ChatOptions? options, ChatResponse response, CancellationToken cancellationToken)
    {
        if (Asked(options) is { } request && WithPlaces(response.Text, request.Passages) is { } kept)
        {
            await cache.SetAsync(KeyOf(messages, request.Steps[^1].SubQuery), kept with { Model = response.ModelId }, AIJsonUtilities.DefaultOptions, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>A reply with its citation numbers replaced by places in a list of passages.</summary>
    /// <returns>Null for a reply that cites nothing, or something that is not there.</returns>
    private static Kept? WithPlaces(string reply, IReadOnlyList<GroundedPassage> passages)
    {
        var idOfNumber = passages.DistinctBy(passage => passage.Number).ToDictionary(passage => passage.Number, passage => passage.Id);
        List<string> cited = [];
        var isSound = true;
        var text = Number().Replace(reply, match =>
        {
            var isThere = int.TryParse(match.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && idOfNumber.TryGetValue(number, out _);
            isSound &= isThere;
            if (!isThere)
            {
                return match.Value;
            }

            var place = cited.IndexOf(idOfNumber[number]);
            if (place < 0)
            {
                place = cited.Count;
                cited.Add(idOfNumber[number]);
            }

            return place.ToString(CultureInfo.InvariantCulture);
        });
        return isSound && cited.Count > 0 && !NotFound().IsMatch(reply) ? new Kept(text, cited, Model: null) : null;
    }

    /// <summary>The reply with the numbers that its passages have in this prompt; null when one of them is not in it.</summary>
    private static string? WithNumbers(Kept kept, IReadOnlyList<GroundedPassage> passages)
    {
        var numberOfId = passages.DistinctBy(passage => passage.Id).ToDictionary(passage => passage.Id, passage => passage.Number, StringComparer.Ordinal);
        var isSound = kept.PassageIds.All(numberOfId.ContainsKey);
        var text = Number().Replace(kept.Text, match =>
        {
            var number = 0;
            isSound = isSound && int.TryParse(match.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var place)
                && place < kept.PassageIds.Count && numberOfId.TryGetValue(kept.PassageIds[place], out number);
            return number.ToString(CultureInfo.InvariantCulture);
        });
        return isSound ? text : null;
    }

    // The numbers inside of marks such as [2] or [1, 3].
    [GeneratedRegex(@"(?<=\[(?:\d{1,6}\s*,\s*)*)\d{1,6}(?=(?:\s*,\s*\d{1,6})*\])", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Number();

    [GeneratedRegex(@"\bnot found\b|\bunknown\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex NotFound();

    private sealed record Kept(string Text, IReadOnlyList<string> PassageIds, string? Model);
}
