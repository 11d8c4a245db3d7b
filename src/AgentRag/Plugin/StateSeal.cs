using System.Buffers.Text;
using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace AgentRag.Plugin;

/// <summary>Puts what a call has to go on from into the caller's hands, so that the server keeps nothing: sealed against change, and only for a while.</summary>
/// <remarks>
/// HMAC-SHA-256, cut to 128 bits, over version, purpose, expiry and text; the text is packed, not hidden: it holds what the caller has seen anyway. The seal is checked before anything
/// else is read. It proves who made the state, not who may use it.
/// </remarks>
/// <param name="key">The key, at least 32 bytes: states of another key are refused.</param>
/// <param name="lifetime">How long a state can be used.</param>
/// <param name="clock">Tells the time.</param>
internal sealed class StateSeal(byte[] key, TimeSpan lifetime, TimeProvider clock)
{
    private const string Version = "s1";

    // What unpacks to more was never packed here: the longest question with its steps takes a hundredth of that.
    private const int MostCharacters = 4 << 20;

    /// <summary>Seals a text.</summary>
    /// <param name="purpose">What it is for: a state of one tool cannot be given to another.</param>
    /// <param name="text">The text.</param>
    public string Seal(string purpose, string text)
    {
        var body = $"{Version}.{(clock.GetUtcNow() + lifetime).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)}.{Base64Url.EncodeToString(Packed(text))}";
        return $"{body}.{Base64Url.EncodeToString(Mac(purpose, body))}";
    }

    /// <summary>Opens a sealed text.</summary>
    /// <exception cref="AgentRagException">It was changed, comes from elsewhere, belongs to another tool, or is too old.</exception>
    public string Open(string purpose, string state)
    {
        var end = state.LastIndexOf('.');
        if (state.Split('.') is not [Version, var expiry, var packed, var mac]
            || !Base64Url.IsValid(mac) || !Base64Url.IsValid(packed)
            || !CryptographicOperations.FixedTimeEquals(Base64Url.DecodeFromChars(mac), Mac(purpose, state[..end])))
        {
            throw new AgentRagException(
                "'state' was not made by this server for this tool, or was changed: hand back the state of the last result as it came, or ask the question anew without it.");
        }

        var expires = DateTimeOffset.FromUnixTimeSeconds(long.Parse(expiry, NumberStyles.None, CultureInfo.InvariantCulture));
        return expires > clock.GetUtcNow()
            ? Unpacked(Base64Url.DecodeFromChars(packed))
            : throw new AgentRagException(string.Create(
                CultureInfo.InvariantCulture, $"'state' could be used until {expires:yyyy-MM-dd HH:mm:ss} UTC: ask the question anew without it."));
    }

    // Cut short, because a model has to copy it.
    private byte[] Mac(string purpose, string body) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"{purpose}\n{body}"))[..16];

    private static byte[] Packed(string text)
    {
        using var packed = new MemoryStream();
        using (var brotli = new BrotliStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            brotli.Write(Encoding.UTF8.GetBytes(text));
        }

        return packed.ToArray();
    }

    private static string Unpacked(byte[] packed)
    {
        using var brotli = new BrotliStream(new MemoryStream(packed), CompressionMode.Decompress);
        using var reader = new StreamReader(brotli, Encoding.UTF8);
        var text = new char[8192];
        var all = new StringBuilder();
        int read;
        while ((read = reader.Read(text, 0, text.Length)) > 0)
        {
            all.Append(text, 0, read);
            if (all.Length > MostCharacters)
            {
                throw new AgentRagException("'state' is too large: ask the question anew without it.");
            }
        }

        return all.ToString();
    }
}
