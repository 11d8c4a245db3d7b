using System.Text;

namespace AgentRag.Decoding.Tokenizers;

/// <summary>Turns tokens into text one after the other; characters that span tokens come out when they are whole.</summary>
/// <remarks>Not for concurrent use.</remarks>
internal sealed class TokenText(IModelTokenizer tokenizer)
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private char[] _characters = new char[64];

    /// <summary>Adds a token.</summary>
    /// <returns>What text is whole now; valid until the next call.</returns>
    public ReadOnlySpan<char> Add(int token)
    {
        var bytes = tokenizer.BytesOf(token);
        if (_characters.Length < bytes.Length + 4)
        {
            _characters = new char[bytes.Length + 4];
        }

        return _characters.AsSpan(0, _decoder.GetChars(bytes, _characters, flush: false));
    }

    /// <summary>Ends the text: an unfinished character becomes U+FFFD.</summary>
    public ReadOnlySpan<char> End() => _characters.AsSpan(0, _decoder.GetChars([], _characters, flush: true));

    /// <summary>The text of tokens.</summary>
    public static string Of(IModelTokenizer tokenizer, IEnumerable<int> tokens)
    {
        var (text, all) = (new TokenText(tokenizer), new StringBuilder());
        foreach (var token in tokens)
        {
            all.Append(text.Add(token));
        }

        return all.Append(text.End()).ToString();
    }
}
