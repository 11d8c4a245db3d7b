using System.Globalization;
using AgentRag.Answering;
using AgentRag.Documents;
using AgentRag.Evaluation.Runs;
using AgentRag.Models;
using AgentRag.Tests.Fakes;
using Microsoft.Extensions.AI;

namespace AgentRag.Tests.Evaluation.Runs;

/// <summary>A small evaluation: made-up towns, a model of rules, a retriever that counts its queries.</summary>
internal sealed class RunFixture : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public RunFixture(int questions = 3)
    {
        Questions =
        [
            .. Enumerable.Range(1, questions).Select(i => new LabelledQuestion
            {
                Id = $"q{i}",
                Question = $"Who built light {i}?",
                Answers = [$"Builder {i}"],
                Supporting = [$"light-{i}"],
            }),
        ];
        Passages = [.. Enumerable.Range(1, Math.Max(questions, 12)).Select(i => TestPassages.Passage($"light-{i}", $"Light {i} was built by Builder {i}."))];
        Retriever = new ListRetriever(Passages);
        foreach (var question in Questions)
        {
            // The right passage stands second, so k = 1 misses it.
            var right = Passages.Single(passage => passage.DocumentId == question.Supporting[0]);
            var others = Passages.Where(passage => passage != right).ToArray();
            Retriever.ByQuery[question.Question] = [others[0], right, .. others[1..]];
        }
    }

    public IReadOnlyList<LabelledQuestion> Questions { get; }

    public Passage[] Passages { get; }

    public ListRetriever Retriever { get; }

    public string Folder => _folder["run"];

    /// <summary>Answers from the passage that names the light; says so when there is none.</summary>
    public static string Reply(GroundedRequest request)
    {
        var number = request.Question.Split(' ')[^1].TrimEnd('?');
        var found = request.Passages.Any(passage => passage.Text.Contains($"Light {number} was", StringComparison.Ordinal));
        var answer = found ? $"Builder {number}" : "not found";
        return request.Task switch
        {
            GroundedTask.Answer => answer,
            GroundedTask.NextStep when request.Steps.Count == 0 => $"Follow up: Where is light {number}?",
            GroundedTask.IntermediateAnswer => "Intermediate answer: in Orm",
            _ => $"So the final answer is: {answer}",
        };
    }

    public static RunManifest Manifest(string model = "scripted") => new()
    {
        DataSet = "lights",
        Model = model,
        Fingerprint = new Dictionary<string, string>(StringComparer.Ordinal) { ["model"] = model, ["index"] = new('a', 64), ["code"] = "1" },
        CreatedAt = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero),
    };

    public static IReadOnlyList<RunConfiguration> Grid(params int[] ks) => new RunGrid
    {
        Strategies = ["zero-shot", "rag", "iterdrag"],
        Ks = ks,
        Ms = [0],
        Ns = [1, 2],
        BudgetTokens = [10_000, 20_000],
    }.Configurations();

    public AnsweringContext Context(IChatClient model) => new() { Retriever = Retriever, Model = model, TokenCounter = new WordCounter() };

    public Task<RunEnd> RunAsync(
        IChatClient model,
        IReadOnlyList<RunConfiguration> configurations,
        EvaluationRunOptions? options = null,
        TimeProvider? time = null,
        IProgress<RunProgress>? progress = null,
        string? folder = null,
        CancellationToken cancellationToken = default) => RunAsync(Context(model), configurations, options, time, progress, folder, cancellationToken);

    public async Task<RunEnd> RunAsync(
        AnsweringContext context,
        IReadOnlyList<RunConfiguration> configurations,
        EvaluationRunOptions? options = null,
        TimeProvider? time = null,
        IProgress<RunProgress>? progress = null,
        string? folder = null,
        CancellationToken cancellationToken = default)
    {
        var clock = time ?? TimeProvider.System;
        using var run = RunWriter.Open(folder ?? Folder, Manifest(), Questions, clock);
        return await new EvaluationRun(context, Gold(), new TokenBudgetOptions(), options ?? new(), clock).RunAsync(run, Questions, configurations, progress, cancellationToken);
    }

    public ScoredRun Scored(string? folder = null) => ScoredRun.Of(RunReader.Open(folder ?? Folder));

    /// <summary>What a run came to, without what differs from sitting to sitting: times, and which replies were remembered.</summary>
    public IReadOnlyList<string> Results(string? folder = null)
    {
        var run = RunReader.Open(folder ?? Folder);
        return
        [
            .. run.Records().Select(record => string.Create(
                CultureInfo.InvariantCulture,
                $"{record.QuestionId} {record.Configuration} {record.Answer} {record.Error} {record.Tokens} {string.Join(';', record.Requests.Select(request => $"{request.Purpose} {request.Key} {request.Reply}"))} " +
                $"{string.Join(';', RunReader.PromptPassages(record).Select(prompt => string.Join(',', prompt.Select(number => run.Passages[number].Id))))} " +
                $"{string.Join(';', record.Retrievals.Select(retrieval => $"{retrieval.Query} {string.Join(',', retrieval.Passages.Select(number => run.Passages[number].Id))}"))} " +
                $"{string.Join(';', record.Steps)}")).Order(StringComparer.Ordinal),
        ];
    }

    public void Dispose() => _folder.Dispose();

    private ListRetriever Gold()
    {
        var gold = new ListRetriever();
        foreach (var question in Questions)
        {
            gold.ByQuery[question.Question] = [.. Passages.Where(passage => passage.DocumentId == question.Supporting[0])];
        }

        return gold;
    }
}
