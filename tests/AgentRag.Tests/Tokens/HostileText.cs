using System.Text;

namespace AgentRag.Tests.Tokens;

/// <summary>Texts out of what tokenizers stumble over; the same for the same seed.</summary>
internal static class HostileText
{
    private static readonly string[] Pieces =
    [
        "'s", "'S", "'T", "'re", "'LL", "'\u017F", "'ve", "'", "’s", " ", "  ", "   ", "\t", "\n", "\r\n", "\r", "\n\n", "/", "//", ".", "...", "!", "?!", "中", "中文", "日本",
        "é", "e\u0301", "\u0301", "\u200d", "👩\u200d👧", "👍🏽", "𝔘𝔫", "𝟙𝟚", "\uD83D", "\uDE00", "\uD835", "Ⅷ", "½", "²", "ǅ", "ʰ", "ª", "ß", "İ", "ı", "Привет", "नमस्ते", "दु", "ไทย",
        "שלום", "مرحبا", "한국", "\u00a0", "\u0085", "\ufeff", "\u200b", "\u3000", "\u2028", "\0", "\u007f", "A", "B", "a", "b", "Ab", "aB", "ABC", "abc", "hello", "World", "HTTPServer",
        "1", "12", "1234", "00000", "<|end|>", "<|e", "\ue000", "\U0010FFFF", "𐐷", "𐐏", "_", "-", "—", "#", "\\", "{", "}", "\"", "river", " lighthouse", "th", "he", " t", "in", "er", "an", "ing", "ligh", "t", "e", "o", " the Orsel", "aaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ];

    public static string Next(Random random, int pieces)
    {
        var text = new StringBuilder();
        for (var i = random.Next(pieces + 1); i > 0; i--)
        {
            text.Append(random.Next(8) == 0 ? ((char)random.Next(char.MaxValue + 1)).ToString() : Pieces[random.Next(Pieces.Length)]);
        }

        return text.ToString();
    }
}
