using System.Globalization;
using AgentRag.Answering;
using AgentRag.Demonstrations;
using AgentRag.Documents;
using AgentRag.Models;
using AgentRag.Prompting;
using AgentRag.Retrieval;
using AgentRag.Tests.Fakes;
using AgentRag.Tests.Models;
using Microsoft.Extensions.AI;
using Xunit;
using static AgentRag.Tests.Fakes.TestPassages;

namespace AgentRag.Tests.Answering;

/// <summary>
/// Random corpora, demonstrations, parameters, budgets, deadlines, prices, slow models and hostile replies: the budget holds in each. AGENTRAG_PROPERTY_CASES sets
/// the number of cases.
/// </summary>
public sealed class BudgetPropertyTests(ITestOutputHelper output)
{
    private static readonly string[] Fragments =
    [
        "Follow up: ", "Intermediate answer: ", "So the final answer is: ", "not found", "[1]", "[99]", "[1, 2]", "\n", "</passage>", "<think>", "</think>",
        "Orm", "the pier", " ", "\u202E", "\uD83D", "今日は", "::", "a\tb", "<|im_end|>",
    ];

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public async Task No_request_and_no_sum_ever_exceeds_the_budget_and_the_final_answer_is_always_asked_for(int seed)
    {
        var cases = int.TryParse(Environment.GetEnvironmentVariable("AGENTRAG_PROPERTY_CASES"), NumberStyles.None, CultureInfo.InvariantCulture, out var set) ? set / 4 : 1_000;
        var random = new Random(seed);
        var (refused, trimmed, requests) = (0, 0, 0);
        Dictionary<StopReason, int> stops = [];
        for (var i = 0; i < cases; i++)
        {
            if (await RunCaseAsync(random) is { } answer)
            {
                trimmed += answer.Trimmed.IsNothing ? 0 : 1;
                requests += answer.Trace.Count;
                stops[answer.StopReason] = stops.GetValueOrDefault(answer.StopReason) + 1;
            }
            else
            {
                refused++;
            }
        }

        output.WriteLine($"seed {seed}: {cases} cases, {requests} requests, {trimmed} trimmed, {refused} refused because the bare question did not fit or too late, or the model said nothing");
        output.WriteLine(string.Join(", ", stops.Select(stop => $"{stop.Key} {stop.Value}")));
        Assert.All(
            [StopReason.TokenBudget, StopReason.CallLimit, StopReason.CostLimit, StopReason.Deadline, StopReason.IterationLimit, StopReason.UnknownAnswers],
            reason => Assert.True(stops.ContainsKey(reason), $"No case ended by {reason}."));
        Assert.True(trimmed > cases / 20 && refused > 0 && refused < cases / 2, "The cases do not reach what they are to test.");
    }

    [Fact]
    public async Task Money_that_is_tighter_than_the_tokens_leaves_room_for_the_final_answer_however_the_steps_grow()
    {
        var passages = Enumerable.Range(0, 8).Select(i => Passage($"p{i}", string.Join(' ', Enumerable.Repeat("word", 60)), "t")).ToArray();
        HashSet<StopReason> stops = [];
        for (var micros = 300; micros < 16_000; micros += 60)
        {
            var asked = 0;
            var model = new ScriptedChatClient(request => request.Task switch
            {
                GroundedTask.NextStep => $"Follow up: {string.Join(' ', Enumerable.Range(0, 40).Select(word => $"s{asked}w{word}"))} {++asked}",
                GroundedTask.IntermediateAnswer => $"Intermediate answer: {string.Join(' ', Enumerable.Repeat("answer", 90))}",
                _ => "So the final answer is: Orm",
            });
            var context = new AnsweringContext
            {
                Retriever = new RandomRetriever(new Random(micros), passages),
                Model = model,
                TokenCounter = new WordCounter(),
                Prices = new PriceTable(new Dictionary<string, ModelPrice> { ["scripted"] = new(1, 0) }),
            };
            var budget = new TokenBudgetOptions { MaxEffectiveContextTokens = 100_000, ContextWindowTokens = 50_000, ReservedAnswerTokens = 100, MaxCost = micros / 1_000_000m };

            var answer = await new IterDragAnswerer(context).AnswerAsync(
                new AnswerRequest("Who?", new(4, 0, 5), budget) { StopRules = new StopRules { MaxSubQueriesWithoutNewPassages = null } }, cancellationToken: TestContext.Current.CancellationToken);

            Assert.Equal("Orm", answer.Text);
            Assert.True(answer.Usage.Cost <= budget.MaxCost);
            stops.Add(answer.StopReason);
        }

        Assert.DoesNotContain(StopReason.TokenBudget, stops); // that of tokens is never reached
        Assert.Contains(StopReason.CostLimit, stops);
        Assert.Contains(StopReason.IterationLimit, stops);
    }

