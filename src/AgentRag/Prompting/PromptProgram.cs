using System.Collections;
using System.Globalization;
using System.Runtime.InteropServices;

namespace AgentRag.Prompting;

/// <summary>Takes what a template makes, part by part.</summary>
internal interface IPromptSink
{
    /// <summary>Takes a text.</summary>
    void Text(string text);

    /// <summary>Offers a passage to be taken whole.</summary>
    /// <param name="template">The part of the template that shows it.</param>
    /// <param name="passage">Its values.</param>
    /// <param name="render">Renders it.</param>
    /// <returns>Whether it was taken; if not, its texts follow.</returns>
    bool Passage(object template, PassageValues passage, Func<string> render);

    /// <summary>The parts up to the end are those of one item that may be left out.</summary>
    void Begin(PromptItem item);

    /// <summary>The end of an item.</summary>
    void End();

    /// <summary>What came so far is worth a mark: all behind it changes sooner.</summary>
    void Boundary();
}

/// <summary>A part of a prompt that may be left out: a test passage, a demonstration, or a passage of one.</summary>
/// <param name="Demonstration">The demonstration's index; -1 for a test passage.</param>
/// <param name="Batch">The batch of the demonstration's passage; -1 for the demonstration itself.</param>
/// <param name="Index">Index within the batch; for a test passage its number.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct PromptItem(int Demonstration, int Batch, int Index);

/// <summary>A Handlebars template of plain names, <c>each</c>, <c>if</c> and <c>unless</c>, run part by part instead of into one text.</summary>
/// <remarks>
/// Knowing the parts, a prompt of ten thousand passages is planned from counts that are held already. A template with anything else is left to the Handlebars
/// engine, and so is one that this program renders otherwise on the samples: <see cref="PromptTemplateCompiler"/> compares them when the template is loaded.
/// </remarks>
internal sealed class PromptProgram
{
    private const string Passages = "passages";
    private const string Demonstrations = "demonstrations";

    private readonly Node[] _nodes;

    private PromptProgram(Node[] nodes) => _nodes = nodes;

    /// <summary>Translates a template.</summary>
    /// <param name="template">The template's text.</param>
    /// <param name="sample">Values that hold every name a template may use, with at least one element in each list.</param>
    /// <returns>The program; null when the template uses anything else.</returns>
    public static PromptProgram? From(string template, IDictionary<string, object?> sample) =>
        new TemplateReader(template).Read(sample) is { } nodes ? new PromptProgram(nodes) : null;

    /// <summary>Runs the program.</summary>
    /// <param name="values">The prompt's values.</param>
    /// <param name="sink">Takes the parts.</param>
    public void Run(IDictionary<string, object?> values, IPromptSink sink)
    {
        var isStatic = true;
        foreach (var node in _nodes)
        {
            if (isStatic && node is not (TextNode or EachNode { Name: Demonstrations }))
            {
                isStatic = false;
                sink.Boundary();
            }

            Run(node, values, sink, demonstration: -1, isRoot: true);
        }
    }

    private static void Run(Node[] nodes, IDictionary<string, object?> values, IPromptSink sink, int demonstration)
    {
        foreach (var node in nodes)
        {
            Run(node, values, sink, demonstration, isRoot: false);
        }
    }

    private static void Run(Node node, IDictionary<string, object?> values, IPromptSink sink, int demonstration, bool isRoot)
    {
        switch (node)
        {
            case TextNode text:
                sink.Text(text.Text);
                break;
            case ValueNode value:
                sink.Text(Convert.ToString(values[value.Name], CultureInfo.InvariantCulture) ?? "");
                break;
            case IfNode condition:
                Run(IsTrue(values[condition.Name]) != condition.IsNegated ? condition.Then : condition.Else, values, sink, demonstration);
                break;
            case EachNode each:
                RunEach(each, (IList)values[each.Name]!, values, sink, demonstration, isRoot);
                break;
        }
    }

    private static void RunEach(EachNode each, IList items, IDictionary<string, object?> values, IPromptSink sink, int demonstration, bool isRoot)
    {
        if (items.Count == 0)
        {
            Run(each.Else, values, sink, demonstration);
            return;
        }

        PassageValues? before = null;
        for (var i = 0; i < items.Count; i++)
        {
            var item = (IDictionary<string, object?>)items[i]!;
            if (item is PassageValues passage)
            {
                if (isRoot && before is not null && before.Place.Batch != passage.Place.Batch)
                {
                    sink.Boundary();
                }

                before = passage;
                sink.Begin(isRoot ? new PromptItem(-1, -1, passage.Place.Number) : new PromptItem(demonstration, passage.Place.Batch, passage.Place.Index));
                if (!sink.Passage(each, passage, () => Whole(each.Body, passage)))
                {
                    Run(each.Body, passage, sink, demonstration);
                }

                sink.End();
            }
            else if (isRoot && each.Name == Demonstrations)
            {
                sink.Begin(new PromptItem(i, -1, 0));
                Run(each.Body, item, sink, demonstration: i);
                sink.End();
            }
            else
            {
                Run(each.Body, item, sink, demonstration);
            }
        }

        if (isRoot && each.Name == Passages)
        {
            sink.Boundary();
        }
    }

