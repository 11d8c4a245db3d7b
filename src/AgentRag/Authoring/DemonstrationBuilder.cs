using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using AgentRag.Answering;
using AgentRag.Demonstrations;
using AgentRag.Documents;
using AgentRag.Evaluation;
using AgentRag.Prompting;

namespace AgentRag.Authoring;

/// <summary>Builds a pool of demonstrations from labelled questions (paper section 4.1 and appendix on demonstration construction).</summary>
/// <remarks>
/// For DRAG a labelled question is given the passages that its retriever finds. For IterDRAG the loop itself is run, and a trace is kept when it has
/// intermediate steps and a correct final answer; the answer shown is the gold one. Departs from the paper: a trace in which a step found nothing is not kept,
/// although its answer is right, and of several right traces the shortest is. Every finished try is in the log <c>POOL.work.jsonl</c> before the next begins,
/// so a build that was killed goes on where it was.
/// </remarks>
/// <param name="context">What answers the questions.</param>
/// <param name="options">How.</param>
/// <param name="time">The clock for the time to go; null for the system's.</param>
public sealed class DemonstrationBuilder(AnsweringContext context, DemonstrationBuildOptions options, TimeProvider? time = null)
{
    private readonly DemonstrationBuildOptions _options = options.Validated();
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>The work log of a pool.</summary>
    /// <param name="poolPath">The pool's file.</param>
    public static string LogPathOf(string poolPath) => $"{poolPath}.work.jsonl";

    /// <summary>Builds a pool, or goes on with one.</summary>
    /// <param name="questions">The labelled questions.</param>
    /// <param name="poolPath">The file that is written when the build ends by itself or by a limit; its log stands beside it from the beginning.</param>
    /// <param name="progress">Told of each finished question; null when nobody listens.</param>
    /// <param name="cancellationToken">Ends the build; what is finished stays in the log.</param>
    /// <returns>The pool with its yield.</returns>
    /// <exception cref="AgentRagException">The log belongs to another build, a file cannot be written, tries keep failing, or there is a cost limit and the model's
    /// price is not known.</exception>
    public async Task<DemonstrationBuildResult> RunAsync(
        IReadOnlyList<LabelledQuestion> questions, string poolPath, IProgress<DemonstrationBuildProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(questions);
        ArgumentException.ThrowIfNullOrEmpty(poolPath);
        if (_options is { MaxCost: not null, Strategy: IterDragAnswerer.Name } && context.Prices.Find(context.ModelName) is null)
        {
            throw new AgentRagException($"There is a cost limit, but the prices do not name the model '{context.ModelName}': name it with --prices FILE, or leave the limit out.");
        }

        using var log = BuildLog.Open(LogPathOf(poolPath), Settings(), _options.Anew);
        var run = new Run(this, log, questions, progress);
        var end = await run.AskAllAsync(cancellationToken).ConfigureAwait(false);
        var pool = run.Pool();
        await DemonstrationFile.SaveAsync(poolPath, pool, cancellationToken).ConfigureAwait(false);
        return new DemonstrationBuildResult(pool, run.Yield(), end);
    }

