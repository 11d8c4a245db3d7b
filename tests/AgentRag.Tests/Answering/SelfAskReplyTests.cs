using AgentRag.Answering;
using Xunit;

namespace AgentRag.Tests.Answering;

public sealed class SelfAskReplyTests
{
    [Theory]
    [InlineData("Follow up: Who wrote it?", "Follow up:", "Who wrote it?")]
    [InlineData("  follow up:   Who?  ", "Follow up:", "Who?")]
    [InlineData("\n\nSo the final answer is: Orm", "So the final answer is:", "Orm")]
    [InlineData("Follow up: Who?\nIntermediate answer: Ida\nSo the final answer is: Orm", "Follow up:", "Who?")] // the model went on by itself
    [InlineData("<think>Follow up: no\n</think>\nFollow up: yes?", "Follow up:", "yes?")]
    public void A_line_of_the_asked_form_is_read(string reply, string prefix, string text) =>
        Assert.Equal(new SelfAskReply(prefix, text), SelfAskReply.Parse(reply, SelfAskReply.FollowUp, SelfAskReply.FinalAnswer));

    [Theory]
    [InlineData("")]
    [InlineData("   \n ")]
    [InlineData("Follow up:")]
    [InlineData("Orm")]
    [InlineData("I think: Follow up: Who?")]
    [InlineData("Sure!\nFollow up: Who?")]
    [InlineData("Intermediate answer: Orm")] // not asked for here
    [InlineData("<think>endless thoughts")]
    public void Anything_else_is_malformed(string reply) => Assert.Null(SelfAskReply.Parse(reply, SelfAskReply.FollowUp, SelfAskReply.FinalAnswer));
}