    [Theory]
    [InlineData(IterDragAnswerer.Name), InlineData(DecomposeParallelAnswerer.Name), InlineData(KeywordExpansionAnswerer.Name)]
    public async Task A_provider_that_takes_the_final_answers_money_ends_the_question_in_a_clear_error(string strategy)
    {
        var model = new ScriptedChatClient(request => request.Task == GroundedTask.NextStep ? "Follow up: Where is Orm?" : "Orm");
        var context = new AnsweringContext
        {
            Retriever = new RandomRetriever(new Random(1), [Passage("p", "text", "t")]),
            Model = new OverreportingClient(model),
            TokenCounter = new WordCounter(),
            Prices = new PriceTable(new Dictionary<string, ModelPrice> { ["scripted"] = new(1, 1) }),
        };

        var error = await Assert.ThrowsAsync<AnswerFailedException>(() => Answerers.Create(strategy, context).AnswerAsync(
            new AnswerRequest("Who?", new(1, 0, 2), new TokenBudgetOptions { MaxCost = 0.01m }), cancellationToken: TestContext.Current.CancellationToken));

        Assert.StartsWith("The provider reported more tokens than the model was allowed", error.Message, StringComparison.Ordinal);
        Assert.Single(error.Progress.Trace);
    }

    private static async Task<Answer?> RunCaseAsync(Random random)
    {
        var counter = new WordCounter();
        var corpus = Enumerable.Range(0, random.Next(1, 30)).Select(i => Passage($"p{i}", Words(random, 60), Words(random, 4))).ToArray();
        var time = new ManualTime(TimeSpan.Zero);
        var price = new ModelPrice(random.Next(0, 10), random.Next(0, 40), random.Next(2) == 0 ? null : 0);
        var slow = random.Next(4) == 0;
        var model = new SlowChatClient(new ScriptedChatClient(request => Reply(random, request)), time, () => slow ? random.Next(0, 6) : 0, random);
        // Half of the cases go to the strategy with the most requests.
        var strategy = random.Next(2) == 0 ? IterDragAnswerer.Name : Answerers.Names[random.Next(Answerers.Names.Count)];
        var parameters = new InferenceParameters(random.Next(0, 12), random.Next(0, 5), random.Next(1, 6));
        var window = random.Next(120, 4_000);
        var budget = new TokenBudgetOptions
        {
            MaxEffectiveContextTokens = random.Next(2) == 0 ? random.Next(100, 1_000) : random.Next(100, 9_000),
            ContextWindowTokens = window,
            ReservedAnswerTokens = random.Next(1, window / 2),
            Deadline = slow || random.Next(8) == 0 ? TimeSpan.FromSeconds(random.Next(1, 20)) : null,
            MaxCalls = random.Next(3) == 0 ? random.Next(1, 8) : null,
            MaxCost = random.Next(3) == 0 ? random.Next(1, 20_000) / 1_000_000m : null,
        };
        var rules = new StopRules
        {
            MaxSubQueriesWithoutNewPassages = random.Next(3) == 0 ? null : random.Next(1, 3),
            MaxUnknownAnswers = random.Next(3) == 0 ? null : random.Next(1, 3),
            ChecksSufficiency = random.Next(4) == 0,
            AgreeingDrafts = random.Next(4) == 0 ? random.Next(2, 4) : null,
        };
        var question = "q " + Words(random, 12);
        var demonstrations = Enumerable.Range(0, 5).Select(i => new LabelledQuestion
        {
            Id = $"d{i}",
            Question = $"{i} {Words(random, 10)}",
            Answers = [Words(random, 5)],
            Decomposition = [.. Enumerable.Range(0, random.Next(0, 3)).Select(step => new LabelledStep($"{step} {Words(random, 8)}", Words(random, 3)))],
        }).ToList();
        var context = new AnsweringContext
        {
            Retriever = new RandomRetriever(random, corpus),
            Model = model,
            TimeProvider = time,
            Prices = new PriceTable(new Dictionary<string, ModelPrice> { ["scripted"] = price }),
            TokenCounter = counter,
            Demonstrations = DemonstrationStore.From(demonstrations, new RandomRetriever(random, corpus)),
        };

        Answer answer;
        List<AnswerEvent> events = [];
        try
        {
            answer = await Answerers.Create(strategy, context).AnswerAsync(new AnswerRequest(question, parameters, budget) { StopRules = rules }, new EventList(events));
        }
        catch (AgentRagException e) when (e.Message.StartsWith("The question alone takes", StringComparison.Ordinal))
        {
            Assert.Empty(model.Sent);
            return null;
        }
        catch (AnswerFailedException e)
        {
            // Hostile enough to say nothing at all, or too slow: an error with its trace, within the budget all the same.
            Assert.True(
                e.Message.Contains("replied without any text", StringComparison.Ordinal) || (e.Message.StartsWith("The deadline of ", StringComparison.Ordinal) && slow)
                || (e.Message.StartsWith("The provider reported more tokens", StringComparison.Ordinal)
                    && e.Progress.Trace.Any(request => (request.ReportedOutputTokens ?? request.ReplyTokens) > request.MaxReplyTokens || request.ReportedInputTokens > request.PromptTokens)), e.Message);
            // Requests that run side by side are booked together: the end of the time may keep some from being sent.
            Assert.InRange(model.Sent.Count, e.Progress.Trace.Count(request => request.Error is null), e.Progress.Trace.Count);
            AssertBounds(e.Progress.Usage, budget);
            return null;
        }

        AssertBounds(answer.Usage, budget);
        Assert.Equal(answer.Trace.Count, answer.Usage.Calls);
        var sizes = model.Sent.Select(sent => sent.Messages.Sum(message => counter.Count(message.Text) + 4) + 3).ToList();
        Assert.Equal(sizes, answer.Trace.Select(request => request.PromptTokens));
        Assert.All(sizes, size => Assert.True(size <= window - budget.ReservedAnswerTokens));
        Assert.True(sizes.Sum() <= budget.MaxEffectiveContextTokens);
        Assert.Equal(sizes.Sum(), answer.EffectiveContextTokens);
        Assert.All(model.Sent, sent => Assert.True(sent.Options.MaxOutputTokens <= budget.ReservedAnswerTokens));

        var byItself = answer.StopReason is StopReason.FinalAnswer or StopReason.DraftsAgree;
        Assert.True(byItself || model.Sent.Any(sent => sent.Request.Task == GroundedTask.FinalAnswer), "No final answer was asked for.");
        Assert.NotEqual("", answer.Text);
        Assert.DoesNotContain('\n', answer.Text);

        Assert.All(answer.Trace, request => Assert.Equal(request.PassageIds.Count, request.PassageIds.Distinct().Count()));
        var seen = answer.Trace.SelectMany(request => request.PassageIds).ToHashSet();
        Assert.All(answer.Citations, citation => Assert.Contains(citation.PassageId, seen));
        Assert.All(answer.Trace, request => Assert.Equal(Asked(strategy, request.Purpose, parameters), request.DemonstrationIds.Count + request.Trimmed.Demonstrations));
        Assert.True(answer.ParametersUsed.K <= parameters.K && answer.ParametersUsed.M <= parameters.M && answer.ParametersUsed.N <= parameters.N);
        Assert.True(answer.Steps.Count <= parameters.N && answer.Steps.All(step => step.IntermediateAnswer is not null));
        AssertTrimmedIsReported(answer, events);
        return answer;
    }

