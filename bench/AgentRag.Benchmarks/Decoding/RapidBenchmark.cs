using AgentRag.Decoding.Generation;
using AgentRag.Decoding.Sampling;
using AgentRag.Decoding.Speculation;
using AgentRag.Decoding.Transformers;

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
        var arguments = new NamedArguments(args, ["--contexts", "--retrieved", "--drafts", "--acceptance", "--rounds", .. RandomWeights.Names]);
        using var model = RandomWeights.Open(arguments);
        Console.WriteLine("| context | retrieved | drafts | acceptance set | accepted / drafted | times plain decoding (expected) | tokens/s |");
        Console.WriteLine("| --- | --- | --- | --- | --- | --- | --- |");
        foreach (var length in arguments.Numbers("--contexts", 4_096, 16_384))
        {
            var prompt = model.Tokens(length, seed: length);
            using var target = new TransformerContext(model.Transformer, length + DecodedTokens + 32, CachePrecision.F32);
            target.Read(PromptInput.Of(prompt.SkipLast(1)));
            List<int> text = [];
            var plain = double.PositiveInfinity;
            for (var round = 0; round <= arguments.Number("--rounds", 3); round++)
            {
                // The best of several: the first ones still compile.
                (text, var seconds, _) = Generate(target, prompt, model.Shape.VocabularySize, speculator: null);
                plain = Math.Min(plain, seconds);
            }

            foreach (var retrieved in arguments.Numbers("--retrieved", 512, 2_048))
            {
                MeasureDrafts(arguments, model, target, prompt, text, plain, retrieved);
            }
        }

        return 0;
    }

    private static void MeasureDrafts(
        NamedArguments arguments, RandomWeights model, TransformerContext target, int[] prompt, List<int> text, double plain, int retrieved)
    {
        using var drafter = new TransformerContext(model.Transformer, retrieved + DecodedTokens + 32, CachePrecision.F32);
        var draftPrompt = PromptInput.Of(prompt.TakeLast(retrieved).SkipLast(1));
        drafter.Read(draftPrompt);
        var (alone, draft) = (RunSeconds(target, 1), RunSeconds(drafter, 1));
        foreach (var rate in arguments.Fractions("--acceptance", 0.6, 0.8, 0.95))
        {
            foreach (var count in (IEnumerable<int?>)[.. arguments.Numbers("--drafts", 1, 3, 10).Select(number => (int?)number), null])
            {
                var draftLength = count is { } number ? DraftLength.Fixed(number) : DraftLength.Measured(16);
                var (best, counts) = (double.PositiveInfinity, new GenerationCounts());
                for (var round = 0; round < arguments.Number("--rounds", 3); round++)
                {
                    drafter.Read(draftPrompt);
                    var with = new Speculator(new SetDrafter(drafter, prompt[^1], text, rate, model.Shape.VocabularySize), Acceptance.Sampled, draftLength);
                    (var again, var seconds, counts) = Generate(target, prompt, model.Shape.VocabularySize, with);
                    best = Math.Min(best, seconds);
                    if (!again.SequenceEqual(text))
                    {
                        throw new InvalidOperationException("Speculation changed the text.");
                    }
                }

                // Tokens of a round (1 - a^(n + 1)) / (1 - a), against n drafts and a run of n + 1.
                var expected = count is { } n ? $" ({(1 - Math.Pow(rate, n + 1)) / (1 - rate) * alone / ((n * draft) + RunSeconds(target, n + 1)):0.00})" : "";
                Console.WriteLine(
                    $"| {prompt.Length:N0} | {retrieved:N0} | {count?.ToString() ?? "measured"} | {rate:0.00} | {counts.Accepted} / {counts.Drafted} | {plain / best:0.00}{expected} | {DecodedTokens / best:0.0} |");
            }
        }
    }

    // The best of several runs behind what is held, which is held again after each.
    private static double RunSeconds(TransformerContext context, int tokens)
    {
        var (best, length) = (double.PositiveInfinity, context.Length);
        for (var run = 0; run < 5; run++)
        {
            var started = Environment.CpuUsage.TotalTime;
            context.Append([.. Enumerable.Range(7, tokens)], tokens);
            best = Math.Min(best, (Environment.CpuUsage.TotalTime - started).TotalSeconds);
            context.Truncate(length);
        }

        return best;
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
