using AgentRag.Answering;
using Xunit;

namespace AgentRag.Tests.Answering;

public sealed class KeywordsTests
{
    [Theory]
    [InlineData("Transformer, RNN, machine translation, performance comparison", new[] { "Transformer", "RNN", "machine translation" })]
    [InlineData("1. attention mechanism\n2. attention mechanism", new[] { "attention mechanism" })]
    [InlineData("注意力机制、性能比较", new[] { "注意力机制" })]
    [InlineData("\"LLM hallucination\"; causes; mitigation.", new[] { "LLM hallucination", "mitigation" })]
    public void Keywords_that_mean_nothing_without_the_question_are_dropped(string reply, string[] expected) => Assert.Equal(expected, Keywords.Read(reply));

    [Fact]
    public void When_no_keyword_stands_alone_all_are_kept_because_nothing_would_be_searched_for() =>
        Assert.Equal(["performance comparison", "results"], Keywords.Read("performance comparison, results"));

    [Fact]
    public void An_empty_reply_has_no_keywords() => Assert.Empty(Keywords.Read(" \n "));
}
