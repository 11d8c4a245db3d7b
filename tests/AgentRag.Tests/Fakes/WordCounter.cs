using AgentRag.Tokens;

namespace AgentRag.Tests.Fakes;

/// <summary>Counts words between white space, so that expected token counts can be worked out by eye.</summary>
internal sealed class WordCounter : ITokenCounter
{
    public string Name => "words";

    public int Count(ReadOnlySpan<char> text)
    {
        var (words, inWord) = (0, false);
        foreach (var character in text)
        {
            var starts = !char.IsWhiteSpace(character) && !inWord;
            words += starts ? 1 : 0;
            inWord = !char.IsWhiteSpace(character);
        }

        return words;
    }
}
