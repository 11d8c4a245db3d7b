using System.Runtime.InteropServices;
using System.Text;
using AgentRag.Documents;

namespace AgentRag.Indexing;

/// <summary>Collects the subjects of documents first and the mentions in passages then, and makes a graph of them.</summary>
internal sealed class LinksBuilder
{
    private const int MinPassagesOfPhrase = 2;

    // A one-word title in more passages than this is a common word: 1 in 100, but never fewer than 3.
    private const int CommonWordShare = 100;
    private const int MinCommonWordPassages = 3;

    private readonly LinksWords _words = new();
    private readonly LinksTrie _trie = new();
    private readonly List<LinksWord> _read = [];
    private readonly Dictionary<string, int> _subjectOfDocument = new(StringComparer.Ordinal);
    private readonly Dictionary<int, Subject> _subjects = [];
    private readonly List<int> _mentions = [];
    private readonly List<int> _mentionEnds = [];

    // Per node of the trie: the last passage that mentioned it, plus one, and how many did.
    private readonly List<(int LastPassage, int Passages)> _counts = [];
    private int _passages;

    /// <summary>Adds the name that the passage's document is about. Passages come in index order, all of them before the first mention.</summary>
    public void AddSubject(Passage passage)
    {
        if (!_subjectOfDocument.TryGetValue(passage.DocumentId, out var node))
        {
            node = ReadSubject(passage, out var needsCapital);
            _subjectOfDocument.Add(passage.DocumentId, node);
            if (node > 0)
            {
                var subject = _subjects.TryGetValue(node, out var known) ? known : new(needsCapital);
                _subjects[node] = subject with { Documents = subject.Documents + 1, NeedsCapital = subject.NeedsCapital && needsCapital };
            }
        }

        if (node > 0 && _subjects[node].Passages is { Count: < LinksGraph.MaxFanOut } passages)
        {
            passages.Add(_passages);
        }

        _passages++;
    }

    /// <summary>Adds the mentions of the next passage.</summary>
    public void AddMentions(string text)
    {
        _words.Read(text, _read);
        var read = CollectionsMarshal.AsSpan(_read);
        for (var start = 0; start < read.Length;)
        {
            start += Math.Max(1, AddLongestTitle(read[start..]));
        }

        for (var start = 0; LinksNames.NextPhrase(read, _words, ref start, out var end); start = end)
        {
            if (LinksNames.IsName(read[start..end], _words))
            {
                AddMention(_trie.Add(read[start..end]));
            }
        }

        _mentionEnds.Add(_mentions.Count);
    }

    /// <summary>Makes the graph.</summary>
    public LinksGraph Build()
    {
        var kept = Enumerable.Range(1, _trie.NodeCount - 1).Where(IsKept).Select(node => (Node: node, Text: Encoding.UTF8.GetBytes(_trie.Text(node, _words)))).ToArray();
        Array.Sort(kept, static (x, y) => x.Text.AsSpan().SequenceCompareTo(y.Text));
        var nameOfNode = new int[_trie.NodeCount];
        Array.Fill(nameOfNode, -1);
        var names = new StringTableBuilder();
        for (var name = 0; name < kept.Length; name++)
        {
            names.Add(kept[name].Text);
            nameOfNode[kept[name].Node] = name;
        }

        var passageNames = PassageNames(nameOfNode, kept.Length);
        var counts = Array.ConvertAll(kept, name => CountOf(name.Node).Passages);
        var mentions = new List<int>?[kept.Length];
        for (var passage = 0; passage < passageNames.Count; passage++)
        {
            foreach (var name in passageNames[passage])
            {
                if (counts[name] <= LinksGraph.MaxFanOut)
                {
                    (mentions[name] ??= []).Add(passage);
                }
            }
        }

        var subjects = Array.ConvertAll(kept, name => SubjectOf(name.Node));
        return new(
            names.ToTable(), new(counts), new(Array.ConvertAll(subjects, subject => subject?.Documents ?? 0)), LinksRows.From(mentions, _passages),
            LinksRows.From(Array.ConvertAll(subjects, subject => subject?.Passages), _passages), passageNames, new(PassageSubjects(subjects)));
    }

