using AgentRag.Retrieval;
using Xunit;

namespace AgentRag.Tests.Retrieval;

public sealed class Bm25Tests
{
    [Theory]
    [InlineData(0, 1.0, 0.0)]      // the term is absent
    [InlineData(1, 1.0, 0.454545)] // 1 / (1 + 1.2)
    [InlineData(1, 3.0, 0.25)]     // long passage: norm 1.2 * (0.25 + 0.75 * 3) = 3, so 1 / 4
    public void Score_of_one_term_with_idf_one_equals_the_value_worked_by_hand(int frequency, double lengthRatio, double expected) =>
        Assert.Equal(expected, Bm25.Score([frequency], [1.0], lengthRatio), precision: 6);

    [Theory]
    [InlineData(1), InlineData(50), InlineData(5000)]
    public void Score_rises_with_frequency_but_never_reaches_the_idf(int frequency) =>
        Assert.InRange(Bm25.Score([frequency + 1], [2.0], 1), Bm25.Score([frequency], [2.0], 1), 2 - 1e-9);

    [Theory]
    [InlineData(1, 1, 0.287682)]   // ln(1 + 0.5 / 1.5) = ln(4/3)
    [InlineData(3, 1, 0.980829)]   // ln(1 + 2.5 / 1.5) = ln(8/3)
    [InlineData(10, 0, 3.091042)]  // ln(1 + 10.5 / 0.5) = ln(22)
    public void Idf_equals_the_value_worked_by_hand(int passages, int passagesWithTerm, double expected) =>
        Assert.Equal(expected, Bm25.Idf(passages, passagesWithTerm), precision: 6);

    [Fact]
    public void Score_needs_an_idf_for_each_term() => Assert.Throws<ArgumentException>(() => Bm25.Score([1, 2], [1.0], 1));
}
