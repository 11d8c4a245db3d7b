using System.Globalization;
using System.Net;
using System.Text.Json;

namespace AgentRag.Models;

/// <summary>Words for what can go wrong with a model endpoint. No text holds the key.</summary>
internal sealed class ModelFaults(string subject, OpenAICompatibleOptions options)
{
    private const int LongestQuote = 300;

    // A local server takes any key, such as "k": cutting that out of every word would leave nothing to read, and it is no secret.
    internal const int ShortestSecret = 8;

    private readonly string _where = $"{subject} at {options.DisplayUrl}";

    /// <summary>The server answered, with an error status.</summary>
    public AgentRagException Refused(ModelHttpException fault, ModelAttempts attempts)
    {
        var tried = attempts.AreAlike ? "" : " at last, tried";
        var times = attempts.Count == 1 ? "" : $"{tried} {Times(attempts.Count)} in {Duration(attempts.Elapsed)}";
        var answered = $"{_where} answered {(int)fault.Status}{Quoted(fault.ServerMessage)}{times}";
        var setting = options.ApiKeySetting;
        var advice = fault.Status switch
        {
            _ when fault.IsTransient && fault.RetryAfter > options.MaxRetryDelay =>
                $"it asks to wait {Duration(fault.RetryAfter.Value)}, longer than the {Duration(options.MaxRetryDelay)} that are granted. "
                + "Try again later.",
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden when string.IsNullOrEmpty(options.ApiKey) =>
                $"it wants a key and none is set. Set {setting}.",
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden =>
                $"it refused the key in {setting}. Set one that is valid for this server and model.",
            HttpStatusCode.NotFound =>
                $"does it serve a model named '{options.Model}', and is {options.DisplayUrl} the right --base-url (most end in /v1)?",
            HttpStatusCode.TooManyRequests when fault.ErrorCode == "insufficient_quota" => "the account has no quota left.",
            HttpStatusCode.TooManyRequests => "its rate limit is reached. Try again later or send fewer requests at a time.",
            HttpStatusCode.ServiceUnavailable => "is it still loading?",
            >= HttpStatusCode.Ambiguous and < HttpStatusCode.BadRequest => "it redirects elsewhere. Set --base-url to the final address.",
            >= HttpStatusCode.InternalServerError or HttpStatusCode.RequestTimeout => "its log should say why.",
            _ => $"it does not accept this request for model '{options.Model}'.",
        };
        return new AgentRagException($"{answered}: {advice}", fault);
    }

    /// <summary>No connection came about, or it broke before the reply was whole.</summary>
    public AgentRagException Unreachable(Exception fault, ModelAttempts attempts)
    {
        var tried = attempts.Count > 1 ? $" (tried {Times(attempts.Count)} in {Duration(attempts.Elapsed)})" : "";
        var message = (fault as HttpRequestException)?.HttpRequestError switch
        {
            HttpRequestError.NameResolutionError =>
                $"{_where} cannot be reached{tried}: the host '{options.BaseUrl.Host}' is not known. Check --base-url and the network.",
            HttpRequestError.ConnectionError =>
                $"{_where} cannot be reached{tried}: nothing answers there. Start the server, for instance with 'ollama serve' or "
                + "'llama-server -m model.gguf', or set --base-url to where it runs.",
            HttpRequestError.SecureConnectionError =>
                $"{_where} cannot be reached{tried}: no secure connection came about. Check http or https in --base-url and the "
                + "server's certificate.",
            _ => $"{_where} closed the connection before its reply was whole{tried}: its log should say why.",
        };
        return new AgentRagException(message, fault);
    }

    /// <summary>One attempt took longer than it may.</summary>
    public AgentRagException TooSlow(Exception fault) => new(
        $"{_where} did not answer within {Duration(options.AttemptTimeout)} (AttemptTimeout): is the model too large for the machine? "
        + "Raise the time-out or shorten the request.",
        fault);

    /// <summary>All attempts together took longer than they may.</summary>
    public AgentRagException TooSlowOverall(Exception fault, ModelAttempts attempts)
    {
        var last = attempts.LastFault is ModelHttpException http ? $", at last with status {(int)http.Status}{Quoted(http.ServerMessage)}" : "";
        return new AgentRagException(
            $"{_where} gave no reply within {Duration(options.OverallTimeout)} (OverallTimeout), tried {Times(attempts.Count)}{last}: "
            + "raise the time-out or try again later.",
            fault);
    }

    /// <summary>A stream ended without its last piece.</summary>
    public AgentRagException BrokenOff(Exception? fault)
    {
        var message = $"{_where} broke off in the middle of its reply: the part that came is not a whole answer. Its log should say why.";
        return fault is null ? new AgentRagException(message) : new AgentRagException(message, fault);
    }

    /// <summary>An error object in the middle of a stream, or in a reply of status 200.</summary>
    public AgentRagException Reported(string serverMessage) => new($"{_where} reported an error instead of a reply{Quoted(serverMessage)}.");

    /// <summary>The reply is not JSON.</summary>
    public AgentRagException NotJson(string text, JsonException fault) => new(
        text.Length == 0
            ? $"{_where} sent an empty reply: is it an OpenAI-compatible endpoint? Check --base-url."
            : $"{_where} sent a reply that is not JSON{Quoted(text)}: is it an OpenAI-compatible endpoint? Check --base-url.",
        fault);

    /// <summary>The reply is JSON of another shape, or lacks what was asked for.</summary>
    public AgentRagException Malformed(string problem) => new($"{_where} sent a reply that cannot be used: {Clean(problem)}.");

    /// <summary>Reads the server's own words and code from the body of an error reply; both null when it has none.</summary>
    public (string? Message, string? Code) ReadError(string body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return ReadError(json.RootElement);
        }
        catch (JsonException)
        {
            // A proxy's HTML page says less than its status; a line of plain text is worth showing.
            var text = body.Trim();
            return (text.Length == 0 || text.StartsWith('<') ? null : Redacted(text), null);
        }
    }

    /// <summary>As above, from JSON: <c>{"error":{"message","code"}}</c>, <c>{"error":"…"}</c>, <c>{"message"}</c> or <c>{"detail"}</c>.</summary>
    public (string? Message, string? Code) ReadError(JsonElement json)
    {
        json = json.Field("error") is { ValueKind: JsonValueKind.Object } error ? error : json;
        string? message = null;
        foreach (var name in (string[])["message", "error", "detail"])
        {
            message ??= json.Text(name) ?? json.Field(name)?.GetRawText();
        }

        return (message is null ? null : Redacted(message), json.Text("code") ?? json.Text("type"));
    }

    /// <summary>A server's text, fit to be shown: on one line, without the key, shortened.</summary>
    public string Clean(string text)
    {
        // Blanks and control characters, which could play tricks on a terminal, become single blanks.
        var plain = string.Concat(Redacted(text).Select(c => char.IsControl(c) ? ' ' : c));
        var line = string.Join(' ', plain.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= LongestQuote ? line : $"{line[..LongestQuote].TrimEnd()}…";
    }

    // Some gateways repeat the key they refuse.
    private string Redacted(string text) =>
        options.ApiKey is { Length: >= ShortestSecret } key ? text.Replace(key, "***", StringComparison.Ordinal) : text;

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
