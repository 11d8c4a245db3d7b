using System.Globalization;
using System.Net;
using System.Text.Json;

namespace AgentRag.Models;

/// <summary>Words for what can go wrong with a model endpoint. No text holds the key.</summary>
internal sealed class ModelFaults(string subject, OpenAICompatibleOptions options)
{
    private const int LongestQuote = 300;

    private readonly string _where = $"{subject} at {options.DisplayUrl}";

    /// <summary>The server answered, with an error status.</summary>
    public AgentRagException Refused(ModelHttpException fault, int attempts, TimeSpan elapsed)
    {
        var answered = $"{_where} answered {(int)fault.Status}{Quoted(fault.ServerMessage)}{Times(attempts, elapsed)}";
        var setting = options.ApiKeySetting;
        var advice = fault.Status switch
        {
            _ when fault.RetryAfter > options.MaxRetryDelay =>
                $"it asks to wait {Duration(fault.RetryAfter.Value)}, longer than the {Duration(options.MaxRetryDelay)} that are granted. Try again later.",
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
    public AgentRagException Unreachable(Exception fault, int attempts, TimeSpan elapsed)
    {
        var tried = attempts > 1 ? $" (tried{Times(attempts, elapsed)})" : "";
        var message = (fault as HttpRequestException)?.HttpRequestError switch
        {
            HttpRequestError.NameResolutionError =>
                $"{_where} cannot be reached{tried}: the host '{options.BaseUrl.Host}' is not known. Check --base-url and the network.",
            HttpRequestError.ConnectionError =>
                $"{_where} cannot be reached{tried}: nothing answers there. Start the server, for instance with 'ollama serve' or "
                + "'llama-server -m model.gguf', or set --base-url to where it runs.",
            HttpRequestError.SecureConnectionError =>
                $"{_where} cannot be reached{tried}: no secure connection came about. Check http or https in --base-url and the server's certificate.",
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
    public AgentRagException TooSlowOverall(Exception fault, int attempts, Exception? lastFault)
    {
        var last = lastFault is ModelHttpException http ? $", at last with status {(int)http.Status}{Quoted(http.ServerMessage)}" : "";
        return new AgentRagException(
            $"{_where} gave no reply within {Duration(options.OverallTimeout)} (OverallTimeout), tried {TimesWord(attempts)}{last}: "
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
    public AgentRagException Reported(string serverMessage) => new($"{_where} reported an error instead of a reply{Quoted(Redacted(serverMessage))}.");

    /// <summary>The reply is not JSON.</summary>
    public AgentRagException NotJson(string text, JsonException fault) => new(
        text.Length == 0
            ? $"{_where} sent an empty reply: is it an OpenAI-compatible endpoint? Check --base-url."
            : $"{_where} sent a reply that is not JSON{Quoted(Redacted(text))}: is it an OpenAI-compatible endpoint? Check --base-url.",
        fault);

    /// <summary>The reply is JSON of another shape, or lacks what was asked for.</summary>
    public AgentRagException Malformed(string problem) => new($"{_where} sent a reply that cannot be used: {problem}.");

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

    /// <summary>As above, from JSON: <c>{"error":{"message","code","param"}}</c>, <c>{"error":"…"}</c>, <c>{"message"}</c> or <c>{"detail"}</c>.</summary>
    public (string? Message, string? Code) ReadError(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            return (null, null);
        }

        if (json.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object)
        {
            json = error;
        }

        string? message = null;
        foreach (var name in (string[])["message", "error", "detail"])
        {
            if (message is null && json.TryGetProperty(name, out var value) && value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined))
            {
                message = value.ValueKind == JsonValueKind.String ? value.GetString() : value.GetRawText();
            }
        }

        return (message is null ? null : Redacted(message), Text(json, "code") ?? Text(json, "type"));

        static string? Text(JsonElement json, string name) =>
            json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }

    // Some gateways repeat the key they refuse.
    private string Redacted(string text) => string.IsNullOrEmpty(options.ApiKey) ? text : text.Replace(options.ApiKey, "***", StringComparison.Ordinal);

    private static string Quoted(string? text)
    {
        var line = string.Join(' ', (text ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).Replace("\0", "", StringComparison.Ordinal);
        return line.Length switch
        {
            0 => "",
            > LongestQuote => $" (\"{line[..LongestQuote].TrimEnd()}…\")",
            _ => $" (\"{line}\")",
        };
    }

    private static string Times(int attempts, TimeSpan elapsed) => attempts > 1 ? $" {TimesWord(attempts)} in {Duration(elapsed)}" : "";

    private static string TimesWord(int times) => times switch
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
