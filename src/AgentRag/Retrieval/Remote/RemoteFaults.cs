using System.Globalization;
using System.Net;
using System.Text.Json;
using AgentRag.Models;

namespace AgentRag.Retrieval.Remote;

/// <summary>Words for what can go wrong with a server. No text holds the key.</summary>
internal sealed class RemoteFaults(RemoteEndpoint endpoint, RemoteRequestOptions options)
{
    private const int LongestQuote = 300;

    private readonly string _where = $"{endpoint.Subject} at {endpoint.DisplayUrl}";

    /// <summary>The server answered, with an error status.</summary>
    public AgentRagException Refused(ModelHttpException fault, ModelAttempts attempts)
    {
        var tried = attempts.AreAlike ? "" : " at last, tried";
        var times = attempts.Count == 1 ? "" : $"{tried} {Times(attempts.Count)} in {Duration(attempts.Elapsed)}";
        var advice = fault.Status switch
        {
            _ when fault.IsTransient && fault.RetryAfter > options.MaxRetryDelay =>
                $"it asks to wait {Duration(fault.RetryAfter.Value)}, longer than the {Duration(options.MaxRetryDelay)} that are granted. "
                + "Try again later.",
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden when string.IsNullOrEmpty(endpoint.ApiKey) =>
                $"it wants a key and none is set. Set {endpoint.ApiKeySetting}.",
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden =>
                $"it refused the key in {endpoint.ApiKeySetting}. Set one that is valid for this server and for what is asked of it.",
            HttpStatusCode.TooManyRequests => "its rate limit is reached. Try again later or send fewer requests at a time.",
            HttpStatusCode.ServiceUnavailable => "is it still starting?",
            >= HttpStatusCode.Ambiguous and < HttpStatusCode.BadRequest => "it redirects elsewhere. Set the URL to the final address.",
            >= HttpStatusCode.InternalServerError or HttpStatusCode.RequestTimeout => "its log should say why.",
            _ => endpoint.Advice(fault.Status) ?? "it does not accept this request.",
        };
        return new AgentRagException($"{_where} answered {(int)fault.Status}{Quoted(fault.ServerMessage)}{times}: {advice}", fault);
    }

    /// <summary>No connection came about, or it broke before the reply was whole.</summary>
    public AgentRagException Unreachable(Exception fault, ModelAttempts attempts)
    {
        var tried = attempts.Count > 1 ? $" (tried {Times(attempts.Count)} in {Duration(attempts.Elapsed)})" : "";
        var message = (fault as HttpRequestException)?.HttpRequestError switch
        {
            HttpRequestError.NameResolutionError =>
                $"{_where} cannot be reached{tried}: the host '{endpoint.Url.Host}' is not known. Check the URL and the network.",
            HttpRequestError.ConnectionError =>
                $"{_where} cannot be reached{tried}: nothing answers there. {endpoint.StartHint}, or set the URL to where it runs.",
            HttpRequestError.SecureConnectionError =>
                $"{_where} cannot be reached{tried}: no secure connection came about. Check http or https in the URL and the server's certificate.",
            _ => $"{_where} closed the connection before its reply was whole{tried}: its log should say why.",
        };
        return new AgentRagException(message, fault);
    }

    /// <summary>One attempt took longer than it may.</summary>
    public AgentRagException TooSlow(Exception fault) => new(
        $"{_where} did not answer within {Duration(options.AttemptTimeout)} (AttemptTimeout): raise the time-out or send less at a time.", fault);

    /// <summary>All attempts together took longer than they may.</summary>
    public AgentRagException TooSlowOverall(Exception fault, ModelAttempts attempts)
    {
        var last = attempts.LastFault is ModelHttpException http ? $", at last with status {(int)http.Status}{Quoted(http.ServerMessage)}" : "";
        return new AgentRagException(
            $"{_where} gave no reply within {Duration(options.OverallTimeout)} (OverallTimeout), tried {Times(attempts.Count)}{last}: "
            + "raise the time-out or try again later.",
            fault);
    }

    /// <summary>The reply is not JSON.</summary>
    public AgentRagException NotJson(string text, JsonException fault) => new(
        text.Length == 0
            ? $"{_where} sent an empty reply: is the URL right?"
            : $"{_where} sent a reply that is not JSON{Quoted(text)}: is the URL right?",
        fault);

    /// <summary>The reply is JSON of another shape, or lacks what was asked for.</summary>
    public AgentRagException Malformed(string problem) => new($"{_where} sent a reply that cannot be used: {Clean(problem)}.");

    /// <summary>Reads the server's own words from the body of an error reply; null when it has none.</summary>
    public string? ReadError(string body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return Words(json.RootElement) is { } words ? Redacted(words) : null;
        }
        catch (JsonException)
        {
            // A proxy's HTML page says less than its status; a line of plain text is worth showing.
            var text = body.Trim();
            return text.Length == 0 || text.StartsWith('<') ? null : Redacted(text);
        }

        // Qdrant nests them as {"status":{"error":…}}; the rerankers use "error", "message" or "detail", flat or one level down.
        static string? Words(JsonElement json) => json.ValueKind switch
        {
            JsonValueKind.String => json.GetString(),
            JsonValueKind.Object => ((string[])["status", "error", "message", "detail"])
                .Select(name => json.Field(name) is { } field ? Words(field) : null)
                .FirstOrDefault(words => words is not null),
            _ => null,
        };
    }

    // Some gateways repeat the key they refuse.
    private string Redacted(string text) => endpoint.ApiKey is { Length: >= ModelFaults.ShortestSecret } key ? text.Replace(key, "***", StringComparison.Ordinal) : text;

    private string Clean(string text)
    {
        // Blanks and control characters, which could play tricks on a terminal, become single blanks.
        var plain = string.Concat(Redacted(text).Select(c => char.IsControl(c) ? ' ' : c));
        var line = string.Join(' ', plain.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= LongestQuote ? line : $"{line[..LongestQuote].TrimEnd()}…";
    }

    private string Quoted(string? text) => Clean(text ?? "") is { Length: > 0 } line ? $" (\"{line}\")" : "";

    private static string Times(int times) => times switch
    {
        1 => "once",
        2 => "twice",
        3 => "three times",
        4 => "four times",
        5 => "five times",
        6 => "six times",
        _ => string.Create(CultureInfo.InvariantCulture, $"{times} times"),
    };

    private static string Duration(TimeSpan time) =>
        $"{time.TotalSeconds.ToString(time.TotalSeconds >= 10 ? "0" : "0.#", CultureInfo.InvariantCulture)} s";
}
