using AgentRag.Allocation.Routing;
using AgentRag.Answering;
using AgentRag.Evaluation;
using AgentRag.Evaluation.Runs;
using AgentRag.Models;
using AgentRag.Retrieval;
using AgentRag.Tests.Fakes;
using AgentRag.Tests.Models;
using Microsoft.Extensions.AI;
using Xunit;

namespace AgentRag.Tests.Evaluation.Runs;

public sealed class EvaluationRunTests : IDisposable
{
    private readonly RunFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task Every_question_is_recorded_once_under_every_configuration_and_scored()
    {
        var configurations = RunFixture.Grid(1, 3);

        var end = await _fixture.RunAsync(new ScriptedChatClient(RunFixture.Reply), configurations);

        // zero-shot has one configuration per budget, rag one per k and budget, iterdrag one per k, n and budget.
        Assert.Equal(2 + 4 + 8, configurations.Count);
        Assert.Equal((3 * 14, 0), (end.Records, end.Failed));
        var scored = _fixture.Scored();
        Assert.Equal(14, scored.Configurations.Count);
        Assert.All(scored.Configurations, total => Assert.Equal(3, total.Questions.Count));
        Assert.Equal(0, Mean(scored, "rag", 1, EvaluationMetric.ExactMatch)); // the right passage stands second
        Assert.Equal(1, Mean(scored, "rag", 3, EvaluationMetric.ExactMatch));
        Assert.Equal(0, Mean(scored, "rag", 1, EvaluationMetric.Recall));
        Assert.Equal(1, Mean(scored, "rag", 3, EvaluationMetric.Recall));
        Assert.Equal(0.5, Mean(scored, "rag", 3, EvaluationMetric.ReciprocalRank));
        Assert.Equal(0, Mean(scored, "zero-shot", 0, EvaluationMetric.Recall));
    }

    [Fact]
    public async Task A_run_that_is_complete_is_not_asked_again_and_a_larger_grid_asks_only_what_is_new()
    {
        var model = new ScriptedChatClient(RunFixture.Reply);
        await _fixture.RunAsync(model, RunFixture.Grid(1));
        var sent = model.Sent.Count;

        var again = await _fixture.RunAsync(model, RunFixture.Grid(1));
        Assert.Equal((0, sent), (again.Answered, model.Sent.Count));

        var larger = await _fixture.RunAsync(model, RunFixture.Grid(1, 2));
        Assert.Equal(RunFixture.Grid(1, 2).Count * 3, larger.Records);
        Assert.Equal((RunFixture.Grid(1, 2).Count - RunFixture.Grid(1).Count) * 3, larger.Answered);
    }

    [Fact]
    public async Task Early_stops_are_measured_beside_the_loop_that_they_stop_and_are_no_observations()
    {
        var configurations = Grid([.. RunConfiguration.EarlyStops, "iterdrag"], 3);
        var end = await _fixture.RunAsync(new ScriptedChatClient(RunFixture.Reply), configurations);
        var scored = _fixture.Scored();

        // Of a question: follow-up, its answer, final answer; a check before both steps; a draft before both steps in place of the final answer.
        Assert.Equal([("iterdrag", 3.0), ("iterdrag+sufficiency", 5), ("iterdrag+drafts", 4)], scored.Configurations.Select(total => (total.Configuration.Strategy, total.MeanRequests)));
        Assert.Equal([StopReason.DraftsAgree], scored.Run.Records().Where(record => record.Strategy == "iterdrag+drafts").Select(record => record.StopReason!.Value).Distinct());
        Assert.Equal(3, scored.BestOfStrategies(EvaluationMetric.F1).Count); // so that they are compared question by question
        Assert.Equal(["iterdrag"], scored.Observations().Select(observation => observation.Strategy).Distinct());
        Assert.Equal((9, 3 * 7), (end.Records, end.RequestsSent)); // the loop's own three requests are asked once for all: 3 + 2 checks + 2 drafts
    }

