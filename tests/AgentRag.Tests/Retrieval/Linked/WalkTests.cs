using AgentRag.Indexing;
using AgentRag.Retrieval.Linked;
using AgentRag.Tests.Indexing;
using Xunit;

namespace AgentRag.Tests.Retrieval.Linked;

public sealed class WalkTests
{
    // Two names, three passages: 0 -ann lee- 1 -bob ray- 2. Each name stands in two of three passages, so all edges weigh the same.
    private static readonly LinksGraph Chain = LinksGraphTests.Graph(
        ("a", "x", "Here is Ann Lee."), ("b", "x", "Here is Ann Lee, here is Bob Ray."), ("c", "x", "Here is Bob Ray."));

    [Fact]
    public void One_chain_gives_the_values_worked_by_hand()
    {
        // With a chance of going on of 1/2 and everything at passage 0, a step p -> p' is p' = r/2 + T(p)/2, where 0 goes to (1/2, 1/2, 0),
        // 1 to (1/4, 1/2, 1/4) and 2 to (0, 1/2, 1/2). The first two steps: (3/4, 1/4, 0), (23/32, 8/32, 1/32).
        var shares = new Walk(Chain, [KeyValuePair.Create(0, 2.0)], on: 0.5, minShare: 0, steps: 2).Shares;

        Assert.Equal(23 / 32.0, shares[0], precision: 12);
        Assert.Equal(8 / 32.0, shares[1], precision: 12);
        Assert.Equal(1 / 32.0, shares[2], precision: 12);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public void Shares_equal_those_of_a_dense_power_iteration(int seed)
    {
        var random = new Random(seed);
        string[] names = ["Ann Lee", "Bob Ray", "Cid Fox", "Dan Orr", "Eve Poe", "Flo Rae"];
        var graph = LinksGraphTests.Graph([.. Enumerable.Range(0, 12).Select(i => (
            $"d{i}", i < names.Length ? names[i] : "", "here: " + string.Join(", ", names.Where(_ => random.Next(3) == 0))))]);
        Dictionary<int, double> start = new() { [0] = 3, [5] = 2, [7] = 1 };

        var shares = new Walk(graph, start, on: 0.5, minShare: 0, steps: 5).Shares;

        var expected = Dense(graph, start, on: 0.5, steps: 5);
        Assert.All(Enumerable.Range(0, 12), passage => Assert.Equal(expected[passage], shares.GetValueOrDefault(passage), precision: 12));
    }

    [Fact]
    public void Small_shares_go_no_further()
    {
        var shares = new Walk(Chain, [KeyValuePair.Create(0, 1.0)], on: 0.5, minShare: 0.3, steps: 5).Shares;

        // Passage 1 gets 1/4 at most from passage 0, which is below 0.3: nothing reaches passage 2.
        Assert.DoesNotContain(2, shares.Keys);
    }

    [Fact]
    public void Arrivals_and_start_make_up_a_share()
    {
        var walk = new Walk(Chain, [KeyValuePair.Create(0, 1.0), KeyValuePair.Create(2, 3.0)], on: 0.5);

        Assert.All(walk.Shares, share => Assert.Equal(share.Value, walk.RestartOf(share.Key) + walk.ArrivalsAt(share.Key).Sum(arrival => arrival.Share), precision: 12));
    }

    private static double[] Dense(LinksGraph graph, Dictionary<int, double> start, double on, int steps)
    {
        var (n, m) = (graph.PassageCount, graph.NameCount);
        var edges = new double[n, m];
        for (var name = 0; name < m; name++)
        {
            foreach (var passage in graph.Mentions[name])
            {
                edges[passage, name]++;
            }

            foreach (var passage in graph.Subjects[name])
            {
                edges[passage, name]++;
            }
        }

        double Idf(int name) => Math.Log(1 + ((double)n / Math.Max(1, graph.MentionCounts[name])));
        var restart = new double[n];
        foreach (var (passage, weight) in start)
        {
            restart[passage] = weight / start.Values.Sum();
        }

        var shares = (double[])restart.Clone();
        for (var step = 0; step < steps; step++)
        {
            var names = new double[m];
            for (var passage = 0; passage < n; passage++)
            {
                var sum = Enumerable.Range(0, m).Sum(name => edges[passage, name] * Idf(name));
                for (var name = 0; name < m && sum > 0; name++)
                {
                    names[name] += shares[passage] * edges[passage, name] * Idf(name) / sum;
                }
            }

            var next = new double[n];
            for (var passage = 0; passage < n; passage++)
            {
                next[passage] = (1 - on) * restart[passage];
                for (var name = 0; name < m; name++)
                {
                    next[passage] += on * names[name] * edges[passage, name] / Math.Max(1, Enumerable.Range(0, n).Sum(other => edges[other, name]));
                }
            }

            shares = next;
        }

        return shares;
    }
}
