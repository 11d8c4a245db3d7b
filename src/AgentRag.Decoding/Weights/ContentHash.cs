using System.Security.Cryptography;

namespace AgentRag.Decoding.Weights;

/// <summary>Names model files by what is in them.</summary>
internal static class ContentHash
{
    /// <summary>SHA-256 over the contents of files, hexadecimal: the same under any names.</summary>
    /// <param name="paths">The files, in the order that is meant.</param>
    /// <exception cref="AgentRagException">A file cannot be read.</exception>
    public static string Of(params IEnumerable<string> paths)
    {
        using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var path in paths)
        {
            try
            {
                using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1);
                all.AppendData(SHA256.HashData(stream));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new AgentRagException($"Model file {path} cannot be read: {e.Message}", e);
            }
        }

        return Convert.ToHexStringLower(all.GetHashAndReset());
    }
}