    [Fact]
    public async Task Strategies_that_choose_k_m_and_n_by_the_question_are_measured_once_per_budget()
    {
        var configurations = Grid(["auto", "rag", "escalate"], 1, 3);
        Assert.Equal(["auto", "rag k=1 m=0 n=1", "rag k=3 m=0 n=1", "escalate"], configurations.Select(configuration => configuration.ShortName));
        Assert.Equal("escalate, budget 20,000", configurations[^1].ToString());
        Assert.Equal([true, false], new[] { configurations[1], configurations[0] }.Select(configuration => configuration.KeepsParameters));

        using (var run = RunWriter.Open(_fixture.Folder, RunFixture.Manifest(), _fixture.Questions, TimeProvider.System))
        {
            var routing = new RoutingOptions { MaxK = 12, MaxM = 0, AsksModelForComplexity = false };
            var end = await new EvaluationRun(_fixture.Context(new ScriptedChatClient(RunFixture.Reply)), gold: null, new TokenBudgetOptions(), new(), TimeProvider.System)
            {
                Answerer = (strategy, context) => Strategies.Create(strategy, context, routing),
            }.RunAsync(run, _fixture.Questions, configurations, cancellationToken: TestContext.Current.CancellationToken);
            Assert.Equal((12, 0), (end.Records, end.Failed));
        }

        var scored = _fixture.Scored();
        Assert.Equal(["rag", "rag", "auto", "escalate"], scored.Configurations.Select(total => total.Configuration.Strategy));
        Assert.Equal(1, scored.Configurations[2].MeanOf(EvaluationMetric.ExactMatch)); // simple questions: DRAG with all 12 passages
        Assert.Equal([12, 0, 1], scored.Run.Records().First(record => record.Strategy == "auto").Used);
        Assert.Equal(["rag"], scored.Observations().Select(observation => observation.Strategy).Distinct());
    }

    [Fact]
    public async Task Equal_requests_are_asked_once_and_each_configuration_is_charged_as_if_alone()
    {
        var time = new ManualTime();
        var model = new SlowChatClient(RunFixture.Reply, time, TimeSpan.FromSeconds(2));
        // Under both budgets nothing is trimmed, so all requests under the second are known.
        var end = await _fixture.RunAsync(model, RunFixture.Grid(3), time: time);

        Assert.Equal(end.RequestsSent, model.Requests);
        Assert.True(end.RequestsReused >= end.RequestsSent, $"{end.RequestsReused} of {end.RequestsSent} reused");
        foreach (var pair in _fixture.Scored().Configurations.GroupBy(total => (total.Configuration.Strategy, total.Configuration.Parameters)))
        {
            Assert.Equal(pair.First().MeanSeconds, pair.Last().MeanSeconds, precision: 6);
            Assert.Equal(2 * pair.First().MeanRequests, pair.First().MeanSeconds, precision: 6);
            Assert.Equal(pair.First().MeanTokens, pair.Last().MeanTokens);
        }
    }

    [Fact]
    public async Task Requests_known_from_an_earlier_sitting_are_not_asked_again()
    {
        var model = new ScriptedChatClient(RunFixture.Reply);
        var configurations = RunFixture.Grid(3);
        await _fixture.RunAsync(model, [.. configurations.Where(configuration => configuration.BudgetTokens == 10_000)]);
        var sent = model.Sent.Count;

        await _fixture.RunAsync(model, configurations);

        Assert.Equal(sent, model.Sent.Count);
    }

    [Theory]
    [InlineData("bm25", 1)]    // one retrieval at the largest k serves all
    [InlineData("reranked", 3)] // its ranking may depend on k
    public async Task A_query_is_retrieved_once_where_shorter_rankings_begin_longer_ones(string name, int expected)
    {
        var named = new NamedRetriever(name, _fixture.Retriever);
        var context = _fixture.Context(new ScriptedChatClient(RunFixture.Reply)) with { Retriever = named };

        await _fixture.RunAsync(context, new RunGrid { Strategies = ["rag"], Ks = [1, 2, 5], Ms = [0], Ns = [1], BudgetTokens = [10_000, 20_000] }.Configurations());

        Assert.All(_fixture.Questions, question => Assert.Equal(expected, _fixture.Retriever.Queries.Count(query => query.Text == question.Question)));
    }

    [Fact]
    public async Task A_question_that_fails_is_recorded_counted_and_asked_again_only_when_wanted()
    {
        var fails = true;
        var model = new ScriptedChatClient(request => fails && request.Question.Contains('2', StringComparison.Ordinal) ? throw new AgentRagException("The model is gone.") : RunFixture.Reply(request));
        var configurations = new RunGrid { Strategies = ["rag"], Ks = [3], Ms = [0], Ns = [1], BudgetTokens = [10_000] }.Configurations();

        var first = await _fixture.RunAsync(model, configurations);
        Assert.Equal((3, 1), (first.Records, first.Failed));
        var failed = Assert.Single(RunReader.Open(_fixture.Folder).Records(), record => record.IsFailed);
        Assert.Equal(("q2", "The model is gone.", null), (failed.QuestionId, failed.Error, failed.Answer));
        Assert.Equal((1, 2 / 3.0), (_fixture.Scored().Configurations[0].Failed, Mean(_fixture.Scored(), "rag", 3, EvaluationMetric.F1)));

        fails = false;
        Assert.Equal(0, (await _fixture.RunAsync(model, configurations)).Answered);
        var retried = await _fixture.RunAsync(model, configurations, new EvaluationRunOptions { RetryFailed = true });
        Assert.Equal((3, 0, 1), (retried.Records, retried.Failed, retried.Answered));
        Assert.Equal((0, 1), (_fixture.Scored().Configurations[0].Failed, Mean(_fixture.Scored(), "rag", 3, EvaluationMetric.F1)));
    }

