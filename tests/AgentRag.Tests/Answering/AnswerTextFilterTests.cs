using AgentRag.Answering;
using AgentRag.Models;
using Xunit;

namespace AgentRag.Tests.Answering;

public sealed class AnswerTextFilterTests
{
    [Theory]
    [InlineData(GroundedTask.Answer, "Orm [1]", "Orm")]
    [InlineData(GroundedTask.Answer, "\n\nBlue River [2][3] and [1, 2] Orm \nmore", "Blue River and Orm")]
    [InlineData(GroundedTask.Answer, "<think>is it [1]?\nyes</think>\nOrm", "Orm")]
    [InlineData(GroundedTask.Answer, "<think>never ends", "")]
    [InlineData(GroundedTask.Answer, "[open bracket", "[open bracket")]
    [InlineData(GroundedTask.Answer, "<thin air", "<thin air")]
    [InlineData(GroundedTask.NextStep, "So the final answer is: Bo Lind [2]", "Bo Lind")]
    [InlineData(GroundedTask.NextStep, "so the FINAL answer is:Bo", "Bo")]
    [InlineData(GroundedTask.NextStep, "Follow up: Who?", "")]
    [InlineData(GroundedTask.FinalAnswer, "So the final", "")]
    [InlineData(GroundedTask.FinalAnswer, "I think Orm", "")]
    public void Pieces_of_any_length_make_up_the_answer_and_nothing_else(GroundedTask task, string reply, string expected)
    {
        for (var size = 1; size <= reply.Length; size++)
        {
            var filter = new AnswerTextFilter(task);
            Assert.Equal(expected, string.Concat(reply.Chunk(size).Select(piece => filter.Add(new string(piece)))) + filter.End());
        }
    }

    [Theory]
    [InlineData(1), InlineData(2)]
    public void What_is_let_through_is_the_text_of_the_answer(int seed)
    {
        string[] fragments = ["So the final answer is: ", "Orm", " ", "[1]", "[2, 3]", "[", "]", "[x]", "\n", "<think>", "</think>", "the pier", ".", "[99", "<"];
        var random = new Random(seed);
        for (var i = 0; i < 5_000; i++)
        {
            var reply = string.Concat(Enumerable.Range(0, random.Next(1, 10)).Select(_ => fragments[random.Next(fragments.Length)]));
            var filter = new AnswerTextFilter(GroundedTask.Answer);
            var text = "";
            for (var at = 0; at < reply.Length;)
            {
                var size = Math.Min(random.Next(1, 6), reply.Length - at);
                text += filter.Add(reply.Substring(at, size));
                at += size;
            }

            var line = SelfAskReply.FirstLine(reply);
            text += filter.End();
            Assert.True(CitedText.WithoutMarks(line).Trim() == text.Trim(), $"\"{reply}\" gave \"{text}\".");
        }
    }
}
