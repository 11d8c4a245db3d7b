using System.Globalization;
using System.Net;

namespace AgentRag.Http;

/// <summary>Where the HTTP face listens and whom it lets in.</summary>
public sealed record HttpFaceOptions
{
    /// <summary>The fewest characters of a token: 128 bits in hexadecimal.</summary>
    public const int LeastTokenCharacters = 32;

    /// <summary>The address to listen on. Default 127.0.0.1.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The port, 0 to 65535; 0 for any that is free. Default 8080.</summary>
    public int Port { get; init; } = 8080;

    /// <summary>What a client must send as bearer token; null to let in everyone who reaches the address, which is refused beyond loopback. Default null.</summary>
    public string? Token { get; init; }

    /// <summary>Host names under which clients may call beside <c>localhost</c> and plain addresses. Default none.</summary>
    /// <remarks>A page that rebinds its name to this machine (DNS rebinding) calls by its own name, which is not among them.</remarks>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>Origins of web pages that may call, such as <c>https://notes.example.com</c>, beside those served from this machine. Default none.</summary>
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    /// <summary>The largest request body in bytes, ≥ 1,024. Default 1 MiB: arguments of a tool have at most 32,000 characters.</summary>
    public long MaxBodyBytes { get; init; } = 1 << 20;

    /// <summary>Calls that run at the same time; others wait for their turn, as many again, and more are refused. Default 16.</summary>
    public int MaxConcurrentCalls { get; init; } = 16;

    /// <summary>How long calls under way may go on when the service ends. Default 5 s.</summary>
    public TimeSpan ShutdownTime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Reads an address to listen on.</summary>
    /// <param name="text"><c>127.0.0.1:8080</c>, <c>[::1]:8080</c>, <c>localhost:8080</c> or <c>8080</c>.</param>
    /// <exception cref="AgentRagException">It is none of these.</exception>
    public static (IPAddress Address, int Port) ParseAddress(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var trimmed = text.Trim();
        var local = trimmed.StartsWith("localhost:", StringComparison.OrdinalIgnoreCase) ? $"127.0.0.1{trimmed.AsSpan("localhost".Length)}" : trimmed;
        if (int.TryParse(local, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port <= ushort.MaxValue)
        {
            return (IPAddress.Loopback, port);
        }

        return local.Contains(':', StringComparison.Ordinal) && local[^1] is >= '0' and <= '9' && IPEndPoint.TryParse(local, out var endPoint)
            && (local.Count(c => c == ':') == 1 || local.StartsWith('['))
            ? (endPoint.Address, endPoint.Port)
            : throw new AgentRagException($"'{text}' is no address to listen on: write it as 127.0.0.1:8080, [::1]:8080 or 8080.");
    }

    /// <summary>Returns these options if they are safe to listen with.</summary>
    /// <exception cref="AgentRagException">They are not; the message names all that is wrong.</exception>
    public HttpFaceOptions Validated()
    {
        List<string> problems = [];
        Require(Port is >= 0 and <= ushort.MaxValue, $"the port is {Port}, must be in [0, 65535]");
        Require(Token is null || Token.Length >= LeastTokenCharacters, $"the token has {Token?.Length} characters, must have at least {LeastTokenCharacters}, such as those of 'openssl rand -hex 32'");
        Require(Token is null || Token.All(c => c is > ' ' and < '\x7f'), "the token holds a character that no header can carry; use letters and digits");
        Require(Token is not null || IPAddress.IsLoopback(Address), $"{Address} can be reached from other machines, so a token is needed: set AGENTRAG_HTTP_TOKEN or --token-file, or listen on 127.0.0.1");
        Require(MaxBodyBytes >= 1024, $"MaxBodyBytes is {MaxBodyBytes}, must be at least 1,024");
        Require(MaxConcurrentCalls >= 1, $"MaxConcurrentCalls is {MaxConcurrentCalls}, must be at least 1");
        return problems.Count == 0 ? this : throw new AgentRagException($"HTTP: {string.Join("; ", problems)}.");

        void Require(bool holds, string problem) => problems.AddRange(holds ? [] : [problem]);
    }

    /// <summary>The options without the token, so that no log holds it.</summary>
    public override string ToString() => $"{new IPEndPoint(Address, Port)}{(Token is null ? "" : ", with token")}";
}
