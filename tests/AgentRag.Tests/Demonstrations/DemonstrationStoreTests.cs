using AgentRag.Demonstrations;
using AgentRag.Documents;
using AgentRag.Models;
using AgentRag.Tests.Fakes;
using Xunit;
using static AgentRag.Tests.Fakes.TestPassages;

namespace AgentRag.Tests.Demonstrations;

public sealed class DemonstrationStoreTests
{
    private static readonly LabelledQuestion TwoHops = new()
    {
        Id = "d1",
        Question = "Where was the author of Salt born?",
        Answers = ["Orm", "the town of Orm"],
        Decomposition = [new LabelledStep("Who wrote Salt?", "Ida Ree", "salt"), new LabelledStep("Where was #1 born?", "Orm", "ida")],
    };

    private static readonly LabelledQuestion Unanswerable = new() { Id = "d2", Question = "How tall was Ida Ree?", Answers = [] };

    private readonly ListRetriever _retriever = new(Passage("salt", "x"), Passage("sea", "y"))
    {
        ByQuery = { ["Where was Ida Ree born?"] = [Passage("ida", "z"), Passage("salt", "x")] },
    };

    [Fact]
    public async Task Steps_carry_the_answers_of_earlier_steps_in_place_of_their_marks()
    {
        var prepared = Assert.Single(await Store().SelectAsync("Other?", m: 1, k: 0, withSteps: true));
        Assert.Equal([new SelfAskStep("Who wrote Salt?", "Ida Ree"), new SelfAskStep("Where was Ida Ree born?", "Orm")], prepared.Demonstration.Steps);
        Assert.Equal("Orm", prepared.Demonstration.Answer);
    }

    [Fact]
    public async Task An_unanswerable_demonstration_shows_how_to_say_so() =>
        Assert.Equal("not found", (await Store().SelectAsync("Other?", m: 2, k: 0, withSteps: false))[1].Demonstration.Answer);

    [Fact]
    public async Task Each_demonstration_gets_its_own_k_passages() =>
        Assert.Equal(["salt#0", "sea#0"], Ids(Assert.Single((await Store().SelectAsync("Other?", m: 1, k: 2, withSteps: false))[0].Passages)));

    [Fact]
    public async Task With_steps_each_sub_query_adds_what_is_new()
    {
        var batches = (await Store().SelectAsync("Other?", m: 1, k: 2, withSteps: true))[0].Passages;
        Assert.Equal([["salt#0", "sea#0"], [], ["ida#0"]], batches.Select(Ids));
    }

    [Fact]
    public async Task A_demonstration_that_asks_the_question_itself_is_left_out() =>
        Assert.Equal("d2", Assert.Single(await Store().SelectAsync("where was the AUTHOR of salt born", m: 1, k: 0, withSteps: false)).Demonstration.Id);

    [Fact]
    public async Task Fewer_come_back_when_the_pool_is_smaller() => Assert.Equal(2, (await Store().SelectAsync("Other?", m: 9, k: 0, withSteps: false)).Count);

    [Fact]
    public async Task Passages_are_retrieved_once_for_each_k()
    {
        var store = Store();
        await store.SelectAsync("Other?", m: 1, k: 2, withSteps: false);
        await store.SelectAsync("Another?", m: 1, k: 2, withSteps: false);
        Assert.Single(_retriever.Queries);
    }

    private static IEnumerable<string> Ids(IReadOnlyList<Passage> passages) => passages.Select(passage => passage.Id);

    private DemonstrationStore Store() => DemonstrationStore.From([TwoHops, Unanswerable], _retriever);
}
