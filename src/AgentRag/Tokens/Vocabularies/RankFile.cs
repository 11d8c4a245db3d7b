using System.Buffers.Text;
using AgentRag.Tokens.BytePairs;

namespace AgentRag.Tokens.Vocabularies;

/// <summary>Reads rank files (<c>.tiktoken</c>): each line is the base64 of a token's bytes, a space, and the token's rank, which is its id.</summary>
public static class RankFile
{
    // Far beyond any vocabulary; keeps a damaged line from asking for all memory.
    private const int HighestRank = 2_000_000;

    /// <summary>Reads a vocabulary.</summary>
    /// <param name="content">The file's bytes.</param>
    /// <param name="path">The file's path, for messages.</param>
    /// <exception cref="AgentRagException">The file is no rank file; the message names file and line.</exception>
    public static BytePairVocabulary Read(ReadOnlySpan<byte> content, string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        List<ReadOnlyMemory<byte>> tokens = [];

        // The bytes of all tokens lie in one array: hundreds of thousands of small ones would burden the collector for as long as the vocabulary lives.
        var bytes = new byte[content.Length];
        var (used, line) = (0, 0);
        while (content.Length > 0)
        {
            line++;
            var end = content.IndexOf((byte)'\n');
            var row = (end < 0 ? content : content[..end]).TrimEnd((byte)'\r');
            content = end < 0 ? [] : content[(end + 1)..];
            if (row.Length == 0)
            {
                continue;
            }

            var space = row.IndexOf((byte)' ');
            if (space < 0
                || !Utf8Parser.TryParse(row[(space + 1)..], out int rank, out var read) || space + 1 + read != row.Length || rank is < 0 or > HighestRank
                || Base64.DecodeFromUtf8(row[..space], bytes.AsSpan(used), out _, out var length) != System.Buffers.OperationStatus.Done || length == 0)
            {
                throw new AgentRagException($"{path}:{line}: this is no line of a rank file; expected is the base64 of a token's bytes, a space and its rank.");
            }

            while (tokens.Count <= rank)
            {
                tokens.Add(ReadOnlyMemory<byte>.Empty);
            }

            if (!tokens[rank].IsEmpty)
            {
                throw new AgentRagException($"{path}:{line}: the rank {rank} stands twice.");
            }

            tokens[rank] = bytes.AsMemory(used, length);
            used += length;
        }

        try
        {
            return new BytePairVocabulary(tokens);
        }
        catch (AgentRagException e)
        {
            throw new AgentRagException($"{path}: {e.Message}", e);
        }
    }
}
