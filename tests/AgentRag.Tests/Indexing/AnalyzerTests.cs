using AgentRag.Indexing;
using Xunit;

namespace AgentRag.Tests.Indexing;

public sealed class AnalyzerTests
{
    [Theory]
    [InlineData("The Running DOGS of O'Brien's café", "the running dogs of o'brien's café")]
    [InlineData("3.14 x_y 1848–1850 (e-mail)", "3 14 x y 1848 1850 e mail")]
    [InlineData("don’t 'quoted' dogs'", "don't quoted dogs")]
    [InlineData("東京とABC 서울은", "東京 京と abc 서울 울은")]
    [InlineData("ÅNGSTRÖM ПРИВЕТ 𝟙", "ångström привет 𝟙")]
    [InlineData(" \n--- ", "")]
    public void Plain_terms_are_words_in_lower_case(string text, string terms) => Assert.Equal(terms, Join(AnalyzerOptions.Plain, text));

    [Theory]
    [InlineData("The Running DOGS of Lothair's café", "run dog lothair cafe")]
    [InlineData("Łódź straße Œuvre Þór Nguyễn İzmir e\u0301te\u0301", "lodz strass oeuvr thor nguyen izmir et")]
    [InlineData("to be or not to be", "")]
    public void English_terms_are_folded_stems_without_stop_words(string text, string terms) => Assert.Equal(terms, Join(AnalyzerOptions.English, text));

    [Fact]
    public void A_word_without_end_is_cut_into_terms_of_255_letters() =>
        Assert.Equal([255, 255, 90], new Analyzer(AnalyzerOptions.Plain).Terms(new string('x', 600)).Select(term => term.Length));

    [Fact]
    public void Any_text_has_terms_without_white_space_and_stays_within_the_buffer()
    {
        var random = new Random(5);
        for (var run = 0; run < 1000; run++)
        {
            var text = RandomText.Any(random, random.Next(60)) + new string('ß', random.Next(400)) + (char)random.Next(0xD700, 0xE000);
            Assert.All(new Analyzer(AnalyzerOptions.English).Terms(text), term => Assert.False(term.Length == 0 || term.Any(char.IsWhiteSpace)));
        }
    }

    [Fact]
    public void An_unknown_preset_is_an_error() => Assert.Equal(
        "There is no analyzer 'german': choose plain (lower case only) or english (accents folded, stop words, stems).",
        Assert.Throws<AgentRagException>(() => AnalyzerOptions.Preset("german")).Message);

    private static string Join(AnalyzerOptions options, string text) => string.Join(' ', new Analyzer(options).Terms(text));
}