    /// <summary>What a trace depends on: a log begun with other settings would mix two builds.</summary>
    private Dictionary<string, string> Settings()
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["strategy"] = _options.Strategy,
            ["retriever"] = context.Retriever.Name,
            ["index"] = _options.IndexVersion ?? "not known",
            ["tries"] = string.Join("; ", _options.Tries.Select(Describe)),
        };
        if (_options.Strategy == IterDragAnswerer.Name)
        {
            settings["model"] = context.ModelName;
            settings["correct"] = _options.Correct.ToString();
            settings["budget"] = string.Create(
                CultureInfo.InvariantCulture,
                $"{_options.Budget.MaxEffectiveContextTokens}, window {_options.Budget.ContextWindowTokens}, answer {_options.Budget.ReservedAnswerTokens}, deadline {_options.Budget.Deadline?.TotalSeconds}, calls {_options.Budget.MaxCalls}, cost {_options.Budget.MaxCost}");
            settings["prompts"] = string.Join(' ', new[] { PromptName.IterDragStep, PromptName.IterDragFinal }.Select(name => context.Prompts.Get(name).ContentHash[..12]));
            settings["demonstrations"] = string.Create(CultureInfo.InvariantCulture, $"{context.Demonstrations.Count} {Hash(context.Demonstrations.Pool.Select(shown => shown.Id + shown.Question))[..12]}");
        }

        return settings;
    }

    private string Describe(BuildTry attempt) => _options.Strategy == DragAnswerer.Name
        ? $"k={attempt.Parameters.K}"
        : string.Create(CultureInfo.InvariantCulture, $"{attempt.Parameters}, temperature={attempt.Temperature}, seed={attempt.Seed}");

    private static string Hash(IEnumerable<string> texts) => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(texts)));

    private async Task<BuildAttempt> TryAsync(LabelledQuestion question, string hash, int number, decimal? costLeft, CancellationToken cancellationToken)
    {
        var attempt = new BuildAttempt { Id = question.Id, Question = hash, Try = number, Outcome = TraceOutcome.Failed };
        var isBounded = costLeft is not null && !(_options.Budget.MaxCost <= costLeft);
        try
        {
            return _options.Strategy == DragAnswerer.Name
                ? await GivePassagesAsync(question, attempt, cancellationToken).ConfigureAwait(false)
                : await TraceAsync(question, attempt, _options.Tries[number - 1], isBounded ? costLeft : null, cancellationToken).ConfigureAwait(false);
        }
        catch (AnswerFailedException e)
        {
            // What was sent before it failed was paid for all the same.
            return Spent(attempt, e.Progress.Usage) with { Error = e.Message };
        }
        catch (AgentRagException e)
        {
            // Nothing was sent: where money is short, not even the bare question can be paid.
            return attempt with { Error = e.Message, IsCutByCost = isBounded };
        }
    }

    private static BuildAttempt Spent(BuildAttempt attempt, AnswerUsage usage) => attempt with
    {
        Requests = usage.Calls,
        EffectiveContextTokens = usage.EffectiveContextTokens,
        OutputTokens = usage.OutputTokens ?? 0,
        Cost = usage.Cost,
    };

    private async Task<BuildAttempt> GivePassagesAsync(LabelledQuestion question, BuildAttempt attempt, CancellationToken cancellationToken)
    {
        var built = await WithPassagesAsync(Demonstration.From(question), model: null, _options.Tries[0].Parameters.K, tokens: 0, cancellationToken).ConfigureAwait(false);
        return built.Rankings![0].Count == 0
            ? attempt with { Outcome = TraceOutcome.NoPassages }
            : attempt with { Outcome = TraceOutcome.Usable, Steps = built.Steps.Count, Demonstration = built };
    }

    private async Task<BuildAttempt> TraceAsync(
        LabelledQuestion question, BuildAttempt attempt, BuildTry how, decimal? maxCost, CancellationToken cancellationToken)
    {
        var answerer = new IterDragAnswerer(
            how.Temperature is null && how.Seed is null ? context : context with { Model = new SampledChatClient(context.Model, how.Temperature, how.Seed) });
        var budget = maxCost is null ? _options.Budget : _options.Budget with { MaxCost = maxCost };
        var answer = await answerer.AnswerAsync(new AnswerRequest(question.Question, how.Parameters, budget), cancellationToken: cancellationToken).ConfigureAwait(false);
        attempt = Spent(attempt, answer.Usage);
        if (maxCost is not null && answer.StopReason == StopReason.CostLimit)
        {
            return attempt with { Error = "The cost limit of the build was reached.", IsCutByCost = true };
        }

        var outcome = Judge(question, answer);
        attempt = attempt with { Outcome = outcome, Answer = answer.Text, Steps = answer.Steps.Count };
        if (outcome != TraceOutcome.Usable)
        {
            return attempt;
        }

        var traced = Demonstration.From(question) with { Steps = answer.Steps };
        return attempt with
        {
            Demonstration = await WithPassagesAsync(traced, answer.Model, how.Parameters.K, answer.EffectiveContextTokens, cancellationToken).ConfigureAwait(false),
        };
    }

    private TraceOutcome Judge(LabelledQuestion question, Answer answer)
    {
        var metrics = AnswerMetrics.Score(answer.Text, answer.IsNotFound, question.Answers);
        return (_options.Correct == CorrectAnswer.ExactMatch ? metrics.ExactMatch : metrics.Accuracy) < 1 ? TraceOutcome.WrongAnswer
            : answer.Steps.Count == 0 ? TraceOutcome.NoSteps
            // Only where the whole is not to be found may a part not be found.
            : question.IsAnswerable && answer.Steps.Any(step => step.IntermediateAnswer is null or Answer.NotFound) ? TraceOutcome.StepNotFound
            : TraceOutcome.Usable;
    }

    private async Task<Demonstration> WithPassagesAsync(Demonstration demonstration, string? model, int k, long tokens, CancellationToken cancellationToken) => demonstration with
    {
        Rankings = await DemonstrationStore.RankAsync(demonstration, k, withSteps: true, context.Retriever, cancellationToken).ConfigureAwait(false),
        Origin = new DemonstrationOrigin(_options.Strategy, model, context.Retriever.Name, k, _options.IndexVersion, tokens),
    };

    /// <summary>One run over the questions, beside what the log holds of earlier ones.</summary>
    private sealed class Run
    {
        private readonly DemonstrationBuilder _builder;
        private readonly BuildLog _log;
        private readonly IProgress<DemonstrationBuildProgress>? _progress;
        private readonly List<(LabelledQuestion Question, string Hash)> _questions;
        private readonly Dictionary<(string Id, string Hash), List<BuildAttempt>> _attempts;
        private readonly int _repeated;

        public Run(DemonstrationBuilder builder, BuildLog log, IReadOnlyList<LabelledQuestion> questions, IProgress<DemonstrationBuildProgress>? progress)
        {
            (_builder, _log, _progress) = (builder, log, progress);
            var different = questions.DistinctBy(question => QuestionKey.Of(question.Question), StringComparer.Ordinal).ToList();
            _repeated = questions.Count - different.Count;
            _questions = [.. different.Take(builder._options.MaxQuestions ?? int.MaxValue)
                .Select(question => (question, Hash([question.Id, question.Question, .. question.Answers, .. question.Decomposition.SelectMany(step => new[] { step.Question, step.Answer })])))];
            _attempts = log.Attempts.GroupBy(attempt => (attempt.Id, attempt.Question)).ToDictionary(group => group.Key, group => group.ToList());
        }

        public async Task<BuildEnd> AskAllAsync(CancellationToken cancellationToken)
        {
            var (options, started, asked, failures) = (_builder._options, _builder._time.GetTimestamp(), 0, 0);
            var toAsk = _questions.Count(question => !IsDone(question));
            foreach (var (place, question) in _questions.Index())
            {
                var isNew = !IsDone(question);
                while (!IsDone(question))
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    if (Limit() is { } end)
                    {
                        return end;
                    }

                    var attempt = await _builder.TryAsync(question.Question, question.Hash, Finished(question).Count() + 1, options.MaxCost - SpentCost(), cancellationToken).ConfigureAwait(false);
                    Add(attempt);
                    if (attempt.IsCutByCost)
                    {
                        return BuildEnd.CostLimit;
                    }

                    failures = attempt.Error is null ? 0 : failures + 1;
                    if (failures == options.MaxFailuresInARow)
                    {
                        throw new AgentRagException($"{failures} tries in a row failed, the last with: {attempt.Error} What is finished is kept; run again to go on.");
                    }

                    if (attempt.Error is not null)
                    {
                        // Not asked again in this run; the next one does.
                        break;
                    }
                }

                asked += isNew ? 1 : 0;
                _progress?.Report(new DemonstrationBuildProgress(
                    Yield(), place + 1, asked == 0 ? null : _builder._time.GetElapsedTime(started) / asked * (toAsk - asked)));
            }

            return BuildEnd.AllAsked;
        }

        public IReadOnlyList<Demonstration> Pool() => [.. _questions.Select(question => Best(question)?.Demonstration).OfType<Demonstration>()];

        public DemonstrationYield Yield()
        {
            var best = _questions.Select(question => (Attempts: All(question), Best: Best(question))).Where(question => question.Attempts.Count > 0).ToList();
            var correct = best.Count(question => question.Attempts.Exists(attempt => attempt.Outcome >= TraceOutcome.NoSteps));
            var costs = _log.Attempts.Select(attempt => attempt.Cost).OfType<decimal>().ToList();
            return new DemonstrationYield
            {
                Questions = _questions.Count,
                Asked = best.Count,
                Correct = correct,
                WithSteps = best.Count(question => question.Attempts.Exists(attempt => attempt.Outcome >= TraceOutcome.NoSteps && attempt.Steps > 0)),
                Kept = best.Count(question => question.Best is not null),
                NotKept = best.Where(question => question.Best is null).CountBy(question => question.Attempts.Max(attempt => attempt.Outcome)).ToDictionary(),
                Repeated = _repeated,
                Tries = _log.Attempts.Count,
                Requests = _log.Attempts.Sum(attempt => (long)attempt.Requests),
                EffectiveContextTokens = Spent(),
                OutputTokens = _log.Attempts.Sum(attempt => attempt.OutputTokens),
                Cost = costs.Count == 0 ? null : costs.Sum(),
            };
        }

        private decimal SpentCost() => _log.Attempts.Sum(attempt => attempt.Cost ?? 0);

        private long Spent() => _log.Attempts.Sum(attempt => attempt.EffectiveContextTokens);

        // A try that failed was not the question's fault: it is not counted as one of its tries.
        private IEnumerable<BuildAttempt> Finished((LabelledQuestion Question, string Hash) question) => All(question).Where(attempt => attempt.Error is null);

        private List<BuildAttempt> All((LabelledQuestion Question, string Hash) question) => _attempts.GetValueOrDefault((question.Question.Id, question.Hash), []);

        private void Add(BuildAttempt attempt)
        {
            _log.Add(attempt);
            if (!_attempts.TryAdd((attempt.Id, attempt.Question), [attempt]))
            {
                _attempts[(attempt.Id, attempt.Question)].Add(attempt);
            }
        }

        private BuildAttempt? Best((LabelledQuestion Question, string Hash) question) => Finished(question)
            .Where(attempt => attempt.Outcome == TraceOutcome.Usable)
            .OrderBy(attempt => attempt.Steps).ThenBy(attempt => attempt.EffectiveContextTokens).ThenBy(attempt => attempt.Try)
            .FirstOrDefault();

        private bool IsDone((LabelledQuestion Question, string Hash) question) =>
            Finished(question).Count() >= (_builder._options.Strategy == DragAnswerer.Name ? 1 : _builder._options.Tries.Count) || Best(question) is { Steps: <= 1 };

        private BuildEnd? Limit()
        {
            var options = _builder._options;
            return options.Strategy == IterDragAnswerer.Name && options.MaxTokens - Spent() < options.Budget.MaxEffectiveContextTokens ? BuildEnd.TokenLimit
                : options.MaxCost <= SpentCost() ? BuildEnd.CostLimit
                : null;
        }
    }
}
