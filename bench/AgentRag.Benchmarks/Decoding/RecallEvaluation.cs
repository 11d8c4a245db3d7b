using AgentRag.Decoding.Generation;
using AgentRag.Decoding.Refrag;
using AgentRag.Decoding.Sampling;
using AgentRag.Decoding.Speculation;
using AgentRag.Decoding.Training;
using AgentRag.Decoding.Transformers;
using AgentRag.Decoding.Weights;

namespace AgentRag.Benchmarks.Decoding;

/// <summary>What RAPID and REFRAG do to the answers of the trained test model.</summary>
internal static class RecallEvaluation
{
    private const int Retrieved = 2;

    public static int Run(string[] args)
    {
        var arguments = new NamedArguments(args, ["--model", "--questions", "--notes"]);
        var (directory, questions, notes) = (
            arguments.Text("--model", "tests/AgentRag.Decoding.Tests/TestModel"), arguments.Number("--questions", 300), arguments.Number("--notes", 48));
        var path = Path.Combine(directory, "recall.gguf");
        using var file = GgufFile.Open(path);
        using var weights = new TransformerWeights(path, TransformerShape.From(file), file.Tensors, 1);
        using var transformer = new Transformer(weights, new TransformerOptions { Threads = 1 });
        var adapter = RefragAdapter.Open(Path.Combine(directory, "recall-refrag.safetensors"), RefragAdapter.FingerprintOf(file));
        using var embeddings = new ChunkEmbeddings(adapter);
        using var target = new TransformerContext(transformer, 1_024, CachePrecision.F32);
        using var drafter = new TransformerContext(transformer, 256, CachePrecision.F32);
        var random = new SeededNumbers(99);
        List<RecallText> texts = [.. Enumerable.Range(0, questions).Select(_ => RecallTask.Make(random, notes, 1))];

        Console.WriteLine($"{questions} questions about {notes} notes ({notes * RecallTask.NoteTokens} tokens), temperature 1; right: all {RecallTask.AnswerTokens} tokens; one standard error is at most {50 / Math.Sqrt(questions):0.0} points");
        Console.WriteLine("| decoding | right %, relevant notes retrieved | accepted % | right %, irrelevant notes retrieved | accepted % |");
        Console.WriteLine("| --- | --- | --- | --- | --- |");
        Report("long context", text => (Generate(target, All(text), null, text), null), text => null);
        Report($"RAG, {Retrieved} notes", text => (Generate(drafter, Some(text, isRelevant: true), null, text), null), text => (Generate(drafter, Some(text, isRelevant: false), null, text), null));
        foreach (var (label, acceptance) in ((string, Acceptance)[])
        [
            ("speculative, sampled-verify", Acceptance.Sampled), ("speculative, rejection (eta 0)", new Acceptance(AcceptanceRule.Rejection)),
            .. ((double[])[1, 5, 10, 20]).Select(eta => ($"RAPID as published, eta {eta}, tail rule", new Acceptance(AcceptanceRule.Paper, eta, 0.1))),
            .. ((double[])[1, 5, 10, 20]).Select(eta => ($"RAPID as published, eta {eta}, no tail rule", new Acceptance(AcceptanceRule.Paper, eta))),
            .. ((double[])[1, 5, 10, 20]).Select(eta => ($"exact-augmented, eta {eta}", new Acceptance(AcceptanceRule.ExactAugmented, eta))),
        ])
        {
            Report(label, text => Rapid(text, isRelevant: true), text => Rapid(text, isRelevant: false));

            (bool, GenerationCounts?)? Rapid(RecallText text, bool isRelevant)
            {
                var prompt = Some(text, isRelevant);
                drafter.Read(PromptInput.Of(prompt.Tokens.SkipLast(1)));
                var seed = text.Notes[0][1] + (100 * text.Notes[0][2]);
                var speculator = new Speculator(
                    new ContextDrafter(
                        drafter, prompt.Tokens.Last(), new TokenSampler(new SamplingOptions { Temperature = 1, Seed = seed }, RecallTask.VocabularySize, stream: 1),
                        new ContextDrafterOptions { TakesLikeliest = acceptance.Rule == AcceptanceRule.Sampled, LeastConfidence = 0, EndTokens = new HashSet<int>() }),
                    acceptance, DraftLength.Fixed(RecallTask.AnswerTokens));
                GenerationCounts? counts = null;
                return (Generate(target, All(text), speculator, text, made => counts = made), counts);
            }
        }

        Console.WriteLine();
        var notesPerChunk = adapter.Rate / RecallTask.NoteTokens;
        Console.WriteLine($"| REFRAG, k = {adapter.Rate}, notes in the text | places: plain, compressed | plain | all compressed | 1 chunk expanded: by question | by policy | by perplexity | at random |");
        Console.WriteLine("| --- | --- | --- | --- | --- | --- | --- | --- |");
        foreach (var chunks in (int[])[1, 2, 4, 8, 16, 32])
        {
            if (chunks * notesPerChunk > RecallTask.Keys)
            {
                break;
            }

            var some = Enumerable.Range(0, questions).Select(_ => RecallTask.Make(random, chunks * notesPerChunk, 1)).ToList();
            double Right(Func<RecallText, PromptInput> prompt) => 100.0 * some.Count(text => Generate(target, prompt(text), null, text, temperature: 0)) / some.Count;
            PromptInput Compressed(RecallText text, ExpansionPolicy policy)
            {
                int[] tokens = [.. All(text).Tokens];
                return CompressedPrompt.Of(
                    tokens, [(1, tokens.Length - 2)], tokens[^2..], transformer, embeddings, adapter, new RefragOptions { ExpandedShare = 1.0 / chunks, Policy = policy }, seed: text.Notes[0][1]).Input;
            }

            Console.WriteLine(
                $"| {chunks * notesPerChunk} | {All(some[0]).Length}, {Compressed(some[0], ExpansionPolicy.None).Length} | {Right(All):0.0} "
                + string.Concat(((ExpansionPolicy[])[ExpansionPolicy.None, ExpansionPolicy.Query, ExpansionPolicy.Policy, ExpansionPolicy.Perplexity, ExpansionPolicy.Random])
                    .Select(policy => $"| {Right(text => Compressed(text, policy)):0.0} ")) + "|");
        }

        return 0;

        void Report(string label, Func<RecallText, (bool Right, GenerationCounts? Counts)?> relevant, Func<RecallText, (bool Right, GenerationCounts? Counts)?> irrelevant) =>
            Console.WriteLine($"| {label} | {Cells(relevant)} | {Cells(irrelevant)} |");

        string Cells(Func<RecallText, (bool Right, GenerationCounts? Counts)?> ask)
        {
            var answers = texts.Select(ask).OfType<(bool Right, GenerationCounts? Counts)>().ToList();
            if (answers.Count == 0)
            {
                return "- | -";
            }

            var drafted = answers.Sum(answer => answer.Counts?.Drafted ?? 0);
            return $"{100.0 * answers.Count(answer => answer.Right) / answers.Count:0.0} | {(drafted == 0 ? "-" : $"{100.0 * answers.Sum(answer => answer.Counts!.Accepted) / drafted:0.0}")}";
        }
    }

