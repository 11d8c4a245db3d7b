using System.Security.Cryptography;
using System.Text;

namespace AgentRag.Retrieval.Qdrant;

/// <summary>The point id of a passage.</summary>
internal static class QdrantPointId
{
    // Qdrant takes unsigned integers and UUIDs, passage ids are text.
    private const string Namespace = "agentrag/passage/";

    /// <summary>
    /// Makes the id: the first 16 bytes of SHA-256 over <c>agentrag/passage/</c> and the passage's id in UTF-8, marked as a UUID of version 8
    /// (RFC 9562, section 5.8). Like version 5, with a hash that nobody can find collisions for. Part of the stored form: it never changes.
    /// </summary>
    public static Guid Of(string passageId)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(Namespace + passageId), hash);
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash[..16], bigEndian: true);
    }
}
