using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace AgentRag.Http;

/// <summary>Who may call: checks host name, origin and token before anything of a request is read.</summary>
/// <remarks>
/// A browser sends whatever page it shows to 127.0.0.1, and a page may rebind its own name to it (CVE-2025-49596, CVE-2025-66414): so the name in
/// <c>Host</c> must be one that only this machine has, and <c>Origin</c>, where a browser sends it, a page that may call.
/// </remarks>
internal sealed class AccessGate
{
    private readonly HttpFaceOptions _options;
    private readonly byte[]? _tokenHash;

    public AccessGate(HttpFaceOptions options)
    {
        _options = options;
        _tokenHash = options.Token is null ? null : SHA256.HashData(Encoding.UTF8.GetBytes(options.Token));
    }

    /// <summary>Lets the request through, or answers it.</summary>
    /// <param name="http">The request.</param>
    /// <param name="needsToken">Whether what it asks for is protected by the token.</param>
    /// <returns>Whether it may go on.</returns>
    public async Task<bool> AdmitAsync(HttpContext http, bool needsToken)
    {
        if (!IsKnownHost(http.Request.Host.Host))
        {
            await Problem.WriteAsync(http, 403, "This host name is not served: call by address or as localhost, or start the server with --allow-host.").ConfigureAwait(false);
            return false;
        }

        if (!IsKnownOrigin(http.Request.Headers.Origin))
        {
            await Problem.WriteAsync(http, 403, "Pages of this origin may not call: start the server with --allow-origin if they should.").ConfigureAwait(false);
            return false;
        }

        if (needsToken && !HasToken(http.Request.Headers.Authorization))
        {
            http.Response.Headers.WWWAuthenticate = "Bearer";
            await Problem.WriteAsync(http, 401, "A bearer token is needed: send the header 'Authorization: Bearer TOKEN' with the token the server was started with.").ConfigureAwait(false);
            return false;
        }

        return true;
    }

    private bool IsKnownHost(string host) => IsLocalName(host)
        // Rebinding needs a name: a plain address is what the caller connected to.
        || IPAddress.TryParse(host.Trim('[', ']'), out _)
        || _options.AllowedHosts.Contains(host, StringComparer.OrdinalIgnoreCase);

    private bool IsKnownOrigin(StringValues origin) => origin.Count == 0
        || (origin is [{ } one]
            && (_options.AllowedOrigins.Contains(one, StringComparer.OrdinalIgnoreCase)
                || (Uri.TryCreate(one, UriKind.Absolute, out var page) && page.Scheme is "http" or "https" && (IsLocalName(page.IdnHost) || IsLoopback(page.IdnHost)))));

    private static bool IsLocalName(string host) => host.Equals("localhost", StringComparison.OrdinalIgnoreCase);

    private static bool IsLoopback(string host) => IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address);

    private bool HasToken(StringValues authorization)
    {
        const string Scheme = "Bearer ";
        if (_tokenHash is null)
        {
            return true;
        }

        // Hashes of one length, compared in constant time: the time taken tells nothing about the token.
        return authorization is [{ } header] && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(header[Scheme.Length..].Trim())), _tokenHash);
    }
}
