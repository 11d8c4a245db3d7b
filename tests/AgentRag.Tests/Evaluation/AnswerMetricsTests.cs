using AgentRag.Evaluation;
using Xunit;

namespace AgentRag.Tests.Evaluation;

public sealed class AnswerMetricsTests
{
    [Theory]
    [InlineData("The  Cat, sat!", "cat sat")]
    [InlineData("An apple a day", "apple day")]
    [InlineData("theatre", "theatre")]
    [InlineData("it's", "its")]
    [InlineData("Élan—vital", "élan—vital")] // only ASCII punctuation goes
    [InlineData("a", "")]
    public void Normalize_does_what_squad_does(string answer, string expected) => Assert.Equal(expected, AnswerNormalizer.Normalize(answer));

    [Theory]
    [InlineData("the Eiffel Tower", "Eiffel Tower", 1, 1, 1)]
    [InlineData("the Eiffel Tower in Paris", "Eiffel Tower", 0, 2.0 / 3, 1)] // precision 2/4, recall 2/2
    [InlineData("Eiffel", "Eiffel Tower", 0, 2.0 / 3, 0)] // precision 1/1, recall 1/2
    [InlineData("tower tower", "tower", 0, 2.0 / 3, 1)] // a repeated word counts once
    [InlineData("London", "Paris", 0, 0, 0)]
    [InlineData("", "Paris", 0, 0, 0)]
    public void Score_equals_the_values_worked_by_hand(string answer, string gold, double exactMatch, double f1, double accuracy)
    {
        var metrics = AnswerMetrics.Score(answer, isNotFound: false, [gold]);
        Assert.Equal(exactMatch, metrics.ExactMatch);
        Assert.Equal(f1, metrics.F1, precision: 12);
        Assert.Equal(accuracy, metrics.Accuracy);
    }

    [Fact]
    public void Score_takes_the_best_over_all_gold_answers() =>
        Assert.Equal(new AnswerMetrics(1, 1, 1), AnswerMetrics.Score("NYC", isNotFound: false, ["New York City", "NYC"]));

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 0)]
    public void Without_a_gold_answer_only_not_found_is_right(bool isNotFound, double expected) =>
        Assert.Equal(expected, AnswerMetrics.Score("not found", isNotFound, []).ExactMatch);

    [Fact]
    public void Not_found_never_matches_a_gold_answer_that_its_letters_contain() =>
        Assert.Equal(new AnswerMetrics(0, 0, 0), AnswerMetrics.Score("not found", isNotFound: true, ["no"]));

    [Fact]
    public void RecallAtK_counts_each_document_once()
    {
        string[] ranked = ["a", "a", "b", "c", "d"];
        Assert.Equal(0.5, RetrievalMetrics.RecallAtK(ranked, ["a", "c"], 2));
        Assert.Equal(1.0, RetrievalMetrics.RecallAtK(ranked, ["a", "c"], 3));
    }

    [Fact]
    public void RecallAtK_needs_a_supporting_document() => Assert.Throws<ArgumentException>(() => RetrievalMetrics.RecallAtK(["a"], [], 1));
}
