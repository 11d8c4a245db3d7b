using AgentRag.Answering;
using AgentRag.Prompting;
using Xunit;
using static AgentRag.Tests.Fakes.TestPassages;

namespace AgentRag.Tests.Answering;

public sealed class CitedTextTests
{
    private static readonly NumberedPassage[] Passages =
    [
        new(1, 0, 1, Passage("orm", "Ida Ree was born in Orm.")),
        new(2, 0, 2, Passage("salt", "Salt is a novel.")),
    ];

    [Theory]
    [InlineData("Orm [1]", "Orm", "orm#0")]
    [InlineData("Orm [2][1]", "Orm", "salt#0,orm#0")]
    [InlineData("Orm [1, 2]", "Orm", "orm#0,salt#0")]
    [InlineData("Orm [7]", "Orm", "")] // there was no passage 7: nothing is cited rather than something made up
    [InlineData("Ida Ree", "Ida Ree", "orm#0")] // without marks: the passage that holds the words
    [InlineData("yes", "yes", "")]
    [InlineData("Atlantis", "Atlantis", "")]
    public void Marks_become_passages_that_were_in_the_prompt(string reply, string text, string passageIds)
    {
        var cited = CitedText.Parse(reply);
        Assert.Equal(text, cited.Text);
        Assert.Equal(passageIds, string.Join(',', cited.Citations(Passages).Select(citation => citation.PassageId)));
    }

    [Theory]
    [InlineData("not found")]
    [InlineData("Not found.")]
    [InlineData("not found in the passages")]
    [InlineData("\"not found\" [1]")]
    [InlineData("Unknown")]
    [InlineData("I don't know.")]
    [InlineData("")]
    public void Every_way_to_say_so_is_not_found_and_cites_nothing(string reply)
    {
        var cited = CitedText.Parse(reply);
        Assert.Equal(Answer.NotFound, cited.Text);
        Assert.Empty(cited.Citations(Passages));
    }

    [Theory]
    [InlineData("The Unknown Soldier")]
    [InlineData("Not Found: a novel")]
    public void A_name_that_only_sounds_like_it_is_an_answer(string reply) => Assert.Equal(reply, CitedText.Parse(reply).Text);
}
