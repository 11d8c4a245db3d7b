using AgentRag.Answering;
using AgentRag.Documents;
using AgentRag.Prompting;
using Xunit;
using static AgentRag.Tests.Fakes.TestPassages;

namespace AgentRag.Tests.Answering;

public sealed class CitedTextTests
{
    private static readonly Passage[] Novel =
    [
        Passage("orm", "Ida Ree was born in Orm."),
        Passage("salt", "Salt is a novel by Ida Ree, printed in 1,904 copies in 1903."),
        Passage("tea", "Tea is grown on Holm. The harvest begins in May."),
    ];

    private static readonly Passage[] Chinese =
    [
        Passage("李娜", "李娜是一位作家，1903年出生于杭州。"),
        Passage("盐", "《盐》是李娜写的小说。"),
        Passage("茶", "茶叶产自福建的山区。"),
    ];

    [Theory]
    [InlineData("Orm [1]", "Orm", "orm", 0)]
    [InlineData("Orm [1][1]", "Orm", "orm", 0)]
    [InlineData("Orm [2][1]", "Orm", "salt,orm", 0)] // Salt is a link of the chain: it is what the question names
    [InlineData("Orm [1, 2]", "Orm", "orm,salt", 0)]
    [InlineData("Orm [1][3]", "Orm", "orm", 1)] // the tea is none
    [InlineData("Orm [3]", "Orm", "", 1)]
    [InlineData("Orm [7]", "Orm", "", 1)] // there was no passage 7: nothing is cited rather than something made up
    [InlineData("Orm [1][7]", "Orm", "orm", 1)]
    [InlineData("Ida Ree", "Ida Ree", "orm,salt", 0)] // without marks: the passages that hold the words
    [InlineData("yes", "yes", "", 0)]
    [InlineData("Atlantis", "Atlantis", "", 0)]
    public void Marks_become_passages_that_were_in_the_prompt_and_bear_the_answer_out(string reply, string text, string documents, int dropped)
    {
        var (answer, cited, count) = Check(reply, "Where was the author of Salt born?", Novel);
        Assert.Equal((text, documents, dropped), (answer, cited, count));
    }

    [Theory]
    [InlineData("The author of Salt was born in Orm [1].", "orm", 0)]
    [InlineData("The author of Salt was born in Holm [1].", "", 1)] // a name that is not there
    [InlineData("She was born in Orm.[1]", "orm", 0)] // the mark behind the full stop
    [InlineData("Ida Ree wrote Salt [2]. She was born in Orm [1].", "salt,orm", 0)]
    [InlineData("Ida Ree wrote Salt [1]. She was born in Orm [2].", "orm", 1)] // each sentence with the passage of the other: the first names her only
    [InlineData("Ida Ree, who wrote Salt [2], was born in Orm [1].", "salt,orm", 0)] // each mark for the words before it
    [InlineData("According to [1], she was born in Orm.", "orm", 0)] // or else for its sentence
    [InlineData("It was printed in 1903 [2].", "salt", 0)]
    [InlineData("It was printed in 1902 [2].", "", 1)] // a number that is not there
    [InlineData("1904 [2]", "salt", 0)] // 1,904 in digits
    [InlineData("It sold out after 23 years [2]", "", 1)]
    [InlineData("190 [2]", "", 1)] // a part of a number is another number
    [InlineData("Novelists print [2]", "salt", 0)] // other endings
    [InlineData("harvest in May [3]", "tea", 0)]
    [InlineData("a harvest of coffee beans in Holm [2]", "", 1)]
    [InlineData("Yes [2]", "salt", 0)] // too short to be told: it must have to do with the question
    [InlineData("Yes [3]", "", 1)]
    [InlineData("no [2][3]", "salt", 1)]
    [InlineData("Dr. Ida M. Ree [1]", "orm", 0)] // half of a name
    [InlineData("奥姆 [1]", "orm", 0)] // another script: words cannot tell
    [InlineData("1912年 [2]", "", 1)] // but numbers can
    public void A_citation_holds_if_numbers_and_names_or_half_of_the_words_stand_in_the_passage(string reply, string documents, int dropped)
    {
        var (_, cited, count) = Check(reply, "Where was the author of Salt born?", Novel);
        Assert.Equal((documents, dropped), (cited, count));
    }

