using System.Text;
using AgentRag.Decoding.Refrag;
using AgentRag.Decoding.Tokenizers;
using Xunit;

namespace AgentRag.Decoding.Tests.Refrag;

public sealed class KeptLinesTests
{
    // Tokens of the test's tokenizer are the words that Words cuts: each with the space or line break before it.
    [Theory]
    [InlineData("<passage number=\"1\" title=\"Lamps\">\nLamps hang here.\n</passage>\n<passage number=\"2\">\nRain fell.\n</passage>\n", "\nLamps hang here.|\nRain fell.")]
    [InlineData("[1] Lamps\nLamps hang.\n  [2] Rain\nRain fell.", "\nLamps hang.\n|\nRain fell.")]
    [InlineData("No marks\nat all", "No marks\nat all")]
    [InlineData("a [1] b\nc", "a [1] b\nc")] // within a line a bracket marks nothing
    [InlineData("", "")]
    public void Lines_that_number_passages_stay_and_what_is_between_them_is_free(string text, string free)
    {
        var words = new Words(text);
        var stretches = KeptLines.Between(words, words.Tokens, (0, words.Tokens.Count), 0, words.Tokens.Count, new RefragOptions().KeptLineStarts);
        Assert.Equal(free, string.Join('|', stretches.Select(stretch => words.Text(stretch.From, stretch.To)).Where(part => part.Trim().Length > 0)));
    }

    [Fact]
    public void A_line_that_begins_before_the_stretch_stays_and_the_stretchs_ends_are_kept_to()
    {
        var words = new Words("[1] one two three\nfour five six seven");
        Assert.Equal([(4, 7)], KeptLines.Between(words, words.Tokens, (0, words.Tokens.Count), 2, 7, ["["]));
        Assert.Equal("\nfour five six", words.Text(4, 7));
        Assert.Equal([], KeptLines.Between(words, words.Tokens, (0, words.Tokens.Count), 3, 2, ["["]));
        Assert.Equal([(2, 7)], KeptLines.Between(words, words.Tokens, (0, words.Tokens.Count), 2, 7, []));
    }

    private sealed class Words : IModelTokenizer
    {
        private readonly byte[][] _words;

        public Words(string text) => _words = [.. System.Text.RegularExpressions.Regex.Matches(text, "\\s?[^\\s]+|\\s", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1)).Select(match => Encoding.UTF8.GetBytes(match.Value))];

        public IReadOnlyList<int> Tokens => [.. Enumerable.Range(0, _words.Length)];

        public int VocabularySize => _words.Length;

        public int? BeginToken => null;

        public IReadOnlySet<int> EndTokens => new HashSet<int>();

        public string Text(int from, int to) => string.Concat(_words[from..to].Select(Encoding.UTF8.GetString));

        public void Encode(ReadOnlySpan<char> text, List<int> tokens) => throw new NotSupportedException();

        public ReadOnlySpan<byte> BytesOf(int token) => _words[token];

        public int? ControlToken(string text) => null;
    }
}