    [Fact]
    public async Task What_a_failed_question_had_asked_until_then_is_recorded_and_counts_as_spent()
    {
        // Words are tokens, a million of input cost a million dollars: one dollar each.
        var model = new ScriptedChatClient(request => request.Task == GroundedTask.IntermediateAnswer ? throw new AgentRagException("The model is gone.") : RunFixture.Reply(request));
        var configurations = new RunGrid { Strategies = ["iterdrag"], Ks = [3], Ms = [0], Ns = [2], BudgetTokens = [10_000] }.Configurations();

        var end = await _fixture.RunAsync(model, configurations, new EvaluationRunOptions { Prices = new RunPrices(1_000_000, 0, 0) });

        var records = RunReader.Open(_fixture.Folder).Records().ToList();
        Assert.Equal((3, 3), (end.Failed, records.Count));
        Assert.All(records, record =>
        {
            Assert.Equal(["next step", "intermediate answer"], record.Requests.Select(request => request.Purpose));
            Assert.Equal([null, "The model is gone."], record.Requests.Select(request => request.Error));
            Assert.NotEmpty(record.Retrievals);
            Assert.Equal(record.Requests.Sum(request => request.Tokens), record.Spent!.Value, precision: 6);
        });
        Assert.Equal(records.Sum(record => record.Spent!.Value), end.SpentCost!.Value, precision: 6);
    }

    [Fact]
    public async Task A_strategy_that_asks_side_by_side_is_recorded_whole_and_goes_on_like_any_other()
    {
        var model = new ScriptedChatClient(request => request.Task switch
        {
            GroundedTask.Decompose => $"Where is {request.Question}\nWhy is {request.Question}\nWhen is {request.Question}",
            GroundedTask.IntermediateAnswer => $"Intermediate answer: of {request.Steps[^1].SubQuery[..4]}",
            _ => RunFixture.Reply(request),
        });
        var one = new RunGrid { Strategies = ["decompose-parallel"], Ks = [3], Ms = [0], Ns = [3], BudgetTokens = [10_000] }.Configurations();
        var two = new RunGrid { Strategies = ["decompose-parallel"], Ks = [3], Ms = [0], Ns = [3], BudgetTokens = [10_000, 20_000] }.Configurations();

        await _fixture.RunAsync(model, two, folder: _fixture.Folder + "-whole");
        await _fixture.RunAsync(model, one);
        var sent = model.Sent.Count;
        var end = await _fixture.RunAsync(model, two);

        // Each question: three parts between the splitting and the final answer. The second budget trims nothing, so it asks nothing anew, also in another sitting.
        Assert.Equal((sent, 0, 15), (model.Sent.Count, end.RequestsSent, end.RequestsReused));
        Assert.All(RunReader.Open(_fixture.Folder).Records(), record => Assert.Equal(
            (5, 5), (record.Requests.Count, record.Requests.Select(request => request.Key).OfType<string>().Distinct(StringComparer.Ordinal).Count())));
        Assert.Equal(_fixture.Results(_fixture.Folder + "-whole"), _fixture.Results());
    }

    [Fact]
    public async Task A_model_that_is_gone_ends_the_run_instead_of_failing_every_question()
    {
        var model = new ScriptedChatClient(_ => throw new AgentRagException("Nobody answers."));

        var exception = await Assert.ThrowsAsync<AgentRagException>(() => _fixture.RunAsync(model, RunFixture.Grid(1, 2), new EvaluationRunOptions { MaxFailuresInARow = 5 }));

        Assert.Equal("The last 5 answers all failed, the latest with: Nobody answers. Mend the cause and run again with --retry-failed; what is answered stays.", exception.Message);
        Assert.Equal(5, RunReader.Open(_fixture.Folder).Records().Count());
    }

