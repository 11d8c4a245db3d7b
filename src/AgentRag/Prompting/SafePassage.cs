using System.Runtime.CompilerServices;
using AgentRag.Documents;
using AgentRag.Tokens;

namespace AgentRag.Prompting;

/// <summary>A passage with its texts made harmless, and what prompts show of it, counted: kept as long as the passage itself.</summary>
/// <remarks>Safe for concurrent use: two threads at worst do the same work twice.</remarks>
internal sealed class SafePassage
{
    // A question shows a passage in few forms: as a test passage of the step and of the final prompt, and as part of a demonstration in both.
    private const int KeptBlocks = 4;

    private static readonly ConditionalWeakTable<Passage, SafePassage> All = [];

    private PassageValues? _values;
    private PassageBlock[] _blocks = [];

    private SafePassage(Passage passage)
    {
        Title = UntrustedText.NeutraliseAttribute(string.Join(" > ", [passage.Title, .. passage.HeadingPath]));
        Source = UntrustedText.NeutraliseAttribute(passage.DocumentId);
        Text = UntrustedText.Neutralise(passage.Text);
    }

    public string Title { get; }

    public string Source { get; }

    public string Text { get; }

    public static SafePassage Of(Passage passage) => All.GetValue(passage, static passage => new SafePassage(passage));

    /// <summary>The values that a template shows.</summary>
    public PassageValues Values(int number, int batch, int index) =>
        _values is { } values && values.Place == (number, batch, index) ? values : _values = new PassageValues(this, number, batch, index);

    /// <summary>What a template makes of this passage, counted.</summary>
    /// <param name="template">The part of a template that shows a passage.</param>
    /// <param name="number">The passage's number.</param>
    /// <param name="counter">Counts tokens.</param>
    /// <param name="render">Renders the part.</param>
    public PassageBlock Block(object template, int number, IPieceTokenCounter counter, Func<string> render)
    {
        var blocks = _blocks;
        foreach (var block in blocks)
        {
            if (block.Template == template && block.Number == number && block.Counter == counter)
            {
                return block;
            }
        }

        var text = render();
        var made = new PassageBlock(template, number, counter, text, JointTokenCount.Count(counter, text));
        _blocks = [made, .. blocks.Take(KeptBlocks - 1)];
        return made;
    }
}

/// <summary>The text of one passage in a prompt, delimiters included, with its count.</summary>
internal sealed record PassageBlock(object Template, int Number, IPieceTokenCounter Counter, string Text, PartTokenCount Count);

/// <summary>The values of a passage for templates.</summary>
internal sealed class PassageValues : Dictionary<string, object?>
{
    public PassageValues(SafePassage passage, int number, int batch, int index)
        : base(StringComparer.Ordinal)
    {
        (Passage, Place) = (passage, (number, batch, index));
        this["number"] = number;
        this["title"] = passage.Title;
        this["source"] = passage.Source;
        this["text"] = passage.Text;
    }

    public SafePassage Passage { get; }

    /// <summary>Its number, its batch, and its index within the batch, which only passages of demonstrations use.</summary>
    public (int Number, int Batch, int Index) Place { get; }
}
