namespace AgentRag.Models.Extractive;

/// <summary>Which sentences of other passages name a passage's subject: two passages that share a name may answer a question together.</summary>
internal sealed class Links
{
    private readonly Dictionary<string, List<SentenceText>> _naming = [];

    public Links(IReadOnlyList<PassageText> passages)
    {
        foreach (var sentence in passages.SelectMany(passage => passage.Sentences))
        {
            foreach (var name in sentence.Names)
            {
                var key = Words.Key(name.TextIn(sentence.Tokens));
                if (!_naming.TryGetValue(key, out var sentences))
                {
                    _naming[key] = sentences = [];
                }

                sentences.Add(sentence);
            }
        }
    }

    /// <summary>Sentences of other passages that name the passage's subject; length ≥ 0.</summary>
    public IEnumerable<SentenceText> Naming(PassageText passage) =>
        _naming.TryGetValue(passage.TitleKey, out var sentences) ? sentences.Where(sentence => sentence.Passage != passage) : [];
}
