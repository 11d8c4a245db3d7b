using AgentRag.Demonstrations;
using AgentRag.Prompting;
using AgentRag.Tests.Fakes;
using Xunit;
using static AgentRag.Tests.Fakes.TestPassages;

namespace AgentRag.Tests.Prompting;

public sealed class PromptPackerTests
{
    private static readonly WordCounter Counter = new();
    private static readonly PromptTemplate Template = PromptLibrary.Default.Get(PromptName.Drag);

    // Five test passages and two demonstrations of two passages each.
    private static readonly PromptContent Content = new()
    {
        Question = "Who?",
        Demonstrations = [.. Enumerable.Range(1, 2).Select(Demonstration)],
        Passages = [.. Enumerable.Range(1, 5).Select(rank => new NumberedPassage(rank, 0, rank, Passage($"p{rank}", "one two three")))],
    };

    [Fact]
    public void What_fits_is_left_alone() => Assert.Equal(TrimmedContent.None, Pack(int.MaxValue)!.Trimmed);

    [Fact]
    public void What_does_not_fit_goes_in_the_fixed_order()
    {
        // Making room one token at a time passes through every state of the order, and through no other.
        List<TrimmedContent> states = [];
        for (var available = Pack(int.MaxValue)!.Prompt.TokenCount; Pack(available) is { } packed; available--)
        {
            Assert.True(packed.Prompt.TokenCount <= available);
            if (states is [] || states[^1] != packed.Trimmed)
            {
                states.Add(packed.Trimmed);
            }
        }

        Assert.Equal(
            [
                new(0, 0, 0, 0), new(1, 0, 0, 0), new(2, 0, 0, 0), // test passages, down to the best three
                new(2, 1, 0, 0), new(2, 2, 0, 0), new(2, 3, 0, 0), new(2, 4, 0, 0), // passages of demonstrations
                new(2, 4, 1, 0), new(2, 4, 2, 0), // whole demonstrations
                new(3, 4, 2, 0), new(4, 4, 2, 0), new(5, 4, 2, 0), // the last test passages
            ],
            states);
    }

    [Fact]
    public void The_lowest_ranked_go_first_and_the_last_demonstration_before_the_first()
    {
        var all = Pack(int.MaxValue)!.Prompt.TokenCount;
        var packed = Enumerable.Range(0, all).Select(less => Pack(all - less)).First(packed => packed!.Trimmed == new TrimmedContent(2, 3, 0, 0))!;
        Assert.Equal([1, 2, 3], packed.Content.Passages.Select(passage => passage.Number));
        Assert.Equal(["d1-1#0"], packed.Content.Demonstrations[0].Passages[0].Select(passage => passage.Id));
        Assert.Empty(packed.Content.Demonstrations[1].Passages[0]);
    }

    [Fact]
    public void Nothing_is_sent_when_even_the_bare_question_does_not_fit()
    {
        var bare = Template.Render(new PromptContent { Question = "Who?" }, Counter).TokenCount;
        Assert.NotNull(Pack(bare));
        Assert.Null(Pack(bare - 1));
    }

    [Fact]
    public void A_prompt_that_would_hold_fewer_passages_than_wanted_is_not_sent()
    {
        var bare = Template.Render(new PromptContent { Question = "Who?" }, Counter).TokenCount;
        Assert.Null(PromptPacker.Pack(Template, Content, Counter, bare, leastPassages: 1));
    }

    private static PackedPrompt? Pack(int available) => PromptPacker.Pack(Template, Content, Counter, available);

    private static PreparedDemonstration Demonstration(int number) => new(
        new Demonstration { Id = $"d{number}", Question = "q", Answer = "a", Steps = [], Supporting = [] },
        [[Passage($"d{number}-1", "one two three"), Passage($"d{number}-2", "one two three")]]);
}
