using System.Security.Cryptography;
using System.Text;
using AgentRag.Tests.Models;
using AgentRag.Tokens.BytePairs;
using AgentRag.Tokens.Vocabularies;
using Xunit;

namespace AgentRag.Tests.Tokens;

public sealed class VocabularyDownloadTests : IDisposable
{
    private static readonly string Content = string.Concat(Enumerable.Range(0, 5_000).Select(i => $"line {i}\n"));

    private readonly TemporaryFolder _folder = new();
    private readonly HttpClient _http = new();

    public void Dispose()
    {
        _http.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_download_is_checked_and_then_stands_under_its_name_and_is_not_fetched_again()
    {
        await using var server = new LoopbackServer(LoopbackServer.Json(Content));
        var path = await FetchAsync(server);
        Assert.Equal(_folder["test.tiktoken"], path);
        Assert.Equal(Content, await File.ReadAllTextAsync(path));
        Assert.Equal(path, await FetchAsync(server));
        Assert.Single(server.Requests);
        Assert.Equal(["test.tiktoken"], Directory.GetFiles(_folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_broken_download_goes_on_where_it_stopped()
    {
        var half = Content.Length / 2;
        await using var server = new LoopbackServer(
            BreaksAfter(Content[..half]),
            LoopbackServer.Json(Content[half..], 206, $"Content-Range: bytes {half}-{Content.Length - 1}/{Content.Length}"));
        var error = await Assert.ThrowsAsync<AgentRagException>(() => FetchAsync(server));
        Assert.EndsWith("Try again: it goes on where it stopped.", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["test.tiktoken"]));

        Assert.Equal(Content, await File.ReadAllTextAsync(await FetchAsync(server)));
        Assert.Equal($"bytes={half}-", server.Requests[1].Headers["Range"]);
    }

    [Fact]
    public async Task A_server_that_cannot_go_on_sends_everything_again()
    {
        await using var server = new LoopbackServer(BreaksAfter(Content[..100]), LoopbackServer.Json(Content));
        await Assert.ThrowsAsync<AgentRagException>(() => FetchAsync(server));
        Assert.Equal(Content, await File.ReadAllTextAsync(await FetchAsync(server)));
    }

    [Fact]
    public async Task Another_content_is_thrown_away()
    {
        await using var server = new LoopbackServer(LoopbackServer.Json(new string('x', Content.Length)));
        var error = await Assert.ThrowsAsync<AgentRagException>(() => FetchAsync(server));
        Assert.Contains("is not test: its SHA-256 is ", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public async Task More_than_was_announced_does_not_fill_the_disk()
    {
        await using var server = new LoopbackServer(LoopbackServer.Json(Content + Content));
        await Assert.ThrowsAsync<AgentRagException>(() => FetchAsync(server));
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public async Task A_server_that_refuses_is_named_with_its_status()
    {
        await using var server = new LoopbackServer(LoopbackServer.Json("{}", 403));
        var error = await Assert.ThrowsAsync<AgentRagException>(() => FetchAsync(server));
        Assert.Equal($"{Url(server)} answered 403: try again later, or fetch the file by hand and name it with --tokenizer FILE.", error.Message);
    }

    private static Uri Url(LoopbackServer server) => new($"http://127.0.0.1:{server.Port}/test.tiktoken");

    private static LoopbackServer.Reply BreaksAfter(string content) => async (connection, closing) => await connection.WriteAsync(
        Encoding.UTF8.GetBytes($"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {Content.Length}\r\n\r\n{content}"), closing);

    private Task<string> FetchAsync(LoopbackServer server) => new VocabularyDownload(_http).FetchAsync(
        new KnownVocabulary("test", "none", Url(server), Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Content))), Content.Length, SplitPattern.Gpt2), _folder.Path);
}
