using AgentRag.Tokens;
using AgentRag.Tokens.BytePairs;
using Xunit;

namespace AgentRag.Tests.Tokens;

public sealed class JointTokenCountTests
{
    private static readonly BytePairVocabulary Vocabulary = new(TrainedVocabulary.Instance.Tokens);

    public static TheoryData<string> Counters => ["estimate", .. Enum.GetNames<SplitPattern>(), "added tokens", "two patterns"];

    [Theory]
    [MemberData(nameof(Counters))]
    public void The_joint_count_of_parts_is_the_count_of_the_whole_text(string name)
    {
        var counter = Counter(name);
        var random = new Random(11);
        var (joined, parts, plainSumsWrong) = (new JointTokenCount(counter), new List<string>(), 0);
        for (var run = 0; run < 3_000; run++)
        {
            parts.Clear();
            joined.Clear();
            var world = TrainedVocabulary.WorldText();
            for (var i = random.Next(1, 6); i > 0; i--)
            {
                // Long parts let a counted part's inside be skipped; short ones leave pieces open over several seams. Those of the world are cut within words.
                var part = random.Next(2) == 0
                    ? HostileText.Next(random, random.Next(4) == 0 ? 120 : 4)
                    : world.Substring(parts.Sum(part => part.Length), random.Next(4) == 0 ? 800 : random.Next(12));
                parts.Add(part);
                if (random.Next(3) == 0)
                {
                    joined.Append(part);
                }
                else
                {
                    joined.Append(part, JointTokenCount.Count(counter, part));
                }

                Assert.Equal(counter.Count(string.Concat(parts)), joined.Tokens);
            }

            plainSumsWrong += parts.Sum(part => counter.Count(part)) != joined.Tokens ? 1 : 0;
        }

        Assert.True(plainSumsWrong > 100 || name is "SingleDigits", $"The parts have no seams to speak of: {plainSumsWrong}.");
    }

    [Theory]
    [MemberData(nameof(Counters))]
    public void What_is_called_settled_is_not_changed_by_any_text_behind(string name)
    {
        var counter = Counter(name);
        var random = new Random(12);
        for (var run = 0; run < 3_000; run++)
        {
            var (text, more) = (HostileText.Next(random, 12), HostileText.Next(random, 6));
            var count = JointTokenCount.Count(counter, text);
            Assert.Equal(counter.Count(text), count.Tokens);
            var (position, tokens) = (0, 0);
            while (position < count.SettledLength)
            {
                var end = counter.PieceEnd(text + more, position, out _);
                tokens += counter.CountPiece((text + more).AsSpan(position, end - position));
                position = end;
            }

            Assert.Equal((count.SettledLength, count.SettledTokens), (position, tokens));
        }
    }

    [Fact]
    public void Joining_a_counted_part_looks_at_its_ends_alone()
    {
        var counter = new Watched(new BytePairTokenizer("t", Vocabulary, SplitPattern.O200k));
        var passage = TrainedVocabulary.WorldText();
        var count = JointTokenCount.Count(counter, passage);
        counter.CharactersCounted = 0;
        var joined = new JointTokenCount(counter);
        joined.Append("<passage>\n");
        joined.Append(passage, count);
        joined.Append("\n</passage>");
        var tokens = joined.Tokens;
        Assert.True(counter.CharactersCounted < 200, $"{counter.CharactersCounted} of {passage.Length} characters were counted again.");
        Assert.Equal(counter.Count($"<passage>\n{passage}\n</passage>"), tokens);
    }

    private static IPieceTokenCounter Counter(string name) => name switch
    {
        "estimate" => new EstimatingTokenCounter(),
        "added tokens" => new BytePairTokenizer("t", Vocabulary, [SplitPattern.Cl100k], [new("<|end|>", 9_000), new("hello World", 9_001), new("  \n", 9_002)]),
        "two patterns" => new BytePairTokenizer("t", Vocabulary, [SplitPattern.SingleDigits, SplitPattern.Gpt2], []),
        _ => new BytePairTokenizer("t", Vocabulary, Enum.Parse<SplitPattern>(name)),
    };

    private sealed class Watched(IPieceTokenCounter inner) : IPieceTokenCounter
    {
        public int CharactersCounted { get; set; }

        public string Name => inner.Name;

        public bool IsPiecewise => true;

        public int Count(ReadOnlySpan<char> text) => inner.Count(text);

        public int PieceEnd(ReadOnlySpan<char> text, int start, out bool isSettled) => inner.PieceEnd(text, start, out isSettled);

        public int CountPiece(ReadOnlySpan<char> piece)
        {
            CharactersCounted += piece.Length;
            return inner.CountPiece(piece);
        }
    }
}
