using AgentRag.Answering;
using AgentRag.Models;
using Xunit;

namespace AgentRag.Tests.Answering;

public sealed class SelfAskChainTests
{
    [Fact]
    public void A_chain_is_its_steps_and_its_final_answer()
    {
        var chain = SelfAskChain.Parse("""
            Follow up: Who wrote it?
            Intermediate answer: Ada Quist [1]
            Follow up: When did Ada Quist die?
            Intermediate answer: 1924 [3]
            So the final answer is: 1924 [3]
            """);
        Assert.Equal([new SelfAskStep("Who wrote it?", "Ada Quist [1]"), new SelfAskStep("When did Ada Quist die?", "1924 [3]")], chain.Steps);
        Assert.Equal("1924 [3]", chain.Final);
    }

    [Fact]
    public void What_the_model_writes_behind_the_final_answer_is_not_read() =>
        Assert.Equal("Orm", SelfAskChain.Parse("So the final answer is: Orm\nQuestion: Who else?\nSo the final answer is: Bel").Final);

    [Fact]
    public void An_answer_to_nothing_and_a_question_without_answer_are_no_steps()
    {
        var chain = SelfAskChain.Parse("<think>Follow up: hidden?</think>\nIntermediate answer: stray\nFollow up: Who?\nFollow up: When?\nIntermediate answer: 1924\nThat is it.");
        Assert.Equal([new SelfAskStep("When?", "1924")], chain.Steps);
        Assert.Null(chain.Final);
        Assert.Equal("That is it.", chain.LastLine);
    }
}