    private int[] PassageSubjects(Subject?[] subjects)
    {
        var ofPassages = new int[_passages];
        Array.Fill(ofPassages, -1);
        for (var name = 0; name < subjects.Length; name++)
        {
            foreach (var passage in subjects[name]?.Passages ?? [])
            {
                ofPassages[passage] = name;
            }
        }

        return ofPassages;
    }

    private int ReadSubject(Passage passage, out bool needsCapital)
    {
        // One word more than a name may have, so that a title of a megabyte costs no more than any other.
        _words.Read(LinksNames.WithoutQualifier(passage.Title), _read, LinksNames.MaxWords + 1);
        var (start, end) = (0, _read.Count);
        if (end == 0)
        {
            _words.Read(passage.Text, _read, 2 * LinksNames.MaxWords);
            if (!LinksNames.LeadName(CollectionsMarshal.AsSpan(_read), _words, out start, out end))
            {
                (start, end) = (0, 0);
            }
        }

        var subject = CollectionsMarshal.AsSpan(_read)[start..end];
        needsCapital = subject.Length == 1 && subject[0].IsCapital;
        return LinksNames.CanLink(subject, _words) ? _trie.Add(subject) : 0;
    }

    /// <summary>Adds the longest title that the words begin with.</summary>
    /// <returns>Its length in words, 0 if there is none.</returns>
    private int AddLongestTitle(ReadOnlySpan<LinksWord> words)
    {
        var (node, found, length) = (0, 0, 0);
        for (var i = 0; i < words.Length && _trie.TryStep(ref node, words[i].Id); i++)
        {
            // "Heart" is a film, "heart" is not.
            if (_subjects.TryGetValue(node, out var subject) && !(subject.NeedsCapital && words[i].IsLower))
            {
                (found, length) = (node, i + 1);
            }
        }

        if (found > 0)
        {
            AddMention(found);
        }

        return length;
    }

    private void AddMention(int node)
    {
        while (_counts.Count <= node)
        {
            _counts.Add(default);
        }

        ref var count = ref CollectionsMarshal.AsSpan(_counts)[node];
        var passage = _mentionEnds.Count;
        if (count.LastPassage != passage + 1)
        {
            count = (passage + 1, count.Passages + 1);
            _mentions.Add(node);
        }
    }

    private (int LastPassage, int Passages) CountOf(int node) => node < _counts.Count ? _counts[node] : default;

    private bool IsKept(int node) => SubjectOf(node) is not null || CountOf(node).Passages is >= MinPassagesOfPhrase and <= LinksGraph.MaxFanOut;

    /// <summary>What a node is the title of, unless it is too common to be worth a link.</summary>
    private Subject? SubjectOf(int node)
    {
        if (!_subjects.TryGetValue(node, out var subject) || subject.Documents > LinksGraph.MaxFanOut)
        {
            return null;
        }

        var isOneWord = !_trie.Text(node, _words).Contains(' ');
        return isOneWord && CountOf(node).Passages > Math.Max(MinCommonWordPassages, _passages / CommonWordShare) ? null : subject;
    }

    private LinksRows PassageNames(int[] nameOfNode, int names)
    {
        var ends = new int[_mentionEnds.Count];
        List<int> values = [];
        for (var (passage, i) = (0, 0); passage < ends.Length; passage++)
        {
            for (; i < _mentionEnds[passage]; i++)
            {
                if (nameOfNode[_mentions[i]] >= 0)
                {
                    values.Add(nameOfNode[_mentions[i]]);
                }
            }

            ends[passage] = values.Count;
        }

        return new(new(ends), new([.. values]), names);
    }

    private sealed record Subject(bool NeedsCapital)
    {
        public int Documents { get; init; }

        public List<int> Passages { get; } = [];
    }
}
