namespace AgentRag.Tokens.BytePairs;

/// <summary>The alphabet in which <c>tokenizer.json</c> and GGUF files write bytes as visible characters, as GPT-2 began it.</summary>
/// <remarks>Printable bytes stand for themselves; the 68 others are written as the characters from U+0100 on, in order. A space becomes <c>Ġ</c>.</remarks>
public static class ByteLevelAlphabet
{
    private const int Unused = -1;

    private static readonly char[] Characters = MakeCharacters();
    private static readonly int[] Bytes = MakeBytes();

    /// <summary>The character that stands for a byte.</summary>
    /// <param name="value">The byte.</param>
    public static char CharacterOf(byte value) => Characters[value];

    /// <summary>Reads the bytes of a token.</summary>
    /// <param name="text">The token as the file writes it.</param>
    /// <returns>Its bytes; null when some character is not of this alphabet.</returns>
    public static byte[]? ToBytes(ReadOnlySpan<char> text)
    {
        var bytes = new byte[text.Length];
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] >= Bytes.Length || Bytes[text[i]] == Unused)
            {
                return null;
            }

            bytes[i] = (byte)Bytes[text[i]];
        }

        return bytes;
    }

    /// <summary>Writes bytes in this alphabet.</summary>
    /// <param name="bytes">Any bytes.</param>
    public static string ToText(ReadOnlySpan<byte> bytes)
    {
        Span<char> text = bytes.Length <= 256 ? stackalloc char[256] : new char[bytes.Length];
        for (var i = 0; i < bytes.Length; i++)
        {
            text[i] = Characters[bytes[i]];
        }

        return new string(text[..bytes.Length]);
    }

    private static char[] MakeCharacters()
    {
        var characters = new char[256];
        var next = '\u0100';
        for (var value = 0; value < 256; value++)
        {
            characters[value] = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF) ? (char)value : next++;
        }

        return characters;
    }

    private static int[] MakeBytes()
    {
        var bytes = new int[Characters.Max() + 1];
        Array.Fill(bytes, Unused);
        for (var value = 0; value < 256; value++)
        {
            bytes[Characters[value]] = value;
        }

        return bytes;
    }
}
