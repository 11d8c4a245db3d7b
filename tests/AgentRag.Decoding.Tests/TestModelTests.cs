using AgentRag.Decoding.Chat;
using AgentRag.Decoding.Refrag;
using AgentRag.Decoding.Sampling;
using AgentRag.Decoding.Training;
using Microsoft.Extensions.AI;
using Xunit;

namespace AgentRag.Decoding.Tests;

/// <summary>The trained test model, which bench/README.md says how to make again, behind the chat client as any other model.</summary>
public sealed class TestModelTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "TestModel");

    // What bench/README.md reports of 16 notes, two to an embedding: a compressed chunk keeps some of its answers, an expanded one all, and the policy finds the asked one.
    [Fact]
    public void It_reads_notes_as_tokens_compressed_and_expanded_and_its_policy_finds_the_asked_chunk()
    {
        using var file = Decoding.Weights.GgufFile.Open(Path.Combine(Folder, "recall.gguf"));
        var decoder = TrainedDecoder.From(file);
        var adapter = RefragAdapter.Open(Path.Combine(Folder, "recall-refrag.safetensors"), RefragAdapter.FingerprintOf(file));
        var trainer = new RefragTrainer(decoder, adapter, 2);
        var random = new SeededNumbers(1_234);
        List<RecallText> texts = [.. Enumerable.Range(0, 100).Select(_ => RecallTask.Make(random, 16, 1))];
        int Asked(RecallText text) => text.Asked[0] / 2;
        double Right(Func<RecallText, Func<int, bool>> isCompressed) => trainer.Accuracy([.. texts.Select(text => text.Example(isCompressed(text), notesPerChunk: 2))]);
        var (plain, compressed) = (Right(_ => _ => false), Right(_ => _ => true));
        var (asked, other) = (Right(text => chunk => chunk != Asked(text)), Right(text => chunk => chunk != (Asked(text) + 1) % 8));
        Assert.True(plain > 0.9, $"{plain}");
        Assert.True(asked > 0.9, $"{asked}");
        Assert.InRange(compressed, 5.0 / RecallTask.Values, 0.9);
        Assert.Equal(compressed, other, 0.1);
        var found = texts.Count(text => trainer.Choose(text.Example(_ => true, notesPerChunk: 2), 1).Single() == Asked(text));
        Assert.True(found > 40, $"{found} of 100, by chance 12");
    }

    [Fact]
    public async Task Refrag_serves_it_compressed_and_says_so()
    {
        var options = new LocalModelOptions { Threads = 1, RefragAdapterPath = Path.Combine(Folder, "recall-refrag.safetensors") };
        using var client = new LocalChatClient(Path.Combine(Folder, "recall.gguf"), options);
        var asked = new ChatOptions { MaxOutputTokens = 2 };
        new DecodingOptions { Mode = DecodingMode.Refrag, Refrag = new RefragOptions { KeptFirstTokens = 8, KeptLastTokens = 8, ExpandedShare = 0.25 } }.AttachTo(asked);
        var notes = string.Concat(Enumerable.Range(10, 20).Select(key => $" ; k{key} v01 v02 f01 f02 f03 f04"));
        var report = DecodingReport.From(await client.GetResponseAsync($"{notes} ? k12", asked))!;
        Assert.False(report.IsExact);
        Assert.True(report.CompressedChunks > report.ExpandedChunks && report.ExpandedChunks > 0, $"{report.CompressedChunks} and {report.ExpandedChunks}");

        // The same chunks are not read again.
        Assert.True(DecodingReport.From(await client.GetResponseAsync($"{notes} ? k12", asked))!.ReusedTokens >= report.PromptTokens - 1);
    }
}
