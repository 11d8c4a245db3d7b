using System.Globalization;
using System.Text.RegularExpressions;
using AgentRag.Models;
using AgentRag.Prompting;
using AgentRag.Retrieval;

namespace AgentRag.Answering;

/// <summary>
/// Splits a question into parts, looks the parts up and answers them side by side, then asks for the final answer: what <c>decompose-parallel</c> and
/// <c>keyword-expansion</c> share. They differ in how they split.
/// </summary>
/// <remarks>A part that stands on another's answer (#1) waits for it. Passages are numbered in the order of the parts, whatever comes back first.</remarks>
internal sealed partial class SideBySide(AnsweringContext context, QuestionRun run, InferenceParameters parameters)
{
    // Enough to overlap the waiting of a slow model, few enough not to run into its rate limit.
    private const int MostAtOnce = 4;

    private readonly List<SelfAskStep> _steps = [];

    private string Question => run.Request.Question;

    /// <summary>Answers the run's question.</summary>
    /// <param name="splitTask">What splitting asks the model for.</param>
    /// <param name="split">The prompt that splits.</param>
    /// <param name="read">Reads the parts out of its reply.</param>
    /// <param name="part">The prompt that answers one part.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public async Task<Answer> AnswerAsync(
        GroundedTask splitTask, PromptName split, Func<string, IReadOnlyList<string>> read, PromptName part, CancellationToken cancellationToken)
    {
        var content = new PromptContent
        {
            Question = Question,
            Demonstrations = await context.Demonstrations.SelectAsync(Question, parameters.M, parameters.K, withSteps: true, cancellationToken).ConfigureAwait(false),
        };
        var bare = run.CountTokens(PromptName.IterDragFinal, new PromptContent { Question = Question });
        using var final = run.Budget.TryHold(bare) ?? throw run.QuestionDoesNotFit(PromptName.IterDragFinal);
        await run.RetrieveAsync(Question, parameters.K, cancellationToken).ConfigureAwait(false);
        run.Widen(final, Math.Max(bare, Math.Min(run.CountTokens(PromptName.IterDragFinal, content with { Passages = run.Held.Passages }), run.Budget.RemainingTokens / 2)), bare);

        var splitContent = new PromptContent { Question = Question, MaxSubQueries = parameters.N, Language = context.DocumentLanguage };
        var reply = await run.SendAsync(splitTask, split, splitContent, RequestLimits.None, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<string> parts = reply is null ? [] : [.. read(SelfAskReply.WithoutThoughts(reply.Text)).Take(parameters.N)];
        run.Report(new Planned(run.Strategy, parameters, parts));
        var unpaid = reply is null ? parameters.N : await AnswerPartsAsync(parts, part, cancellationToken).ConfigureAwait(false);

        var finalReply = await run.SendAsync(
            GroundedTask.FinalAnswer,
            PromptName.IterDragFinal,
            content with { Passages = run.Held.Passages, Steps = FittingSteps(final) },
            new RequestLimits { Hold = final, Form = SelfAskReply.Form(SelfAskReply.FinalAnswer) },
            cancellationToken).ConfigureAwait(false)
            ?? throw run.FinalAnswerDoesNotFit(final);
        return run.Finish(
            SelfAskReply.Parse(finalReply.Text, SelfAskReply.FinalAnswer)?.Text ?? SelfAskReply.FirstLine(finalReply.Text),
            finalReply.Content,
            unpaid > 0 ? run.Budget.LimitReached() : StopReason.FinalAnswer,
            Math.Max(1, _steps.Count),
            unpaid);
    }

    /// <summary>The answers that the final request has room for: all, or the first ones.</summary>
    private List<SelfAskStep> FittingSteps(BudgetHold final)
    {
        var available = run.Budget.AvailableTokens(hold: final);
        var steps = _steps.ToList();
        while (steps.Count > 0 && run.CountTokens(PromptName.IterDragFinal, new PromptContent { Question = Question, Steps = steps }) > available)
        {
            steps.RemoveAt(steps.Count - 1);
        }

        return steps;
    }

    /// <summary>Looks up and answers the parts in waves: first those that stand alone, then those that stand on their answers.</summary>
    /// <returns>How many parts the budget could not pay for.</returns>
    private async Task<int> AnswerPartsAsync(IReadOnlyList<string> parts, PromptName prompt, CancellationToken cancellationToken)
    {
        var answers = new string?[parts.Count];
        var waiting = Enumerable.Range(0, parts.Count).ToList();
        var unpaid = 0;
        while (waiting.Count > 0)
        {
            // A part that stands on itself, on a later one or on none that exists would wait for ever: it goes as it is.
            var ready = waiting.Where(part => References(parts[part]).All(on => on < 0 || on >= part || answers[on] is not null)).ToList();
            var queries = ready.ConvertAll(part => Resolve(parts[part], answers));
            foreach (var (index, query) in ready.Zip(queries))
            {
                run.Report(new SubQueryAsked(index + 1, query));
            }

            var rankings = parameters.K == 0
                ? queries.ConvertAll(_ => DistinctRanking.Empty)
                : await AllAsync(queries, query => run.FetchAsync(query, parameters.K, cancellationToken), cancellationToken).ConfigureAwait(false);
            List<IReadOnlyList<RankedPassage>> batches = [.. queries.Zip(rankings, (query, ranking) => parameters.K == 0 ? [] : run.Hold(query, ranking).Passages)];
            var replies = await SendAsync(queries, batches, prompt, cancellationToken).ConfigureAwait(false);
            foreach (var (index, (query, reply)) in ready.Zip(queries.Zip(replies)))
            {
                // What is not paid for is not answered, and what stands on it goes without.
                answers[index] = reply is null ? Answer.NotFound : PartAnswer(reply);
                if (reply is null)
                {
                    unpaid++;
                    continue;
                }

                _steps.Add(new SelfAskStep(query, answers[index]));
                run.Report(new SubQueryAnswered(index + 1, answers[index]!));
            }

            run.Steps = [.. _steps];
            waiting.RemoveAll(ready.Contains);
        }

        return unpaid;
    }

    private async Task<IReadOnlyList<ModelReply?>> SendAsync(
        List<string> queries, IReadOnlyList<IReadOnlyList<RankedPassage>> batches, PromptName prompt, CancellationToken cancellationToken)
    {
        // Booked one after the other, each with its share, so that the same question is cut in the same way however fast the replies come.
        var held = run.Held.Passages.ToDictionary(passage => passage.Passage.Id, StringComparer.Ordinal);
        List<PreparedRequest?> requests = [];
        foreach (var (query, batch) in queries.Zip(batches))
        {
            IReadOnlyList<NumberedPassage> passages = [.. batch.Select(ranked => held[ranked.Passage.Id] with { Batch = 0, Rank = ranked.Rank, BestRank = ranked.Rank })];
            requests.Add(run.Prepare(
                GroundedTask.IntermediateAnswer,
                prompt,
                new PromptContent { Question = Question, Passages = passages, Steps = [new SelfAskStep(query, null)] },
                new RequestLimits
                {
                    MostTokens = run.Budget.AvailableTokens() / (queries.Count - requests.Count),
                    LeastPassages = Math.Min(1, passages.Count),
                    Form = prompt == PromptName.IterDragStep ? SelfAskReply.Form(SelfAskReply.IntermediateAnswer) : null,
                }));
        }

        return await AllAsync(
            requests, async request => request is null ? null : await run.SendAsync(request, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
    }

    private string PartAnswer(ModelReply reply)
    {
        var line = SelfAskReply.Parse(reply.Text, SelfAskReply.IntermediateAnswer)?.Text ?? SelfAskReply.FirstLine(reply.Text);
        return SelfAskReply.Cut(run.TakeCitations(line, reply.Content));
    }

    private static async Task<List<TResult>> AllAsync<T, TResult>(IReadOnlyList<T> items, Func<T, Task<TResult>> work, CancellationToken cancellationToken)
    {
        using var places = new SemaphoreSlim(MostAtOnce);
        return [.. await Task.WhenAll(items.Select(async item =>
        {
            await places.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                return await work(item).ConfigureAwait(false);
            }
            finally
            {
                places.Release();
            }
        })).ConfigureAwait(false)];
    }

    private static IEnumerable<int> References(string part) =>
        Reference().Matches(part).Select(match => int.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture) - 1);

    private static string Resolve(string part, string?[] answers) => Reference().Replace(part, match =>
        int.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture) is var number && number >= 1 && number <= answers.Length
        && answers[number - 1] is { } answer && answer != Answer.NotFound
            ? answer
            : match.Value);

    [GeneratedRegex(@"#(?<number>\d{1,2})\b", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Reference();
}