    [Fact]
    public async Task A_run_goes_on_only_with_what_it_was_made_with()
    {
        await _fixture.RunAsync(new ScriptedChatClient(RunFixture.Reply), RunFixture.Grid(1));
        var manifest = RunFixture.Manifest("other") with
        {
            Fingerprint = new Dictionary<string, string>(StringComparer.Ordinal) { ["model"] = "other", ["index"] = new('b', 64), ["code"] = "1", ["server"] = "host" },
        };

        var exception = Assert.Throws<AgentRagException>(() => RunWriter.Open(_fixture.Folder, manifest, _fixture.Questions, TimeProvider.System));

        Assert.Equal(
            $"Run '{_fixture.Folder}' was made with something else (index: aaaaaaaaaaaa, now bbbbbbbbbbbb; model: scripted, now other; server: none, now host): " +
            "go back to that, or start another run with --run DIR.",
            exception.Message);
    }

    [Fact]
    public void Two_processes_cannot_write_one_run()
    {
        using var first = RunWriter.Open(_fixture.Folder, RunFixture.Manifest(), _fixture.Questions, TimeProvider.System);
        var exception = Assert.Throws<AgentRagException>(() => RunWriter.Open(_fixture.Folder, RunFixture.Manifest(), _fixture.Questions, TimeProvider.System));
        Assert.StartsWith($"Run '{_fixture.Folder}' is being written by another process", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_cost_limit_begins_nothing_new_and_the_run_goes_on_under_a_higher_one()
    {
        // Words are tokens here, and a million of input cost a million dollars: one dollar each. A reply "Builder 1" costs 2 * 10.
        var prices = new RunPrices(1_000_000, 0, 10_000_000);
        var model = new ScriptedChatClient(RunFixture.Reply);
        var configurations = new RunGrid { Strategies = ["rag"], Ks = [3], Ms = [0], Ns = [1], BudgetTokens = [10_000] }.Configurations();

        var stopped = await _fixture.RunAsync(model, configurations, new EvaluationRunOptions { Prices = prices, CostLimit = 1 });
        var record = Assert.Single(RunReader.Open(_fixture.Folder).Records());
        Assert.Equal((true, 1), (stopped.IsOverCostLimit, stopped.Records));
        Assert.Equal(record.Tokens + 20, record.Cost!.Value, precision: 6);
        Assert.Equal(record.Cost, stopped.SpentCost);

        var whole = await _fixture.RunAsync(model, configurations, new EvaluationRunOptions { Prices = prices, CostLimit = 1_000_000 });
        Assert.Equal((false, 3), (whole.IsOverCostLimit, whole.Records));
        Assert.Equal(RunReader.Open(_fixture.Folder).Records().Sum(each => each.Cost!.Value), whole.SpentCost!.Value, precision: 6);
    }

    [Fact]
    public async Task Remembered_replies_cost_a_configuration_and_spend_nothing()
    {
        var prices = new RunPrices(1_000_000, 0, 0);
        var end = await _fixture.RunAsync(new ScriptedChatClient(RunFixture.Reply), RunFixture.Grid(3), new EvaluationRunOptions { Prices = prices });

        var records = RunReader.Open(_fixture.Folder).Records().ToList();
        Assert.Equal(records.Sum(record => record.Tokens), records.Sum(record => record.Cost!.Value), precision: 3);
        Assert.Equal(records.Sum(record => record.Requests.Where(request => !request.Reused).Sum(request => request.Tokens)), end.SpentCost!.Value, precision: 3);
        Assert.True(end.SpentCost < records.Sum(record => record.Cost!.Value));
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3)]
    public async Task No_more_questions_are_under_way_than_allowed_and_that_many_are(int parallel)
    {
        var model = new CrowdedChatClient(parallel);
        await _fixture.RunAsync(
            model,
            new RunGrid { Strategies = ["zero-shot"], Ks = [0], Ms = [0], Ns = [1], BudgetTokens = [10_000] }.Configurations(),
            new EvaluationRunOptions { Parallel = parallel });
        Assert.Equal(parallel, model.Most);
    }

    [Fact]
    public async Task Requests_keep_to_the_rate()
    {
        var time = new ManualTime();
        await _fixture.RunAsync(
            new ScriptedChatClient(RunFixture.Reply),
            new RunGrid { Strategies = ["zero-shot"], Ks = [0], Ms = [0], Ns = [1], BudgetTokens = [10_000] }.Configurations(),
            new EvaluationRunOptions { RequestsPerMinute = 30 },
            time);
        Assert.Equal([TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2)], time.Waits); // three requests, two gaps
    }