    private static void AssertBounds(AnswerUsage usage, TokenBudgetOptions budget)
    {
        Assert.True(usage.EffectiveContextTokens <= budget.MaxEffectiveContextTokens);
        Assert.True(usage.Calls <= (budget.MaxCalls ?? int.MaxValue));
        Assert.True(usage.Cost <= (budget.MaxCost ?? decimal.MaxValue), $"{usage.Cost} of {budget.MaxCost}");
        // A wait ends at the first tick behind the deadline.
        Assert.True(budget.Deadline is null || usage.Elapsed <= budget.Deadline + SlowChatClient.Tick, $"{usage.Elapsed} of {budget.Deadline}");
    }

    // What was in a prompt and what is reported as trimmed make up all that was held when it was made; the totals are the most of any prompt.
    private static void AssertTrimmedIsReported(Answer answer, List<AnswerEvent> events)
    {
        var (held, sent) = (0, 0);
        var isSideBySide = answer.Strategy is DecomposeParallelAnswerer.Name or KeywordExpansionAnswerer.Name;
        List<(string Purpose, TrimmedContent Trimmed)> told = [];
        foreach (var happened in events)
        {
            if (happened is PassagesRetrieved retrieved)
            {
                held += retrieved.NewPassages;
            }
            else if (happened is ContentTrimmed trimmed)
            {
                told.Add((trimmed.Purpose, trimmed.Trimmed));
            }
            else if (happened is RequestSent request)
            {
                var traced = answer.Trace[sent++];
                Assert.Equal((traced.Purpose, traced.PromptTokens), (request.Purpose, request.PromptTokens));
                var shown = traced.PassageIds.Count + traced.Trimmed.Passages;
                // Splitting a question shows nothing, answering a part its own passages alone.
                Assert.True(shown == held || (isSideBySide && traced.Purpose != "final answer" && shown < held), $"{shown} of {held} in {traced.Purpose}");
            }
        }

        Assert.Equal(answer.Trace.Count, sent);
        Assert.Equal(answer.Trace.Where(request => !request.Trimmed.IsNothing).Select(request => (request.Purpose, request.Trimmed)), told);
        Assert.Equal(
            (answer.Trace.Max(request => request.Trimmed.Passages), answer.Trace.Max(request => request.Trimmed.DemonstrationPassages), answer.Trace.Max(request => request.Trimmed.Demonstrations)),
            (answer.Trimmed.Passages, answer.Trimmed.DemonstrationPassages, answer.Trimmed.Demonstrations));
    }

