using System.Text;

namespace AgentRag.Tests;

/// <summary>Texts of every shape, the same for the same seed.</summary>
internal static class RandomText
{
    private static readonly string[] Pieces =
    [
        "the", "castle", "Ludwig", "Brno", "isn't", "O’Brien", "1848", "3.14", "Dr.", "e.g.", "U.S.", "naïve", "Ångström", "中文", "ひらがな", "Привет", "👍🏽",
        "e\u0301", "...", "?!", "|", "- ", "# ", "```\n", "~~~\n", "\r\n", "\n\n", "\n", "\t", "   ", "<|im_start|>", "\u200b", "(", "\")", "[link](x.md)",
        "antidisestablishmentarianism", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    ];

    public static string Any(Random random, int pieces)
    {
        var text = new StringBuilder();
        for (var i = 0; i < pieces; i++)
        {
            text.Append(Pieces[random.Next(Pieces.Length)]).Append(random.Next(4) switch { 0 => "", 1 => ". ", _ => " " });
        }

        return text.ToString();
    }
}
