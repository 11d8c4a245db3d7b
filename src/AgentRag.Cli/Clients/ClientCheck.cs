using System.Diagnostics;
using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace AgentRag.Cli.Clients;

/// <summary>Starts the server as a client's configuration says, in a folder that is not the user's, and talks to it.</summary>
internal static class ClientCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Checks a client's entry end to end.</summary>
    /// <param name="client">The client.</param>
    /// <param name="path">Its file.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>What was found.</returns>
    /// <exception cref="AgentRagException">There is no entry, or its server does not serve; the message says what to do.</exception>
    public static async Task<string> RunAsync(McpClientKind client, string path, CancellationToken cancellationToken)
    {
        var entry = new ClientFile(client, path).Read()
            ?? throw new AgentRagException($"{path} has no entry '{ClientFile.EntryName}': write one with 'agentrag init --client {client.Name} FOLDER'.");
        List<string> errors = [];
        IClientTransport transport = entry.Url is { } url ? Reaching(url, entry, path) : Starting(entry, line =>
        {
            lock (errors)
            {
                errors.Add(line);
            }
        });
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            var started = Stopwatch.GetTimestamp();
            var server = await McpClient.CreateAsync(transport, new McpClientOptions { ProtocolVersion = "2025-11-25" }, cancellationToken: patience.Token);
            await using var _ = server;
            var elapsed = Stopwatch.GetElapsedTime(started);
            var tools = await server.ListToolsAsync(new RequestOptions(), patience.Token);
            var listed = await server.CallToolAsync("list_sources", new Dictionary<string, object?> { ["max_tokens"] = 200 }, cancellationToken: patience.Token);
            var text = listed.Content.OfType<TextContentBlock>().FirstOrDefault()?.Text ?? "";
            if (listed.IsError is true)
            {
                throw new AgentRagException($"{path}: the server {(entry.Url is null ? "starts" : "answers")}, but its tools cannot work: {text}");
            }

            using var json = JsonDocument.Parse(text);
            return $"{path} {(entry.Url is null ? "starts" : $"finds at {entry.Name}")} {server.ServerInfo?.Name} {server.ServerInfo?.Version} in {elapsed.TotalSeconds:0.0} s: {tools.Count} tools over {json.RootElement.GetProperty("totalDocuments")} documents, "
                + $"{json.RootElement.GetProperty("totalPassages")} passages";
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new AgentRagException($"{path}: '{entry.Name}' did not answer within {Patience.TotalSeconds:0} s.{Said()}", e);
        }
        catch (Exception e) when (entry.Url is not null && e is (McpException or IOException or HttpRequestException or InvalidOperationException))
        {
            throw new AgentRagException($"{path}: '{entry.Name}' cannot be used as a server: {e.Message} Is 'agentrag mcp --http' running there?", e);
        }
        catch (Exception e) when (e is McpException or IOException or System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            throw new AgentRagException($"{path}: '{entry.Name}' cannot be used as a server: {e.Message}{Said()} Write the entry anew with 'agentrag init --client {client.Name} FOLDER'.", e);
        }

        string Said()
        {
            lock (errors)
            {
                return errors.Count == 0 ? "" : $" It said: {string.Join(" | ", errors.TakeLast(3))}";
            }
        }
    }

    private static StdioClientTransport Starting(ServerEntry entry, Action<string> complain) => new(new StdioClientTransportOptions
    {
        Name = ClientFile.EntryName,
        Command = Expanded(entry.Command),
        Arguments = [.. entry.Arguments.Select(Expanded)],
        EnvironmentVariables = entry.Environment.ToDictionary(variable => variable.Key, variable => (string?)Expanded(variable.Value)),
        // Clients start servers from anywhere: a relative path must show here, not there.
        WorkingDirectory = Path.GetTempPath(),
        StandardErrorLines = complain,
    });

    private static HttpClientTransport Reaching(Uri url, ServerEntry entry, string path)
    {
        var options = new HttpClientTransportOptions { Name = ClientFile.EntryName, Endpoint = url, TransportMode = HttpTransportMode.StreamableHttp };
        if (entry.TokenVariable is { } variable)
        {
            var token = Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value
                ? value.Trim()
                : throw new AgentRagException($"{path}: the token of {entry.Name} is expected in the variable {variable}, which is not set here: set it as the client has it.");
            options.AdditionalHeaders = new Dictionary<string, string>(StringComparer.Ordinal) { ["Authorization"] = $"Bearer {token}" };
        }

        return new HttpClientTransport(options);
    }

    // The editors put their folder in; for a check it is the one that the user is in.
    private static string Expanded(string text) => text.Replace("${workspaceFolder}", Environment.CurrentDirectory, StringComparison.Ordinal);
}
