using AgentRag.Documents;
using Xunit;

namespace AgentRag.Tests.Documents;

public sealed class SentencesTests
{
    [Theory]
    [InlineData("One. Two! Three? Four", "One. |Two! |Three? |Four")]
    [InlineData("He met Mr. Poe. They ate.", "He met Mr. Poe. |They ate.")]
    [InlineData("J. R. R. Tolkien wrote. He did.", "J. R. R. Tolkien wrote. |He did.")]
    [InlineData("It costs 3.50 now. Yes.", "It costs 3.50 now. |Yes.")]
    [InlineData("He said \"Go.\" She went.", "He said \"Go.\" |She went.")]
    [InlineData("wait... what", "wait... what")]
    [InlineData("春天来了。花开了。", "春天来了。|花开了。")]
    [InlineData("真的吗？！是的。　他笑了！走吧", "真的吗？！|是的。　|他笑了！|走吧")]
    [InlineData("他说：“走吧。”她走了。（完。）春天", "他说：“走吧。”|她走了。|（完。）|春天")]
    [InlineData("「来た。」と言った。『雨。』彼は", "「来た。」と言った。|『雨。』|彼は")]
    [InlineData("円周率は３．１４だ．次は図｡了", "円周率は３．１４だ．|次は図｡|了")]
    [InlineData("هل جاء؟ نعم. ذهب", "هل جاء؟ |نعم. |ذهب")]
    [InlineData("राम आया। वह गया।", "राम आया। |वह गया।")]
    public void Starts_are_where_a_reader_would_put_them(string text, string expected)
    {
        var starts = Sentences.Starts(text, new(0, text.Length));
        var sentences = starts.Select((start, i) => text[start..(i + 1 < starts.Count ? starts[i + 1] : text.Length)]);
        Assert.Equal(expected, string.Join('|', sentences));
    }
}
