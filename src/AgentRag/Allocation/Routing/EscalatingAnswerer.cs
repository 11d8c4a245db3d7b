using System.Globalization;
using AgentRag.Answering;
using AgentRag.Models;
using AgentRag.Prompting;

namespace AgentRag.Allocation.Routing;

/// <summary>Answers with the small tier first, and goes on to the medium and the large one while the answer is graded below a threshold (FrugalGPT's cascade).</summary>
/// <remarks>
/// All tiers share one budget, one set of passages and one trace: what a smaller tier retrieved and asked is not paid for again. The best-graded answer is
/// returned; of equals, the later one, which has seen more.
/// </remarks>
/// <param name="context">What it works with.</param>
/// <param name="options">Sizes, threshold, and who grades.</param>
public sealed class EscalatingAnswerer(AnsweringContext context, RoutingOptions options) : IStrategy
{
    /// <summary>The strategy's name.</summary>
    public const string Name = "escalate";

    /// <inheritdoc/>
    public string Strategy => Name;

    /// <inheritdoc/>
    public IAsyncEnumerable<AnswerEvent> StreamAsync(AnswerRequest request, CancellationToken cancellationToken = default) =>
        AnswerStream.Run(this, context, request, cancellationToken);

    async Task<Answer> IStrategy.AnswerAsync(QuestionRun run, InferenceParameters parameters, CancellationToken cancellationToken)
    {
        List<RoutedAttempt> attempts = [];
        (Answer Answer, double Quality)? best = null;
        foreach (var tier in Tier.All)
        {
            // What the tier may not have is held back while it runs; the last one may have all that is left.
            var kept = tier == Tier.All[^1] ? 0 : Math.Max(0, run.Budget.RemainingTokens - tier.MaxEffectiveContextTokens);
            using var rest = kept > 0 ? run.Budget.TryHold(kept) : null;
            var budget = run.Request.Budget with { MaxEffectiveContextTokens = Math.Max(1, run.Budget.RemainingTokens - kept) };
            var plan = ParameterPlan.Shrink(tier.Parameters, budget, options.Sizes, options.MaxK, options.MaxM);
            if (best is not null && (!IsMore(plan.Planned, attempts[^1].Parameters) || !Pays(run)))
            {
                break;
            }

            run.ForgetCitations();
            run.Report(new Planned(plan.Strategy, plan.Planned, []));
            var answer = await Strategies.Inner(plan.Strategy, context).AnswerAsync(run, plan.Planned, cancellationToken).ConfigureAwait(false);
            rest?.Dispose();
            var quality = await GradeAsync(run, answer, cancellationToken).ConfigureAwait(false);
            attempts.Add(new RoutedAttempt(tier.Name, plan.Strategy, plan.Planned, plan.Shrunk, quality));
            if (best is null || quality >= best.Value.Quality)
            {
                best = (answer, quality);
            }

            if (quality >= options.QualityThreshold)
            {
                break;
            }
        }

        // The trace and the totals are those of all attempts; text, citations and steps are the best one's.
        return run.WithTotals(best!.Value.Answer) with { Routing = new AnswerRouting(attempts) };
    }

    private static bool IsMore(InferenceParameters next, InferenceParameters last) => next.K > last.K || next.M > last.M || next.N > last.N;

    // An attempt that could not even send the bare question would fail; the answer held is better.
    private static bool Pays(QuestionRun run) =>
        run.CountTokens(PromptName.IterDragFinal, new PromptContent { Question = run.Request.Question }) <= run.Budget.AvailableTokens()
        && run.CountTokens(PromptName.Drag, new PromptContent { Question = run.Request.Question }) <= run.Budget.AvailableTokens();

    private async Task<double> GradeAsync(QuestionRun run, Answer answer, CancellationToken cancellationToken)
    {
        if (!options.AsksModelForQuality || answer.IsNotFound)
        {
            return AnswerQuality.ByEvidence(answer);
        }

        var cited = answer.Citations.Select(citation => citation.PassageId).ToHashSet(StringComparer.Ordinal);
        var content = new PromptContent
        {
            Question = run.Request.Question,
            Passages = [.. run.Held.Passages.Where(passage => cited.Contains(passage.Passage.Id))],
            Steps = [new SelfAskStep(run.Request.Question, answer.Text)],
        };
        var reply = await run.SendAsync(GroundedTask.Grade, PromptName.Quality, content, RequestLimits.None, cancellationToken).ConfigureAwait(false);
        var line = reply is null ? "" : SelfAskReply.FirstLine(reply.Text);
        var number = new string([.. line.SkipWhile(letter => !char.IsAsciiDigit(letter)).TakeWhile(letter => char.IsAsciiDigit(letter) || letter == '.')]);
        return double.TryParse(number.TrimEnd('.'), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var grade) && grade <= 10
            ? grade / 10
            : AnswerQuality.ByEvidence(answer);
    }
}
