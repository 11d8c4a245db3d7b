using System.Net;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace AgentRag.Models;

/// <summary>Asks an endpoint whether it answers and whether it has the model.</summary>
public static class ModelProbe
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(15);

    /// <summary>Reads the endpoint's list of models; where there is none, asks the model for one token.</summary>
    /// <param name="options">The endpoint. One attempt is made, of 15 s at most.</param>
    /// <param name="httpClient">The HTTP client to use, which stays the caller's; null for one of its own.</param>
    /// <param name="timeProvider">The clock; null for the system's.</param>
    /// <param name="cancellationToken">Ends the check; this alone throws.</param>
    /// <returns>What answered. An endpoint that does not answer, or options out of range, are a result with their text.</returns>
    public static async Task<ModelProbeResult> CheckAsync(
        OpenAICompatibleOptions options, HttpClient? httpClient = null, TimeProvider? timeProvider = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var time = timeProvider ?? TimeProvider.System;
        var started = time.GetTimestamp();
        try
        {
            using var connection = new ModelConnection(
                "Model endpoint",
                options.Validated() with
                {
                    MaxRetries = 0,
                    AttemptTimeout = options.AttemptTimeout < LongestWait ? options.AttemptTimeout : LongestWait,
                },
                maxReplyMegabytes: 32,
                httpClient,
                time);
            return await ListAsync(connection, options, cancellationToken).ConfigureAwait(false) is { } models
                ? Listed(connection, options, models, Elapsed())
                : await AskAsync(connection, options, cancellationToken).ConfigureAwait(false) with { Elapsed = Elapsed() };
        }
        catch (AgentRagException fault)
        {
            return new ModelProbeResult { IsReachable = false, IsModelListed = null, Elapsed = Elapsed(), Text = fault.Message };
        }

        TimeSpan Elapsed() => time.GetElapsedTime(started);
    }

    private static async Task<IReadOnlyList<string>?> ListAsync(
        ModelConnection connection, OpenAICompatibleOptions options, CancellationToken cancellationToken)
    {
        try
        {
            using var json = await connection.GetAsync("models", cancellationToken).ConfigureAwait(false);
            return json.RootElement.Field("data") is { ValueKind: JsonValueKind.Array } data
                ? [.. data.EnumerateArray().Select(model => model.Text("id")).OfType<string>()]
                : throw connection.Faults.Malformed($"it has no list of models; is {options.DisplayUrl} the right --base-url");
        }
        catch (AgentRagException fault)
            when (fault.InnerException is ModelHttpException { Status: HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed })
        {
            return null;
        }
    }

    private static ModelProbeResult Listed(
        ModelConnection connection, OpenAICompatibleOptions options, IReadOnlyList<string> models, TimeSpan elapsed)
    {
        // Ollama lists a model without a tag as its "latest".
        var isListed = models.Contains(options.Model, StringComparer.Ordinal) || models.Contains($"{options.Model}:latest", StringComparer.Ordinal);
        var text = $"{options.DisplayUrl} answered in {elapsed.TotalMilliseconds:0} ms; ";
        text += isListed ? $"it lists the model '{options.Model}'."
            : models.Count == 0 ? $"it lists no models, so '{options.Model}' may not be loaded."
            : $"it does not list the model '{options.Model}', but {connection.Faults.Clean(string.Join(", ", models.Take(5)))}{(models.Count > 5 ? ", …" : "")}.";
        return new ModelProbeResult { IsReachable = true, IsModelListed = isListed, Elapsed = elapsed, Text = text };
    }

    private static async Task<ModelProbeResult> AskAsync(
        ModelConnection connection, OpenAICompatibleOptions options, CancellationToken cancellationToken)
    {
        var oneToken = new ChatOptions { MaxOutputTokens = 1 };
        var body = OpenAIChatRequest.Write(
            [new ChatMessage(ChatRole.User, "Hi")], oneToken, options.Model, OpenAIChatRequest.FirstMaxTokensField(options));
        using var json = await connection.PostAsync("chat/completions", body, cancellationToken).ConfigureAwait(false);

        // One token may be all thought, so the text is not looked at.
        return json.RootElement.Items("choices").Any()
            ? new ModelProbeResult
            {
                IsReachable = true,
                IsModelListed = null,
                Text = $"{options.DisplayUrl} keeps no list of models; the model '{options.Model}' answered a short request.",
            }
            : throw connection.Faults.Malformed("it has no choices");
    }
}

/// <summary>What a check of an endpoint found.</summary>
public sealed record ModelProbeResult
{
    /// <summary>Whether the endpoint answered as a model endpoint does.</summary>
    public required bool IsReachable { get; init; }

    /// <summary>Whether its list holds the model; null when there is no list.</summary>
    public required bool? IsModelListed { get; init; }

    /// <summary>How long the check took.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>One or two sentences for the user: what answered, or what is wrong and what to do next. Holds no key.</summary>
    public required string Text { get; init; }
}
