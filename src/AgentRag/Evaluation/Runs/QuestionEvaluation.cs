using AgentRag.Answering;
using AgentRag.Documents;
using AgentRag.Retrieval;
using Microsoft.Extensions.AI;

namespace AgentRag.Evaluation.Runs;

/// <summary>Answers one question under one configuration after the other, and makes records of the answers. The one place where a run reads an <see cref="Answer"/>.</summary>
internal sealed class QuestionEvaluation(
    AnsweringContext context,
    IChatClient model,
    IRetriever? gold,
    TokenBudgetOptions bounds,
    StopRules stopRules,
    Func<string, AnsweringContext, IAnswerer> answerers,
    RunPrices? prices,
    int largestK,
    TimeProvider time,
    RunWriter run)
{
    private readonly RememberingChatClient _model = RememberingChatClient.Over(model, time);
    private readonly SharedRetriever _retriever = new(context.Retriever, largestK);

    /// <summary>Takes over what an earlier sitting asked about this question.</summary>
    public void Remember(RunRecord record) => _model.Remember(record);

    public async Task<RunRecord> AnswerAsync(LabelledQuestion question, RunConfiguration configuration, CancellationToken cancellationToken)
    {
        _model.Begin();
        var usesGold = configuration.Strategy == RunConfiguration.GoldPassages;
        var answerer = answerers(configuration.AnsweringStrategy, context with
        {
            Model = _model,
            Retriever = !usesGold ? _retriever : gold ?? throw new InvalidOperationException("The gold-passage baseline has no retriever."),
        });
        var seen = new SeenRetrievals(run);
        var start = time.GetTimestamp();
        var record = new RunRecord
        {
            QuestionId = question.Id,
            Strategy = configuration.Strategy,
            K = configuration.Parameters.K,
            M = configuration.Parameters.M,
            N = configuration.Parameters.N,
            Budget = configuration.BudgetTokens,
        };
        try
        {
            var request = new AnswerRequest(question.Question, configuration.Parameters, bounds with { MaxEffectiveContextTokens = configuration.BudgetTokens }) { StopRules = configuration.StopRules(stopRules) };
            var answer = await answerer.AnswerAsync(request, seen, cancellationToken).ConfigureAwait(false);
            return Timed(WithAnswer(WithRequests(record, answer.Trace, seen), answer, seen));
        }
        catch (AnswerFailedException e)
        {
            // What was asked until then is recorded too: it was paid for.
            return Timed(WithRequests(record, e.Progress.Trace, seen) with { Error = e.Message, Steps = e.Progress.Steps, Model = e.Progress.Model ?? context.ModelName });
        }
        catch (AgentRagException e)
        {
            return Timed(record with { Error = e.Message, Retrievals = seen.Retrievals, Model = context.ModelName });
        }

        RunRecord Timed(RunRecord made) => made with { Seconds = Elapsed(start), At = time.GetUtcNow() };
    }

    private static RunRecord WithAnswer(RunRecord record, Answer answer, SeenRetrievals seen) => record with
    {
        Answer = answer.Text,
        IsNotFound = answer.IsNotFound,
        Model = answer.Model,
        StopReason = answer.StopReason,
        Used = [answer.ParametersUsed.K, answer.ParametersUsed.M, answer.ParametersUsed.N],
        Steps = answer.Steps,
        Citations = [.. answer.Citations.Select(citation => seen.NumberOf(citation.PassageId))],
    };

    private RunRecord WithRequests(RunRecord record, IReadOnlyList<TracedRequest> trace, SeenRetrievals seen)
    {
        var unpaired = _model.Asked.ToList();
        var requests = new List<(RunRequest, IReadOnlyList<int>)>(trace.Count);
        var (output, cost, spent) = (0L, 0.0, 0.0);
        foreach (var traced in trace)
        {
            var asked = traced.Error is null ? TakePair(unpaired, traced) : null;
            var outputTokens = traced.ReportedOutputTokens ?? traced.ReplyTokens;
            output += outputTokens;
            var price = prices?.Of(traced, outputTokens) ?? 0;
            cost += price;
            spent += asked?.Reused is true ? 0 : price;
            requests.Add((ToRequest(traced, asked), [.. traced.PassageIds.Select(seen.NumberOf)]));
        }

        return record with
        {
            Tokens = trace.Sum(traced => (long)traced.PromptTokens),
            OutputTokens = output,
            Cost = prices is null ? null : cost,
            Spent = prices is null ? null : spent,
            Retrievals = seen.Retrievals,
            Requests = PromptDeltas.Encode(requests),
        };
    }

    // By the reply: requests that went side by side were answered in any order. Where two replies are equal it makes no difference which was whose.
    private static AskedRequest? TakePair(List<AskedRequest> unpaired, TracedRequest traced)
    {
        var index = unpaired.FindIndex(asked => asked.Reply == traced.Reply);
        if (index < 0)
        {
            return null;
        }

        var pair = unpaired[index];
        unpaired.RemoveAt(index);
        return pair;
    }

    private static RunRequest ToRequest(TracedRequest traced, AskedRequest? asked) => new()
    {
        Purpose = traced.Purpose,
        Tokens = traced.PromptTokens,
        Input = traced.ReportedInputTokens,
        Cached = traced.ReportedCachedInputTokens,
        Output = traced.ReportedOutputTokens,
        Prediction = traced.Prediction,
        Demonstrations = traced.DemonstrationIds,
        Trimmed = traced.Trimmed is { Passages: 0, DemonstrationPassages: 0, Demonstrations: 0 }
            ? null
            : [traced.Trimmed.Passages, traced.Trimmed.DemonstrationPassages, traced.Trimmed.Demonstrations],
        Reply = traced.Reply,
        Error = traced.Error,
        Key = asked?.Key,
        Reused = asked?.Reused ?? false,
        Seconds = Math.Round(asked?.Took.TotalSeconds ?? 0, 6),
    };

    // Remembered replies cost no time now, but would have: as long as one after the other, also where a strategy asks side by side.
    private double Elapsed(long start) => Math.Round(
        (time.GetElapsedTime(start) + _model.Asked.Where(asked => asked.Reused).Aggregate(TimeSpan.Zero, (sum, asked) => sum + asked.Took)).TotalSeconds, 6);

    /// <summary>Keeps the retrievals of one answer, and gives passages their numbers.</summary>
    private sealed class SeenRetrievals(RunWriter run) : IProgress<AnswerEvent>
    {
        private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
        private readonly List<RunRetrieval> _retrievals = [];

        public IReadOnlyList<RunRetrieval> Retrievals => _retrievals;

        public int NumberOf(string passageId) => _numbers[passageId];

        public void Report(AnswerEvent value)
        {
            if (value is PassagesRetrieved retrieved)
            {
                _retrievals.Add(new RunRetrieval(retrieved.Query, [.. retrieved.Passages.Select(ranked => _numbers[ranked.Passage.Id] = run.NumberOf(ranked.Passage))])
                {
                    Duplicates = retrieved.Duplicates == 0 ? null : retrieved.Duplicates,
                });
            }
        }
    }
}
