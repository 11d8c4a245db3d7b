using System.Net;

namespace AgentRag.Models;

/// <summary>A server's answer with a status other than 2xx. Lives inside Models; users see the <see cref="AgentRagException"/> made from it.</summary>
internal sealed class ModelHttpException : Exception
{
    public ModelHttpException(HttpStatusCode status, string? serverMessage, string? errorCode, TimeSpan? retryAfter)
        : base($"Status {(int)status}.") =>
        (Status, ServerMessage, ErrorCode, RetryAfter) = (status, serverMessage, errorCode, retryAfter);

    public HttpStatusCode Status { get; }

    /// <summary>The server's own words, without the key and not shortened; null when it sent none.</summary>
    public string? ServerMessage { get; }

    /// <summary>The server's error code, such as <c>unsupported_parameter</c>; null when it sent none.</summary>
    public string? ErrorCode { get; }

    /// <summary>How long the server asks to wait, ≥ 0; null when it does not say.</summary>
    public TimeSpan? RetryAfter { get; }

    /// <summary>Whether the same request may succeed a little later.</summary>
    public bool IsTransient =>
        (Status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests || (int)Status >= 500)
        && ErrorCode != "insufficient_quota"; // OpenAI answers 429 for an unpaid account as well, which no wait mends.

    /// <summary>Whether the server refuses a field as such, not its value ("max_tokens is too large" is about the value).</summary>
    public bool RefusesField(string field) =>
        Status is HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity
        && ServerMessage is { } message
        && message.Contains(field, StringComparison.Ordinal)
        && (ErrorCode is "unsupported_parameter" or "unknown_parameter"
            || Refusals.Any(words => message.Contains(words, StringComparison.OrdinalIgnoreCase)));

    /// <summary>Whether the server refuses the request and says something of predicted output, in whatever words: the same request without one is worth sending.</summary>
    public bool SpeaksOfPredictions =>
        Status is HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity
        && ServerMessage is { } message
        && (message.Contains("prediction", StringComparison.OrdinalIgnoreCase) || message.Contains("predicted output", StringComparison.OrdinalIgnoreCase));

    private static readonly string[] Refusals =
        ["unsupported", "not supported", "unrecognized", "unknown", "unexpected", "not permitted", "extra_forbidden", "not allowed"];
}
