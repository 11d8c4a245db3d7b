using AgentRag.Models.Extractive;
using Xunit;

namespace AgentRag.Tests.Models.Extractive;

public sealed class SpanTests
{
    [Theory]
    [InlineData("She met Otto von Harn at the University of Selm.", "Otto von Harn|University of Selm")]
    [InlineData("In May 1912 the Orm Brewery moved.", "Orm Brewery")]                               // months and sentence openers are no names
    [InlineData("He was the son of Ernest, Duke of Selm, and Ada.", "Ernest, Duke of Selm|Ada")]
    [InlineData("It was called \"Night Ferry\" by J. R. Holt.", "Night Ferry|J. R. Holt")]
    public void Names_are_runs_of_capitalised_words(string sentence, string expected)
    {
        var tokens = Tokenizer.Tokens(sentence);
        Assert.Equal(expected.Split('|'), NameSpans.In(tokens).Select(span => span.TextIn(tokens)));
    }

    [Theory]
    [InlineData("born 4 March 1841 in Harn", "4 March 1841", 18410304)]
    [InlineData("opened on March 4, 1841", "March 4, 1841", 18410304)]
    [InlineData("in March 1841 and", "March 1841", 18410300)]
    [InlineData("since 1841 it", "1841", 18410000)]
    public void Dates_are_found_and_ordered(string sentence, string expected, int order)
    {
        var tokens = Tokenizer.Tokens(sentence);
        Assert.Equal(expected, Assert.Single(Dates.In(tokens)).TextIn(tokens));
        Assert.Equal(order, Dates.Order(sentence));
    }

    [Theory]
    [InlineData("it is 312 metres long", "312 metres", 312)]
    [InlineData("sold 1.5 million copies", "1.5 million", 1_500_000)]
    [InlineData("there were forty-seven poems", "forty-seven", 47)]
    [InlineData("12,400 people live there", "12,400", 12_400)]
    public void Numbers_keep_scale_and_unit(string sentence, string expected, double value)
    {
        var tokens = Tokenizer.Tokens(sentence);
        Assert.Equal(expected, Assert.Single(Numbers.In(tokens)).TextIn(tokens));
        Assert.Equal(value, Numbers.Value(sentence));
    }

    [Theory]
    [InlineData("She met Dr. Holt. He left.", 2)]
    [InlineData("J. R. Holt left the U.S. Army. Nobody knew.", 2)]
    [InlineData("# Title\n\n- one item\n- another item", 3)]
    [InlineData("a line\nthat goes on", 1)]
    public void Sentences_end_at_full_stops_and_blocks_but_not_at_abbreviations(string text, int expected) =>
        Assert.Equal(expected, Tokenizer.Sentences(text).Count);

    [Theory]
    [InlineData("Who designed it?", AnswerKind.Person)]
    [InlineData("Where was she born?", AnswerKind.Place)]
    [InlineData("In which river does it end?", AnswerKind.Place)]
    [InlineData("Which company built it?", AnswerKind.Organisation)]
    [InlineData("What film did she make?", AnswerKind.Work)]
    [InlineData("When did it open?", AnswerKind.Date)]
    [InlineData("In what year did it open?", AnswerKind.Date)]
    [InlineData("How many arches has it?", AnswerKind.Number)]
    [InlineData("What is the population of Harn?", AnswerKind.Number)]
    [InlineData("What nationality is she?", AnswerKind.Nationality)]
    [InlineData("Was she an engineer?", AnswerKind.YesNo)]
    [InlineData("She plays for a team based in what state?", AnswerKind.Place)]
    [InlineData("What is the name of the river?", AnswerKind.Place)]
    internal void The_expected_kind_of_answer_is_read_from_the_question(string question, AnswerKind expected) =>
        Assert.Equal(expected, new Query(question).Kind);
}
