using System.CommandLine;
using AgentRag.Answering;
using AgentRag.Cli.Configuration;
using AgentRag.Cli.Output;
using AgentRag.Prompting;

namespace AgentRag.Cli.Commands;

/// <summary><c>agentrag ask</c>: answers a question, or a file of them.</summary>
internal static class AskCommand
{
    private static readonly Argument<string?> Question = new("question") { Description = "The question, in quotation marks.", Arity = ArgumentArity.ZeroOrOne };

    private static readonly Option<string?> History = new("--history")
    {
        HelpName = "FILE",
        Description = "The conversation before the question, JSON Lines with question and answer, oldest first (- for stdin): \"And when did he die?\" is made to stand alone.",
    };

    private static readonly Option<bool> Trace = new("--trace") { Description = "Show every request: its passages, demonstrations, tokens and reply." };

    public static Command Create(Terminal terminal)
    {
        var command = new ExampleCommand(
            "ask",
            "Answer a question about the indexed documents, under a token budget.",
            "Steps appear on stderr as they happen, the answer on stdout. With --questions a question that fails gets a line with its error, and the run goes on.",
            "agentrag ask \"Who endowed the prize that the decipherer of the tablets won?\"",
            "agentrag ask \"Which of the two bridges is older?\" --strategy drag --k 20 --m 4 --budget 32k",
            "agentrag ask \"And when did she die?\" --history conversation.jsonl",
            "agentrag ask \"Which of them is the oldest?\" --strategy auto --budget 128k",
            "agentrag ask \"...\" --model openai:qwen3:8b --base-url http://127.0.0.1:11434/v1 --trace",
            "agentrag ask --questions questions.jsonl --json > answers.jsonl")
        {
            Question, Flags.Questions, History, Trace, Flags.Json,
        };
        SettingKeys.AddTo(command, SettingKeys.OfAnswering);
        command.SetAction((parsed, cancellationToken) => RunAsync(terminal, parsed, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Terminal terminal, ParseResult parsed, CancellationToken cancellationToken)
    {
        var question = Flags.TextOrQuestions(parsed, Question);
        var settings = Settings.Read(parsed);
        using var composition = new Composition(settings, terminal.Warnings);
        var context = await composition.AnsweringAsync(cancellationToken);
        var answerer = await composition.AnswererAsync(settings.Strategy.Value, context, cancellationToken);
        var history = parsed.GetValue(History) is { } file ? await HistoryInput.ReadAsync(file, cancellationToken) : [];
        var run = new AskRun(terminal, settings, composition.Bounds, answerer, history, parsed.GetValue(Flags.Json), parsed.GetValue(Trace));
        var code = question is not null
            ? await run.OneAsync(question, cancellationToken)
            : await run.ManyAsync(parsed.GetValue(Flags.Questions)!, cancellationToken);
        CacheText.Write(terminal, composition.Cache);
        return code;
    }

    private sealed class AskRun(Terminal terminal, Settings settings, TokenBudgetOptions bounds, IAnswerer answerer, IReadOnlyList<ChatTurn> history, bool json, bool trace)
    {
        public async Task<int> OneAsync(string question, CancellationToken cancellationToken)
        {
            if (json)
            {
                terminal.WriteJson(AnswerJson.Whole(await answerer.AnswerAsync(Request(question), cancellationToken: cancellationToken), trace));
                return ExitCode.Success;
            }

            var answer = await ShowAsync(Request(question) with { StreamsText = terminal.IsInteractive }, cancellationToken);

            foreach (var line in AnswerText.Lines(answer, bounds).Concat(trace ? AnswerText.TraceLines(answer) : []))
            {
                terminal.WriteLine(line);
            }

            return ExitCode.Success;
        }

        public async Task<int> ManyAsync(string file, CancellationToken cancellationToken)
        {
            var questions = await QuestionInput.ReadAsync(file, cancellationToken);
            Request("-").Validated();
            return await terminal.WithProgressAsync("Answering", async report =>
            {
                var failed = 0;
                foreach (var (done, question) in questions.Index())
                {
                    report(done, questions.Count, $"{done:N0} of {questions.Count:N0}");
                    try
                    {
                        var answer = await answerer.AnswerAsync(Request(question.Question), cancellationToken: cancellationToken);
                        Write(question.Id, AnswerJson.Row(question.Id, answer), answer.Text);
                    }
                    catch (AgentRagException e)
                    {
                        failed++;
                        Write(question.Id, AnswerJson.FailedRow(question.Id, e.Message), $"error: {e.Message}");
                    }
                }

                return failed == 0 ? ExitCode.Success : ExitCode.SomeFailed;
            }, writesResults: true);
        }

        private AnswerRequest Request(string question) => new(question, settings.Parameters, bounds)
        {
            StopRules = settings.Answering.StopRules,
            Rewriting = settings.Asking.Rewriting.Value,
            History = history,
        };

        private void Write(string id, object row, string text)
        {
            if (json)
            {
                terminal.WriteJson(row);
            }
            else
            {
                terminal.WriteLine($"{id}\t{text}");
            }
        }

        // Steps, and the answer's words as they are written, go to stderr; the answer itself to stdout, once, when it is checked.
        private async Task<Answer> ShowAsync(AnswerRequest request, CancellationToken cancellationToken)
        {
            Answer? answer = null;
            var isWriting = false;
            await foreach (var happened in answerer.StreamAsync(request, cancellationToken))
            {
                if (happened is TextStreamed piece)
                {
                    terminal.WriteErrorPart(isWriting ? piece.Text : $"  writing: {piece.Text}");
                    isWriting = true;
                    continue;
                }

                if (isWriting)
                {
                    terminal.WriteError("");
                    isWriting = false;
                }

                answer = (happened as Answered)?.Answer ?? answer;
                if (AnswerText.Line(happened) is { } line)
                {
                    terminal.WriteError(line);
                }
            }

            return answer!;
        }
    }
}
