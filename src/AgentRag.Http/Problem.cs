using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace AgentRag.Http;

/// <summary>What went wrong, as RFC 9457 has it.</summary>
internal static class Problem
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);

    public static Task WriteAsync(HttpContext http, int status, string detail)
    {
        http.Response.StatusCode = status;
        return http.Response.WriteAsJsonAsync(
            new { title = ReasonPhrases.GetReasonPhrase(status), status, detail }, Options, "application/problem+json", http.RequestAborted);
    }
}
