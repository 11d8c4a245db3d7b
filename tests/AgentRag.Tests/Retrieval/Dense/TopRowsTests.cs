using AgentRag.Retrieval.Dense;
using Xunit;

namespace AgentRag.Tests.Retrieval.Dense;

public sealed class TopRowsTests
{
    [Fact]
    public void The_best_of_several_heaps_are_those_of_a_sort_and_of_equal_scores_the_earlier_row_wins()
    {
        var random = new Random(8);
        for (var capacity = 1; capacity < 40; capacity++)
        {
            var entries = Enumerable.Range(0, 200).Select(row => (Row: row, Score: (random.Next(41) - 20) / 4f)).ToArray();
            random.Shuffle(entries);
            TopRows[] heaps = [new(capacity), new(capacity), new(capacity)];
            foreach (var (row, score) in entries)
            {
                heaps[row % 3].Add(row, score);
            }

            Assert.Equal(entries.OrderByDescending(entry => entry.Score).ThenBy(entry => entry.Row).Take(capacity), TopRows.Merge(heaps, capacity));
        }
    }
}
