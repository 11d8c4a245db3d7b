using AgentRag.Decoding.Generation;
using AgentRag.Decoding.Refrag;
using AgentRag.Decoding.Transformers;
using AgentRag.Decoding.Weights;

namespace AgentRag.Benchmarks.Decoding;

/// <summary>Times and memory of prompts with and without compressed chunks, on random weights, beside what operations and bytes let expect.</summary>
/// <remarks>Processor time: other work on the machine changes it little, as long as there is one thread.</remarks>
internal static class RefragBenchmark
{
    private const int KeptTokens = 128; // the question and its surroundings, which are never compressed
    private const int DecodedTokens = 16;

    public static int Run(string[] args)
    {
        var (data, lengths, rates, name, threads) = (Path.Combine(Path.GetTempPath(), "agentrag-bench", "decoding"), (int[])[1_024, 2_048, 4_096, 8_192, 16_384], (int[])[8, 16, 32], "0.1b", 1);
        for (var i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--data": data = args[++i]; break;
                case "--lengths": lengths = [.. args[++i].Split(',').Select(int.Parse)]; break;
                case "--rates": rates = [.. args[++i].Split(',').Select(int.Parse)]; break;
                case "--shape": name = args[++i]; break;
                case "--threads": threads = int.Parse(args[++i]); break;
                default: throw new ArgumentException($"'{args[i]}' is not known: see bench/README.md.", nameof(args));
            }
        }

        var path = ModelFiles.Of(data, name, ModelShapes.Named(name), TensorType.Q8_0);

        using var file = GgufFile.Open(path);
        using var weights = new TransformerWeights(path, TransformerShape.From(file), file.Tensors, threads);
        using var transformer = new Transformer(weights, new TransformerOptions { Threads = threads });
        Console.WriteLine("| context | k | TTFT ms | cached: ms, times (theory) | uncached: ms, times | per token ms: plain, compressed, times (theory) | keys and values MB: plain, compressed | tokens/s: plain, compressed |");
        Console.WriteLine("| --- | --- | --- | --- | --- | --- | --- | --- |");
        foreach (var length in lengths)
        {
            var random = new Random(length);
            int[] tokens = [.. Enumerable.Range(0, length).Select(_ => random.Next(weights.Shape.VocabularySize))];
            var plain = Measure(transformer, PromptInput.Of(tokens));
            foreach (var rate in rates)
            {
                var adapter = new RefragAdapter(new RefragShape { Rate = rate, Width = weights.Shape.Width, VocabularySize = weights.Shape.VocabularySize }, "", seed: 1);
                using var embeddings = new ChunkEmbeddings(adapter);
                var started = Environment.CpuUsage.TotalTime;
                var compressed = Compress(tokens, transformer, embeddings, adapter);
                var encoding = (Environment.CpuUsage.TotalTime - started).TotalSeconds;
                started = Environment.CpuUsage.TotalTime;
                compressed = Compress(tokens, transformer, embeddings, adapter);
                var looking = (Environment.CpuUsage.TotalTime - started).TotalSeconds;
                var short_ = Measure(transformer, compressed.Input);
                var (cached, uncached) = (short_.First + looking, short_.First + encoding);
                Console.WriteLine(
                    $"| {length:N0} | {rate} | {plain.First * 1e3:0} | {cached * 1e3:0}, {plain.First / cached:0.0} ({Operations(weights.Shape, length) / Operations(weights.Shape, compressed.Input.Length):0.0}) "
                    + $"| {uncached * 1e3:0}, {plain.First / uncached:0.0} | {plain.Next * 1e3:0.0}, {short_.Next * 1e3:0.0}, {plain.Next / short_.Next:0.00} "
                    + $"({Bytes(weights, length) / Bytes(weights, compressed.Input.Length):0.00}) | {plain.Bytes / 1e6:0.0}, {short_.Bytes / 1e6:0.0} "
                    + $"| {DecodedTokens / (plain.First + (DecodedTokens * plain.Next)):0.0}, {DecodedTokens / (cached + (DecodedTokens * short_.Next)):0.0} |");
            }
        }

        return 0;
    }

    private static CompressedPrompt Compress(int[] tokens, Transformer transformer, ChunkEmbeddings embeddings, RefragAdapter adapter) =>
        CompressedPrompt.Of(tokens, [(0, tokens.Length - KeptTokens)], [], transformer, embeddings, adapter, new RefragOptions { Policy = ExpansionPolicy.None }, seed: 0);

    private static (double First, double Next, long Bytes) Measure(Transformer transformer, PromptInput prompt)
    {
        using var context = new TransformerContext(transformer, prompt.Length + DecodedTokens + 1, CachePrecision.F32);
        var started = Environment.CpuUsage.TotalTime;
        context.Read(prompt.WithoutLast());
        context.Append([(int)prompt.Keys[^1]], 1);
        var first = (Environment.CpuUsage.TotalTime - started).TotalSeconds;
        var bytes = context.Bytes;
        started = Environment.CpuUsage.TotalTime;
        for (var i = 0; i < DecodedTokens; i++)
        {
            context.Append([7 + i], 1);
        }

        return (first, (Environment.CpuUsage.TotalTime - started).TotalSeconds / DecodedTokens, bytes);
    }

    // Multiplications and additions: two per weight and token, and half of all pairs of positions in both products of attention.
    private static double Operations(TransformerShape shape, double length)
    {
        var perLayer = (shape.Width * (double)shape.HeadWidth * ((2 * shape.Heads) + (2 * shape.KeyValueHeads))) + (3.0 * shape.Width * shape.FeedForwardWidth);
        return shape.Layers * ((2 * perLayer * length) + (2.0 * length * length * shape.Heads * shape.HeadWidth));
    }

    private static double Bytes(TransformerWeights weights, double length) =>
        weights.BytesPerToken + (length * 2 * weights.Shape.Layers * weights.Shape.KeyValueHeads * weights.Shape.HeadWidth * sizeof(float));
}
