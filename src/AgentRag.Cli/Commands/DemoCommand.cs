using System.CommandLine;
using System.Diagnostics;
using AgentRag.Answering;
using AgentRag.Cli.Configuration;
using AgentRag.Cli.Output;
using AgentRag.Documents;
using AgentRag.Evaluation.Runs;
using AgentRag.Indexing;

namespace AgentRag.Cli.Commands;

/// <summary><c>agentrag demo</c>: the whole way once, on the invented world, with the offline model.</summary>
internal static class DemoCommand
{
    // In the plain words that the offline model reads; the test questions are worded as people word them, and harder for it. Two facts one after the other, two
    // facts side by side, and one that the documents do not hold: of the architect's parents they name the father's trade alone.
    private static readonly LabelledQuestion[] Asked =
    [
        Labelled("When did the composer of the Ithrel Symphony die?", ["1924"], "works/ithrel-symphony", "people/anselm-maldry"),
        Labelled(
            "Which was completed earlier, Tollgate Bridge or the Kesper Viaduct?",
            ["Tollgate Bridge"], // 1869 against 1878
            "structures/tollgate-bridge", "structures/kesper-viaduct"),
        Labelled("Who was the mother of the architect of the Hassenby Library?", []),
    ];

    public static Command Create(Terminal terminal)
    {
        var command = new ExampleCommand(
            "demo",
            "Show the whole way once on an invented world, offline.",
            "Indexes 133 documents, answers multi-hop questions about them step by step, and scores eight strategies on 40 test questions. " +
            "Needs no key and no server, takes no settings, and leaves nothing behind.",
            "agentrag demo",
            "agentrag demo --json")
        {
            Flags.Json,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(terminal, parsed, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Terminal terminal, ParseResult parsed, CancellationToken cancellationToken)
    {
        DemoWorld.RequireInstalled();
        var clock = Stopwatch.StartNew();
        var json = parsed.GetValue(Flags.Json);
        var directory = Directory.CreateTempSubdirectory("agentrag-demo-").FullName;
        try
        {
            var settings = Settings.Defaults(parsed) with { Index = new(directory, Setting<string>.Default) };
            using var composition = new Composition(settings);
            var show = new Show(terminal, json);

            show.Heading("1. Index an invented world, which no model can know");
            var indexed = await IndexWork.IndexAsync(terminal, composition.Counter, new IndexRequest { Paths = [DemoWorld.Documents], IndexDirectory = directory, WithLinks = true }, cancellationToken);
            show.Line(
                $"{Plural.Of(indexed.Documents, "document")}, {Plural.Of(indexed.Passages, "passage")}, {Plural.Of(indexed.Tokens, "token")}",
                new { indexed.Documents, indexed.Passages, indexed.Tokens });

            var context = await composition.AnsweringAsync(cancellationToken);
            show.Heading($"2. Ask, step by step: iterdrag with model {context.ModelName} (offline and modest: the table below says how often it is right)");
            foreach (var question in Asked)
            {
                await AskAsync(show, question, Answerers.Create(IterDragAnswerer.Name, context), settings, cancellationToken);
            }

            var questions = await LabelledQuestionFile.LoadAsync(DemoWorld.Test, cancellationToken);
            show.Heading($"3. Score eight strategies on {questions.Count} test questions");
            var scored = await ScoreAsync(terminal, directory, settings, composition, context, questions, cancellationToken);
            var recall = await SupportRecall.MeasureAsync(context.Retriever, questions, cancellationToken);
            if (json)
            {
                terminal.WriteJson(EvaluationText.Totals(scored, end: null, recall, settings.Bounds, seed: 1));
                return ExitCode.Success;
            }

            EvaluationText.WriteTable(terminal, scored, recall, seed: 1);
            terminal.WriteLine(
                "These scores show the limits of the offline model, not of the method; with a language model run " +
                "'agentrag evaluate --questions FILE --strategy all --model openai:MODEL'.");
            show.Heading("4. Your own documents");
            terminal.WriteLine("agentrag index path/to/folder");
            terminal.WriteLine("agentrag ask \"a question that needs several of them\"");
            terminal.WriteLine("agentrag ask \"...\" --model openai:MODEL --base-url http://127.0.0.1:11434/v1   (any OpenAI-compatible server; far better than the offline model)");
            terminal.WriteLine("agentrag mcp path/to/folder                                                   (as tools for Claude Code, VS Code, Cursor)");
            terminal.WriteLine();
            terminal.WriteLine($"Done in {clock.Elapsed.TotalSeconds:0.0} s.");
            return ExitCode.Success;
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<ScoredRun> ScoreAsync(
        Terminal terminal,
        string directory,
        Settings settings,
        Composition composition,
        AnsweringContext context,
        IReadOnlyList<LabelledQuestion> questions,
        CancellationToken cancellationToken)
    {
        var grid = new RunGrid
        {
            Strategies = Answerers.Names,
            Ks = [settings.K.Value],
            Ms = [settings.M.Value],
            Ns = [settings.N.Value],
            BudgetTokens = [settings.Budget.Value],
        };
        var dataSet = new DataSet { Name = "demo world", Format = DataSetFormat.AgentRag, Questions = questions };
        var manifest = await RunSetup.ManifestAsync(dataSet.Name, dataSet, settings, composition, context, seed: 1, cancellationToken);
        var folder = Path.Combine(directory, "run");
        using (var run = RunWriter.Open(folder, manifest, questions, TimeProvider.System))
        {
            await new StrategyEvaluation(terminal, context, gold: null, settings, settings.Bounds, new EvaluationRunOptions())
                .RunAsync(run, questions, grid.Configurations(), _ => { }, writesResults: false, cancellationToken);
        }

        return ScoredRun.Of(RunReader.Open(folder));
    }

    private static LabelledQuestion Labelled(string question, string[] answers, params string[] supporting) =>
        new() { Id = question, Question = question, Answers = answers, Supporting = supporting };

    private static async Task AskAsync(Show show, LabelledQuestion question, IAnswerer answerer, Settings settings, CancellationToken cancellationToken)
    {
        show.Text($"Question: {question.Question}");
        var answer = await answerer.AnswerAsync(
            new AnswerRequest(question.Question, settings.Parameters, settings.Bounds),
            new SynchronousProgress<AnswerEvent>(happened => show.Text(AnswerText.Line(happened))),
            cancellationToken);

        // The steps have just been shown.
        foreach (var line in AnswerText.Lines(answer with { Steps = [] }, settings.Bounds))
        {
            show.Text(line);
        }

        show.Text(question.IsAnswerable ? $"Expected: {question.Answers[0]}" : "Expected: not found (the documents do not say)");
        show.Line("", AnswerJson.Whole(answer, withTrace: false));
    }

    /// <summary>Text for a person, or JSON lines, never both.</summary>
    private sealed class Show(Terminal terminal, bool json)
    {
        public void Heading(string title)
        {
            Text("");
            Text(title);
            Text(new string('-', title.Length));
        }

        public void Line(string text, object value)
        {
            if (json)
            {
                terminal.WriteJson(value);
            }

            Text(text);
        }

        public void Text(string? text)
        {
            if (!json && text is not null)
            {
                terminal.WriteLine(text);
            }
        }
    }
}
