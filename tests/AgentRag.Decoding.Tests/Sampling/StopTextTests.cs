using AgentRag.Decoding.Sampling;
using Xunit;

namespace AgentRag.Decoding.Tests.Sampling;

public sealed class StopTextTests
{
    [Fact]
    public void What_may_begin_a_stop_text_is_held_back_until_it_is_clear()
    {
        var stop = new StopText(["\n\nQ:"]);
        Assert.Equal("yes", stop.Add("yes\n"));
        Assert.Equal("\n", stop.Add("\n\n")); // "\n\n\n": the first can no longer begin it
        Assert.Equal("\n\nA", stop.Add("A"));
        Assert.Equal(" b", stop.Add(" b\n\nQ: more"));
        Assert.True(stop.IsStopped);
        Assert.Equal("", stop.Add("rest"));
        Assert.Equal("", stop.End());
    }

    [Fact]
    public void The_first_of_several_stops_and_an_end_gives_back_what_was_held()
    {
        var stop = new StopText(["END", "ST"]);
        Assert.Equal("a", stop.Add("aEN"));
        Assert.False(stop.IsStopped);
        Assert.Equal("EN", stop.End());

        var both = new StopText(["END", "ST"]);
        Assert.Equal("x", both.Add("xSTEND"));
    }

    [Fact]
    public void Without_stop_texts_everything_passes() => Assert.Equal("a\n", new StopText([""]).Add("a\n"));

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3)]
    public void However_a_text_is_cut_the_same_passes(int seed)
    {
        var random = new Random(seed);
        for (var run = 0; run < 300; run++)
        {
            var text = new string([.. Enumerable.Range(0, 40).Select(_ => "ab\n"[random.Next(3)])]);
            var at = text.IndexOf("aab\n", StringComparison.Ordinal);
            var (stop, passed, i) = (new StopText(["aab\n"]), "", 0);
            while (i < text.Length)
            {
                var length = Math.Min(random.Next(1, 6), text.Length - i);
                passed += stop.Add(text.AsSpan(i, length));
                i += length;
            }

            Assert.Equal(at < 0 ? text : text[..at], passed + stop.End());
        }
    }
}