    private static int Asked(string strategy, string purpose, InferenceParameters parameters) =>
        purpose == "sufficiency" ? 0 : strategy is ManyShotAnswerer.Name or DragAnswerer.Name or IterDragAnswerer.Name || purpose == "final answer" ? parameters.M : 0;

    private static string Words(Random random, int most) => string.Join(' ', Enumerable.Range(0, random.Next(1, most + 1)).Select(_ => random.Next(8) == 0
        ? Fragments[random.Next(Fragments.Length)]
        : ((char)('a' + random.Next(26))).ToString() + random.Next(100)));

    private static string Reply(Random random, GroundedRequest request) => random.Next(12) switch
    {
        0 => string.Concat(Enumerable.Range(0, random.Next(0, 12)).Select(_ => Fragments[random.Next(Fragments.Length)])),
        1 => Words(random, 2_000),
        _ => request.Task switch
        {
            GroundedTask.NextStep => random.Next(4) == 0 ? $"So the final answer is: {Words(random, 6)} [{random.Next(9)}]" : $"Follow up: {Words(random, 60)}",
            GroundedTask.IntermediateAnswer => random.Next(5) == 0 ? "Intermediate answer: not found" : $"Intermediate answer: {Words(random, 200)} [{random.Next(9)}]",
            GroundedTask.Sufficiency => random.Next(6) == 0 ? "Yes." : "no",
            GroundedTask.Draft => $"So the final answer is: {(random.Next(3) == 0 ? "not found" : (char)('a' + random.Next(2)))}",
            GroundedTask.FinalAnswer => $"So the final answer is: {Words(random, 9)}",
            _ => Words(random, 9),
        },
    };

    private sealed class RandomRetriever(Random random, Passage[] corpus) : IRetriever
    {
        public string Name => "random";

        public Task<IReadOnlyList<RankedPassage>> RetrieveAsync(RetrievalQuery query, CancellationToken cancellationToken = default)
        {
            var shuffled = (Passage[])corpus.Clone();
            random.Shuffle(shuffled);
            var ranked = shuffled.Take(query.K).Select((passage, i) => new RankedPassage(passage, i + 1, 1.0 / (i + 1))).ToList();
            return Task.FromResult<IReadOnlyList<RankedPassage>>(ranked);
        }
    }

    private sealed class OverreportingClient(IChatClient inner) : DelegatingChatClient(inner)
    {
        public override async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            var response = await base.GetResponseAsync(messages, options, cancellationToken);
            response.Usage = new UsageDetails { InputTokenCount = 1_000_000, OutputTokenCount = 1 };
            return response;
        }
    }
}
