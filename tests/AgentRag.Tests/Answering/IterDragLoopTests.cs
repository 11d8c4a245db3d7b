using System.Globalization;
using AgentRag.Answering;
using AgentRag.Demonstrations;
using AgentRag.Documents;
using AgentRag.Models;
using AgentRag.Retrieval;
using AgentRag.Tests.Fakes;
using AgentRag.Tests.Models;
using Xunit;
using static AgentRag.Tests.Fakes.TestPassages;

namespace AgentRag.Tests.Answering;

public sealed class IterDragLoopTests
{
    private static readonly Passage Pier = Passage("pier", "The Long Pier was built by Tarn.");
    private static readonly Passage Tarn = Passage("tarn", "Tarn was led by Bo Lind.");

    /// <summary>
    /// Random corpora, budgets, rules and conversations, hostile ones too: written away as JSON and restored at random points, a loop hands out the same turns and ends in
    /// the same state as one that was never interrupted, and as the answerer that asks its model. AGENTRAG_PROPERTY_CASES sets the number of cases.
    /// </summary>
    [Theory]
    [InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public async Task A_loop_that_is_interrupted_anywhere_goes_on_exactly_where_it_stopped(int seed)
    {
        var cases = int.TryParse(Environment.GetEnvironmentVariable("AGENTRAG_PROPERTY_CASES"), NumberStyles.None, CultureInfo.InvariantCulture, out var set) ? set / 40 : 100;
        var random = new Random(seed);
        var (interruptions, turns) = (0, 0);
        for (var i = 0; i < cases; i++)
        {
            var conversation = new Conversation(random.Next());
            var (whole, asked) = await conversation.RunAsync(() => false);
            var points = new Random(random.Next());
            var (restored, askedAgain) = await conversation.RunAsync(() =>
            {
                var interrupts = points.Next(3) == 0;
                interruptions += interrupts ? 1 : 0;
                return interrupts;
            });
            Assert.Equal(asked, askedAgain);
            Assert.Equal(whole, restored);
            Assert.Equal(whole, await conversation.AskAsync());
            turns += asked.Count;
        }

        Assert.True(interruptions > turns / 4 && turns > cases * 2, "The cases do not reach what they are to test.");
    }

    [Fact]
    public async Task A_turn_says_what_to_write_and_what_is_new_to_read()
    {
        var loop = await StartAsync();
        var first = Assert.IsType<IterDragTurn>(await loop.NextAsync());
        Assert.Equal((GroundedTask.NextStep, 1, false, null), (first.Task, first.Iteration, first.IsRepair, first.SubQuery));
        Assert.Equal(["Follow up:", "So the final answer is:"], first.Form.Prefixes);
        Assert.Equal(["pier#0"], first.NewPassages.Select(passage => passage.Passage.Id));
        Assert.Same(first, await loop.NextAsync());

        loop.Take("Follow up: Who led Tarn?");
        var second = (await loop.NextAsync())!;
        Assert.Equal((GroundedTask.IntermediateAnswer, 1, "Who led Tarn?"), (second.Task, second.Iteration, second.SubQuery));
        Assert.Equal(["tarn#0"], second.NewPassages.Select(passage => passage.Passage.Id));
        Assert.Equal(["pier#0", "tarn#0"], second.Passages.Select(passage => passage.Passage.Id));
        Assert.Contains("Who led Tarn?", second.Messages[1].Text, StringComparison.Ordinal);

        loop.Take("Intermediate answer: Bo Lind [2]");
        loop.Take((await loop.NextAsync())!.Task == GroundedTask.NextStep ? "So the final answer is: Bo Lind [2]" : "");
        Assert.Null(await loop.NextAsync());
        Assert.Equal(("Bo Lind", StopReason.FinalAnswer, 3), (loop.Answer!.Text, loop.Answer.StopReason, loop.Answer.Trace.Count));
    }

    [Fact]
    public async Task A_host_that_has_enough_ends_the_steps_and_gives_the_final_answer()
    {
        var loop = await StartAsync();
        await loop.NextAsync();
        loop.Take("Follow up: Who led Tarn?");
        await loop.NextAsync();
        loop.Stop(StopReason.Sufficient);
        var turn = (await loop.NextAsync())!;
        Assert.Equal((GroundedTask.FinalAnswer, null), (turn.Task, turn.SubQuery));
        loop.Take("So the final answer is: Bo Lind", new() { InputTokenCount = 90, OutputTokenCount = 7 }, "the host's model");
        Assert.Null(await loop.NextAsync());
        var answer = loop.Answer!;
        Assert.Equal((StopReason.Sufficient, "the host's model", 0), (answer.StopReason, answer.Model, answer.Steps.Count));
        Assert.Equal("the steps were ended before its reply", answer.Trace[1].Error);
        Assert.Equal((90L, 7L, 1, 3), (answer.Usage.InputTokens, answer.Usage.OutputTokens, answer.Usage.ReportedCalls, answer.Usage.Calls));
    }

    [Fact]
    public async Task A_reply_that_nobody_asked_for_is_a_fault_of_the_caller()
    {
        var loop = await StartAsync();
        Assert.Throws<InvalidOperationException>(() => loop.Take("Follow up: x"));
    }

    [Fact]
    public async Task A_passage_that_left_the_index_is_named()
    {
        var loop = await StartAsync();
        await loop.NextAsync();
        var e = await Assert.ThrowsAsync<AgentRagException>(() => IterDragLoop.RestoreAsync(Context(), loop.State, _ => null));
        Assert.Equal("Passage 'pier#0', which the question holds, is not in the index any more: ask the question again.", e.Message);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("no JSON")]
    [InlineData("null")]
    public void What_is_no_state_is_an_error(string json) =>
        Assert.Contains("ask the question again", Assert.Throws<AgentRagException>(() => IterDragState.FromJson(json)).Message, StringComparison.OrdinalIgnoreCase);

    [Fact]
    public async Task A_state_of_another_version_is_an_error()
    {
        var json = ((await StartAsync()).State with { Version = 2 }).ToJson();
        Assert.Equal(
            "The state of the question is of another version than 1: ask the question again.", Assert.Throws<AgentRagException>(() => IterDragState.FromJson(json)).Message);
    }

    [Fact]
    public async Task The_time_before_an_interruption_counts_toward_the_deadline()
    {
        var time = new ManualTime(TimeSpan.Zero);
        var request = Request with { Budget = new TokenBudgetOptions { Deadline = TimeSpan.FromSeconds(20) } };
        var loop = await IterDragLoop.StartAsync(Context(time), request);
        await loop.NextAsync();
        time.Advance(TimeSpan.FromSeconds(16));
        var state = IterDragState.FromJson(loop.State.ToJson());

        // Three quarters are over: only the final answer is asked for.
        loop = await IterDragLoop.RestoreAsync(Context(new ManualTime(TimeSpan.Zero)), state, id => id == Pier.Id ? Pier : null);
        Assert.Equal(GroundedTask.FinalAnswer, (await loop.NextAsync())!.Task);
        loop.Take("So the final answer is: x");
        Assert.Equal((StopReason.Deadline, TimeSpan.FromSeconds(16)), (loop.Answer!.StopReason, loop.Answer.Usage.Elapsed));
    }

    private static AnswerRequest Request { get; } = new("Who led it?", new InferenceParameters(5, 0, 5), new TokenBudgetOptions());

    private static AnsweringContext Context(TimeProvider? time = null) => new()
    {
        Retriever = new ListRetriever(Pier) { ByQuery = { ["Who led Tarn?"] = [Tarn, Pier] } },
        Model = new ScriptedChatClient(),
        TokenCounter = new WordCounter(),
        TimeProvider = time ?? TimeProvider.System,
    };

    private static Task<IterDragLoop> StartAsync() => IterDragLoop.StartAsync(Context(), Request);

    /// <summary>A question with everything around it, made from a seed, that can be gone through again and again.</summary>
    private sealed class Conversation
    {
        private readonly AnswerRequest _request;
        private readonly Passage[] _corpus;
        private readonly List<LabelledQuestion> _demonstrations;
        private readonly string[] _replies;
        private readonly int _seed;

        public Conversation(int seed)
        {
            var random = new Random(_seed = seed);
            _corpus = [.. Enumerable.Range(0, random.Next(1, 20)).Select(i => Passage($"p{i}", Words(random, 40), Words(random, 4)))];
            _demonstrations = [.. Enumerable.Range(0, 3).Select(i => new LabelledQuestion { Id = $"d{i}", Question = $"{i} {Words(random, 10)}", Answers = [Words(random, 5)] })];
            _request = new AnswerRequest(
                $"q {Words(random, 12)}",
                new InferenceParameters(random.Next(0, 8), random.Next(0, 4), random.Next(1, 6)),
                new TokenBudgetOptions
                {
                    MaxEffectiveContextTokens = random.Next(400, 8_000),
                    ContextWindowTokens = random.Next(400, 4_000),
                    ReservedAnswerTokens = 50,
                    MaxCalls = random.Next(3) == 0 ? random.Next(1, 8) : null,
                    MaxCost = random.Next(3) == 0 ? random.Next(1_000, 20_000) / 1_000_000m : null,
                    Deadline = random.Next(3) == 0 ? TimeSpan.FromSeconds(1_000) : null,
                })
            {
                StopRules = new StopRules
                {
                    MaxSubQueriesWithoutNewPassages = random.Next(3) == 0 ? null : random.Next(1, 4),
                    MaxUnknownAnswers = random.Next(3) == 0 ? null : random.Next(1, 4),
                    StopsAtRepeatedSubQuery = random.Next(2) == 0,
                    ChecksSufficiency = random.Next(3) == 0,
                    AgreeingDrafts = random.Next(3) == 0 ? 2 : null,
                },
            };
            _replies = [.. Enumerable.Range(0, 40).Select(_ => Reply(random))];
        }

        /// <summary>Goes through the turns; returns the final state as JSON, and what was asked.</summary>
        public async Task<(string State, List<string> Asked)> RunAsync(Func<bool> interrupts)
        {
            List<string> asked = [];
            var fault = await FaultAsync(async () =>
            {
                var loop = await IterDragLoop.StartAsync(Context(), _request);
                var reply = 0;
                while (true)
                {
                    loop = await MaybeRestoreAsync(loop);
                    if (await loop.NextAsync() is not { } turn)
                    {
                        return (await MaybeRestoreAsync(loop)).Answer!;
                    }

                    loop = await MaybeRestoreAsync(loop);
                    Assert.Equal(turn.Messages.Select(message => message.Text), (await loop.NextAsync())!.Messages.Select(message => message.Text));
                    asked.Add($"{turn.Task} {turn.IsRepair} {turn.Iteration} {turn.SubQuery} {turn.PromptTokens} {string.Join(' ', turn.NewPassages.Select(passage => passage.Number))}");
                    loop.Take(_replies[reply++], modelName: "scripted");
                }
            });
            return (fault, asked);

            async Task<IterDragLoop> MaybeRestoreAsync(IterDragLoop loop) => interrupts()
                ? await IterDragLoop.RestoreAsync(Context(), IterDragState.FromJson(loop.State.ToJson()), id => _corpus.FirstOrDefault(passage => passage.Id == id))
                : loop;
        }

        /// <summary>The same by the answerer, whose model gives the same replies.</summary>
        public async Task<string> AskAsync() => await FaultAsync(() => new IterDragAnswerer(Context()).AnswerAsync(_request));

        private static async Task<string> FaultAsync(Func<Task<Answer>> work)
        {
            try
            {
                var answer = await work();
                return System.Text.Json.JsonSerializer.Serialize(answer);
            }
            catch (AgentRagException e)
            {
                return e.Message;
            }
        }

        private AnsweringContext Context()
        {
            var reply = 0;
            return new AnsweringContext
            {
                Retriever = new SeededRetriever(_seed, _corpus),
                Model = new ScriptedChatClient(_ => _replies[reply++]),
                TokenCounter = new WordCounter(),
                TimeProvider = new ManualTime(TimeSpan.Zero),
                Prices = new PriceTable(new Dictionary<string, ModelPrice> { ["scripted"] = new ModelPrice(2, 8) }),
                Demonstrations = DemonstrationStore.From(_demonstrations, new SeededRetriever(_seed + 1, _corpus)),
            };
        }

        private static string Words(Random random, int most) =>
            string.Join(' ', Enumerable.Range(0, random.Next(1, most + 1)).Select(_ => ((char)('a' + random.Next(26))).ToString() + random.Next(30)));

        private static string Reply(Random random) => random.Next(16) switch
        {
            0 => Words(random, 600),
            1 => "<think>" + Words(random, 9) + "</think>\n" + Words(random, 3),
            2 => "half a character \uD83D",
            3 => "Intermediate answer: not found",
            4 or 5 => $"So the final answer is: {Words(random, 5)} [{random.Next(1, 9)}]",
            6 => "yes",
            7 => "Follow up: the same again",
            8 or 9 or 10 => $"Intermediate answer: {Words(random, 20)} [{random.Next(1, 9)}]",
            _ => $"Follow up: {Words(random, 50)}",
        };
    }

    /// <summary>Ranks by the query alone, so that it can be asked again.</summary>
    private sealed class SeededRetriever(int seed, Passage[] corpus) : IRetriever
    {
        public string Name => "seeded";

        public Task<IReadOnlyList<RankedPassage>> RetrieveAsync(RetrievalQuery query, CancellationToken cancellationToken = default)
        {
            var shuffled = (Passage[])corpus.Clone();
            new Random(seed ^ query.Text.Length ^ query.Text[^1]).Shuffle(shuffled);
            return Task.FromResult<IReadOnlyList<RankedPassage>>([.. shuffled.Take(query.K).Select((passage, i) => new RankedPassage(passage, i + 1, 1.0 / (i + 1)))]);
        }
    }
}
