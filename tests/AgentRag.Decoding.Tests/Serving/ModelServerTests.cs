using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using AgentRag.Decoding.Chat;
using AgentRag.Decoding.Serving;
using AgentRag.Decoding.Tests.Transformers;
using AgentRag.Decoding.Transformers;
using AgentRag.Decoding.Weights;
using AgentRag.Models;
using Microsoft.Extensions.AI;
using Xunit;

namespace AgentRag.Decoding.Tests.Serving;

public sealed class ModelServerTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly HttpClient _http = new();
    private LocalChatClient _model = null!;
    private ModelServer _server = null!;
    private Task _running = Task.CompletedTask;

    public ValueTask InitializeAsync()
    {
        RandomModel.Write(_folder["m.gguf"], Shapes.Llama with { VocabularySize = 1_000 }, TensorType.Q8_0, seed: 51);
        var options = new LocalModelOptions { Threads = 1 };
        _model = new LocalChatClient(_folder["m.gguf"], options);
        _server = new ModelServer(_model, options, FreePort());
        _server.Start();
        _running = _server.RunAsync(_ending.Token);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _running);
        _server.Dispose();
        _model.Dispose();
        _http.Dispose();
        _ending.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(true), InlineData(false)]
    public async Task Our_own_client_gets_from_the_endpoint_what_the_model_says_in_process(bool isStreamed)
    {
        var expected = await _model.GetResponseAsync("Where is babe?", new ChatOptions { MaxOutputTokens = 9, Temperature = 0.8f, Seed = 4 });
        using var client = new OpenAICompatibleChatClient(new OpenAICompatibleOptions { BaseUrl = _server.BaseUrl, Model = "any", MaxTokensField = MaxTokensField.MaxTokens });
        var options = new ChatOptions { MaxOutputTokens = 9, Temperature = 0.8f, Seed = 4 };
        var reply = isStreamed
            ? await client.GetStreamingResponseAsync("Where is babe?", options).ToChatResponseAsync()
            : await client.GetResponseAsync("Where is babe?", options);
        Assert.Equal(expected.Text, reply.Text);
        Assert.Equal(("m.gguf", ChatFinishReason.Length, 9), (reply.ModelId, reply.FinishReason, reply.Usage?.OutputTokenCount));
    }

    [Fact]
    public async Task A_prediction_is_taken_over_and_counted()
    {
        var plain = await Post("""{"messages":[{"role":"user","content":"Hi"}],"max_tokens":8,"x_decoding":{"mode":"plain"}}""");
        var text = plain.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;
        var body = JsonSerializer.Serialize(new
        {
            messages = new[] { new { role = "user", content = "Hi" } },
            max_tokens = 8,
            prediction = new { type = "content", content = text.TrimStart() },
            x_decoding = new { gamma = 4 },
        });
        var reply = await Post(body);
        Assert.Equal(text, reply.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
        Assert.Equal("prediction", reply.GetProperty("x_decoding").GetProperty("drafter").GetString());
        Assert.Equal("exact", reply.GetProperty("x_decoding").GetProperty("distribution").GetString());
        Assert.Equal(
            reply.GetProperty("x_decoding").GetProperty("accepted").GetInt32(),
            reply.GetProperty("usage").GetProperty("completion_tokens_details").GetProperty("accepted_prediction_tokens").GetInt32());
    }

    [Fact]
    public async Task Pieces_end_with_done_and_carry_the_report()
    {
        using var content = new StringContent("""{"messages":[{"role":"user","content":"Hi"}],"max_tokens":5,"stream":true,"stream_options":{"include_usage":true}}""", Encoding.UTF8, "application/json");
        using var response = await _http.PostAsync($"{_server.BaseUrl}/chat/completions", content);
        var lines = (await response.Content.ReadAsStringAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal("data: [DONE]", lines[^1]);
        Assert.All(lines.SkipLast(1), line => JsonDocument.Parse(line["data: ".Length..]).Dispose());
        using var last = JsonDocument.Parse(lines[^2]["data: ".Length..]);
        Assert.Equal(5, last.RootElement.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    [Fact]
    public async Task Texts_are_cut_into_tokens()
    {
        var reply = await Post("""{"content":"babe"}""", "../tokenize");
        Assert.NotEmpty(reply.GetProperty("tokens").EnumerateArray());
    }

    [Theory]
    [InlineData("{", "The body is no JSON")]
    [InlineData("{}", "The request has no 'messages'")]
    [InlineData("""{"messages":[{"role":"user"}]}""", "Each message needs 'role' and 'content'.")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"temperature":"hot"}""", "The field 'temperature' must be a number.")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"tools":[{}]}""", "This model offers no 'tools': leave it out.")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"x_decoding":{"mode":"fast"}}""", "x_decoding.mode must be plain, speculative, rapid or refrag.")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"x_decoding":{"mode":"refrag"}}""", "The mode refrag needs an adapter trained for the model")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"x_decoding":{"speed":1}}""", "x_decoding has no field 'speed'")]
    public async Task What_cannot_be_read_is_an_error_that_says_so(string body, string expected)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await _http.PostAsync($"{_server.BaseUrl}/chat/completions", content);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        Assert.StartsWith(expected, json.RootElement.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_of_another_type_and_another_path_are_refused()
    {
        using var content = new StringContent("{}", Encoding.UTF8, "text/plain");
        using var response = await _http.PostAsync($"{_server.BaseUrl}/chat/completions", content);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        using var missing = await _http.GetAsync(new Uri($"{_server.BaseUrl}/embeddings"));
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        using var models = JsonDocument.Parse(await _http.GetStringAsync(new Uri($"{_server.BaseUrl}/models")));
        Assert.Equal("m.gguf", models.RootElement.GetProperty("data")[0].GetProperty("id").GetString());
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task<JsonElement> Post(string body, string path = "chat/completions")
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await _http.PostAsync(new Uri(new Uri(_server.BaseUrl + "/"), path), content);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return json.RootElement.Clone();
    }
}