    [Fact]
    public async Task The_gold_passage_baseline_gets_the_supporting_passages_and_nothing_else()
    {
        await _fixture.RunAsync(
            new ScriptedChatClient(RunFixture.Reply),
            new RunGrid { Strategies = [], Ks = [1], Ms = [0, 2], Ns = [1], BudgetTokens = [10_000], Baselines = RunBaselines.All, GoldPassages = 1 }.Configurations());

        var scored = _fixture.Scored();
        Assert.Equal(["zero-shot", "many-shot", "gold-passages"], scored.Configurations.Select(total => total.Configuration.Strategy));
        Assert.Equal(1, Mean(scored, RunConfiguration.GoldPassages, 1, EvaluationMetric.ExactMatch));
        Assert.Equal(1, Mean(scored, RunConfiguration.GoldPassages, 1, EvaluationMetric.Ndcg));
    }

    [Fact]
    public async Task Observations_carry_every_metric_of_every_finished_configuration()
    {
        var configurations = RunFixture.Grid(3);
        await _fixture.RunAsync(new ScriptedChatClient(RunFixture.Reply), configurations);

        var observations = _fixture.Scored().Observations();

        // Two budgets of one θ give one observation: the one that cuts less.
        Assert.Equal(3 * configurations.Select(configuration => (configuration.Strategy, configuration.Parameters)).Distinct().Count(), observations.Count);
        var rag = observations.First(observation => observation is { Strategy: "rag", Metric: ObservationMetrics.F1 });
        Assert.Equal(("lights", new InferenceParameters(3, 0, 1), 1.0, 3, "scripted"), (rag.DataSet, rag.Parameters, rag.Value, rag.Questions, rag.Fingerprints.Model));
        Assert.Equal(new string('a', 64), rag.Fingerprints.Index);
        Assert.All(observations, observation => observation.Validated());
    }

    [Fact]
    public async Task Cancelling_keeps_what_is_recorded()
    {
        using var cancellation = new CancellationTokenSource();
        var progress = new ActionProgress(state =>
        {
            if (state.Done == 4)
            {
                cancellation.Cancel();
            }
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            _fixture.RunAsync(new ScriptedChatClient(RunFixture.Reply), RunFixture.Grid(1), progress: progress, cancellationToken: cancellation.Token));

        Assert.Equal(4, RunReader.Open(_fixture.Folder).Records().Count());
        var end = await _fixture.RunAsync(new ScriptedChatClient(RunFixture.Reply), RunFixture.Grid(1));
        Assert.Equal(RunFixture.Grid(1).Count * 3, end.Records);
        Assert.Equal(end.Records, RunReader.Open(_fixture.Folder).Records().Count());
    }

    private static IReadOnlyList<RunConfiguration> Grid(IReadOnlyList<string> strategies, params int[] ks) =>
        new RunGrid { Strategies = strategies, Ks = ks, Ms = [0], Ns = [2], BudgetTokens = [20_000] }.Configurations();

    private static double Mean(ScoredRun scored, string strategy, int k, EvaluationMetric metric) =>
        scored.Configurations.First(total => total.Configuration.Strategy == strategy && total.Configuration.Parameters.K == k).MeanOf(metric)!.Value;

    private sealed class ActionProgress(Action<RunProgress> report) : IProgress<RunProgress>
    {
        public void Report(RunProgress value) => report(value);
    }

    private sealed class NamedRetriever(string name, IRetriever inner) : IRetriever
    {
        public string Name => name;

        public Task<IReadOnlyList<RankedPassage>> RetrieveAsync(RetrievalQuery query, CancellationToken cancellationToken = default) => inner.RetrieveAsync(query, cancellationToken);
    }

    /// <summary>A model whose replies take a while on a clock that stands still otherwise.</summary>
    private sealed class SlowChatClient(Func<GroundedRequest, string> reply, ManualTime time, TimeSpan takes) : DelegatingChatClient(new ScriptedChatClient(reply))
    {
        public int Requests { get; private set; }

        public override Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            Requests++;
            time.Advance(takes);
            return base.GetResponseAsync(messages, options, cancellationToken);
        }
    }

    /// <summary>A model that replies once as many requests are there as are expected at once.</summary>
    private sealed class CrowdedChatClient(int expected) : DelegatingChatClient(new ScriptedChatClient(_ => "not found"))
    {
        private readonly Lock _lock = new();
        private readonly TaskCompletionSource _full = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _now;

        public int Most { get; private set; }

        public override async Task<ChatResponse> GetResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            lock (_lock)
            {
                Most = Math.Max(Most, ++_now);
                if (_now == expected)
                {
                    _full.TrySetResult();
                }
            }

            await _full.Task.WaitAsync(TimeSpan.FromSeconds(30), cancellationToken);
            lock (_lock)
            {
                _now--;
            }

            return new ChatResponse(new ChatMessage(ChatRole.Assistant, "not found"));
        }
    }
}