    private static string Whole(Node[] body, PassageValues passage)
    {
        var sink = new TextSink();
        Run(body, passage, sink, demonstration: -1);
        return sink.ToString();
    }

    // What Handlebars calls falsy.
    private static bool IsTrue(object? value) => value switch
    {
        null or false or "" or 0 => false,
        ICollection { Count: 0 } => false,
        _ => true,
    };

    private abstract record Node;

    private sealed record TextNode(string Text) : Node;

    private sealed record ValueNode(string Name) : Node;

    private sealed record EachNode(string Name, Node[] Body, Node[] Else) : Node;

    private sealed record IfNode(string Name, bool IsNegated, Node[] Then, Node[] Else) : Node;

    /// <summary>Reads a template; anything that it does not know ends in null.</summary>
    private sealed class TemplateReader(string template)
    {
        private int _position;

        public Node[]? Read(IDictionary<string, object?> sample)
        {
            var nodes = ReadUntil(sample, out var end);
            return end is null ? nodes : null;
        }

        /// <summary>Reads up to <c>{{else}}</c>, a closing tag or the end.</summary>
        /// <param name="names">The values of this scope.</param>
        /// <param name="end">The tag that ended it; null for the end of the text.</param>
        private Node[]? ReadUntil(IDictionary<string, object?> names, out string? end)
        {
            List<Node> nodes = [];
            end = null;
            while (_position < template.Length)
            {
                var open = template.IndexOf("{{", _position, StringComparison.Ordinal);
                var textEnd = open < 0 ? template.Length : open;
                if (open < 0)
                {
                    AddText(nodes, textEnd);
                    return [.. nodes];
                }

                var close = template.IndexOf("}}", open, StringComparison.Ordinal);
                var tag = close < 0 ? "" : template[(open + 2)..close];
                var words = tag.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (words is [var name] && names.ContainsKey(name))
                {
                    AddText(nodes, textEnd);
                    _position = close + 2;
                    nodes.Add(new ValueNode(name));
                    continue;
                }

                // A tag of a block that stands alone on its line takes the line with it.
                var (lineStart, lineEnd) = Line(open, close + 2);
                AddText(nodes, Math.Max(_position, lineStart));
                _position = lineEnd;
                switch (words)
                {
                    case ["else"] or ["/each"] or ["/if"] or ["/unless"]:
                        end = words[0];
                        return [.. nodes];
                    case ["#each", var list] when names.TryGetValue(list, out var items) && items is IList { Count: > 0 } sample && sample[0] is IDictionary<string, object?> item:
                        if (ReadBlock(item, names, "/each") is not var (body, otherwise))
                        {
                            return null;
                        }

                        nodes.Add(new EachNode(list, body, otherwise));
                        break;
                    case ["#if" or "#unless", var condition] when names.ContainsKey(condition):
                        if (ReadBlock(names, names, $"/{words[0][1..]}") is not var (then, unless))
                        {
                            return null;
                        }

                        nodes.Add(new IfNode(condition, words[0] == "#unless", then, unless));
                        break;
                    default:
                        return null;
                }
            }

            return [.. nodes];
        }

        private (Node[] Body, Node[] Else)? ReadBlock(IDictionary<string, object?> inside, IDictionary<string, object?> outside, string close)
        {
            if (ReadUntil(inside, out var end) is not { } body)
            {
                return null;
            }

            Node[]? otherwise = [];
            if (end == "else")
            {
                otherwise = ReadUntil(outside, out end);
            }

            return otherwise is not null && end == close ? (body, otherwise) : null;
        }

        private void AddText(List<Node> nodes, int end)
        {
            if (end > _position)
            {
                nodes.Add(new TextNode(template[_position..end]));
            }

            _position = end;
        }

        private (int Start, int End) Line(int open, int close)
        {
            var (start, end) = (open, close);
            while (start > 0 && template[start - 1] is ' ' or '\t')
            {
                start--;
            }

            while (end < template.Length && template[end] is ' ' or '\t' or '\r')
            {
                end++;
            }

            var isAlone = (start == 0 || template[start - 1] == '\n') && (end == template.Length || template[end] == '\n');
            return isAlone ? (start, Math.Min(end + 1, template.Length)) : (open, close);
        }
    }
}
