using System.Security.Cryptography;

namespace AgentRag.Indexing;

/// <summary>Stands for the content of an index on disk: what was worked out from one version is not valid for another.</summary>
public static class IndexVersion
{
    // Each names all files of its kind with their checksums, and is replaced by one rename when any of them changes.
    private static readonly string[] Manifests = [IndexDirectory.ManifestName, Path.Combine("vectors", "vectors.json")];

    /// <summary>Reads the version of an index.</summary>
    /// <param name="directory">The index.</param>
    /// <returns>SHA-256 over its manifests, hexadecimal: another one after every change, whatever it was.</returns>
    /// <exception cref="AgentRagException">There is no index, or it cannot be read.</exception>
    public static string Of(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (place, name) in Manifests.Index())
        {
            try
            {
                hash.AppendData(SHA256.HashData(File.ReadAllBytes(Path.Combine(directory, name))));
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException && place > 0)
            {
                // An index without vectors.
                hash.AppendData([0]);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new AgentRagException($"There is no index in '{directory}' that can be read ({e.Message}): make one with 'agentrag index PATH... --index {directory}'.", e);
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
