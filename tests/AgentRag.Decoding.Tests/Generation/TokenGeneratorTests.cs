using AgentRag.Decoding.Generation;
using AgentRag.Decoding.Sampling;
using AgentRag.Decoding.Speculation;
using AgentRag.Decoding.Tests.Speculation;
using AgentRag.Decoding.Tests.Transformers;
using AgentRag.Decoding.Transformers;
using AgentRag.Decoding.Weights;
using Xunit;

namespace AgentRag.Decoding.Tests.Generation;

public sealed class TokenGeneratorTests
{
    private static readonly HashSet<int> NoEnds = [];

    // Token 3 ends the text.
    private static readonly double[][] Target = [[0.1, 0.5, 0.2, 0.2], [0.4, 0.1, 0.4, 0.1], [0.25, 0.25, 0.4, 0.1], [0.25, 0.25, 0.25, 0.25]];
    private static readonly double[][] Draft = [[0.4, 0.2, 0.2, 0.2], [0.2, 0.5, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4], [0.25, 0.25, 0.25, 0.25]];

    [Theory]
    [InlineData(AcceptanceRule.Sampled, 0, 1), InlineData(AcceptanceRule.Sampled, 0, 2), InlineData(AcceptanceRule.Rejection, 0, 1)]
    [InlineData(AcceptanceRule.Rejection, 0, 2), InlineData(AcceptanceRule.Rejection, 0, 5)]
    public void Texts_of_three_tokens_follow_the_targets_joint_law(AcceptanceRule rule, double eta, int drafts)
    {
        const int Texts = 30_000;
        var counts = new int[64];
        for (var text = 0; text < Texts; text++)
        {
            var target = new MarkovContext(Target);
            var generator = Markov(target, rule, eta, drafts, seed: text, most: 3);
            List<int> tokens = [];
            while (generator.End == EndReason.None)
            {
                tokens.AddRange(generator.Next());
            }

            Assert.Equal(generator.End == EndReason.EndToken ? tokens.Count + 1 : 3, generator.Counts.Tokens);
            tokens.AddRange(Enumerable.Repeat(3, 3 - tokens.Count)); // what ended early is filled up with the end
            counts[(tokens[0] * 16) + (tokens[1] * 4) + tokens[2]]++;
        }

        var law = new double[64];
        for (var cell = 0; cell < 64; cell++)
        {
            var (a, b, c) = (cell / 16, cell / 4 % 4, cell % 4);
            law[cell] = Target[0][a] * (a == 3 ? (b == 3 ? 1 : 0) : Target[a][b]) * (b == 3 ? (c == 3 ? 1 : 0) : Target[b][c]);
        }

        Assert.InRange(ChiSquare.Deviation(counts, law), double.NegativeInfinity, 3.1);
    }

    [Theory]
    [InlineData(AcceptanceRule.Paper), InlineData(AcceptanceRule.ExactAugmented)]
    public void A_leaning_first_token_follows_the_rules_law(AcceptanceRule rule)
    {
        const int Texts = 30_000;
        var counts = new int[4];
        for (var text = 0; text < Texts; text++)
        {
            var generator = Markov(new MarkovContext(Target), rule, eta: 4, drafts: 2, seed: text, most: 9);
            counts[generator.Next() is [var first, ..] ? first : 3]++;
        }

        var law = AcceptanceTests.Law(rule, [.. Target[0].Select(p => (float)p)], [.. Draft[0].Select(p => (float)p)], 4, 0.1);
        Assert.InRange(ChiSquare.Deviation(counts, law), double.NegativeInfinity, 3.1);
        Assert.True(ChiSquare.Deviation(counts, Target[0]) > 20);
    }

