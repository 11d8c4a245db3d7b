using AgentRag.Demonstrations;
using Xunit;

namespace AgentRag.Tests.Demonstrations;

public sealed class QuestionKeyTests
{
    [Theory]
    [InlineData("Who built the pier?", "who built  THE pier", true)]
    [InlineData("What is C#?", "What is C++?", false)]
    [InlineData("What is C#?", "what is c#", true)]
    public void Only_letters_digits_and_the_signs_of_names_count(string one, string other, bool same) =>
        Assert.Equal(same, QuestionKey.Of(one) == QuestionKey.Of(other));
}
