using AgentRag.Demonstrations;
using AgentRag.Documents;
using AgentRag.Tests.Fakes;
using Xunit;
using static AgentRag.Tests.Fakes.TestPassages;

namespace AgentRag.Tests.Demonstrations;

public sealed class DemonstrationSelectionTests
{
    private static readonly string[] Pool =
    [
        "Who built the stone bridge?",
        "Who built the old stone bridge?",
        "When was the ferry lost?",
        "Which opera opened the theatre?",
        "Who built the ferry?",
    ];

    public static TheoryData<DemonstrationSelection> Selections => [.. Enum.GetValues<DemonstrationSelection>()];

    [Fact]
    public async Task The_fixed_selection_is_the_same_for_every_question() => Assert.Equal(
        ["0", "1"], (await IdsAsync(Store(DemonstrationSelection.Fixed), "When was the opera lost?", 2)));

    [Fact]
    public async Task The_random_selection_depends_on_the_seed_and_not_on_the_question()
    {
        var orders = new HashSet<string>();
        for (var seed = 0; seed < 20; seed++)
        {
            var store = Store(DemonstrationSelection.Random, seed);
            var ids = await IdsAsync(store, "When was the opera lost?", 5);
            Assert.Equal(ids, await IdsAsync(store, "Something else", 5));
            Assert.Equal(ids, await IdsAsync(Store(DemonstrationSelection.Random, seed), "", 5));
            Assert.Equal(["0", "1", "2", "3", "4"], ids.Order());
            orders.Add(string.Concat(ids));
        }

        Assert.InRange(orders.Count, 15, 20); // 20 draws of 120 orders
    }

    [Fact]
    public async Task The_nearest_selection_takes_the_likest_first_and_fills_up_in_the_order_of_the_pool() =>
        Assert.Equal(["3", "0", "1"], (await IdsAsync(Store(DemonstrationSelection.Nearest), "Which opera was it?", 3)));

    [Fact]
    public async Task The_nearest_selection_asks_the_retriever_it_is_given()
    {
        var questions = new ListRetriever(Passage("4", "x"), Passage("2", "y"));
        var store = Store(DemonstrationOptionsFor(DemonstrationSelection.Nearest) with { Questions = questions });
        Assert.Equal(["4", "2", "0"], await IdsAsync(store, "Anything", 3));
    }

    [Fact]
    public async Task The_diverse_selection_passes_over_what_is_nearly_the_same()
    {
        // Cosines with the question: 1 has 0.91, 0 has 0.76, 4 has 0.63; of 1 with 0 0.83, of 1 with 4 0.40. So 0 scores -0.04 and 4 scores 0.12.
        const string Question = "Who built the old stone bridge of the ferry?";
        Assert.Equal(["1", "0"], await IdsAsync(Store(DemonstrationSelection.Nearest), Question, 2));
        Assert.Equal(["1", "4"], await IdsAsync(Store(DemonstrationSelection.Diverse), Question, 2));
        Assert.Equal(["1", "0"], await IdsAsync(Store(DemonstrationOptionsFor(DemonstrationSelection.Diverse) with { Relevance = 1 }), Question, 2));
    }

    [Theory]
    [InlineData(null, 3, 3), InlineData(2, 3, 2), InlineData(0, 3, 0), InlineData(9, 3, 3), InlineData(2, 0, 0)]
    public async Task A_demonstration_shows_the_smaller_of_its_own_k_and_the_question_s(int? own, int asked, int expected)
    {
        var store = Store(new DemonstrationOptions { K = own });
        Assert.Equal(expected, (await store.SelectAsync("Other", 1, asked, withSteps: false))[0].Passages.Sum(batch => batch.Count));
    }

    [Fact]
    public void Options_out_of_range_are_all_named() => Assert.Equal(
        "Demonstrations: K is 1001, must be in [0, 1000]; Relevance is 2, must be in [0, 1].",
        Assert.Throws<AgentRagException>(() => new DemonstrationOptions { K = 1001, Relevance = 2 }.Validated()).Message);

    [Fact]
    public void An_id_that_occurs_twice_is_an_error() => Assert.Equal(
        "The id \"0\" stands for 2 demonstrations of the pool; ids must differ.",
        Assert.Throws<AgentRagException>(() => DemonstrationStore.From([Question("0", "a"), Question("0", "b")], new ListRetriever())).Message);

    [Theory, MemberData(nameof(Selections))]
    public async Task Every_selection_gives_at_most_m_each_once_and_never_the_question_or_its_evidence(DemonstrationSelection selection)
    {
        var random = new Random(7);
        string[] words = ["bridge", "ferry", "opera", "Orm", "built", "lost", "東京", "the", "who"];
        for (var round = 0; round < 150; round++)
        {
            var pool = Enumerable.Range(0, random.Next(12)).Select(i => Question(
                $"{i}", string.Join(' ', Enumerable.Range(0, 1 + random.Next(4)).Select(_ => words[random.Next(words.Length)])), [.. Documents(random)])).ToList();
            var test = Question("test", pool.Count > 0 && random.Next(2) == 0 ? pool[0].Question.ToUpperInvariant() + "?" : "who built the ferry", [.. Documents(random)]);
            var store = DemonstrationStore.From(pool, new ListRetriever(), new DemonstrationOptions { Selection = selection, Seed = round, Relevance = random.NextDouble() });
            var m = random.Next(14);

            var chosen = (await store.Guarded([test]).SelectAsync(test.Question, m, 0, withSteps: false)).Select(prepared => prepared.Demonstration).ToList();

            var allowed = pool.Where(question => QuestionKey.Of(question.Question) != QuestionKey.Of(test.Question)
                && (test.Supporting.Count == 0 || !test.Supporting.All(question.Supporting.Contains))).Select(question => question.Id).ToList();
            Assert.Equal(Math.Min(m, allowed.Count), chosen.Count);
            Assert.Equal(chosen.Count, chosen.Select(demonstration => demonstration.Id).Distinct().Count());
            Assert.Subset(allowed.ToHashSet(), chosen.Select(demonstration => demonstration.Id).ToHashSet());
        }

        static IEnumerable<string> Documents(Random random) => Enumerable.Range(0, random.Next(3)).Select(_ => $"doc{random.Next(3)}").Distinct();
    }

    [Fact]
    public async Task The_guard_leaves_other_questions_alone()
    {
        var store = DemonstrationStore.From([Question("0", "Who?", "a", "b"), Question("1", "When?", "c")], new ListRetriever()).Guarded([Question("t", "Test?", "a", "b")]);
        Assert.Equal(["1"], await IdsAsync(store, "test", 5));
        Assert.Equal(["0", "1"], await IdsAsync(store, "Another?", 5));
    }

    private static DemonstrationOptions DemonstrationOptionsFor(DemonstrationSelection selection, int seed = 1) => new() { Selection = selection, Seed = seed };

    private static DemonstrationStore Store(DemonstrationSelection selection, int seed = 1) => Store(DemonstrationOptionsFor(selection, seed));

    private static DemonstrationStore Store(DemonstrationOptions options) => DemonstrationStore.From(
        Pool.Select((question, i) => Question($"{i}", question)), new ListRetriever(Passage("a", "x"), Passage("b", "y"), Passage("c", "z")), options);

    private static LabelledQuestion Question(string id, string question, params string[] supporting) => new() { Id = id, Question = question, Answers = ["x"], Supporting = supporting };

    private static async Task<IEnumerable<string>> IdsAsync(DemonstrationStore store, string question, int m) =>
        (await store.SelectAsync(question, m, 0, withSteps: false)).Select(prepared => prepared.Demonstration.Id);
}
