using System.Text.Json;
using AgentRag.Allocation.Simulation;
using AgentRag.Fitting;
using Xunit;

namespace AgentRag.Tests.Fitting;

public sealed class AllocationModelFileTests : IDisposable
{
    private static readonly AllocationModel Model = ModelFitter.Fit(Simulator.Run(new SimulationRequest { Questions = 40, K = [0, 1, 5, 20, 50], M = [0, 1, 4], N = [1, 3] })).Model;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_is_written_is_read_again_to_the_last_digit()
    {
        await AllocationModelFile.SaveAsync(_folder["model.json"], Model);
        var read = await AllocationModelFile.LoadAsync(_folder["model.json"]);
        Assert.Equal(AllocationModelFile.ToJson(Model), AllocationModelFile.ToJson(read));
        Assert.Equal(
            Model.Predict("iterdrag", new(7, 3, 2), new(1.2, 0.3)), read.Predict("iterdrag", new(7, 3, 2), new(1.2, 0.3)));
        Assert.Equal(["model.json"], Directory.GetFiles(_folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void The_file_names_its_version_first_and_says_that_it_is_simulated()
    {
        using var json = JsonDocument.Parse(AllocationModelFile.ToJson(Model));
        Assert.Equal("allocationModel", json.RootElement.EnumerateObject().First().Name);
        Assert.Equal(1, json.RootElement.GetProperty("allocationModel").GetInt32());
        Assert.True(json.RootElement.GetProperty("isSimulated").GetBoolean());
        Assert.Equal("simulator", json.RootElement.GetProperty("fingerprints").GetProperty("models")[0].GetString());
        Assert.False(json.RootElement.TryGetProperty("isFitted", out _)); // what follows from the rest is not written
    }

    [Theory]
    [InlineData("{}", "model.json: no allocation model, as it has no \"allocationModel\" field: make it anew with 'agentrag fit'.")]
    [InlineData("[1]", "model.json: no allocation model, as it has no \"allocationModel\" field: make it anew with 'agentrag fit'.")]
    [InlineData("{\"allocationModel\":2}", "model.json: the allocation model has format version 2, this program reads 1: update agentrag.")]
    [InlineData("{\"allocationModel\":0}", "model.json: the allocation model has format version 0, this program reads 1: make it anew with 'agentrag fit'.")]
    [InlineData("{\"allocationModel\":1", "model.json: the allocation model is damaged (it is not valid JSON): make it anew with 'agentrag fit'.")]
    [InlineData("{\"allocationModel\":1,\"source\":\"x\",\"strategies\":[]}", "model.json: the allocation model is damaged (a field is missing): make it anew with 'agentrag fit'.")]
    [InlineData(
        "{\"allocationModel\":1,\"source\":\"x\",\"strategies\":[{\"strategy\":\"drag\"}]}",
        "model.json: the allocation model is damaged (the equation of drag is incomplete): make it anew with 'agentrag fit'.")]
    public async Task A_file_that_is_no_model_is_told(string text, string expected)
    {
        var path = _folder.Write("model.json", text);
        Assert.Equal(_folder[expected], (await Assert.ThrowsAsync<AgentRagException>(() => AllocationModelFile.LoadAsync(path))).Message);
    }

    [Fact]
    public async Task A_fitted_model_without_its_uncertainty_is_refused()
    {
        var path = _folder.Write("model.json", AllocationModelFile.ToJson(Model with { Strategies = [.. Model.Strategies.Select(strategy => strategy with { Uncertainty = null })] }));
        Assert.Equal(
            $"{path}: the allocation model is damaged (the equation of drag has no uncertainty): make it anew with 'agentrag fit'.",
            (await Assert.ThrowsAsync<AgentRagException>(() => AllocationModelFile.LoadAsync(path))).Message);
    }

    [Fact]
    public async Task A_file_with_any_byte_gone_is_read_as_it_was_or_refused()
    {
        // Cut anywhere: never another exception, never half a model.
        var text = AllocationModelFile.ToJson(Model with { Measured = [Model.Measured[0]], Informativeness = [Model.Informativeness[0]], Scales = [Model.Scales[0]] });
        for (var length = 0; length < text.Length; length += 37)
        {
            var path = _folder.Write("model.json", text[..length]);
            await Assert.ThrowsAsync<AgentRagException>(() => AllocationModelFile.LoadAsync(path));
        }
    }

    [Fact]
    public async Task A_missing_file_is_told() => Assert.StartsWith(
        $"{_folder["none.json"]}: the allocation model cannot be read: ",
        (await Assert.ThrowsAsync<AgentRagException>(() => AllocationModelFile.LoadAsync(_folder["none.json"]))).Message,
        StringComparison.Ordinal);

    [Fact]
    public void A_strategy_that_is_not_in_the_model_is_told() => Assert.Equal(
        "The allocation model holds no equation for strategy 'rag': it has drag, iterdrag.",
        Assert.Throws<AgentRagException>(() => Model.Predict("rag", new(1, 0, 1), Informativeness.Unknown)).Message);
}
