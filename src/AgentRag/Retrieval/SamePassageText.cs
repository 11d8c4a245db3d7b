using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using AgentRag.Documents;

namespace AgentRag.Retrieval;

/// <summary>Tells whether two passages say the same: their texts are equal but for white space, case and characters that nobody sees.</summary>
/// <remarks>
/// Texts of fewer than <see cref="ShortCharacters"/> characters that count must also stand under the same title and headings: "Yes, within 30 days." says something else
/// under another question. Compares as it reads, without making texts of its own.
/// </remarks>
internal sealed class SamePassageText : IEqualityComparer<Passage>
{
    /// <summary>Characters, of those that count, below which a text is taken to lean on its title.</summary>
    public const int ShortCharacters = 100;

    private const int End = -1;

    public static SamePassageText Comparer { get; } = new();

    public bool Equals(Passage? x, Passage? y)
    {
        if (ReferenceEquals(x, y) || x is null || y is null)
        {
            return ReferenceEquals(x, y);
        }

        return AreEqual(x.Text, y.Text, out var characters)
            && (characters >= ShortCharacters
                || (AreEqual(x.Title, y.Title, out _) && x.HeadingPath.Count == y.HeadingPath.Count && x.HeadingPath.Zip(y.HeadingPath).All(pair => AreEqual(pair.First, pair.Second, out _))));
    }

    public int GetHashCode(Passage obj)
    {
        var hash = new Fnv();
        hash.Add(obj.Text);
        if (hash.Characters < ShortCharacters)
        {
            hash.Add(obj.Title);
        }

        return hash.Value;
    }

    private static bool AreEqual(string first, string second, out int characters)
    {
        characters = 0;
        for (int i = 0, j = 0; ; characters++)
        {
            var (one, other) = (Next(first, ref i), Next(second, ref j));
            if (one != other)
            {
                return false;
            }

            if (one == End)
            {
                return true;
            }
        }
    }

    /// <summary>The next character that counts, in upper case.</summary>
    private static int Next(string text, ref int position)
    {
        while (position < text.Length)
        {
            var letter = text[position];
            if (letter < 0x80)
            {
                position++;
                if (letter is > ' ' and < (char)0x7F)
                {
                    return letter is >= 'a' and <= 'z' ? letter - 32 : letter;
                }

                continue;
            }

            // Half a character counts as the replacement character.
            Rune.DecodeFromUtf16(text.AsSpan(position), out var rune, out var length);
            position += length;
            if (!Rune.IsWhiteSpace(rune) && !IsInvisible(rune))
            {
                return Rune.ToUpperInvariant(rune).Value;
            }
        }

        return End;
    }

    // Control, format and private characters, and the others that Unicode calls ignorable by default: joiners, fillers, variation selectors.
    private static bool IsInvisible(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse
        || rune.Value is 0x034F or 0x115F or 0x1160 or 0x17B4 or 0x17B5 or (>= 0x180B and <= 0x180F) or 0x3164 or (>= 0xFE00 and <= 0xFE0F) or 0xFFA0 or (>= 0xE0000 and <= 0xE0FFF);

    /// <summary>FNV-1a over the characters that count.</summary>
    [StructLayout(LayoutKind.Auto)]
    private struct Fnv()
    {
        private ulong _hash = 14695981039346656037;

        public int Characters { get; private set; }

        public readonly int Value => (int)(_hash ^ (_hash >> 32));

        public void Add(string text)
        {
            for (var i = 0; Next(text, ref i) is var next && next != End; Characters++)
            {
                _hash = (_hash ^ (uint)next) * 1099511628211;
            }
        }
    }
}