    private static PromptInput All(RecallText text) => Ask(text, text.Notes);

    // The asked note and the one after it, or the two after it, in the order of the text.
    private static PromptInput Some(RecallText text, bool isRelevant)
    {
        var first = text.Asked[0] + (isRelevant ? 0 : 1);
        return Ask(text, [.. Enumerable.Range(first, Retrieved).Select(note => note % text.Notes.Count).Order().Select(note => text.Notes[note])]);
    }

    private static PromptInput Ask(RecallText text, IReadOnlyList<int[]> notes) =>
        PromptInput.Of([.. text.Before, .. notes.SelectMany(note => note), .. RecallTask.Ask(text.Notes[text.Asked[0]])[..2]]);

    private static bool Generate(TransformerContext context, PromptInput prompt, Speculator? speculator, RecallText text, Action<GenerationCounts>? counts = null, double temperature = 1)
    {
        context.Read(prompt.WithoutLast());
        var seed = text.Notes[0][1] + (100 * text.Notes[0][2]);
        var generator = new TokenGenerator(
            context, (int)prompt.Keys[^1], new TokenSampler(new SamplingOptions { Temperature = temperature, Seed = seed }, RecallTask.VocabularySize), new TokenHistory(prompt.Tokens),
            new GeneratorOptions { EndTokens = new HashSet<int>(), MostTokens = RecallTask.AnswerTokens + 1 }, speculator); // one more, so that the last token of the answer can be a draft too
        List<int> answer = [];
        while (generator.End == EndReason.None)
        {
            answer.AddRange(generator.Next());
        }

        counts?.Invoke(generator.Counts);
        return answer.Take(RecallTask.AnswerTokens).SequenceEqual(RecallTask.Ask(text.Notes[text.Asked[0]])[2..]);
    }
}
