using AgentRag.Evaluation;
using Xunit;

namespace AgentRag.Tests.Evaluation;

public sealed class RetrievalMetricsTests
{
    [Theory]
    [InlineData("a b", "a b", 1, 1, 1)]
    [InlineData("x a b", "a b", 1, 0.693426, 0.5)]   // (1/log2(3) + 1/log2(4)) / (1 + 1/log2(3)) = 1.130930 / 1.630930
    [InlineData("a x x x b", "a b", 1, 0.919721, 1)] // repeats count once, so b is third: (1 + 1/log2(4)) / 1.630930 = 1.5 / 1.630930
    [InlineData("x y", "a b", 0, 0, 0)]
    [InlineData("", "a", 0, 0, 0)]
    [InlineData("a", "a b", 0.5, 0.613147, 1)]       // 1 / 1.630930
    public void Recall_ndcg_and_reciprocal_rank_equal_the_values_worked_by_hand(string ranking, string supporting, double recall, double ndcg, double reciprocal)
    {
        string[] ranked = ranking.Split(' ', StringSplitOptions.RemoveEmptyEntries), wanted = supporting.Split(' ');
        Assert.Equal(recall, RetrievalMetrics.RecallAtK(ranked, wanted, int.MaxValue), precision: 6);
        Assert.Equal(ndcg, RetrievalMetrics.Ndcg(ranked, wanted), precision: 6);
        Assert.Equal(reciprocal, RetrievalMetrics.ReciprocalRank(ranked, wanted), precision: 6);
    }

    [Theory]
    [InlineData("no", "yes", 0)]
    [InlineData("yes it is", "yes", 0)]      // plain F1: 2 * 1 / (3 + 1) = 0.5
    [InlineData("Yes.", "yes", 1)]
    [InlineData("Ada Venn", "Ada", 0.666667)] // 2 * 1 / (2 + 1): neither is a verdict
    public void HotpotQAs_rule_zeroes_F1_where_one_side_is_a_verdict_and_they_differ(string answer, string gold, double expected) =>
        Assert.Equal(expected, AnswerMetrics.Score(answer, isNotFound: false, [gold]).F1HotpotQa, precision: 6);

    [Fact]
    public void Without_the_rule_a_verdict_inside_a_longer_answer_counts() =>
        Assert.Equal(0.5, AnswerMetrics.Score("yes it is", isNotFound: false, ["yes"]).F1, precision: 6);
}
