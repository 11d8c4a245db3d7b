using System.Collections.Frozen;

namespace AgentRag.Models.Extractive;

/// <summary>Cuts text into tokens and sentences. Markdown marks and control characters fall away; one pass over the text.</summary>
internal static class Tokenizer
{
    /// <summary>Text without full stops is cut here, so that work on one sentence stays bounded.</summary>
    private const int MostTokens = 200;

    private static readonly FrozenSet<string> Abbreviations = Words.Set(
        "mr mrs ms dr st jr sr prof rev hon gen col capt lt sgt no vs ca mt inc ltd co corp ft vol d b c r m fl");

    public static List<Token> Tokens(string text) => [.. Sentences(text).SelectMany(sentence => sentence)];

    /// <summary>The sentences of a text; a blank line, list item or heading also ends one.</summary>
    public static List<List<Token>> Sentences(string text)
    {
        List<List<Token>> sentences = [];
        List<Token> current = [];
        var space = false;
        for (var i = 0; i < text.Length;)
        {
            var c = text[i];
            if (c == '\n' && EndsBlock(text, i + 1))
            {
                Close();
                space = true;
                i++;
            }
            else if (char.IsWhiteSpace(c) || char.IsControl(c) || c is '*' or '`' or '#' or '|')
            {
                space = true;
                i++;
            }
            else if (c == ']' && i + 1 < text.Length && text[i + 1] == '(' && text.IndexOf(')', i, Math.Min(300, text.Length - i)) is > 0 and var close)
            {
                i = close + 1; // the target of a Markdown link
            }
            else
            {
                var end = char.IsLetterOrDigit(c) ? WordEnd(text, i) : PossessiveEnd(text, i);
                if (current.Count == MostTokens || (current.Count > 0 && IsStop(current[^1]) && space && !char.IsLower(c)))
                {
                    Close();
                }

                current.Add(new Token(text[i..end], space));
                space = false;
                i = end;
            }
        }

        Close();
        return sentences;

        void Close()
        {
            if (current.Count > 0)
            {
                sentences.Add(current);
                current = [];
            }
        }
    }

    /// <summary>The text of the tokens from start up to end, with the blanks that stood between them.</summary>
    public static string Text(IReadOnlyList<Token> tokens, int start, int end)
    {
        if (end - start == 1)
        {
            return tokens[start].Text;
        }

        var text = new System.Text.StringBuilder();
        for (var i = start; i < end; i++)
        {
            text.Append(i > start && tokens[i].SpaceBefore ? " " : "").Append(tokens[i].Text);
        }

        return text.ToString();
    }

    private static bool IsStop(Token token) => token.Text is "." or "!" or "?" or "。";

    private static bool EndsBlock(string text, int i)
    {
        while (i < text.Length && text[i] is ' ' or '\t' or '\r')
        {
            i++;
        }

        return i >= text.Length || text[i] is '\n' or '#' or '-' or '*' or '+' or '|' or '>' or (>= '0' and <= '9');
    }

    private static int WordEnd(string text, int i)
    {
        var start = i;
        while (i < text.Length)
        {
            var c = text[i];
            var next = i + 1 < text.Length ? text[i + 1] : ' ';
            var inner = (c == '-' && char.IsLetterOrDigit(next))
                || (c is '\'' or '’' && char.IsLetter(next) && !IsPossessive(text, i))
                || (c is '.' or ',' && char.IsAsciiDigit(next) && char.IsAsciiDigit(text[i - 1]))
                || (c == '.' && char.IsUpper(text[i - 1]) && text[i - 1] != 'I' && (i - 1 == start || !char.IsLetter(text[i - 2])));
            if (!char.IsLetterOrDigit(c) && !inner && char.GetUnicodeCategory(c) is not System.Globalization.UnicodeCategory.NonSpacingMark)
            {
                break;
            }

            i++;
        }

        return i < text.Length && text[i] == '.' && i - start <= 4 && Abbreviations.Contains(Words.Key(text[start..i])) ? i + 1 : i;
    }

    private static int PossessiveEnd(string text, int i)
    {
        if (text[i] is '\'' or '’' && IsPossessive(text, i))
        {
            return i + 2;
        }

        return i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]) ? i + 2 : i + 1;
    }

    private static bool IsPossessive(string text, int i) =>
        i + 1 < text.Length && text[i + 1] == 's' && (i + 2 >= text.Length || !char.IsLetter(text[i + 2]));
}
