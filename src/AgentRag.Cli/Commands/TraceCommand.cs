using System.CommandLine;
using AgentRag.Cli.Output;
using AgentRag.Documents;
using AgentRag.Evaluation.Runs;
using Spectre.Console;

namespace AgentRag.Cli.Commands;

/// <summary><c>agentrag trace</c>: shows how a question of a recorded run was answered.</summary>
internal static class TraceCommand
{
    // Of a grid only what was asked for is shown whole.
    private const int MaxWholeTraces = 3;

    private static readonly Argument<string> Run = new("RUN") { Description = "Folder of an evaluation run." };

    private static readonly Argument<string> Question = new("QUESTION") { Description = "A question's id, its number in the data set from 1, or words of it." };

    private static readonly Option<string?> Strategy = new("--strategy") { HelpName = "NAME", Description = "Only this strategy." };

    private static readonly Option<int?> K = Flags.Number<int>("--k", "K", "Only this k.");

    private static readonly Option<int?> M = Flags.Number<int>("--m", "M", "Only this m.");

    private static readonly Option<int?> N = Flags.Number<int>("--n", "N", "Only this n.");

    private static readonly Option<bool> Passages = new("--passages") { Description = "Show the texts of the passages." };

    public static Command Create(Terminal terminal)
    {
        var command = new ExampleCommand(
            "trace",
            "Show how a question of a recorded run was answered: sub-queries, passages, requests, replies.",
            "A run with many configurations gives a list first; choose with --strategy, --k, --m and --n.",
            "agentrag trace agentrag-runs/hotpotqa-1a2b3c4d 17",
            "agentrag trace runs/hotpotqa 5a7decc75542995f4f40230f --strategy iterdrag --k 5 --passages",
            "agentrag trace runs/hotpotqa \"Haymo of Faversham\" --json")
        {
            Run, Question, Strategy, K, M, N, Passages, Flags.Json,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(terminal, parsed, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Terminal terminal, ParseResult parsed, CancellationToken cancellationToken)
    {
        var run = RunReader.Open(parsed.GetValue(Run)!);
        var question = Find(run, parsed.GetValue(Question)!);
        var records = await Task.Run(
            () => run.Records().Where(record => record.QuestionId == question.Id).GroupBy(record => record.Configuration).Select(same => same.Last())
                .Where(record => Matches(parsed, record)).OrderBy(record => record.Configuration, RunConfiguration.Order).ToList(),
            cancellationToken);
        if (records.Count == 0)
        {
            throw new AgentRagException($"Run '{run.Directory}' has no such result of question '{question.Id}': leave out --strategy, --k, --m or --n to see what it has.");
        }

        var trace = new Trace(terminal, run, question, parsed.GetValue(Passages));
        if (parsed.GetValue(Flags.Json))
        {
            records.ForEach(trace.WriteJson);
            return ExitCode.Success;
        }

        trace.WriteQuestion();
        if (records.Count > MaxWholeTraces)
        {
            trace.WriteList(records);
            return ExitCode.Success;
        }

        records.ForEach(trace.WriteWhole);
        return ExitCode.Success;
    }

    private static bool Matches(ParseResult parsed, RunRecord record) =>
        (parsed.GetValue(Strategy) is not { } strategy || record.Strategy == strategy)
        && (parsed.GetValue(K) is not { } k || record.K == k) && (parsed.GetValue(M) is not { } m || record.M == m) && (parsed.GetValue(N) is not { } n || record.N == n);

    private static LabelledQuestion Find(RunReader run, string text)
    {
        if (run.Questions.FirstOrDefault(question => question.Id == text) is { } exact)
        {
            return exact;
        }

        if (int.TryParse(text, out var number))
        {
            return number >= 1 && number <= run.Questions.Count
                ? run.Questions[number - 1]
                : throw new AgentRagException($"Run '{run.Directory}' has {run.Questions.Count:N0} questions; there is no number {number}.");
        }

        List<LabelledQuestion> found = [.. run.Questions.Where(question => question.Question.Contains(text, StringComparison.OrdinalIgnoreCase))];
        return found switch
        {
            [var one] => one,
            [] => throw new AgentRagException($"No question of run '{run.Directory}' has the id '{text}' or holds these words."),
            _ => throw new AgentRagException($"{found.Count:N0} questions hold '{text}': {string.Join("; ", found.Take(5).Select(question => $"{question.Id} {question.Question}"))}. Give the id of one."),
        };
    }

    private sealed class Trace(Terminal terminal, RunReader run, LabelledQuestion question, bool withTexts)
    {
        public void WriteQuestion()
        {
            terminal.WriteLine($"Question {question.Id}: {question.Question}");
            terminal.WriteLine(question.IsAnswerable ? $"Gold: {string.Join(" | ", question.Answers)}" : "Gold: none; the documents hold no answer");
            foreach (var (i, step) in question.Decomposition.Index())
            {
                terminal.WriteLine($"  gold step {i + 1}: {step.Question} -> {step.Answer}");
            }
        }

        public void WriteList(List<RunRecord> records)
        {
            var table = new Table().AddColumn("strategy");
            foreach (var column in new List<string> { "k", "m", "n", "budget", "tokens", "requests", "EM" })
            {
                table.AddColumn(new TableColumn(column).RightAligned());
            }

            table.AddColumn("answer");
            foreach (var record in records)
            {
                table.AddRow(
                    record.Strategy, $"{record.K}", $"{record.M}", $"{record.N}", Scores.ShortTokens(record.Budget), Scores.Tokens(record.Tokens), $"{record.Requests.Count}",
                    record.IsFailed ? "-" : $"{Metrics(record).ExactMatch:0}", Markup.Escape(record.Error ?? record.Answer ?? ""));
            }

            terminal.WriteTable(table);
            terminal.WriteLine($"{Plural.Of(records.Count, "result")}; choose with --strategy, --k, --m and --n to see the whole way of one.");
        }

        public void WriteWhole(RunRecord record)
        {
            terminal.WriteLine();
            terminal.WriteLine(record.Configuration.ToString());
            if (record.IsFailed)
            {
                terminal.WriteLine($"  failed: {record.Error}");
            }

            foreach (var retrieval in record.Retrievals)
            {
                terminal.WriteLine($"  retrieved for: {retrieval.Query}{(retrieval.Duplicates is { } copies ? $" ({Plural.Of(copies, "passage")} left out that another says word for word)" : "")}");
                foreach (var number in retrieval.Passages)
                {
                    WritePassage(number);
                }
            }

            foreach (var (i, request) in record.Requests.Index())
            {
                terminal.WriteLine(
                    $"  request {i + 1}, {request.Purpose}: {request.Tokens:N0} tokens, passages {string.Join(' ', RunReader.PromptPassages(record)[i])}" +
                    (request.Demonstrations.Count > 0 ? $", demonstrations {string.Join(' ', request.Demonstrations)}" : "") +
                    (request.Trimmed is [var passages, var ofDemonstrations, var demonstrations] ? $", left out {passages} passages, {ofDemonstrations} of demonstrations, {demonstrations} demonstrations" : "") +
                    (request.Reused ? ", reply known from another configuration" : ""));
                terminal.WriteLine(request.Error is null ? $"    reply: {request.Reply.ReplaceLineEndings(" ")}" : $"    failed: {request.Error}");
            }

            if (!record.IsFailed)
            {
                var metrics = Metrics(record);
                terminal.WriteLine($"  answer: {record.Answer}   (EM {metrics.ExactMatch:0}, F1 {Scores.Percent(metrics.F1)}, Acc {metrics.Accuracy:0}; {Json.CamelCase(record.StopReason!)}; {record.Tokens:N0} tokens, {record.Seconds:0.000} s)");
            }
        }

        public void WriteJson(RunRecord record)
        {
            var prompts = RunReader.PromptPassages(record);
            terminal.WriteJson(new
            {
                question.Id,
                question.Question,
                question.Answers,
                record.Strategy,
                record.K,
                record.M,
                record.N,
                record.Budget,
                record.Answer,
                record.Error,
                StopReason = record.StopReason is { } reason ? Json.CamelCase(reason) : null,
                EffectiveContextTokens = record.Tokens,
                record.Seconds,
                record.Cost,
                record.Steps,
                Retrievals = record.Retrievals.Select(retrieval => new { retrieval.Query, Passages = retrieval.Passages.Select(IdOf), retrieval.Duplicates }),
                Requests = record.Requests.Select((request, i) => new { request.Purpose, request.Tokens, Passages = prompts[i].Select(IdOf), request.Demonstrations, request.Trimmed, request.Reply, request.Error, request.Reused }),
            });
        }

        private Evaluation.AnswerMetrics Metrics(RunRecord record) => Evaluation.AnswerMetrics.Score(record.Answer ?? "", record.IsNotFound, question.Answers);

        private string IdOf(int number) => number < run.Passages.Count ? run.Passages[number].Id : $"{number} (lost)";

        private void WritePassage(int number)
        {
            var passage = number < run.Passages.Count ? run.Passages[number] : null;
            terminal.WriteLine($"    {number} {passage?.Title ?? "(lost)"}{(passage is not null && question.Supporting.Contains(passage.DocumentId) ? " [supporting]" : "")}");
            if (withTexts && passage is not null)
            {
                terminal.WriteLine($"      {passage.Text.ReplaceLineEndings(" ")}");
            }
        }
    }
}
