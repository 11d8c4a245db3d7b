using System.Diagnostics;
using AgentRag.Benchmarks.Lexical;
using AgentRag.Benchmarks.TokenCounting;
using AgentRag.Demonstrations;
using AgentRag.Documents;
using AgentRag.Prompting;
using AgentRag.Tokens;
using AgentRag.Tokens.Vocabularies;

namespace AgentRag.Benchmarks.Prompting;

/// <summary>Plans and renders prompts of a million tokens out of ten thousand passages, when all fits and when some has to go.</summary>
internal static class PackingBenchmark
{
    private const int TokenTarget = 1_000_000;
    private const int Passages = 10_000;

    public static int Run(TokensArguments arguments)
    {
        PassageTexts.Make(arguments.Text, arguments.Real, arguments.Megabytes);
        ITokenCounter counter = arguments.Vocabulary is { } file ? TokenCounters.OpenFile(file) : new EstimatingTokenCounter();
        var texts = PassageTexts.Read(arguments.Text);

        // A million tokens over ten thousand passages: short passages are joined until they have about 75 tokens of text beside the 25 of their delimiters.
        List<Passage> passages = [];
        for (var i = 0; passages.Count < Passages + 1_000; i++)
        {
            var text = texts[i % texts.Length];
            while (counter.Count(text) < 62)
            {
                text = $"{text} {texts[++i % texts.Length]}";
            }

            text = text[..counter.FitLength(text, 75)];
            passages.Add(new Passage
            {
                Id = $"d{i}#{passages.Count}",
                DocumentId = $"d{i}",
                Title = $"Document {i}",
                Source = "d",
                Start = 0,
                End = text.Length,
                Text = text,
                ContentHash = "",
                TokenCount = counter.Count(text),
            });
        }

        var template = PromptLibrary.Default.Get(PromptName.Rag);
        var fitting = Content(passages.Take(Passages));
        var tooMuch = Content(passages);
        Measure("first time (texts made harmless and counted)", 1, () => PromptPacker.Pack(template, fitting, counter, int.MaxValue)!);
        var all = PromptPacker.Pack(template, fitting, counter, int.MaxValue)!.Prompt.TokenCount;
        Measure($"{Passages:N0} passages, all fit", arguments.Rounds, () => PromptPacker.Pack(template, fitting, counter, int.MaxValue)!);
        Measure($"{passages.Count:N0} passages, as many as fit into {Math.Min(all, TokenTarget):N0} tokens", arguments.Rounds, () => PromptPacker.Pack(template, tooMuch, counter, Math.Min(all, TokenTarget))!);
        var demonstrations = tooMuch with { Passages = [.. tooMuch.Passages.Take(1_000)], Demonstrations = Demonstrations(passages) };
        Measure("100 demonstrations of 100 passages each and 1,000 passages, as many as fit into 900,000 tokens", arguments.Rounds, () => PromptPacker.Pack(PromptLibrary.Default.Get(PromptName.Drag), demonstrations, counter, 900_000)!);
        return 0;

        void Measure(string what, int rounds, Func<PackedPrompt> pack)
        {
            List<(double Wall, double Processor)> times = [];
            PackedPrompt? packed = null;
            for (var round = rounds == 1 ? 0 : -5; round < rounds; round++)
            {
                var (wall, processor) = (Stopwatch.GetTimestamp(), ThreadTime.Now());
                packed = pack();
                if (round >= 0)
                {
                    times.Add((Stopwatch.GetElapsedTime(wall).TotalMilliseconds, (ThreadTime.Now() - processor) / 1e3));
                }
            }

            times.Sort((a, b) => a.Processor.CompareTo(b.Processor));
            var exact = RenderedPrompt.CountTokens(counter, packed!.Prompt.System, packed.Prompt.User);
            Console.WriteLine(
                $"{what}: {packed.Prompt.TokenCount:N0} tokens ({(exact == packed.Prompt.TokenCount ? "exact" : $"WRONG, {exact:N0}")}), {packed.Trimmed.Passages + packed.Trimmed.DemonstrationPassages:N0} passages left out; " +
                $"median {times[times.Count / 2].Processor:F1} ms processor time, {times[times.Count / 2].Wall:F1} ms on the wall; best {times[0].Processor:F1}");
        }
    }

    private static PromptContent Content(IEnumerable<Passage> passages) => new()
    {
        Question = "Who designed the bridge that was opened in the year of the flood?",
        Passages = [.. passages.Select((passage, i) => new NumberedPassage(i + 1, 0, i + 1, passage))],
    };

    private static List<PreparedDemonstration> Demonstrations(List<Passage> passages) => [.. Enumerable.Range(0, 100).Select(d => new PreparedDemonstration(
        new Demonstration { Id = $"e{d}", Question = $"Who built number {d}?", Answer = "Nobody", Steps = [], Supporting = [] },
        [[.. passages.Skip(d * 100).Take(100)]]))];
}
