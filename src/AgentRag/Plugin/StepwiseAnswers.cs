using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AgentRag.Answering;
using AgentRag.Models;
using AgentRag.Prompting;

namespace AgentRag.Plugin;

/// <summary>IterDRAG over several calls of a tool: for the calling model, turn by turn; for a configured model, when it takes longer than a client waits.</summary>
/// <remarks>The loop is <see cref="IterDragLoop"/> in both cases. Where it stands travels with the caller, sealed; nothing is kept here.</remarks>
/// <param name="context">What it works with.</param>
/// <param name="seal">Seals where a question stands.</param>
/// <param name="clock">Measures the slice.</param>
internal sealed class StepwiseAnswers(PluginContext context, StateSeal seal, TimeProvider clock)
{
    private const string AgainWithReply = "Then call answer again with your line as 'reply' and with this 'state', and nothing else.";

    private const string HostModel = "the calling model";

    // A state says which model was to go on: one of another mode would be misread.
    private const string HostPurpose = "answer/host";
    private const string ChatPurpose = "answer/chat";

    private bool IsHost => context.Mode == AnsweringMode.Host;

    /// <summary>Begins a question.</summary>
    /// <param name="request">The question.</param>
    /// <param name="call">Size, scope and time.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>The answer, or what comes next.</returns>
    public async Task<object> StartAsync(AnswerRequest request, StepwiseCall call, CancellationToken cancellationToken)
    {
        var asked = new Asked(request.Question, request.Parameters.K, request.Parameters.M, request.Parameters.N, request.Budget.MaxEffectiveContextTokens, call.Scope, [], "");
        var loop = await IterDragLoop.StartAsync(Scoped(call.Scope), request, call.Progress, cancellationToken).ConfigureAwait(false);
        return IsHost
            ? await TurnAsync(loop, asked, call, cancellationToken).ConfigureAwait(false)
            : await AskAsync(loop, call, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Goes on with a question.</summary>
    /// <param name="state">Where it stands, as it was handed out.</param>
    /// <param name="reply">What the calling model wrote; empty when the configured model is to go on.</param>
    /// <param name="call">Size and time; the scope is that of the first call.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="AgentRagException">The state cannot be used, or the reply is missing.</exception>
    public Task<object> ContinueAsync(string state, string reply, StepwiseCall call, CancellationToken cancellationToken) =>
        IsHost ? ReplyAsync(state, reply, call, cancellationToken) : GoOnAsync(state, call, cancellationToken);

    // The caller has to copy the state, so it holds no more than what was asked and replied: the rest is found again in the same way.
    private async Task<object> ReplyAsync(string state, string reply, StepwiseCall call, CancellationToken cancellationToken)
    {
        var asked = JsonSerializer.Deserialize<Asked>(seal.Open(HostPurpose, state), PluginJson.Options)!;
        if (string.IsNullOrWhiteSpace(reply))
        {
            throw new AgentRagException("'reply' is missing: write the line that the last result asked for, and send it together with 'state'.");
        }

        var request = new AnswerRequest(
            asked.Question, new InferenceParameters(asked.K, asked.M, asked.N), context.Budget with { MaxEffectiveContextTokens = asked.Budget })
        {
            StopRules = context.StopRules,
        };
        var progress = new Muted(call.Progress);
        var loop = await IterDragLoop.StartAsync(Scoped(asked.Scope), request, progress, cancellationToken).ConfigureAwait(false);
        foreach (var earlier in asked.Replies)
        {
            _ = await loop.NextAsync(cancellationToken).ConfigureAwait(false);
            loop.Take(earlier, modelName: HostModel);
        }

        _ = await loop.NextAsync(cancellationToken).ConfigureAwait(false);
        if (Digest(loop) != asked.Passages)
        {
            throw new AgentRagException("The documents changed while the question was being answered: ask it anew without 'state'.");
        }

        progress.IsMuted = false;
        loop.Take(reply, modelName: HostModel);
        return await TurnAsync(loop, asked with { Replies = [.. asked.Replies, reply] }, call, cancellationToken).ConfigureAwait(false);
    }

    private async Task<object> GoOnAsync(string state, StepwiseCall call, CancellationToken cancellationToken)
    {
        var held = JsonSerializer.Deserialize<Held>(seal.Open(ChatPurpose, state), PluginJson.Options)!;
        var index = context.Index ?? throw new AgentRagException("A question can be taken up again only over an index on this machine: ask it anew with smaller k, m and n.");
        var loop = await IterDragLoop
            .RestoreAsync(Scoped(held.Scope), IterDragState.FromJson(held.Loop), index.Find, call.Progress, cancellationToken).ConfigureAwait(false);
        return await AskAsync(loop, call with { Scope = held.Scope }, cancellationToken).ConfigureAwait(false);
    }

    private static AnswerResult Finished(IterDragLoop loop, StepwiseCall call)
    {
        call.Progress?.Report(new Answered(loop.Answer!));
        return AnswerResult.From(loop.Answer!, JsonNamingPolicy.CamelCase.ConvertName(loop.Answer!.StopReason.ToString()));
    }

    private AnsweringContext Scoped(string scope) =>
        scope.Length == 0 ? context.Answering : context.Answering with { Retriever = new ScopedRetriever(context.Answering.Retriever, scope) };

    private static string Digest(IterDragLoop loop) => Convert.ToHexStringLower(
        SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', loop.State.Progress.Passages.Select(passage => passage.PassageId)))).AsSpan(0, 4));

    private async Task<object> TurnAsync(IterDragLoop loop, Asked asked, StepwiseCall call, CancellationToken cancellationToken)
    {
        if (await loop.NextAsync(cancellationToken).ConfigureAwait(false) is not { } turn)
        {
            return Finished(loop, call);
        }

        var state = loop.State;
        var sealedState = seal.Seal(HostPurpose, JsonSerializer.Serialize(asked with { Passages = Digest(loop) }, PluginJson.Options));
        var isFirst = state.Progress.Trace.Count == 0;
        var counter = context.Answering.TokenCounter;
        var passages = turn.NewPassages.OrderBy(passage => passage.BestRank).ToList();
        var whole = Make(passages.Count, isFirst);
        // What is left out goes in the order of the packer, but for the demonstrations, which a model that calls tools needs least.
        if (PluginJson.Tokens(whole, counter) <= call.MaxTokens)
        {
            return whole;
        }

        var fitting = PluginJson.Largest(passages.Count, count => Make(count, withDemonstrations: false), call.MaxTokens, counter).Result;
        return PluginJson.Tokens(fitting, counter) is var tokens && tokens <= call.MaxTokens
            ? fitting
            : throw new AgentRagException(string.Create(
                CultureInfo.InvariantCulture, $"Even without a passage this turn takes {tokens:N0} tokens, and max_tokens is {call.MaxTokens:N0}: call again with the same arguments and a larger max_tokens."));

        HostTurnResult Make(int count, bool withDemonstrations)
        {
            var content = turn.Prepared.Content;
            var demonstrations = withDemonstrations ? content.Demonstrations : [];
            var bare = turn.Prepared.Template.Render(content with { Passages = [], Demonstrations = demonstrations }, counter);
            var shown = content.Layout.Arrange([.. passages.Take(count)]);
            return new HostTurnResult(
                content.Question,
                isFirst ? $"You are the model that answers here. {bare.System}\nThe passages stand in 'passages'. {AgainWithReply}" : $"Write the next line. {AgainWithReply}",
                turn.IsRepair ? turn.Messages[^1].Text : bare.User,
                [.. shown.Select(HostPassage.From)],
                turn.Form.Prefixes.Count > 0 ? turn.Form.Prefixes : turn.Form.Choices,
                turn.Iteration,
                asked.N,
                state.Progress.Usage.EffectiveContextTokens + turn.PromptTokens,
                asked.Budget,
                sealedState,
                Note(passages.Count - count, content.Demonstrations.Count - demonstrations.Count));
        }

        string Note(int passagesLeftOut, int demonstrationsLeftOut) => string.Join(' ', new[]
        {
            turn.Task == GroundedTask.FinalAnswer && !turn.IsRepair ? WhyNoFurtherStep(state.StopReason, asked) : "",
            passagesLeftOut == 0 && (!isFirst || demonstrationsLeftOut == 0)
                ? HostPrompts.NoteOn(turn.Prepared.Packed.Trimmed)
                : $"{HostPrompts.Count(passagesLeftOut, "passage")} and {HostPrompts.Count(isFirst ? demonstrationsLeftOut : 0, "worked example")} were left out to stay within max_tokens {call.MaxTokens}.",
        }.Where(sentence => sentence.Length > 0));
    }

    // Without it a model whose follow up was not taken would not know why.
    private static string WhyNoFurtherStep(StopReason? reason, Asked asked) => reason switch
    {
        StopReason.IterationLimit => $"No iteration is left: n is {asked.N}.",
        StopReason.TokenBudget => string.Create(CultureInfo.InvariantCulture, $"The budget of {asked.Budget:N0} tokens has no room for another step."),
        StopReason.RepeatedSubQuery => "That follow up was asked before.",
        StopReason.NoNewPassages => "The last follow ups brought no new passages.",
        StopReason.UnknownAnswers => "The passages held no answer to the last follow ups.",
        StopReason.MalformedReply => "Two replies in a row were not of the asked form.",
        StopReason.CallLimit => "The limit of requests for one question is reached.",
        StopReason.Deadline => "The time for one question is over.",
        StopReason.CostLimit => "The money for one question is spent.",
        _ => "",
    };

    private async Task<object> AskAsync(IterDragLoop loop, StepwiseCall call, CancellationToken cancellationToken)
    {
        using var slice = new CancellationTokenSource(call.Slice, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(slice.Token, cancellationToken);
        var requestsBefore = loop.State.Progress.Trace.Count;
        try
        {
            while (await loop.NextAsync(either.Token).ConfigureAwait(false) is { } turn)
            {
                try
                {
                    loop.Take(await loop.AskModelAsync(turn, either.Token).ConfigureAwait(false));
                }
                catch (DeadlinePassedException) when (turn.Task != GroundedTask.FinalAnswer)
                {
                    loop.Stop(StopReason.Deadline);
                }
                catch (DeadlinePassedException) when (turn.IsRepair)
                {
                    loop.TakeBroken();
                }
            }

            return Finished(loop, call);
        }
        catch (OperationCanceledException late) when (slice.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            var state = loop.State;
            if (state.Progress.Trace.Count - requestsBefore <= 1)
            {
                // Not one reply came: the next call would fare no better.
                throw new AgentRagException(
                    $"The model did not reply within {call.Slice.TotalSeconds:0} s: use a faster model, smaller k and m, or --answering host.", late);
            }

            return Partial(state, call);
        }
    }

    private HostTurnResult Partial(IterDragState state, StepwiseCall call) => new(
        state.Request.Question,
        "The answer is not there yet: call answer again with this 'state' and nothing else.",
        string.Join('\n', state.Progress.Steps.Select(step => step.IntermediateAnswer is null
            ? $"{SelfAskReply.FollowUp} {UntrustedText.NeutraliseLine(step.SubQuery)}"
            : $"{SelfAskReply.FollowUp} {UntrustedText.NeutraliseLine(step.SubQuery)}\n{SelfAskReply.IntermediateAnswer} {UntrustedText.NeutraliseLine(step.IntermediateAnswer)}")),
        [],
        [],
        Math.Max(1, state.Progress.Steps.Count),
        state.Request.Parameters.N,
        state.Progress.Usage.EffectiveContextTokens,
        state.Request.Budget.MaxEffectiveContextTokens,
        seal.Seal(ChatPurpose, JsonSerializer.Serialize(new Held(call.Scope, state.ToJson()), PluginJson.Options)),
        $"{state.Progress.Trace.Count} requests so far; a call returns after {call.Slice.TotalSeconds:0} s, before clients give up.");

    /// <summary>A question of the calling model: what was asked and replied, and a digest of the passages found so far.</summary>
    private sealed record Asked(string Question, int K, int M, int N, long Budget, string Scope, IReadOnlyList<string> Replies, string Passages);

    /// <summary>A question of the configured model: the loop as it writes itself.</summary>
    private sealed record Held(string Scope, string Loop);

    // What happens again was told before.
    private sealed class Muted(IProgress<AnswerEvent>? inner) : IProgress<AnswerEvent>
    {
        public bool IsMuted { get; set; } = true;

        public void Report(AnswerEvent value)
        {
            if (!IsMuted)
            {
                inner?.Report(value);
            }
        }
    }
}

/// <summary>How one call of a stepwise answer is bounded.</summary>
/// <param name="Scope">A path: only sources below it; empty for all.</param>
/// <param name="MaxTokens">Most tokens of the result as JSON.</param>
/// <param name="Slice">How long the call may take.</param>
/// <param name="Progress">Told of each step; null when nobody listens.</param>
internal sealed record StepwiseCall(string Scope, int MaxTokens, TimeSpan Slice, IProgress<AnswerEvent>? Progress);
