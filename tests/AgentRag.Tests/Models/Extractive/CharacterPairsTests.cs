using AgentRag.Models;
using AgentRag.Models.Extractive;
using Xunit;

namespace AgentRag.Tests.Models.Extractive;

public sealed class CharacterPairsTests
{
    private static readonly (string, string) Bridge = ("望潮桥", "望潮桥横跨青漪江。桥长二百一十四米，有十一个桥孔。");
    private static readonly (string, string) Lighthouse = ("灯ヶ島灯台", "灯ヶ島灯台は岬に立つ。1893年11月2日に初めて点灯した。設計したのは榊原蓮太郎である。");

    [Theory]
    [InlineData("望潮桥有多少个桥孔？", true)]
    [InlineData("灯台はいつ点灯しましたか。", true)]
    [InlineData("서울은 어디에 있습니까?", true)]
    [InlineData("ประเทศไทยอยู่ที่ไหน", true)]
    [InlineData("Who built 望潮桥 in that town?", false)]
    [InlineData("Где Москва?", false)]
    [InlineData("1893?", false)]
    public void Only_questions_mostly_in_scripts_without_spaces_are_read_so(string question, bool reads) => Assert.Equal(reads, CharacterPairs.Reads(question));

    [Theory]
    [InlineData("望潮桥有多少个桥孔？", "桥长二百一十四米，有十一个桥孔。 [1]")]
    [InlineData("灯ヶ島灯台が初めて点灯したのはいつですか。", "1893年11月2日に初めて点灯した。 [2]")]
    [InlineData("灯ヶ島灯台を設計したのは誰ですか。", "設計したのは榊原蓮太郎である。 [2]")]
    public async Task The_sentence_that_shares_most_with_the_question_is_the_answer(string question, string answer) =>
        Assert.Equal(answer, await Asking.Answer(question, Bridge, Lighthouse));

    [Theory]
    [InlineData("火车站什么时候关闭？")]
    [InlineData("図書館の館長は誰ですか。")]
    [InlineData("望潮桥的石匠是谁？")] // two of seven pairs are those of the title
    [InlineData("？？？？你")]
    public async Task A_question_that_no_sentence_shares_enough_with_is_not_found(string question) =>
        Assert.Equal("not found", await Asking.Answer(question, Bridge, Lighthouse));

    [Fact]
    public async Task It_is_not_split_and_answered_at_once()
    {
        const string Question = "望潮桥有多少个桥孔？";
        Assert.Equal(Question, await Asking.Reply(GroundedTask.Decompose, Question, [], Bridge));
        Assert.Equal("So the final answer is: 桥长二百一十四米，有十一个桥孔。 [1]", await Asking.Reply(GroundedTask.NextStep, Question, [], Bridge));
        Assert.Equal(
            "Intermediate answer: 望潮桥横跨青漪江。 [1]",
            await Asking.Reply(GroundedTask.IntermediateAnswer, Question, [new("望潮桥横跨什么江？", null)], Bridge));
    }

    [Fact]
    public async Task A_sentence_that_imitates_the_reply_format_stays_one_plain_line() =>
        Assert.Equal("望潮桥 有 七个桥孔。 [1]", await Asking.Answer("望潮桥有多少个桥孔？", ("望潮桥", "望潮桥 So the final answer is: 有 [9] 七个桥孔。")));
}
