using AgentRag.Models;
using Xunit;

namespace AgentRag.Tests.Models.Extractive;

public sealed class SelfAskTests
{
    private const string Question = "Where was the director of the film Night Ferry born?";
    private static readonly (string, string) Film = ("Night Ferry", "Night Ferry is a 1931 drama film directed by Mara Holt.");
    private static readonly (string, string) Director = ("Mara Holt", "Mara Holt was a Velish film director. She was born in Ostrel.");

    [Theory]
    [InlineData("Where was the director of the film Night Ferry born?", "yes", "Night Ferry is a 1931 film directed by Mara Holt.", "Mara Holt was born in Ostrel.")]
    [InlineData("Where was the director of the film Night Ferry born?", "no", "Night Ferry is a film.", "Ostrel is a town.")]
    public async Task What_is_held_is_enough_when_the_plan_is_done(string question, string expected, string film, string person)
    {
        var reply = await Asking.Reply(GroundedTask.Sufficiency, question, [], ("Night Ferry", film), ("Mara Holt", person));
        Assert.Equal(expected, reply);

        // A draft is the final answer as it would be now.
        Assert.Equal(
            await Asking.Reply(GroundedTask.FinalAnswer, question, [], ("Night Ferry", film), ("Mara Holt", person)),
            await Asking.Reply(GroundedTask.Draft, question, [], ("Night Ferry", film), ("Mara Holt", person)));
    }

    [Fact]
    public async Task The_first_step_asks_for_the_inner_description() =>
        Assert.Equal("Follow up: Who is the director of film Night Ferry?", await Asking.Reply(GroundedTask.NextStep, Question, [], Film));

    [Fact]
    public async Task An_intermediate_answer_answers_the_last_sub_query() =>
        Assert.Equal(
            "Intermediate answer: Mara Holt [1]",
            await Asking.Reply(GroundedTask.IntermediateAnswer, Question, [new("Who is the director of film Night Ferry?", null)], Film));

    [Fact]
    public async Task An_intermediate_answer_says_not_found_without_evidence() =>
        Assert.Equal(
            "Intermediate answer: not found",
            await Asking.Reply(GroundedTask.IntermediateAnswer, Question, [new("Who is the director of film Night Ferry?", null)], ("Orm", "The Orm is a river.")));

    [Fact]
    public async Task The_next_step_puts_the_intermediate_answer_in() =>
        Assert.Equal(
            "Follow up: Where was Mara Holt born?",
            await Asking.Reply(GroundedTask.NextStep, Question, [new("Who is the director of film Night Ferry?", "Mara Holt")], Film));

    [Fact]
    public async Task The_last_intermediate_answer_is_the_final_answer() =>
        Assert.Equal(
            "So the final answer is: Ostrel [1] [2]",
            await Asking.Reply(
                GroundedTask.NextStep, Question, [new("Who is the director of film Night Ferry?", "Mara Holt"), new("Where was Mara Holt born?", "Ostrel")], Film, Director));

    [Fact]
    public async Task Direct_evidence_for_every_step_needs_no_follow_up() =>
        Assert.Equal("So the final answer is: Ostrel [1] [2]", await Asking.Reply(GroundedTask.NextStep, Question, [], Film, Director));

    [Fact]
    public async Task A_single_hop_question_is_answered_at_once() =>
        Assert.Equal("So the final answer is: Mara Holt [1]", await Asking.Reply(GroundedTask.NextStep, "Who directed Night Ferry?", [], Film));

    [Fact]
    public async Task An_answer_that_was_not_found_is_asked_for_once_more_in_other_words()
    {
        SelfAskStep[] steps = [new("Who is the director of film Night Ferry?", "not found")];
        Assert.Equal("Follow up: What is known about Night Ferry?", await Asking.Reply(GroundedTask.NextStep, Question, steps, ("Orm", "The Orm is a river.")));
    }

    [Fact]
    public async Task No_sub_query_is_asked_twice()
    {
        SelfAskStep[] steps = [new("Who is the director of film Night Ferry?", "not found"), new("What is known about Night Ferry?", "not found")];
        Assert.Equal("So the final answer is: not found", await Asking.Reply(GroundedTask.NextStep, Question, steps, ("Orm", "The Orm is a river.")));
    }

    [Theory]
    [InlineData("Mara Holt", "Ostrel", "So the final answer is: Ostrel [1] [2]")]
    [InlineData("Mara Holt [1]", "Ostrel [2]", "So the final answer is: Ostrel [1] [2]")] // citations in the steps are no part of the names
    public async Task The_forced_final_answer_uses_the_steps(string first, string second, string expected) =>
        Assert.Equal(
            expected,
            await Asking.Reply(GroundedTask.FinalAnswer, Question, [new("Who is the director of film Night Ferry?", first), new("Where was Mara Holt born?", second)], Film, Director));

    [Fact]
    public async Task The_forced_final_answer_of_a_comparison_compares_the_steps() =>
        Assert.Equal(
            "So the final answer is: The Salt Road",
            await Asking.Reply(
                GroundedTask.FinalAnswer,
                "Which film came out first, Night Ferry or The Salt Road?",
                [new("When was Night Ferry released?", "1931"), new("When was The Salt Road released?", "March 1928")]));

    [Fact]
    public async Task The_forced_final_answer_without_evidence_is_not_found() =>
        Assert.Equal("So the final answer is: not found", await Asking.Reply(GroundedTask.FinalAnswer, Question, []));
}