    // Behind a draft that was taken, and only there, the second token is the round's free one, which is the target's own; else a new round leans again.
    [Theory]
    [InlineData(AcceptanceRule.Paper), InlineData(AcceptanceRule.ExactAugmented)]
    public void Two_tokens_of_a_leaning_rule_follow_its_joint_law_the_free_token_included(AcceptanceRule rule)
    {
        const int Texts = 60_000;
        const double Eta = 4;
        var counts = new int[16];
        for (var text = 0; text < Texts; text++)
        {
            var generator = Markov(new MarkovContext(Target), rule, Eta, drafts: 1, seed: text, most: 9);
            List<int> tokens = [];
            while (generator.End == EndReason.None && tokens.Count < 2)
            {
                tokens.AddRange(generator.Next());
            }

            tokens.AddRange(Enumerable.Repeat(3, Math.Max(0, 2 - tokens.Count)));
            counts[(tokens[0] * 4) + tokens[1]]++;
        }

        var (first, taken) = (Law(0), AcceptanceTests.Taken(rule, Row(Target, 0), Row(Draft, 0), Eta, 0.1));
        var law = new double[16];
        for (var cell = 0; cell < 16; cell++)
        {
            var (a, b) = (cell / 4, cell % 4);
            law[cell] = a == 3 ? (b == 3 ? first[3] : 0) : (taken[a] * Target[a][b]) + ((first[a] - taken[a]) * Law(a)[b]);
        }

        Assert.Equal(1, law.Sum(), 1e-6);
        Assert.InRange(ChiSquare.Deviation(counts, law), double.NegativeInfinity, 3.1);

        double[] Law(int before) => AcceptanceTests.Law(rule, Row(Target, before), Row(Draft, before), Eta, 0.1);
        static float[] Row(double[][] table, int row) => [.. table[row].Select(p => (float)p)];
    }

    // Target and drafter make their distributions the same way, the drafter's penalties counting its own drafts: else drafts would not come from the q they are judged by.
    [Theory]
    [InlineData(1), InlineData(2), InlineData(4)]
    public void With_penalties_and_cuts_texts_still_follow_the_targets_law(int drafts)
    {
        const int Texts = 30_000;
        var options = new SamplingOptions { Temperature = 0.8, TopP = 0.9, FrequencyPenalty = 0.7, RepetitionPenalty = 1.3 };
        double[][] endless = [.. Target.Select(row => (double[])[row[0] + (row[3] / 2), row[1] + (row[3] / 2), row[2], 0])];
        var counts = new int[27];
        for (var text = 0; text < Texts; text++)
        {
            var drafter = new ContextDrafter(
                new MarkovContext(Draft), 0, new TokenSampler(options with { Seed = text + 1_000_000 }, 4), new ContextDrafterOptions { TakesLikeliest = false, LeastConfidence = 0, EndTokens = NoEnds });
            var generator = new TokenGenerator(
                new MarkovContext(endless), 0, new TokenSampler(options with { Seed = text }, 4), new TokenHistory([0]), new GeneratorOptions { EndTokens = NoEnds, MostTokens = 3 },
                new Speculator(drafter, new Acceptance(AcceptanceRule.Rejection), DraftLength.Fixed(drafts)));
            List<int> tokens = [];
            while (generator.End == EndReason.None)
            {
                tokens.AddRange(generator.Next());
            }

            counts[(tokens[0] * 9) + (tokens[1] * 3) + tokens[2]]++;
        }

        var law = new double[27];
        for (var cell = 0; cell < 27; cell++)
        {
            var (a, b, c) = (cell / 9, cell / 3 % 3, cell % 3);
            law[cell] = Next([], 0)[a] * Next([a], a)[b] * Next([a, b], b)[c];
        }

        Assert.Equal(1, law.Sum(), 1e-5);
        Assert.InRange(ChiSquare.Deviation(counts, law), double.NegativeInfinity, 3.1);

        float[] Next(int[] said, int last)
        {
            var (history, row) = (new TokenHistory([0]), new float[4]);
            Array.ForEach(said, history.Add);
            new TokenSampler(options, 4).Distribute([.. endless[last].Select(p => p > 0 ? (float)Math.Log(p) : -100)], history, row);
            return row;
        }
    }

    [Fact]
    public void Counts_add_up_and_contexts_hold_what_was_said()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var target = new MarkovContext(Target);
            var generator = Markov(target, AcceptanceRule.Rejection, 0, drafts: 1 + (seed % 4), seed, most: 12);
            List<int> said = [0];
            while (generator.End == EndReason.None)
            {
                said.AddRange(generator.Next());
                Assert.Equal(said.Take(target.Length), target.Tokens);
                Assert.Equal(generator.End == EndReason.EndToken ? said.Count : said.Count - 1, target.Length);
            }

