using AgentRag.Indexing;
using Xunit;

namespace AgentRag.Tests.Indexing;

public sealed class PorterStemmerTests
{
    // The examples of the paper, taken through all steps of the algorithm.
    [Theory]
    [InlineData("caresses caress"), InlineData("ponies poni"), InlineData("ties ti"), InlineData("caress caress"), InlineData("cats cat")]
    [InlineData("feed feed"), InlineData("agreed agre"), InlineData("plastered plaster"), InlineData("bled bled"), InlineData("motoring motor")]
    [InlineData("sing sing"), InlineData("conflated conflat"), InlineData("troubled troubl"), InlineData("sized size"), InlineData("hopping hop")]
    [InlineData("tanned tan"), InlineData("falling fall"), InlineData("hissing hiss"), InlineData("fizzed fizz"), InlineData("failing fail")]
    [InlineData("filing file"), InlineData("happy happi"), InlineData("sky sky"), InlineData("relational relat"), InlineData("conditional condit")]
    [InlineData("rational ration"), InlineData("valenci valenc"), InlineData("digitizer digit"), InlineData("conformabli conform")]
    [InlineData("radicalli radic"), InlineData("differentli differ"), InlineData("vileli vile"), InlineData("analogousli analog")]
    [InlineData("vietnamization vietnam"), InlineData("predication predic"), InlineData("operator oper"), InlineData("feudalism feudal")]
    [InlineData("decisiveness decis"), InlineData("hopefulness hope"), InlineData("callousness callous"), InlineData("formaliti formal")]
    [InlineData("sensitiviti sensit"), InlineData("sensibiliti sensibl"), InlineData("triplicate triplic"), InlineData("formative form")]
    [InlineData("formalize formal"), InlineData("electriciti electr"), InlineData("electrical electr"), InlineData("hopeful hope")]
    [InlineData("goodness good"), InlineData("revival reviv"), InlineData("allowance allow"), InlineData("inference infer"), InlineData("airliner airlin")]
    [InlineData("gyroscopic gyroscop"), InlineData("adjustable adjust"), InlineData("defensible defens"), InlineData("irritant irrit")]
    [InlineData("replacement replac"), InlineData("adjustment adjust"), InlineData("dependent depend"), InlineData("adoption adopt")]
    [InlineData("communism commun"), InlineData("activate activ"), InlineData("angulariti angular"), InlineData("homologous homolog")]
    [InlineData("effective effect"), InlineData("bowdlerize bowdler"), InlineData("probate probat"), InlineData("rate rate"), InlineData("cease ceas")]
    [InlineData("controll control"), InlineData("roll roll"), InlineData("generalizations gener"), InlineData("oscillators oscil")]
    [InlineData("is is"), InlineData("as as"), InlineData("a a")]
    public void Stem_of_a_word_of_the_paper_is_the_paper_s(string pair)
    {
        var (word, stem) = (pair.Split(' ')[0].ToCharArray(), pair.Split(' ')[1]);
        Assert.Equal(stem, new string(word, 0, PorterStemmer.Stem(word)));
    }

    [Fact]
    public void Stem_of_any_letters_is_no_longer_than_they_are()
    {
        var random = new Random(4);
        for (var run = 0; run < 20_000; run++)
        {
            var word = new char[random.Next(1, 20)];
            for (var i = 0; i < word.Length; i++)
            {
                word[i] = "aeiouylsztbdinge"[random.Next(16)];
            }

            Assert.InRange(PorterStemmer.Stem(word), 1, word.Length);
        }
    }
}
