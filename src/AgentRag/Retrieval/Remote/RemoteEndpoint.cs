using System.Net;

namespace AgentRag.Retrieval.Remote;

/// <summary>Where a server is, how its key travels, and what messages advise about it.</summary>
internal sealed record RemoteEndpoint
{
    /// <summary>What it is, as messages begin: <c>Qdrant</c>, <c>Reranker</c>.</summary>
    public required string Subject { get; init; }

    public required Uri Url { get; init; }

    public string? ApiKey { get; init; }

    /// <summary>The setting that the user keeps the key in.</summary>
    public required string ApiKeySetting { get; init; }

    /// <summary>The header that carries the key.</summary>
    public required string KeyHeader { get; init; }

    /// <summary>What stands before the key in its header, such as <c>Bearer </c>.</summary>
    public string KeyPrefix { get; init; } = "";

    /// <summary>Ends the advice to start the server: <c>Start it, for instance with '…'</c>.</summary>
    public string StartHint { get; init; } = "Start the server";

    /// <summary>Advice on a status that stays, by what the server says; null for the general one.</summary>
    public Func<HttpStatusCode, string?> Advice { get; init; } = _ => null;

    /// <summary>The URL as messages show it: no query, no closing slash, no user name.</summary>
    public string DisplayUrl => Display(Url);

    /// <summary>The URL of one resource.</summary>
    /// <param name="resource">Path below the URL, escaped, with its query; empty for the URL itself.</param>
    public Uri UrlOf(string resource) => resource.Length == 0 ? Url : new($"{Url.GetLeftPart(UriPartial.Path).TrimEnd('/')}/{resource}");

    /// <summary>What is wrong with a URL and a key; empty when all is well.</summary>
    public static IEnumerable<string> Problems(Uri? url, string? apiKey)
    {
        if (url is not { IsAbsoluteUri: true, Scheme: "http" or "https" })
        {
            yield return $"Url is '{(url is { IsAbsoluteUri: true } ? Display(url) : url?.OriginalString)}', must begin with http:// or https://";
        }
        else if (url.UserInfo.Length > 0)
        {
            yield return "Url holds a user name or password, which would show in messages: use ApiKey";
        }

        if (apiKey is not null && !apiKey.All(c => c is > ' ' and < (char)127))
        {
            yield return "ApiKey holds blanks, line ends or characters outside ASCII, which no header can carry";
        }
    }

    public static string Display(Uri url) => url.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped).TrimEnd('/');
}
