using System.Net;
using AgentRag.Http;
using Xunit;

namespace AgentRag.Tests.Http;

public sealed class AccessTests
{
    private static readonly string[] Paths = ["/mcp", "/v1/tools/retrieve", "/v1/tools", "/openapi.json", "/nothing"];

    [Theory]
    [InlineData("localhost", true)]
    [InlineData("localhost:8080", true)]
    [InlineData("127.0.0.1", true)]
    [InlineData("[::1]:99", true)]
    [InlineData("192.168.1.7", true)] // no name, so nobody can rebind it
    [InlineData("notes.example.com", true)] // allowed below
    [InlineData("rebound.attacker.example", false)]
    [InlineData("localhost.attacker.example", false)]
    [InlineData("127.0.0.1.attacker.example", false)]
    [InlineData("notes.example.com.attacker.example", false)]
    public async Task Only_names_that_are_this_machines_own_are_served(string host, bool isServed)
    {
        await using var served = await ServedHttp.StartAsync(new HttpFaceOptions { AllowedHosts = ["notes.example.com"] });
        foreach (var path in Paths.Append("/healthz"))
        {
            using var response = await served.PostAsync(path, "{}", ("Host", host));
            Assert.Equal(isServed, response.StatusCode != HttpStatusCode.Forbidden);
        }
    }

    [Theory]
    [InlineData("http://localhost:3000", true)]
    [InlineData("http://127.0.0.1", true)]
    [InlineData("http://[::1]:5000", true)]
    [InlineData("https://notes.example.com", true)] // allowed below
    [InlineData("https://attacker.example", false)]
    [InlineData("http://localhost.attacker.example", false)]
    [InlineData("http://notes.example.com", false)] // another scheme is another origin
    [InlineData("null", false)] // what a sandboxed frame sends
    [InlineData("file://", false)]
    public async Task Only_pages_of_known_origins_may_call(string origin, bool isServed)
    {
        await using var served = await ServedHttp.StartAsync(new HttpFaceOptions { AllowedOrigins = ["https://notes.example.com"] });
        using var response = await served.PostAsync("/v1/tools/retrieve", """{"query":"x"}""", ("Origin", origin));
        Assert.Equal(isServed ? HttpStatusCode.OK : HttpStatusCode.Forbidden, response.StatusCode);
        Assert.False(response.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Bearer")]
    [InlineData("Bearer ")]
    [InlineData("Bearer 0123456789abcdef0123456789abcde")] // one short
    [InlineData("Bearer 0123456789abcdef0123456789abcdef0")] // one more
    [InlineData("Bearer 0123456789ABCDEF0123456789ABCDEF")]
    [InlineData("Basic 0123456789abcdef0123456789abcdef")]
    [InlineData("0123456789abcdef0123456789abcdef")]
    public async Task Without_the_very_token_nothing_is_told_but_that_one_is_needed(string authorization)
    {
        await using var served = await ServedHttp.StartAsync(new HttpFaceOptions { Token = ServedHttp.Token });
        foreach (var path in Paths)
        {
            using var response = await served.PostAsync($"{path}?token={ServedHttp.Token}", "{}", ("Authorization", authorization));
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
            Assert.Equal("Bearer", response.Headers.WwwAuthenticate.Single().Scheme);
        }
    }

    [Fact]
    public async Task With_the_token_all_is_served_and_health_needs_none()
    {
        await using var served = await ServedHttp.StartAsync(new HttpFaceOptions { Token = ServedHttp.Token });
        using var call = await served.PostAsync("/v1/tools/retrieve", """{"query":"x"}""");
        Assert.Equal(HttpStatusCode.OK, call.StatusCode);
        using var lowerCase = await served.PostAsync("/v1/tools/retrieve", """{"query":"x"}""", ("Authorization", $"bearer {ServedHttp.Token}"));
        Assert.Equal(HttpStatusCode.OK, lowerCase.StatusCode);
        served.Client.DefaultRequestHeaders.Authorization = null;
        using var health = await served.GetAsync("/healthz");
        using var ready = await served.GetAsync("/readyz");
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (health.StatusCode, ready.StatusCode));
    }

    [Fact]
    public async Task The_token_is_in_no_log_and_in_no_text_of_the_options()
    {
        using var log = new Fakes.TextLog();
        var options = new HttpFaceOptions { Token = ServedHttp.Token };
        await using var served = await ServedHttp.StartAsync(options, loggers: log);
        using var right = await served.PostAsync("/v1/tools/retrieve", """{"query":"x"}""");
        using var wrong = await served.PostAsync("/v1/tools/retrieve", "{}", ("Authorization", $"Bearer {ServedHttp.Token}0"));
        Assert.NotEmpty(log.Text); // Kestrel says that it listens: the log does get what is logged
        Assert.DoesNotContain(ServedHttp.Token, log.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(ServedHttp.Token, options.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(ServedHttp.Token, await wrong.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_above_the_limit_is_refused_before_it_is_read()
    {
        await using var served = await ServedHttp.StartAsync(new HttpFaceOptions { MaxBodyBytes = 2048 });
        foreach (var path in new[] { "/mcp", "/v1/tools/retrieve" })
        {
            using var response = await served.PostAsync(path, $$"""{"query":"{{new string('x', 4096)}}"}""");
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        }
    }

    [Theory]
    [InlineData("0.0.0.0:8080"), InlineData("192.168.1.7:8080"), InlineData("[::]:8080")]
    public void Beyond_loopback_a_token_is_demanded(string text)
    {
        var (address, port) = HttpFaceOptions.ParseAddress(text);
        var fault = Assert.Throws<AgentRagException>(() => new HttpFaceOptions { Address = address, Port = port }.Validated());
        Assert.Equal(
            $"HTTP: {address} can be reached from other machines, so a token is needed: set AGENTRAG_HTTP_TOKEN or --token-file, or listen on 127.0.0.1.", fault.Message);
        Assert.NotNull(new HttpFaceOptions { Address = address, Port = port, Token = ServedHttp.Token }.Validated());
    }

    [Theory]
    [InlineData("short", "the token has 5 characters, must have at least 32, such as those of 'openssl rand -hex 32'")]
    [InlineData("0123456789abcdef 123456789abcdef", "the token holds a character that no header can carry; use letters and digits")]
    public void A_token_that_can_be_guessed_or_not_be_sent_is_refused(string token, string problem) =>
        Assert.Equal($"HTTP: {problem}.", Assert.Throws<AgentRagException>(() => new HttpFaceOptions { Token = token }.Validated()).Message);

    [Theory]
    [InlineData("8080", "127.0.0.1", 8080)]
    [InlineData("localhost:81", "127.0.0.1", 81)]
    [InlineData("0.0.0.0:80", "0.0.0.0", 80)]
    [InlineData("[::1]:80", "::1", 80)]
    public void Addresses_are_read_as_people_write_them(string text, string address, int port) =>
        Assert.Equal((IPAddress.Parse(address), port), HttpFaceOptions.ParseAddress(text));

    [Theory]
    [InlineData(""), InlineData("host"), InlineData("example.com:80"), InlineData("127.0.0.1"), InlineData("127.0.0.1:99999"), InlineData("::1"), InlineData("70000"), InlineData("http://127.0.0.1:80")]
    public void What_is_no_address_is_refused_with_examples(string text) => Assert.Equal(
        $"'{text}' is no address to listen on: write it as 127.0.0.1:8080, [::1]:8080 or 8080.",
        Assert.Throws<AgentRagException>(() => HttpFaceOptions.ParseAddress(text)).Message);
}
