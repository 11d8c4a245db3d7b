using System.Text;
using AgentRag.Tests.Architecture;
using AgentRag.Tokens.BytePairs;

namespace AgentRag.Tests.Tokens;

/// <summary>A byte-level BPE vocabulary trained on the demo world, and encoders that do what the definition says in the plainest way.</summary>
internal sealed class TrainedVocabulary
{
    private const int MergesTrained = 1_500;

    private static readonly Lazy<TrainedVocabulary> Trained = new(() => new TrainedVocabulary(WorldText()));

    private static readonly Lazy<string> World = new(ReadWorld);

    private readonly Dictionary<string, int> _idOf = new(StringComparer.Ordinal);
    private readonly Dictionary<(int, int), int> _rankOf = [];

    private TrainedVocabulary(string text)
    {
        for (var value = 0; value < 256; value++)
        {
            Add([(byte)value]);
        }

        var words = NaivePieces.Of(SplitPattern.Cl100k, text).GroupBy(piece => piece)
            .Select(pieces => (Parts: Encoding.UTF8.GetBytes(pieces.Key).Select(value => (int)value).ToList(), Count: pieces.Count())).ToList();
        while (Merges.Count < MergesTrained)
        {
            Dictionary<(int, int), int> counts = [];
            foreach (var (parts, count) in words)
            {
                for (var i = 0; i + 1 < parts.Count; i++)
                {
                    counts[(parts[i], parts[i + 1])] = counts.GetValueOrDefault((parts[i], parts[i + 1])) + count;
                }
            }

            var ((left, right), _) = counts.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key).First();
            _rankOf[(left, right)] = Merges.Count;
            Merges.Add((left, right));
            var made = Add([.. Tokens[left].Span, .. Tokens[right].Span]);
            foreach (var (parts, _) in words)
            {
                Merge(parts, left, right, made);
            }
        }
    }

    public static TrainedVocabulary Instance => Trained.Value;

    public List<ReadOnlyMemory<byte>> Tokens { get; } = [];

    public List<(int Left, int Right)> Merges { get; } = [];

    public static string WorldText() => World.Value;

    private static string ReadWorld() => string.Concat(
        Directory.EnumerateFiles(Repository.PathOf("demos", "world", "documents"), "*.md", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(File.ReadAllText));

    /// <summary>Encodes as rank files mean it: any two neighbours whose bytes together are a token may be merged, the lowest id first.</summary>
    public List<int> EncodeByRank(SplitPattern pattern, string text) => [.. NaivePieces.Of(pattern, text).SelectMany(piece =>
    {
        var parts = Encoding.UTF8.GetBytes(piece).Select(value => Latin([value])).ToList();
        if (_idOf.TryGetValue(string.Concat(parts), out var whole))
        {
            return [whole];
        }

        while (true)
        {
            var best = Enumerable.Range(0, parts.Count - 1)
                .Where(i => _idOf.ContainsKey(parts[i] + parts[i + 1])).OrderBy(i => _idOf[parts[i] + parts[i + 1]]).ThenBy(i => i).Cast<int?>().FirstOrDefault();
            if (best is not { } at)
            {
                return parts.Select(part => _idOf[part]);
            }

            parts[at] += parts[at + 1];
            parts.RemoveAt(at + 1);
        }
    })];

    /// <summary>Encodes by the list of merges alone, the earliest first.</summary>
    public List<int> EncodeByMerges(SplitPattern pattern, string text) => [.. NaivePieces.Of(pattern, text).SelectMany(piece =>
    {
        var parts = Encoding.UTF8.GetBytes(piece).Select(value => (int)value).ToList();
        while (true)
        {
            var best = Enumerable.Range(0, parts.Count - 1)
                .Where(i => _rankOf.ContainsKey((parts[i], parts[i + 1]))).OrderBy(i => _rankOf[(parts[i], parts[i + 1])]).ThenBy(i => i).Cast<int?>().FirstOrDefault();
            if (best is not { } at)
            {
                return parts;
            }

            parts[at] = 256 + _rankOf[(parts[at], parts[at + 1])];
            parts.RemoveAt(at + 1);
        }
    })];

    private static void Merge(List<int> parts, int left, int right, int made)
    {
        for (var i = 0; i + 1 < parts.Count; i++)
        {
            if (parts[i] == left && parts[i + 1] == right)
            {
                parts[i] = made;
                parts.RemoveAt(i + 1);
            }
        }
    }

    private static string Latin(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    private int Add(byte[] bytes)
    {
        _idOf.TryAdd(Latin(bytes), Tokens.Count);
        Tokens.Add(bytes);
        return Tokens.Count - 1;
    }
}