            Assert.InRange(generator.Counts.Accepted, 0, generator.Counts.Drafted);
            Assert.InRange(generator.Counts.Tokens, generator.Counts.Accepted, generator.Counts.Accepted + generator.Counts.Rounds);
            Assert.InRange(generator.Counts.Tokens, 1, 12);
        }
    }

    [Fact]
    public void A_full_context_ends_the_text()
    {
        double[][] endless = [[0.5, 0.5], [0.5, 0.5]];
        var generator = new TokenGenerator(
            new MarkovContext(endless, capacity: 5), 0, new TokenSampler(new SamplingOptions { Temperature = 1 }, 2), new TokenHistory([0]),
            new GeneratorOptions { EndTokens = NoEnds, MostTokens = 100 },
            new Speculator(new LookupDrafter([0, 1, 0, 1, 0, 1, 1, 0], [0, 1], isPrediction: false), Acceptance.Sampled, DraftLength.Fixed(4)));
        var count = 0;
        while (generator.End == EndReason.None)
        {
            count += generator.Next().Count;
        }

        Assert.Equal((EndReason.Length, 5), (generator.End, count));
    }

    public static TheoryData<string, TensorType, double> Models => new()
    {
        { "llama", TensorType.F32, 0 }, { "llama", TensorType.Q8_0, 0 }, { "qwen2", TensorType.Q8_0, 0 }, { "qwen2", TensorType.Q4_K, 0 },
        { "llama", TensorType.Q8_0, 1 }, { "qwen2", TensorType.BF16, 0.8 },
    };

    // Same seed, same text, whoever drafts and however many: the run that verifies is bit for bit the one that decodes.
    [Theory]
    [MemberData(nameof(Models))]
    public void Speculation_gives_exactly_the_text_of_plain_decoding(string architecture, TensorType type, double temperature)
    {
        var shape = Shapes.For(architecture, type);
        using var model = new LoadedModel(shape, type, seed: 21);
        using var other = new LoadedModel(shape, type, seed: 22);
        using var rounded = new LoadedModel(shape, type == TensorType.Q8_0 ? TensorType.F32 : TensorType.Q8_0, seed: 21);
        using var roundedTransformer = new Transformer(rounded.Weights, new TransformerOptions { Threads = 1 });
        using var transformer = new Transformer(model.Weights, new TransformerOptions { Threads = 2 });
        using var otherTransformer = new Transformer(other.Weights, new TransformerOptions { Threads = 1 });
        for (var seed = 0; seed < 6; seed++)
        {
            var random = new Random(seed);
            int[] prompt = [.. Enumerable.Range(0, 40).Select(_ => random.Next(3, 300))];
            var sampling = new SamplingOptions { Temperature = temperature, Seed = seed, TopP = 0.95, RepetitionPenalty = 1.1, FrequencyPenalty = 0.2 };
            var plain = Text(transformer, prompt, sampling, null, out _);
            foreach (var drafts in (int[])[1, 3, 8])
            {
                using var same = Held(transformer, prompt, prompt.Length);
                using var shortened = Held(transformer, prompt, 10);
                using var perturbed = Held(roundedTransformer, prompt, prompt.Length);
                using var foreign = Held(otherTransformer, prompt, prompt.Length);
                var drafters = new Dictionary<string, IDrafter>
                {
                    ["the same context"] = Drafter(same),
                    ["the last ten tokens"] = Drafter(shortened),
                    ["the same weights rounded otherwise"] = Drafter(perturbed),
                    ["another model"] = Drafter(foreign),
                    ["the answer itself"] = new LookupDrafter(plain, [], isPrediction: true),
                    ["a wrong prediction"] = new LookupDrafter([5, 6, 7, .. plain.Skip(4)], [], isPrediction: true),
                    ["the prompt"] = new LookupDrafter(prompt, prompt, isPrediction: false),
                };
                foreach (var (name, drafter) in drafters)
                {
                    var text = Text(transformer, prompt, sampling, new Speculator(drafter, Acceptance.Sampled, DraftLength.Fixed(drafts)), out var counts);
                    Assert.True(plain.SequenceEqual(text), $"{name}, {drafts} drafts, seed {seed}");
                    if (name == "the answer itself" || (name == "the same context" && temperature == 0))
                    {
                        Assert.Equal(counts.Drafted, counts.Accepted);
                    }
                }

                IDrafter Drafter(TransformerContext context) => new ContextDrafter(
                    context, prompt[^1], new TokenSampler(sampling with { Temperature = temperature == 0 ? 1 : temperature }, shape.VocabularySize),
                    new ContextDrafterOptions { TakesLikeliest = true, LeastConfidence = seed % 2 == 0 ? 0 : 0.05, EndTokens = NoEnds });
            }
        }
    }

    // Without a lean every rule is the likeliest token's, whatever the drafter draws.
    [Theory]
    [InlineData(AcceptanceRule.Rejection), InlineData(AcceptanceRule.Paper), InlineData(AcceptanceRule.ExactAugmented)]
    public void At_temperature_0_and_eta_0_every_rule_gives_exactly_the_text_of_plain_decoding(AcceptanceRule rule)
    {
        using var model = new LoadedModel(Shapes.Qwen, TensorType.Q8_0, seed: 26);
        using var other = new LoadedModel(Shapes.Qwen, TensorType.Q8_0, seed: 27);
        using var transformer = new Transformer(model.Weights, new TransformerOptions { Threads = 2 });
        using var otherTransformer = new Transformer(other.Weights, new TransformerOptions { Threads = 1 });
        var (accepted, refused) = (0, 0);
        for (var seed = 0; seed < 5; seed++)
        {
            var random = new Random(seed);
            int[] prompt = [.. Enumerable.Range(0, 30).Select(_ => random.Next(3, 300))];
            var plain = Text(transformer, prompt, new SamplingOptions(), null, out _);
            foreach (var drafts in (int[])[1, 4, 10])
            {
                using var same = Held(transformer, prompt, prompt.Length);
                using var shortened = Held(transformer, prompt, 12);
                using var foreign = Held(otherTransformer, prompt, prompt.Length);
                foreach (var context in (TransformerContext[])[same, shortened, foreign])
                {
                    var drafter = new ContextDrafter(
                        context, prompt[^1], new TokenSampler(new SamplingOptions { Temperature = 0.5, Seed = seed }, 300, stream: 1),
                        new ContextDrafterOptions { TakesLikeliest = false, LeastConfidence = 0, EndTokens = NoEnds });
                    Assert.Equal(plain, Text(transformer, prompt, new SamplingOptions(), new Speculator(drafter, new Acceptance(rule, 0, 0.1), DraftLength.Fixed(drafts)), out var counts));
                    (accepted, refused) = (accepted + counts.Accepted, refused + counts.Drafted - counts.Accepted);
                }
            }
        }

        Assert.True(accepted > 100 && refused > 100, $"{accepted} and {refused}");
    }

    [Fact]
    public void Keys_and_values_after_drafts_taken_and_refused_are_those_of_a_fresh_run()
    {
        using var model = new LoadedModel(Shapes.Llama, TensorType.Q8_0, seed: 23);
        using var transformer = new Transformer(model.Weights, new TransformerOptions { Threads = 2 });
        int[] prompt = [.. Enumerable.Range(3, 30)];
        using var draftContext = Held(transformer, prompt, 6);
        using var target = Held(transformer, prompt, prompt.Length);
        var sampler = new TokenSampler(new SamplingOptions { Temperature = 1, Seed = 5 }, 300);
        var generator = new TokenGenerator(
            target, prompt[^1], sampler, new TokenHistory(prompt), new GeneratorOptions { EndTokens = NoEnds, MostTokens = 60 },
            new Speculator(
                new ContextDrafter(draftContext, prompt[^1], new TokenSampler(new SamplingOptions { Temperature = 1, Seed = 6 }, 300), new ContextDrafterOptions { TakesLikeliest = false, LeastConfidence = 0, EndTokens = NoEnds }),
                new Acceptance(AcceptanceRule.Rejection), DraftLength.Fixed(5)));
        List<int> said = [.. prompt];
        while (generator.End == EndReason.None)
        {
            said.AddRange(generator.Next());
        }

        Assert.InRange(generator.Counts.Accepted, 1, generator.Counts.Drafted - 1);
        AssertSameAsFresh(target, said);
        AssertSameAsFresh(draftContext, [.. prompt.TakeLast(6), .. said.Skip(prompt.Length)]);

        void AssertSameAsFresh(TransformerContext context, List<int> tokens)
        {
            using var fresh = new TransformerContext(transformer, 512, CachePrecision.F32);
            fresh.Append([.. tokens.Take(context.Length), 7], 1);
            var expected = fresh.Logits(0).ToArray();
            context.Append([7], 1);
            Assert.Equal(expected, context.Logits(0).ToArray());
        }
    }

    [Fact]
    public void A_prompt_that_begins_like_the_one_before_is_read_from_where_they_part_with_the_same_result()
    {
        using var model = new LoadedModel(Shapes.Qwen, TensorType.Q8_0, seed: 24);
        using var transformer = new Transformer(model.Weights, new TransformerOptions { Threads = 2 });
        using var kept = new TransformerContext(transformer, 512, CachePrecision.BF16);
        var random = new Random(7);
        List<int> before = [];
        for (var round = 0; round < 20; round++)
        {
            var common = random.Next(before.Count + 1);
            List<int> prompt = [.. before.Take(common), .. Enumerable.Range(0, random.Next(1, 30)).Select(_ => random.Next(300))];
            Assert.InRange(kept.Read(PromptInput.Of(prompt)), common, prompt.Count);
            kept.Append([9], 1);
            var logits = kept.Logits(0).ToArray();
            using var fresh = new TransformerContext(transformer, 512, CachePrecision.BF16);
            fresh.Append([.. prompt, 9], 1);
            Assert.Equal(fresh.Logits(0).ToArray(), logits);
            before = [.. prompt, 9];
        }
    }

    [Fact]
    public void A_run_that_is_cancelled_leaves_what_it_has_read()
    {
        using var model = new LoadedModel(Shapes.Llama, TensorType.F32, seed: 25);
        using var transformer = new Transformer(model.Weights, new TransformerOptions { Threads = 1 });
        using var context = new TransformerContext(transformer, 512, CachePrecision.F32);
        var prompt = PromptInput.Of(Enumerable.Range(3, 200));
        Assert.Throws<OperationCanceledException>(() => context.Read(prompt, new CancellationToken(canceled: true)));
        Assert.Equal(0, context.Length);
        Assert.Equal(0, context.Read(prompt));
        Assert.Equal(200, context.Read(prompt));
    }

    private static TokenGenerator Markov(MarkovContext target, AcceptanceRule rule, double eta, int drafts, int seed, int most)
    {
        HashSet<int> ends = [3];
        var drafter = new ContextDrafter(
            new MarkovContext(Draft), 0, new TokenSampler(new SamplingOptions { Temperature = 1, Seed = seed + 1_000_000 }, 4),
            new ContextDrafterOptions { TakesLikeliest = false, LeastConfidence = 0, EndTokens = ends });
        return new TokenGenerator(
            target, 0, new TokenSampler(new SamplingOptions { Temperature = 1, Seed = seed }, 4), new TokenHistory([0]),
            new GeneratorOptions { EndTokens = ends, MostTokens = most }, new Speculator(drafter, new Acceptance(rule, eta, 0.1), DraftLength.Fixed(drafts)));
    }

    private static TransformerContext Held(Transformer transformer, int[] prompt, int last)
    {
        var context = new TransformerContext(transformer, 512, CachePrecision.F32);
        context.Read(PromptInput.Of(prompt.TakeLast(last).SkipLast(1)));
        return context;
    }

    private static List<int> Text(Transformer transformer, int[] prompt, SamplingOptions sampling, Speculator? speculator, out GenerationCounts counts)
    {
        using var target = Held(transformer, prompt, prompt.Length);
        var generator = new TokenGenerator(
            target, prompt[^1], new TokenSampler(sampling, 300), new TokenHistory(prompt), new GeneratorOptions { EndTokens = NoEnds, MostTokens = 48 }, speculator);
        List<int> text = [];
        while (generator.End == EndReason.None)
        {
            text.AddRange(generator.Next());
        }

        counts = generator.Counts;
        return text;
    }
}
