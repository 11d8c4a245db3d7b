using AgentRag.Answering;
using AgentRag.Evaluation;
using AgentRag.Indexing;
using AgentRag.Prompting;
using AgentRag.Tests.Fakes;
using Xunit;

namespace AgentRag.Tests.Evaluation;

public sealed class ObservationFileTests : IDisposable
{
    private const string Sound = """{"observation":1,"dataSet":"d","strategy":"drag","k":5,"m":2,"n":1,"metric":"f1","value":0.5,"questions":100,"meanEffectiveContextTokens":80.5,"maxEffectiveContextTokens":90}""";

    private static readonly Observation Whole = new()
    {
        DataSet = "hotpotqa",
        Strategy = "iterdrag",
        Parameters = new InferenceParameters(5, 4, 3),
        Metric = ObservationMetrics.F1,
        Value = 0.513,
        Questions = 500,
        StandardError = 0.0201,
        MeanEffectiveContextTokens = 2210.5,
        MaxEffectiveContextTokens = 2604,
        IsSimulated = true,
        Fingerprints = new() { Model = "model ☃", Prompts = "p", Index = "i", Retriever = "linked", Code = "0.1.0" },
    };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_line_has_the_form_that_is_documented() => Assert.Equal(
        """{"observation":1,"dataSet":"hotpotqa","strategy":"iterdrag","k":5,"m":4,"n":3,"metric":"f1","value":0.513,"questions":500,"standardError":0.0201,"meanEffectiveContextTokens":2210.5,"maxEffectiveContextTokens":2604,"simulated":true,"fingerprints":{"model":"model ☃","prompts":"p","index":"i","retriever":"linked","code":"0.1.0"}}""",
        ObservationFile.Line(Whole));

    [Fact]
    public async Task What_is_written_is_read_again_and_twice_the_same_line_counts_once()
    {
        var path = _folder.Write("a.jsonl", $"{ObservationFile.Line(Whole)}\n\n{ObservationFile.Line(Whole with { Metric = "accuracy" })}\n{ObservationFile.Line(Whole)}\n");
        Assert.Equal([Whole, Whole with { Metric = "accuracy" }], await ObservationFile.LoadAsync([path]));
    }

    [Fact]
    public async Task A_folder_stands_for_the_observations_of_all_runs_below_it()
    {
        _folder.Write("runs/a/observations.jsonl", $"{ObservationFile.Line(Whole)}\n");
        _folder.Write("runs/b/observations.jsonl", $"{ObservationFile.Line(Whole with { DataSet = "musique" })}\n");
        _folder.Write("runs/b/answers.jsonl", "not one of them\n");
        Assert.Equal(["hotpotqa", "musique"], (await ObservationFile.LoadAsync([_folder["runs"]])).Select(observation => observation.DataSet));
    }

    [Fact]
    public async Task Fields_that_may_be_left_out_get_their_defaults()
    {
        var read = Assert.Single(await ObservationFile.LoadAsync([_folder.Write("a.jsonl", Sound)]));
        Assert.Equal((null, false, new ObservationFingerprints()), (read.StandardError, read.IsSimulated, read.Fingerprints));
    }

    [Theory]
    [InlineData("\"observation\":1,", "", "a.jsonl:2: not an observation, no \"observation\" field; a line needs")]
    [InlineData("\"observation\":1", "\"observation\":2", "a.jsonl:2: the observation has format version 2, this program reads 1: update agentrag.")]
    [InlineData("\"k\":5,", "", "a.jsonl:2: no \"k\" field; a line needs")]
    [InlineData("\"value\":0.5", "\"value\":50", "a.jsonl:2: Observation: value is 50, must be in [0, 1]; a percentage is divided by 100.")]
    [InlineData("\"k\":5", "\"k\":5000", "a.jsonl:2: Observation: Inference parameters: k is 5000, must be in [0, 1000].")]
    [InlineData("\"m\":2", "\"m\":\"two\"", "a.jsonl:2: not an observation at m:")]
    [InlineData("\"maxEffectiveContextTokens\":90", "\"maxEffectiveContextTokens\":9", "a.jsonl:2: Observation: maxEffectiveContextTokens is 9, below the mean of 80.5.")]
    public async Task A_malformed_line_is_told_with_its_place(string part, string replacement, string expected)
    {
        var path = _folder.Write("a.jsonl", $"{Sound}\n{Sound.Replace(part, replacement, StringComparison.Ordinal)}\n");
        var fault = await Assert.ThrowsAsync<AgentRagException>(() => ObservationFile.LoadAsync([path]));
        Assert.StartsWith(_folder[expected], fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Paths_without_observations_are_an_error()
    {
        Assert.StartsWith($"{_folder.Path}: the folder holds no observations.jsonl", await MessageAsync(_folder.Path), StringComparison.Ordinal);
        Assert.StartsWith($"{_folder["none"]}: the observations cannot be read", await MessageAsync(_folder["none"]), StringComparison.Ordinal);
        var empty = _folder.Write("empty.jsonl", "");
        Assert.StartsWith($"{empty}: no observation was found", await MessageAsync(empty), StringComparison.Ordinal);

        static async Task<string> MessageAsync(string path) => (await Assert.ThrowsAsync<AgentRagException>(() => ObservationFile.LoadAsync([path]))).Message;
    }

    [Fact]
    public void The_standard_error_of_a_share_is_bounded_by_the_binomial_one()
    {
        var half = Whole with { Value = 0.5, Questions = 1200, StandardError = null };
        Assert.Equal(0.01443, half.StandardErrorOrBound, tolerance: 1e-5); // √(0.25 / 1200), the reference's ±1.44 points
        Assert.InRange((half with { Value = 0 }).StandardErrorOrBound, 1e-4, 1e-2); // never 0: nothing is certain after 1,200 questions
        Assert.Equal(0.0201, Whole.StandardErrorOrBound);
        Assert.InRange((half with { Value = 1, Questions = 20, StandardError = 0 }).StandardErrorOrBound, 0.03, 0.06); // 20 of 20 right: the next may not be
    }

    [Fact]
    public void The_fingerprint_of_an_index_tells_its_passages_and_not_their_order()
    {
        var (one, two) = (TestPassages.Passage("d1", "one"), TestPassages.Passage("d2", "two"));
        var print = ObservationFingerprints.OfIndex(Bm25Index.Build([one, two]));
        Assert.Equal(print, ObservationFingerprints.OfIndex(Bm25Index.Build([two, one])));
        Assert.NotEqual(print, ObservationFingerprints.OfIndex(Bm25Index.Build([one])));
        Assert.NotEqual(print, ObservationFingerprints.OfIndex(Bm25Index.Build([one, TestPassages.Passage("d3", "three")])));
    }

    [Fact]
    public void The_fingerprint_of_prompts_changes_with_any_of_them()
    {
        var changed = Directory.CreateDirectory(_folder["prompts"]).FullName;
        using var shipped = typeof(PromptLibrary).Assembly.GetManifestResourceStream("prompts/decompose.yaml")!;
        using var reader = new StreamReader(shipped);
        File.WriteAllText(Path.Combine(changed, "decompose.yaml"), $"# changed\n{reader.ReadToEnd()}");
        Assert.Equal(ObservationFingerprints.OfPrompts(PromptLibrary.Default), ObservationFingerprints.OfPrompts(PromptLibrary.Load()));
        Assert.NotEqual(ObservationFingerprints.OfPrompts(PromptLibrary.Default), ObservationFingerprints.OfPrompts(PromptLibrary.Load(changed)));
    }
}
