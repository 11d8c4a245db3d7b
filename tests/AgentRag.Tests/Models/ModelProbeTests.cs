using System.Net;
using System.Net.Sockets;
using AgentRag.Models;
using Xunit;

namespace AgentRag.Tests.Models;

public sealed class ModelProbeTests
{
    private readonly ManualTime _time = new(longestShortWait: TimeSpan.Zero);

    [Theory]
    [InlineData("small", true, "it lists the model 'small'.")]
    [InlineData("qwen3", true, "it lists the model 'qwen3'.")]
    [InlineData("big", false, "it does not list the model 'big', but small, qwen3:latest.")]
    public async Task An_endpoint_with_a_list_of_models_says_whether_the_model_is_there(string model, bool isListed, string text)
    {
        await using var server = new LoopbackServer(LoopbackServer.Json("""{"data":[{"id":"small"},{"id":"qwen3:latest"}]}"""));

        var result = await CheckAsync(new OpenAICompatibleOptions { BaseUrl = server.BaseUrl, Model = model, ApiKey = "sk-1" });

        Assert.Equal((true, isListed), (result.IsReachable, result.IsModelListed));
        Assert.Equal($"{server.BaseUrl} answered in 0 ms; {text}", result.Text);
        Assert.Equal("GET /v1/models HTTP/1.1", server.Requests[0].Line);
        Assert.Equal("Bearer sk-1", server.Requests[0].Headers["Authorization"]);
    }

    [Theory]
    [InlineData(404), InlineData(405)]
    public async Task An_endpoint_without_a_list_is_asked_for_one_token(int status)
    {
        await using var server = new LoopbackServer(
            LoopbackServer.Json("{}", status), LoopbackServer.Json("""{"choices":[{"message":{"content":""},"finish_reason":"length"}]}"""));

        var result = await CheckAsync(new OpenAICompatibleOptions { BaseUrl = server.BaseUrl, Model = "small" });

        Assert.Equal((true, null), (result.IsReachable, result.IsModelListed));
        Assert.Equal($"{server.BaseUrl} keeps no list of models; the model 'small' answered a short request.", result.Text);
        Assert.Equal(1, (int)server.Requests[1].Json["max_tokens"]!);
    }

    [Fact]
    public async Task An_endpoint_that_nobody_serves_is_a_result_and_no_exception()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();

        var result = await CheckAsync(new OpenAICompatibleOptions { BaseUrl = new Uri($"http://127.0.0.1:{port}/v1"), Model = "small" });

        Assert.Equal((false, null), (result.IsReachable, result.IsModelListed));
        Assert.StartsWith($"Model endpoint at http://127.0.0.1:{port}/v1 cannot be reached: nothing answers there.", result.Text, StringComparison.Ordinal);
        Assert.Empty(_time.Waits);
    }

    [Fact]
    public async Task A_refused_key_is_a_result_that_does_not_show_it()
    {
        await using var server = new LoopbackServer(LoopbackServer.Json("""{"error":{"message":"bad key sk-secret-1"}}""", 401));

        var result = await CheckAsync(new OpenAICompatibleOptions { BaseUrl = server.BaseUrl, Model = "small", ApiKey = "sk-secret-1" });

        Assert.Equal(
            $"Model endpoint at {server.BaseUrl} answered 401 (\"bad key ***\"): it refused the key in OPENAI_API_KEY. "
            + "Set one that is valid for this server and model.",
            result.Text);
        Assert.False(result.IsReachable);
    }

    [Theory]
    [InlineData("<html></html>")]
    [InlineData("{}")]
    public async Task A_web_server_of_another_kind_is_not_taken_for_a_model_endpoint(string body)
    {
        await using var server = new LoopbackServer(LoopbackServer.Json(body));

        var result = await CheckAsync(new OpenAICompatibleOptions { BaseUrl = server.BaseUrl, Model = "small" });

        Assert.False(result.IsReachable);
        Assert.Contains("--base-url", result.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_out_of_range_are_a_result_too()
    {
        var result = await CheckAsync(new OpenAICompatibleOptions { Model = "" });

        Assert.Equal((false, "Model endpoint: Model is empty, must name a model of the server."), (result.IsReachable, result.Text));
    }

    private Task<ModelProbeResult> CheckAsync(OpenAICompatibleOptions options) =>
        ModelProbe.CheckAsync(options, timeProvider: _time, cancellationToken: TestContext.Current.CancellationToken);
}
