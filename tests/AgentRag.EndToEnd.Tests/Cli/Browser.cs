using System.Diagnostics;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text.Json;

namespace AgentRag.EndToEnd.Tests.Cli;

/// <summary>A headless Chromium with one page, driven over the DevTools protocol. Not for concurrent use.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

    private readonly Process _process;
    private readonly string _profile;
    private readonly ClientWebSocket _socket = new();
    private readonly List<JsonElement> _events = [];
    private Task _drained = Task.CompletedTask;
    private int _lastId;

    private Browser(Process process, string profile) => (_process, _profile) = (process, profile);

    /// <summary>The browser's program; null when this machine has none.</summary>
    public static string? Program { get; } =
        (from folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
         from name in Names
         let path = Path.Combine(folder, name)
         where File.Exists(path)
         select path).FirstOrDefault();

    /// <summary>What the page complained of: blocked content, errors of its script, failed requests.</summary>
    public IEnumerable<string> Complaints => _events.Where(e => NameOf(e) is "Log.entryAdded" or "Runtime.exceptionThrown").Select(e => e.GetRawText());

    /// <summary>Every address that was asked for.</summary>
    public IEnumerable<string> Requests => _events.Where(e => NameOf(e) == "Network.requestWillBeSent")
        .Select(e => e.GetProperty("params").GetProperty("request").GetProperty("url").GetString()!);

    /// <summary>Starts the browser and opens a file in it.</summary>
    public static async Task<Browser> OpenAsync(string file, CancellationToken cancellationToken)
    {
        var profile = Directory.CreateTempSubdirectory("agentrag-browser-").FullName;
        // Without the sandbox, as tests run as root in containers; the page is our own, and no name resolves.
        var process = Process.Start(new ProcessStartInfo(
            Program!,
            [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--host-resolver-rules=MAP * ~NOTFOUND",
                "--remote-debugging-port=0", $"--user-data-dir={profile}", "about:blank",
            ])
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        var browser = new Browser(process, profile);
        try
        {
            const string Announcement = "DevTools listening on ";
            string? line;
            do
            {
                line = await process.StandardError.ReadLineAsync(cancellationToken) ?? throw new InvalidOperationException("The browser ended before it listened.");
            }
            while (!line.StartsWith(Announcement, StringComparison.Ordinal));
            var server = new Uri(line[Announcement.Length..]);
            // What it writes from now on is nobody's: a full pipe would stop it.
            browser._drained = Task.WhenAll(process.StandardError.ReadToEndAsync(cancellationToken), process.StandardOutput.ReadToEndAsync(cancellationToken));
            using var http = new HttpClient();
            var targets = await http.GetFromJsonAsync<JsonElement>($"http://{server.Authority}/json/list", cancellationToken);
            var page = targets.EnumerateArray().First(target => target.GetProperty("type").GetString() == "page");
            await browser._socket.ConnectAsync(new Uri(page.GetProperty("webSocketDebuggerUrl").GetString()!), cancellationToken);
            foreach (var domain in (string[])["Page", "Runtime", "Log", "Network"])
            {
                await browser.SendAsync($"{domain}.enable", new { }, cancellationToken);
            }

            await browser.SendAsync("Page.navigate", new { url = new Uri(file).AbsoluteUri }, cancellationToken);
            while (!browser._events.Exists(e => NameOf(e) == "Page.loadEventFired"))
            {
                await browser.ReceiveAsync(cancellationToken);
            }

            return browser;
        }
        catch
        {
            await browser.DisposeAsync();
            throw;
        }
    }

    /// <summary>Sends a command and waits for its result.</summary>
    public async Task<JsonElement> SendAsync(string method, object parameters, CancellationToken cancellationToken)
    {
        var id = ++_lastId;
        await _socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(new { id, method, @params = parameters }), WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
        while (true)
        {
            var message = await ReceiveAsync(cancellationToken);
            if (message.TryGetProperty("id", out var answered) && answered.GetInt32() == id)
            {
                return message.TryGetProperty("result", out var result) ? result : throw new InvalidOperationException($"{method}: {message.GetRawText()}");
            }
        }
    }

    /// <summary>The value of a script's expression; a promise is waited for.</summary>
    public async Task<JsonElement> EvaluateAsync(string expression, CancellationToken cancellationToken)
    {
        var result = await SendAsync("Runtime.evaluate", new { expression, returnByValue = true, awaitPromise = true }, cancellationToken);
        return result.TryGetProperty("exceptionDetails", out var exception)
            ? throw new InvalidOperationException(exception.GetRawText())
            : result.GetProperty("result").TryGetProperty("value", out var value) ? value : default;
    }

    /// <summary>Presses a key, as somebody at the keyboard does.</summary>
    public async Task PressAsync(string key, int code, CancellationToken cancellationToken)
    {
        var text = key == "Enter" ? "\r" : key.Length == 1 ? key : "";
        await SendAsync("Input.dispatchKeyEvent", new { type = text.Length > 0 ? "keyDown" : "rawKeyDown", key, code = key, windowsVirtualKeyCode = code, text }, cancellationToken);
        await SendAsync("Input.dispatchKeyEvent", new { type = "keyUp", key, code = key, windowsVirtualKeyCode = code }, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _process.WaitForExitAsync();
        await _drained;
        _process.Dispose();
        try
        {
            Directory.Delete(_profile, recursive: true);
        }
        catch (IOException)
        {
            // A child of the browser may still hold a file; the folder is a temporary one.
        }
    }

    private static string? NameOf(JsonElement message) => message.TryGetProperty("method", out var method) ? method.GetString() : null;

    private async Task<JsonElement> ReceiveAsync(CancellationToken cancellationToken)
    {
        using var text = new MemoryStream();
        var buffer = new byte[1 << 16];
        ValueWebSocketReceiveResult part;
        do
        {
            part = await _socket.ReceiveAsync(buffer.AsMemory(), cancellationToken);
            text.Write(buffer, 0, part.Count);
        }
        while (!part.EndOfMessage);
        var message = JsonDocument.Parse(text.ToArray()).RootElement;
        if (NameOf(message) is not null)
        {
            _events.Add(message);
        }

        return message;
    }
}
