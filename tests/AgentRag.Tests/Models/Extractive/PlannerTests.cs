using AgentRag.Models;
using Xunit;

namespace AgentRag.Tests.Models.Extractive;

public sealed class PlannerTests
{
    [Theory]
    [InlineData("Who designed the Tuskon Viaduct?", "Who designed the Tuskon Viaduct?")]
    [InlineData("Who is Ilse Brandt's father?", "Who is Ilse Brandt's father?")]
    [InlineData("Where was the director of the film Night Ferry born?", "Who is the director of film Night Ferry?|Where was #1 born?")]
    [InlineData("When did Ilse Brandt's mother die?", "Who is Ilse Brandt's mother?|When did #1 die?")]
    [InlineData("What is the place of birth of the director of film Night Ferry?", "Who is the director of film Night Ferry?|What is the place of birth of #1?")]
    [InlineData("Who is the paternal grandfather of Ilse Brandt?", "Who is the father of Ilse Brandt?|Who is the father of #1?")]
    [InlineData("Who wrote the book that is set in Harn, West Selm?", "Which book is set in Harn, West Selm?|Who wrote #1?")]
    [InlineData("Who is the daughter of the Scottish painter?", "Who is the daughter of the Scottish painter?")]
    [InlineData("Who is Ilse Brandt's mother-in-law?", "Who is the spouse of Ilse Brandt?|Who is the mother of #1?")]
    [InlineData("What is the population of the town where Ilse Brandt was born?", "In which town was Ilse Brandt born?|What is the population of #1?")]
    [InlineData("Who founded the company that built the Tuskon Viaduct?", "Which company built the Tuskon Viaduct?|Who founded #1?")]
    [InlineData("Where was the man who designed the Tuskon Viaduct born?", "Who designed the Tuskon Viaduct?|Where was #1 born?")]
    [InlineData("What is the mascot of the oldest college in Harn?", "What is the oldest college in Harn?|What is the mascot of #1?")]
    [InlineData("Ilse Brandt worked for a railway founded by whom?", "Ilse Brandt worked for which railway?|#1 is founded by whom?")]
    [InlineData("Which film came out first, Night Ferry or The Salt Road?", "When was Night Ferry released?|When was The Salt Road released?")]
    [InlineData("Was Mara Holt or Piet Aldane born first?", "When was Mara Holt born?|When was Piet Aldane born?")]
    [InlineData(
        "Which film has the director who died later, Night Ferry or The Salt Road?",
        "Who is the director of Night Ferry?|Who is the director of The Salt Road?|When did #1 die?|When did #2 die?")]
    [InlineData("Are Harn and Port Selm located in the same country?", "Which country is Harn from?|Which country is Port Selm from?")]
    [InlineData("How old was Mara Holt when Night Ferry was released?", "When was Mara Holt born?|When was Night Ferry released?")]
    public async Task A_question_is_split_by_its_pattern(string question, string expected) =>
        Assert.Equal(expected.Split('|'), (await Asking.Reply(GroundedTask.Decompose, question, [])).Split('\n'));

    [Fact]
    public async Task A_very_long_question_is_one_step()
    {
        var question = string.Concat(Enumerable.Repeat("the director of the film X that ", 400));
        Assert.DoesNotContain('\n', await Asking.Reply(GroundedTask.Decompose, question, []));
    }
}
