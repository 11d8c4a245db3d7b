namespace AgentRag.Indexing;

/// <summary>A trie over word numbers: a name is a path, its node stands for the name.</summary>
/// <remarks>One hash table for all edges, so finding the longest name at a place takes at most one look-up per word of the longest name.</remarks>
internal sealed class LinksTrie
{
    private readonly Dictionary<(int Node, int Word), int> _edges = [];

    // Per node: the node before it and its last word, to write a name down again.
    private readonly List<(int Parent, int Word)> _nodes = [(-1, -1)];

    public int NodeCount => _nodes.Count;

    /// <summary>The node of a name, made if it is new.</summary>
    public int Add(ReadOnlySpan<LinksWord> name)
    {
        var node = 0;
        foreach (var word in name)
        {
            if (!_edges.TryGetValue((node, word.Id), out var next))
            {
                _edges.Add((node, word.Id), next = _nodes.Count);
                _nodes.Add((node, word.Id));
            }

            node = next;
        }

        return node;
    }

    /// <summary>Follows one word.</summary>
    /// <returns>Whether some name goes on with it.</returns>
    public bool TryStep(ref int node, int word) => _edges.TryGetValue((node, word), out node);

    /// <summary>Writes the name of a node.</summary>
    public string Text(int node, LinksWords words)
    {
        Stack<string> parts = [];
        for (; node > 0; node = _nodes[node].Parent)
        {
            parts.Push(words[_nodes[node].Word]);
        }

        return string.Join(' ', parts);
    }
}
