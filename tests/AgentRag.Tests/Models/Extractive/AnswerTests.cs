using Xunit;

namespace AgentRag.Tests.Models.Extractive;

public sealed class AnswerTests
{
    private static readonly (string, string)[] World =
    [
        ("Tuskon Viaduct", "The Tuskon Viaduct is a stone viaduct across the Orm in Marrowdale, Veland. It was designed by Ilse Brandt and opened in 1884. The viaduct is 312 metres long."),
        ("Ilse Brandt", "Ilse Brandt (4 March 1841 – 19 July 1902) was a Velish engineer. She was born in Harn, the daughter of Otto Brandt and Clara Weld. She died in Port Selm. She was educated at Harn Polytechnic."),
        ("Otto Brandt", "Otto Brandt (1809 – 1877) was a Velish clockmaker. He was born in Little Tarrow."),
        ("Night Ferry", "Night Ferry is a 1931 drama film directed by Mara Holt. The music was composed by Jon Reyes. It sold 40,000 tickets in its first week."),
        ("The Salt Road", "The Salt Road is a 1938 adventure film directed by Piet Aldane."),
        ("Mara Holt", "Mara Holt (born 9 May 1899 in Ostrel) was a Velish film director. She married the painter Karel Lund."),
        ("Piet Aldane", "Piet Aldane (born 2 June 1888) was a Norrish film director."),
    ];

    [Theory]
    [InlineData("Who designed the Tuskon Viaduct?", "Ilse Brandt [1]")]                          // a person, by the verb
    [InlineData("Who is the director of Night Ferry?", "Mara Holt [4]")]                         // a person, by the role
    [InlineData("Who composed the music of Night Ferry?", "Jon Reyes [4]")]
    [InlineData("Who is Ilse Brandt's father?", "Otto Brandt [2]")]
    [InlineData("Who is the mother of Ilse Brandt?", "Clara Weld [2]")]
    [InlineData("Who did Mara Holt marry?", "Karel Lund [6]")]
    [InlineData("Where was Mara Holt born?", "Ostrel [6]")]                                      // a place
    [InlineData("Where did Ilse Brandt die?", "Port Selm [2]")]
    [InlineData("Where did Ilse Brandt study?", "Harn Polytechnic [2]")]                         // an organisation
    [InlineData("When was Ilse Brandt born?", "4 March 1841 [2]")]                               // a date
    [InlineData("When did Ilse Brandt die?", "19 July 1902 [2]")]
    [InlineData("In what year was Mara Holt born?", "1899 [6]")]                                 // a year alone
    [InlineData("When was the Tuskon Viaduct opened?", "1884 [1]")]
    [InlineData("How long is the Tuskon Viaduct?", "312 metres [1]")]                            // a number with its unit
    [InlineData("How many tickets did Night Ferry sell in its first week?", "40,000 [4]")]
    [InlineData("What is the nationality of Piet Aldane?", "Norrish [7]")]
    [InlineData("What was the occupation of Otto Brandt?", "clockmaker [3]")]
    [InlineData("Which film was directed by Mara Holt?", "Night Ferry [4]")]                     // the passage's own subject
    public async Task A_single_hop_question_gets_the_span_and_the_number_of_its_passage(string question, string expected) =>
        Assert.Equal(expected, await Asking.Answer(question, World));

    [Theory]
    [InlineData("Lark Island is an island in the Kara Sea, Russia, with a lighthouse.")]
    [InlineData("Lark Island is an island in the Kara Sea off Russia.")]
    [InlineData("Lark Island (Russia) is an island in the Kara Sea.")]
    public async Task A_country_is_named_without_the_marks_around_it(string text) =>
        Assert.Equal("Russia [1]", await Asking.Answer("Which country is Lark Island from?", ("Lark Island", text)));

    [Theory]
    [InlineData("Where was the director of the film Night Ferry born?", "Ostrel [4] [6]")]
    [InlineData("When did the father of the designer of the Tuskon Viaduct die?", "1877 [1] [2] [3]")]
    [InlineData("What is the place of birth of Ilse Brandt's father?", "Little Tarrow [2] [3]")]
    public async Task A_nested_question_cites_every_passage_on_its_way(string question, string expected) =>
        Assert.Equal(expected, await Asking.Answer(question, World));

    [Theory]
    [InlineData("Which film came out first, Night Ferry or The Salt Road?", "Night Ferry [4] [5]")]
    [InlineData("Which film was released more recently, Night Ferry or The Salt Road?", "The Salt Road [4] [5]")]
    [InlineData("Who was born first, Mara Holt or Piet Aldane?", "Piet Aldane [6] [7]")]
    [InlineData("Who lived longer, Ilse Brandt or Otto Brandt?", "Otto Brandt [2] [3]")]         // 61 and 68 years
    [InlineData("Which film has the director who is older, Night Ferry or The Salt Road?", "The Salt Road [4] [5] [6] [7]")]
    [InlineData("Do Ilse Brandt and Otto Brandt have the same nationality?", "yes [2] [3]")]
    [InlineData("Do Mara Holt and Piet Aldane have the same nationality?", "no [6] [7]")]
    [InlineData("Are Mara Holt and Piet Aldane both film directors?", "yes [6] [7]")]
    [InlineData("How old was Mara Holt when Night Ferry was released?", "32 [6] [4]")]           // 1931 - 1899
    [InlineData("Was Piet Aldane a film director?", "yes [7]")]
    public async Task A_comparison_weighs_both_sides(string question, string expected) =>
        Assert.Equal(expected, await Asking.Answer(question, World));

    [Theory]
    [InlineData("Where was Berta Quill born?")]                          // the passages know nobody of that name
    [InlineData("Who painted the ceiling of the Tuskon Viaduct?")]       // nor a painter of the viaduct
    [InlineData("When did Piet Aldane die?")]
    [InlineData("Which film came out first, Night Ferry or Lost Harbour?")]
    [InlineData("")]
    [InlineData("???")]
    public async Task Missing_evidence_is_answered_with_not_found(string question) =>
        Assert.Equal("not found", await Asking.Answer(question, World));

    [Fact]
    public async Task Without_passages_the_answer_is_not_found() =>
        Assert.Equal("not found", await Asking.Answer("Who designed the Tuskon Viaduct?"));

    [Fact]
    public async Task The_same_request_always_gets_the_same_reply()
    {
        var first = await Asking.Answer("Where was the director of the film Night Ferry born?", World);
        Assert.Equal(first, await Asking.Answer("Where was the director of the film Night Ferry born?", World));
    }

    [Fact]
    public async Task Markdown_marks_are_not_part_of_an_answer() =>
        Assert.Equal("Ada Quist [1]", await Asking.Answer("Who founded the Orm Brewery?", ("Orm Brewery", "# Orm Brewery\n\n- The **Orm Brewery** was founded by [Ada Quist](people/ada-quist.md).\n")));
}