    [Theory]
    [InlineData("杭州 [1]", "李娜", 0)]
    [InlineData("福建 [1]", "", 1)]
    [InlineData("《盐》的作者李娜出生于杭州 [2][1]。", "盐,李娜", 0)]
    [InlineData("她于1903年出生 [1]。", "李娜", 0)]
    [InlineData("她于１９０３年出生 [1]。", "李娜", 0)] // wide digits
    [InlineData("她于1913年出生 [1]。", "", 1)]
    [InlineData("杭州 [3]", "", 1)]
    [InlineData("杭州 [1][3]", "李娜", 1)]
    public void Pairs_of_characters_stand_for_words_where_words_are_not_spaced(string reply, string documents, int dropped)
    {
        var (_, cited, count) = Check(reply, "小说《盐》的作者出生在哪里？", Chinese);
        Assert.Equal((documents, dropped), (cited, count));
    }

    [Fact]
    public void A_link_between_two_links_holds_although_neither_question_nor_answer_names_it()
    {
        Passage[] passages =
        [
            Passage("bridge", "The pier of Holm was designed by Berta Lund."),
            Passage("lund", "Berta Lund was a daughter of Carla Vik."),
            Passage("vik", "Carla Vik died in Tarn."),
            Passage("tea", "Tea is grown on slopes."),
        ];

        var (_, cited, dropped) = Check("Tarn [1][2][3][4]", "Where did the grandmother of the children of the designer of the pier of Holm die?", passages);

        Assert.Equal(("bridge,lund,vik", 1), (cited, dropped));
    }

    [Theory]
    [InlineData("33 [1][2]", "a,b", 0)]
    [InlineData("33 years [1][2][3]", "a,b", 1)]
    [InlineData("33 [1]", "", 1)] // one of the two years alone does not give it
    [InlineData("34 [1][2]", "", 2)]
    public void A_difference_of_two_years_is_borne_out_by_the_passages_that_hold_them(string reply, string documents, int dropped)
    {
        var (_, cited, count) = Check(reply, "How old did she become?", [Passage("a", "Ida Ree was born in 1871."), Passage("b", "Ree drowned in 1904."), Passage("c", "Tea is a plant.")]);
        Assert.Equal((documents, dropped), (cited, count));
    }

    [Fact]
    public void What_an_earlier_step_rests_on_counts_for_what_comes_after_it()
    {
        var cited = CitedText.Parse("Salt of Orm [2]");
        IReadOnlyList<NumberedPassage> passages = [.. Novel.Select((passage, index) => new NumberedPassage(index + 1, 0, index + 1, passage))];

        Assert.Empty(cited.Check(passages, "Which?", []).Citations);
        Assert.Equal(["salt#0"], cited.Check(passages, "Which?", ["orm#0"]).Citations.Select(citation => citation.PassageId));
    }

    [Fact]
    public void A_passage_that_holds_the_answer_word_for_word_is_never_dropped()
    {
        var random = new Random(11);
        for (var i = 0; i < 500; i++)
        {
            var texts = Enumerable.Range(0, 4).Select(_ => RandomText.Any(random, 30).Replace('[', '(')).ToList();
            var at = random.Next(4);
            var words = texts[at].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            texts[at] = string.Join(' ', words);
            var answer = string.Join(' ', words.Skip(random.Next(words.Length)).Take(random.Next(1, 7)));
            if (CitedText.Parse(answer).Text == Answer.NotFound || !answer.Any(char.IsLetterOrDigit) || answer.AsSpan().ContainsAny(".!?。"))
            {
                continue;
            }

            var (_, cited, _) = Check($"{answer} [1][2][3][4]", "What?", [.. texts.Select((text, index) => Passage($"p{index}", text))]);

            Assert.Contains($"p{at}", cited.Split(','));
        }
    }

    [Theory]
    [InlineData("not found")]
    [InlineData("Not found.")]
    [InlineData("not found in the passages")]
    [InlineData("\"not found\" [1]")]
    [InlineData("Unknown")]
    [InlineData("I don't know.")]
    [InlineData("")]
    public void Every_way_to_say_so_is_not_found_and_cites_nothing(string reply)
    {
        var (text, cited, dropped) = Check(reply, "Where was the author of Salt born?", Novel);
        Assert.Equal((Answer.NotFound, "", 0), (text, cited, dropped));
    }

    [Theory]
    [InlineData("The Unknown Soldier")]
    [InlineData("Not Found: a novel")]
    public void A_name_that_only_sounds_like_it_is_an_answer(string reply) => Assert.Equal(reply, CitedText.Parse(reply).Text);

    private static (string Text, string Documents, int Dropped) Check(string reply, string known, IReadOnlyList<Passage> passages)
    {
        var cited = CitedText.Parse(reply);
        var (citations, dropped) = cited.Check([.. passages.Select((passage, index) => new NumberedPassage(index + 1, 0, index + 1, passage))], known, []);
        return (cited.Text, string.Join(',', citations.Select(citation => citation.DocumentId)), dropped);
    }
}
