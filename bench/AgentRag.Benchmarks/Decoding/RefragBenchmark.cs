using AgentRag.Decoding.Generation;
using AgentRag.Decoding.Refrag;
using AgentRag.Decoding.Transformers;

namespace AgentRag.Benchmarks.Decoding;

/// <summary>Times and memory of prompts with and without compressed chunks, on random weights, beside what operations and bytes let expect.</summary>
/// <remarks>Processor time: other work on the machine changes it little, as long as there is one thread.</remarks>
internal static class RefragBenchmark
{
    private const int KeptTokens = 128; // the question and its surroundings, which are never compressed
    private const int DecodedTokens = 16;
    private const int TimedTogether = 4;

    public static int Run(string[] args)
    {
        var arguments = new NamedArguments(args, ["--lengths", "--rates", "--rounds", .. RandomWeights.Names]);
        using var model = RandomWeights.Open(arguments);
        Console.WriteLine(
            "| context | k | TTFT ms | cached: ms, times (theory) | uncached: ms, times (theory) | per token ms: plain, compressed, times (theory) | keys and values MB: plain, compressed | tokens/s: plain, compressed |");
        Console.WriteLine("| --- | --- | --- | --- | --- | --- | --- | --- |");
        _ = Measure(model.Transformer, PromptInput.Of(model.Tokens(64, seed: 0))); // what compiles on the way is not timed
        foreach (var length in arguments.Numbers("--lengths", 1_024, 2_048, 4_096, 8_192, 16_384))
        {
            var tokens = model.Tokens(length, seed: length);
            var plain = Measure(model.Transformer, PromptInput.Of(tokens), arguments.Number("--rounds", 1));
            foreach (var rate in arguments.Numbers("--rates", 8, 16, 32))
            {
                Report(model, tokens, plain, new RefragAdapter(new RefragShape { Rate = rate, Width = model.Shape.Width, VocabularySize = model.Shape.VocabularySize }, "", seed: 1));
            }
        }

        return 0;
    }

    private static void Report(RandomWeights model, int[] tokens, Times plain, RefragAdapter adapter)
    {
        using var embeddings = new ChunkEmbeddings(adapter);
        adapter.Encode(tokens.AsSpan(0, adapter.Rate), new float[adapter.Width]);
        var started = Environment.CpuUsage.TotalTime;
        var compressed = Compress(tokens, model.Transformer, embeddings, adapter);
        var encoding = (Environment.CpuUsage.TotalTime - started).TotalSeconds;
        started = Environment.CpuUsage.TotalTime;
        compressed = Compress(tokens, model.Transformer, embeddings, adapter);
        var looking = (Environment.CpuUsage.TotalTime - started).TotalSeconds;
        var short_ = Measure(model.Transformer, compressed.Input, rounds: 3);
        var (cached, uncached) = (short_.First + looking, short_.First + encoding);
        var (all, few, encoded) = (Operations(model.Shape, tokens.Length), Operations(model.Shape, compressed.Input.Length), Operations(adapter.Shape) * compressed.Compressed);
        Console.WriteLine(
            $"| {tokens.Length:N0} | {adapter.Rate} | {plain.First * 1e3:0} | {cached * 1e3:0}, {plain.First / cached:0.0} ({all / few:0.0}) "
            + $"| {uncached * 1e3:0}, {plain.First / uncached:0.0} ({all / (few + encoded):0.0}) | {plain.Next * 1e3:0.0}, {short_.Next * 1e3:0.0}, {plain.Next / short_.Next:0.00} "
            + $"({Bytes(model.Weights, tokens.Length) / Bytes(model.Weights, compressed.Input.Length):0.00}) | {plain.Bytes / 1e6:0.0}, {short_.Bytes / 1e6:0.0} "
            + $"| {DecodedTokens / (plain.First + (DecodedTokens * plain.Next)):0.0}, {DecodedTokens / (cached + (DecodedTokens * short_.Next)):0.0} |");
    }

    private static CompressedPrompt Compress(int[] tokens, Transformer transformer, ChunkEmbeddings embeddings, RefragAdapter adapter) =>
        CompressedPrompt.Of(tokens, [(0, tokens.Length - KeptTokens)], [], transformer, embeddings, adapter, new RefragOptions { Policy = ExpansionPolicy.None }, seed: 0);

    // The best of several, as other work on the machine only ever adds.
    private static Times Measure(Transformer transformer, PromptInput prompt, int rounds = 1)
    {
        using var context = new TransformerContext(transformer, prompt.Length + DecodedTokens + 1, CachePrecision.F32);
        var best = new Times(double.PositiveInfinity, double.PositiveInfinity, 0);
        for (var round = 0; round < rounds; round++)
        {
            context.Truncate(0);
            var started = Environment.CpuUsage.TotalTime;
            context.Read(prompt.WithoutLast());
            context.Append([(int)prompt.Keys[^1]], 1);
            best = best with { First = Math.Min(best.First, (Environment.CpuUsage.TotalTime - started).TotalSeconds), Bytes = context.Bytes };
            for (var group = 0; group < DecodedTokens; group += TimedTogether)
            {
                started = Environment.CpuUsage.TotalTime;
                for (var i = 0; i < TimedTogether; i++)
                {
                    context.Append([7 + group + i], 1);
                }

                best = best with { Next = Math.Min(best.Next, (Environment.CpuUsage.TotalTime - started).TotalSeconds / TimedTogether) };
            }
        }

        return best;
    }

    // Multiplications and additions: two per weight and token, and half of all pairs of positions in both products of attention.
    private static double Operations(TransformerShape shape, double length)
    {
        var perLayer = (shape.Width * (double)shape.HeadWidth * ((2 * shape.Heads) + (2 * shape.KeyValueHeads))) + (3.0 * shape.Width * shape.FeedForwardWidth);
        return shape.Layers * ((2 * perLayer * length) + (2.0 * length * length * shape.Heads * shape.HeadWidth));
    }

    private static double Bytes(TransformerWeights weights, double length) =>
        weights.BytesPerToken + (length * 2 * weights.Shape.Layers * weights.Shape.KeyValueHeads * weights.Shape.HeadWidth * sizeof(float));

    // Of one chunk: the encoder's matrices and both products of its attention for each token, then the projection's two matrices.
    private static double Operations(RefragShape shape)
    {
        var (k, e, w) = ((double)shape.Rate, (double)shape.EncoderWidth, (double)shape.Width);
        return (shape.EncoderLayers * ((2 * k * 10 * e * e) + (4 * k * k * e))) + (2 * k * e * w) + (2 * w * w);
    }

    /// <summary>Seconds to the first token and from token to token, and bytes of keys and values.</summary>
    private sealed record Times(double First, double Next, long Bytes);
}
