using System.Text.Json;
using AgentRag.Models;
using Xunit;

namespace AgentRag.Tests.Models;

public sealed class JsonReplyLineTests
{
    private static readonly ReplyForm Step = ReplyForm.Line("Follow up:", "So the final answer is:");

    [Theory]
    [InlineData("""{"line":"Follow up:","text":"Who wrote \"Salt\"?"}""", "Follow up: Who wrote \"Salt\"?")]
    [InlineData(" {\n  \"line\" : \"So the final answer is:\",\n  \"text\" : \"Orm [1]\"\n}\n", "So the final answer is: Orm [1]")]
    [InlineData("""{"text":"Orm [1]","line":"So the final answer is:"}""", "So the final answer is: Orm [1]")] // in the other order
    [InlineData("""{"line":"Follow up:","text":"Follow up: Who wrote it?"}""", "Follow up: Who wrote it?")] // the prefix once more
    [InlineData("""{"line":"Follow up:","text":"Fo"}""", "Follow up: Fo")] // what might have become the prefix once more
    [InlineData("""{"line":"Follow up:","text":"two\nlines\tand \u00fc \ud83c\udfd4 \\ \/"}""", "Follow up: two lines and ü 🏔 \\ /")]
    [InlineData("""{"why":["a","}",{"line":"x"}],"n":1,"line":"Follow up:","text":"Who?"}""", "Follow up: Who?")] // what was not asked for
    [InlineData("""{"line":"So the final answer is:","text":"Orm, the to""", "So the final answer is: Orm, the to")] // cut off by the cap on output tokens
    [InlineData("<think>{\"line\"}</think>\n{\"line\":\"Follow up:\",\"text\":\"Who?\"}", "<think>{\"line\"}</think>Follow up: Who?")]
    [InlineData("Follow up: Who wrote it?\nSo", "Follow up: Who wrote it?\nSo")] // the server took the field and paid no heed
    [InlineData("<b>", "<b>")]
    [InlineData("""{"answer":"Orm"}""", """{"answer":"Orm"}""")] // no line: left for the request to mend it
    [InlineData("""{"line":"Follow up:","text":""}""", """{"line":"Follow up:","text":""}""")]
    [InlineData("""{"line":"Follow up:",""", """{"line":"Follow up:",""")]
    [InlineData("", "")]
    public void A_reply_in_json_becomes_its_line_in_whichever_pieces_it_comes(string reply, string line)
    {
        var whole = new JsonReplyLine(Step);
        Assert.Equal(line, whole.Add(reply) + whole.End());

        var letters = new JsonReplyLine(Step);
        List<string> pieces = [.. reply.Select(letter => letters.Add(letter.ToString())), letters.End()];
        Assert.Equal(line, string.Concat(pieces));
        Assert.DoesNotContain(pieces, piece => piece.Length > 0 && char.IsHighSurrogate(piece[^1]));
    }

    [Theory]
    [InlineData("""{"choice":"MODERATE"}""", "MODERATE")]
    [InlineData("SIMPLE", "SIMPLE")]
    public void A_choice_is_its_word(string reply, string word)
    {
        var line = new JsonReplyLine(ReplyForm.OneOf("SIMPLE", "MODERATE"));
        Assert.Equal(word, line.Add(reply) + line.End());
    }

    [Fact]
    public void Any_text_written_by_a_json_writer_comes_back_on_one_line()
    {
        var random = new Random(5);
        for (var i = 0; i < 2_000; i++)
        {
            var text = RandomText.Any(random, random.Next(1, 12)).Trim();
            if (text.Length == 0)
            {
                continue;
            }

            var line = new JsonReplyLine(Step);
            var reply = JsonSerializer.Serialize(new { line = "Follow up:", text });
            var cut = random.Next(reply.Length);

            var read = line.Add(reply[..cut]) + line.Add(reply[cut..]) + line.End();

            // The writer replaces halves of characters; line ends become blanks.
            var written = JsonDocument.Parse(reply).RootElement.GetProperty("text").GetString()!;
            Assert.Equal($"Follow up: {string.Concat(written.Select(letter => char.IsControl(letter) ? ' ' : letter))}", read);
        }
    }
}
