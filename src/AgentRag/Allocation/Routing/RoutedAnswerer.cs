using AgentRag.Answering;
using AgentRag.Models;
using AgentRag.Prompting;

namespace AgentRag.Allocation.Routing;

/// <summary>Spends on a question what its complexity is worth: sorts it, takes the parameters of its class, shrinks them to the budget, and answers with DRAG or
/// IterDRAG.</summary>
/// <param name="context">What it works with.</param>
/// <param name="options">Sizes, and who sorts.</param>
public sealed class RoutedAnswerer(AnsweringContext context, RoutingOptions options) : IStrategy
{
    /// <summary>The strategy's name.</summary>
    public const string Name = "auto";

    /// <inheritdoc/>
    public string Strategy => Name;

    /// <inheritdoc/>
    public IAsyncEnumerable<AnswerEvent> StreamAsync(AnswerRequest request, CancellationToken cancellationToken = default) =>
        AnswerStream.Run(this, context, request, cancellationToken);

    async Task<Answer> IStrategy.AnswerAsync(QuestionRun run, InferenceParameters parameters, CancellationToken cancellationToken)
    {
        var complexity = await ClassifyAsync(run, cancellationToken).ConfigureAwait(false);
        var budget = run.Request.Budget with { MaxEffectiveContextTokens = Math.Max(1, run.Budget.RemainingTokens) };
        var plan = ParameterPlan.Shrink(
            Tier.ParametersFor(complexity, budget.MaxEffectiveContextTokens), budget, options.Sizes, options.MaxK, options.MaxM);
        run.Report(new Planned(plan.Strategy, plan.Planned, []));
        var answer = await Strategies.Inner(plan.Strategy, context).AnswerAsync(run, plan.Planned, cancellationToken).ConfigureAwait(false);
        return answer with
        {
            ParametersAsked = plan.Asked,
            Routing = new AnswerRouting([new RoutedAttempt(complexity.ToString().ToUpperInvariant(), plan.Strategy, plan.Planned, plan.Shrunk, Quality: null)]),
        };
    }

    private async Task<QuestionComplexity> ClassifyAsync(QuestionRun run, CancellationToken cancellationToken)
    {
        var question = run.Request.Question;
        if (options.AsksModelForComplexity)
        {
            // Two bare final requests are kept: sorting must never cost the answer.
            using var answer = run.Budget.TryHold(2L * run.CountTokens(PromptName.IterDragFinal, new PromptContent { Question = question }));
            var reply = answer is null ? null : await run.SendAsync(
                GroundedTask.Classify,
                PromptName.Classify,
                new PromptContent { Question = question },
                new RequestLimits { Form = ReplyForm.OneOf("SIMPLE", "MODERATE", "COMPLEX") },
                cancellationToken).ConfigureAwait(false);
            var word = reply is null ? "" : SelfAskReply.FirstLine(reply.Text).Trim('.', '"', '*', ' ');
            if (!word.Any(char.IsAsciiDigit) && Enum.TryParse<QuestionComplexity>(word, ignoreCase: true, out var complexity))
            {
                return complexity;
            }
        }

        return ComplexityRule.Classify(question);
    }
}
