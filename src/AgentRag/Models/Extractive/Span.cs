namespace AgentRag.Models.Extractive;

internal enum SpanForm
{
    Name,
    Quote,
    Date,
    Number,
    Phrase,
}

/// <summary>A stretch of a sentence that may be an answer: tokens from <paramref name="Start"/> up to <paramref name="End"/>.</summary>
internal sealed record Span(int Start, int End, SpanForm Form)
{
    public string TextIn(IReadOnlyList<Token> tokens) => Tokenizer.Text(tokens, Start, End);
}
