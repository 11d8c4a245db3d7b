using AgentRag.Decoding.Sampling;
using AgentRag.Decoding.Training;
using Xunit;

namespace AgentRag.Decoding.Tests.Training;

public sealed class CurriculumTests
{
    // Table 8 of REFRAG, as published.
    [Theory]
    [InlineData(0, new[] { 1333, 445, 148, 49, 16, 6, 2, 1, 0 })]
    [InlineData(1, new[] { 333, 298, 267, 238, 213, 191, 171, 153, 137 })]
    [InlineData(2, new[] { 83, 102, 126, 156, 193, 238, 293, 362, 447 })]
    [InlineData(3, new[] { 20, 35, 61, 106, 185, 324, 565, 985, 1719 })]
    [InlineData(4, new[] { 5, 11, 23, 48, 103, 220, 468, 997, 2125 })]
    [InlineData(5, new[] { 1, 3, 7, 19, 50, 133, 353, 939, 2496 })]
    [InlineData(6, new[] { 1, 3, 9, 25, 73, 212, 618, 1802, 5259 })]
    [InlineData(7, new[] { 1, 3, 9, 25, 73, 212, 618, 1802, 5259 })]
    [InlineData(8, new[] { 1, 3, 9, 25, 73, 212, 618, 1802, 5259 })]
    public void Every_published_count_is_a_geometric_sequence_rounded_and_the_sums_are_exact(int row, int[] published)
    {
        var (chunks, examples) = Curriculum.Table()[row];
        Assert.Equal(1 << row, chunks);
        Assert.Equal(published, examples.Select(count => (int)Math.Round(count)));
        Assert.Equal(row < 3 ? 2_000 : row < 6 ? 4_000 : 8_000, examples.Sum(), 1e-6);
    }

    [Theory]
    [InlineData(8, 1_000), InlineData(16, 7), InlineData(1, 500), InlineData(256, 42_000), InlineData(4, 0)]
    public void A_shortened_curriculum_has_exactly_the_examples_asked_for_and_goes_from_short_to_long(int longest, int total)
    {
        var stages = Curriculum.For(longest, total);
        Assert.Equal(Curriculum.Stages, stages.Count);
        Assert.Equal(total, stages.Sum(stage => stage.Count));
        Assert.InRange(stages.SelectMany(stage => stage).DefaultIfEmpty(1).Max(), 1, longest);
        if (total >= 500)
        {
            var means = stages.Where(stage => stage.Count > 0).Select(stage => stage.Average()).ToList();
            Assert.Equal(means.Order(), means);
        }
    }

    [Fact]
    public void The_whole_table_at_its_own_size_has_the_published_counts()
    {
        // 42,000 examples are those of the table, so nothing is scaled; what rounding takes goes to the next count, so each is at most one off.
        var (stages, table) = (Curriculum.For(256, 42_000), Curriculum.Table());
        for (var stage = 0; stage < Curriculum.Stages; stage++)
        {
            Assert.All(table, row => Assert.Equal(row.Examples[stage], stages[stage].Count(chunks => chunks == row.Chunks), 1.0));
        }
    }

    [Fact]
    public void Stages_follow_one_another_or_all_are_mixed_with_the_same_lengths()
    {
        var (inStages, mixed) = (Curriculum.Order(16, 2_000, inStages: true, new SeededNumbers(1)), Curriculum.Order(16, 2_000, inStages: false, new SeededNumbers(1)));
        Assert.Equal(inStages.Order(), mixed.Order());
        var (at, stages) = (0, Curriculum.For(16, 2_000));
        foreach (var stage in stages)
        {
            Assert.Equal(stage.Order(), inStages[at..(at + stage.Count)].Order());
            at += stage.Count;
        }

        // A fourth of the examples: 1 to 2 chunks mostly in stages, as all of them are when mixed.
        Assert.True(inStages[..500].Average() < 0.5 * inStages.Average());
        Assert.Equal(mixed.Average(), mixed[..500].Average(), 1.0);
    }
}
