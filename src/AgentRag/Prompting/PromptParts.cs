using AgentRag.Tokens;

namespace AgentRag.Prompting;

/// <summary>The parts of one role's text, in order, with those counted that are held counted.</summary>
internal sealed class PromptParts(IPieceTokenCounter? counter) : IPromptSink
{
    private readonly List<Part> _parts = [];
    private readonly List<int> _boundaries = [];

    public void Text(string text)
    {
        if (text.Length > 0)
        {
            _parts.Add(new Part(text));
        }
    }

    public bool Passage(object template, PassageValues passage, Func<string> render)
    {
        if (counter is null)
        {
            return false;
        }

        var block = passage.Passage.Block(template, passage.Place.Number, counter, render);
        _parts.Add(new Part(block.Text) { Count = block.Count });
        return true;
    }

    public void Begin(PromptItem item) => _parts.Add(new Part("") { Begins = item });

    public void End() => _parts.Add(new Part("") { Ends = true });

    public void Boundary() => _boundaries.Add(_parts.Count);

    /// <summary>Cuts white space off both ends, as prompts are sent without.</summary>
    public PromptParts Trimmed()
    {
        for (var i = 0; i < _parts.Count; i++)
        {
            if (_parts[i].Text.Length > 0 && !Shorten(i, _parts[i].Text.TrimStart()))
            {
                break;
            }
        }

        for (var i = _parts.Count - 1; i >= 0; i--)
        {
            if (_parts[i].Text.Length > 0 && !Shorten(i, _parts[i].Text.TrimEnd()))
            {
                break;
            }
        }

        return this;
    }

    /// <summary>Tokens of the text.</summary>
    /// <param name="costs">Takes the tokens of each item; null when they are not wanted.</param>
    public int Count(Dictionary<PromptItem, int>? costs = null)
    {
        var joint = new JointTokenCount(counter!);
        Stack<(PromptItem Item, int Before)> open = [];
        foreach (var part in _parts)
        {
            if (part.Text.Length > 0)
            {
                if (part.Count is { } count)
                {
                    joint.Append(part.Text, count);
                }
                else
                {
                    joint.Append(part.Text);
                }
            }
            else if (costs is not null && part.Begins is { } item)
            {
                open.Push((item, joint.Tokens));
            }
            else if (costs is not null && part.Ends)
            {
                var (ended, before) = open.Pop();
                costs[ended] = joint.Tokens - before;
            }
        }

        return joint.Tokens;
    }

    /// <summary>The text, and where in it the boundaries are, in characters.</summary>
    public (string Text, IReadOnlyList<int> Boundaries) ToText()
    {
        List<int> boundaries = [];
        var (length, next) = (0, 0);
        for (var i = 0; i <= _parts.Count; i++)
        {
            for (; next < _boundaries.Count && _boundaries[next] == i; next++)
            {
                if (length > 0 && (boundaries is [] || boundaries[^1] != length))
                {
                    boundaries.Add(length);
                }
            }

            length += i < _parts.Count ? _parts[i].Text.Length : 0;
        }

        var text = string.Create(length, _parts, static (characters, parts) =>
        {
            foreach (var part in parts)
            {
                part.Text.CopyTo(characters);
                characters = characters[part.Text.Length..];
            }
        });
        return (text, [.. boundaries.Where(boundary => boundary < length)]);
    }

    // Returns whether nothing is left of the part, so that the next one is at the end.
    private bool Shorten(int i, string text)
    {
        if (text.Length < _parts[i].Text.Length)
        {
            _parts[i] = new Part(text);
        }

        return text.Length == 0;
    }

    private readonly record struct Part(string Text)
    {
        public PartTokenCount? Count { get; init; }

        public PromptItem? Begins { get; init; }

        public bool Ends { get; init; }
    }
}
