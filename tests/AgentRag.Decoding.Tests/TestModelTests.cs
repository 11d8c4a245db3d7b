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

    [Fact]
    public void It_reads_notes_as_tokens_compressed_and_mixed()
    {
        using var file = Decoding.Weights.GgufFile.Open(Path.Combine(Folder, "recall.gguf"));
        var decoder = TrainedDecoder.From(file);
        var adapter = RefragAdapter.Open(Path.Combine(Folder, "recall-refrag.safetensors"), RefragAdapter.FingerprintOf(file));
        var trainer = new RefragTrainer(decoder, adapter, 2);
        var random = new SeededNumbers(1_234);
        List<RecallText> texts = [.. Enumerable.Range(0, 100).Select(_ => RecallTask.Make(random, 8, 1))];
        var plain = trainer.Accuracy([.. texts.Select(text => text.Example(_ => false))]);
        var compressed = trainer.Accuracy([.. texts.Select(text => text.Example(_ => true))]);
        var expanded = trainer.Accuracy([.. texts.Select(text => text.Example(note => note != text.Asked[0]))]);
        Assert.True(plain > 0.9, $"{plain}");
        Assert.True(compressed > 0.9, $"{compressed}");
        Assert.True(expanded > 0.9, $"{expanded}");
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
