using AgentRag.Decoding.Generation;
using AgentRag.Decoding.Sampling;
using AgentRag.Decoding.Speculation;
using AgentRag.Decoding.Transformers;
using AgentRag.Decoding.Weights;

namespace AgentRag.Benchmarks.Decoding;

/// <summary>Speed of self-speculation against context, the drafter's context, drafts and acceptance, on random weights.</summary>
/// <remarks>
/// Random weights do not agree with themselves over different contexts, so acceptance is set: the drafter runs the model on its short context, which is what costs
/// time, and proposes the known next token or a wrong one by a seeded number. Processor time, one thread.
/// </remarks>
internal static class RapidBenchmark
{
    private const int DecodedTokens = 48;

    public static int Run(string[] args)
    {
        var (data, contexts, retrieved, drafts, rates, name, threads) = (
            Path.Combine(Path.GetTempPath(), "agentrag-bench", "decoding"), (int[])[4_096, 16_384], (int[])[512, 2_048], (int[])[1, 3, 10], (double[])[0.6, 0.8, 0.95], "0.1b", 1);
        for (var i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--data": data = args[++i]; break;
                case "--contexts": contexts = [.. args[++i].Split(',').Select(int.Parse)]; break;
                case "--retrieved": retrieved = [.. args[++i].Split(',').Select(int.Parse)]; break;
                case "--drafts": drafts = [.. args[++i].Split(',').Select(int.Parse)]; break;
                case "--acceptance": rates = [.. args[++i].Split(',').Select(double.Parse)]; break;
                case "--shape": name = args[++i]; break;
                case "--threads": threads = int.Parse(args[++i]); break;
                default: throw new ArgumentException($"'{args[i]}' is not known: see bench/README.md.", nameof(args));
            }
        }

        var path = ModelFiles.Of(data, name, ModelShapes.Named(name), TensorType.Q8_0);

        using var file = GgufFile.Open(path);
        using var weights = new TransformerWeights(path, TransformerShape.From(file), file.Tensors, threads);
        using var transformer = new Transformer(weights, new TransformerOptions { Threads = threads });
        Console.WriteLine("| context | retrieved | drafts | acceptance set | accepted / drafted | times plain decoding | tokens/s |");
        Console.WriteLine("| --- | --- | --- | --- | --- | --- | --- |");
        foreach (var context in contexts)
        {
            var random = new Random(context);
            int[] prompt = [.. Enumerable.Range(0, context).Select(_ => random.Next(weights.Shape.VocabularySize))];
            using var target = new TransformerContext(transformer, context + DecodedTokens + 32, CachePrecision.F32);
            target.Read(PromptInput.Of(prompt.SkipLast(1)));
            List<int> text = [];
            var plain = double.PositiveInfinity;
            for (var round = 0; round < 4; round++)
            {
                // The best of several: the first ones still compile.
                (text, var seconds, _) = Generate(target, prompt, weights.Shape.VocabularySize, speculator: null);
                plain = Math.Min(plain, seconds);
            }

            foreach (var length in retrieved)
            {
                using var drafter = new TransformerContext(transformer, length + DecodedTokens + 32, CachePrecision.F32);
                foreach (var rate in rates)
                {
                    foreach (var count in (IEnumerable<int?>)[.. drafts.Select(number => (int?)number), null])
                    {
                        var draftLength = count is { } number ? DraftLength.Fixed(number) : DraftLength.Measured(16);
                        var (best, counts) = (double.PositiveInfinity, new GenerationCounts());
                        for (var round = 0; round < 3; round++)
                        {
                            drafter.Read(PromptInput.Of(prompt.TakeLast(length).SkipLast(1)));
                            var with = new Speculator(new SetDrafter(drafter, prompt[^1], text, rate, weights.Shape.VocabularySize), Acceptance.Sampled, draftLength);
                            (var again, var seconds, counts) = Generate(target, prompt, weights.Shape.VocabularySize, with);
                            best = Math.Min(best, seconds);
                            if (!again.SequenceEqual(text))
                            {
                                throw new InvalidOperationException("Speculation changed the text.");
                            }
                        }

                        Console.WriteLine($"| {context:N0} | {length:N0} | {count?.ToString() ?? "measured"} | {rate:0.00} | {counts.Accepted} / {counts.Drafted} | {plain / best:0.00} | {DecodedTokens / best:0.0} |");
                    }
                }
            }
        }

        return 0;
    }

    private static (List<int> Text, double Seconds, GenerationCounts Counts) Generate(TransformerContext target, int[] prompt, int vocabularySize, Speculator? speculator)
    {
        target.Read(PromptInput.Of(prompt.SkipLast(1)));
        var generator = new TokenGenerator(
            target, prompt[^1], new TokenSampler(new SamplingOptions(), vocabularySize), new TokenHistory(prompt), new GeneratorOptions { EndTokens = new HashSet<int>(), MostTokens = DecodedTokens }, speculator);
        var started = Environment.CpuUsage.TotalTime;
        List<int> text = [];
        while (generator.End == EndReason.None)
        {
            text.AddRange(generator.Next());
        }

        return (text, (Environment.CpuUsage.TotalTime - started).TotalSeconds, generator.Counts);
    }

    private sealed class SetDrafter(TransformerContext context, int pending, List<int> text, double rate, int vocabularySize) : IDrafter
    {
        private readonly Random _random = new(1);
        private readonly List<int> _behind = [pending];
        private int _said;
        private int _start;
        private int _ran;

        public void Draft(int most, Drafts drafts, TokenHistory history, CancellationToken cancellationToken)
        {
            context.Append(_behind.ToArray(), 1, cancellationToken);
            _behind.Clear();
            (_start, _ran) = (context.Length, 0);
            for (var i = 0; i < most && _said + i < text.Count; i++)
            {
                _ = TokenSampler.Largest(context.Logits(0));
                var right = text[_said + i];
                drafts.AddCertain(_random.NextDouble() < rate ? right : (right + 1) % vocabularySize);
                if (i + 1 < most)
                {
                    context.Append([drafts.Tokens[^1]], 1, cancellationToken);
                    _ran++;
                }
            }
        }

        public void Confirm(IReadOnlyList<int> emitted, int accepted)
        {
            var kept = Math.Min(accepted, _ran);
            if (_behind.Count == 0)
            {
                context.Truncate(_start + kept);
            }

            _behind.AddRange(emitted.Skip(kept));
            (_ran, _said) = (0, _said + emitted.Count);
        }
    }
}
