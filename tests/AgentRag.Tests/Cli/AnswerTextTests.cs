using AgentRag.Answering;
using AgentRag.Cli.Output;
using Xunit;

namespace AgentRag.Tests.Cli;

public sealed class AnswerTextTests
{
    [Theory]
    [InlineData("next step", "for the next step")]
    [InlineData("final answer", "for the final answer")]
    [InlineData("sufficiency", "whether that is enough")]
    [InlineData("decompose", "to split the question")]
    [InlineData("keywords", "for keywords")]
    [InlineData("searches", "for other searches")]
    [InlineData("standalone question", "to make the question stand alone")]
    [InlineData("classify", "to classify the question")]
    [InlineData("grade", "to grade the answer")]
    [InlineData("repair", "to mend its reply")]
    public void A_request_is_told_as_what_the_model_is_asked(string purpose, string wish) =>
        Assert.Equal($"  asking the model {wish}: 1,200 tokens, 3,400 so far", AnswerText.Line(new RequestSent(purpose, 1200, 3400)));
}
