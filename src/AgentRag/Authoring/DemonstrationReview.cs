using System.Globalization;
using System.Text;
using AgentRag.Demonstrations;
using AgentRag.Models;
using AgentRag.Retrieval;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace AgentRag.Authoring;

/// <summary>A pool as a YAML file that a person edits: drop examples, mend answers and steps, and have the edits taken over.</summary>
/// <remarks>
/// The file is a mapping with <c>formatVersion</c> and <c>demonstrations</c>: each with <c>id</c>, <c>keep</c>, <c>question</c>, <c>answer</c> and <c>steps</c>
/// (<c>subQuery</c>, <c>intermediateAnswer</c>), and the passages as comments to judge by. Taken over unedited, it gives the same pool, byte for byte.
/// </remarks>
public static class DemonstrationReview
{
    private const int FormatVersion = 1;
    private const int ExcerptCharacters = 240;
    private const int ShownPassages = 3;

    /// <summary>Writes the review file of a pool.</summary>
    /// <param name="pool">The demonstrations.</param>
    /// <returns>YAML.</returns>
    public static string Write(IEnumerable<Demonstration> pool)
    {
        ArgumentNullException.ThrowIfNull(pool);
        var text = new StringBuilder(
            """
            # Worked examples for review. Set keep to false to drop one; edit question, answer and steps as you like: add or remove steps, keep their order.
            # Lines that begin with # are passages to judge by. When done: agentrag demos apply THIS_FILE --pool POOL --output NEW_POOL

            """.ReplaceLineEndings("\n")).Append(CultureInfo.InvariantCulture, $"formatVersion: {FormatVersion}\ndemonstrations:\n");
        foreach (var demonstration in pool)
        {
            text.Append(CultureInfo.InvariantCulture, $"- id: {Quoted(demonstration.Id)}\n  keep: true\n");
            text.Append(CultureInfo.InvariantCulture, $"  question: {Quoted(demonstration.Question)}\n");
            AppendPassages(text, demonstration.Rankings, 0);
            text.Append(demonstration.Steps.Count == 0 ? "  steps: []\n" : "  steps:\n");
            foreach (var (place, step) in demonstration.Steps.Index())
            {
                text.Append(CultureInfo.InvariantCulture, $"  - subQuery: {Quoted(step.SubQuery)}\n    intermediateAnswer: {Quoted(step.IntermediateAnswer ?? "")}\n");
                AppendPassages(text, demonstration.Rankings, place + 1);
            }

            text.Append(CultureInfo.InvariantCulture, $"  answer: {Quoted(demonstration.Answer)}\n");
        }

        return text.ToString();
    }

    /// <summary>Takes over a person's edits.</summary>
    /// <param name="pool">The pool that the review file was written for.</param>
    /// <param name="yaml">The review file's text.</param>
    /// <param name="path">Its path, for messages.</param>
    /// <param name="retriever">Ranks passages for questions and sub-queries that were edited; asked only for these.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>The demonstrations to keep, in the pool's order; those that the file does not name are dropped.</returns>
    /// <exception cref="AgentRagException">The file is no review of this pool: the message names file and line.</exception>
    public static async Task<IReadOnlyList<Demonstration>> ApplyAsync(
        IReadOnlyList<Demonstration> pool, string yaml, string path, IRetriever retriever, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(pool);
        ArgumentNullException.ThrowIfNull(retriever);
        var entries = Read(yaml, path);
        var known = pool.Select(demonstration => Plain(demonstration.Id)).ToHashSet(StringComparer.Ordinal);
        if (entries.Values.FirstOrDefault(entry => !known.Contains(entry.Id)) is { } stranger)
        {
            throw new AgentRagException($"{path}:{stranger.Line}: the pool has no demonstration \"{stranger.Id}\": give the pool that this review was written for.");
        }

        List<Demonstration> kept = [];
        foreach (var demonstration in pool)
        {
            if (entries.GetValueOrDefault(Plain(demonstration.Id)) is { Keep: true } entry)
            {
                kept.Add(await EditAsync(demonstration, entry, retriever, cancellationToken).ConfigureAwait(false));
            }
        }

        return kept;
    }

    private static async Task<Demonstration> EditAsync(Demonstration demonstration, Entry entry, IRetriever retriever, CancellationToken cancellationToken)
    {
        // Compared as they were written: what YAML cannot hold, such as half a surrogate pair, is no edit.
        var isEdited = entry.Question != Plain(demonstration.Question) || entry.Answer != Plain(demonstration.Answer)
            || !entry.Steps.SequenceEqual(demonstration.Steps.Select(step => new SelfAskStep(Plain(step.SubQuery), Plain(step.IntermediateAnswer ?? ""))));
        if (!isEdited)
        {
            return demonstration;
        }

        var edited = demonstration with
        {
            Question = entry.Question,
            Answer = entry.Answer,
            Answers = entry.Answer == Demonstration.NotFound ? [] : [entry.Answer, .. demonstration.Answers.Where(answer => answer != entry.Answer)],
            Steps = entry.Steps,
        };
        return demonstration.Rankings is not { Count: > 0 } rankings
            ? edited
            : edited with { Rankings = await RankAsync(demonstration, edited, rankings, retriever, cancellationToken).ConfigureAwait(false) };
    }

    /// <summary>Keeps the rankings of queries that stayed and ranks for the new ones, as deep as the others.</summary>
    private static async Task<IReadOnlyList<IReadOnlyList<Documents.Passage>>> RankAsync(
        Demonstration was,
        Demonstration edited,
        IReadOnlyList<IReadOnlyList<Documents.Passage>> rankings,
        IRetriever retriever,
        CancellationToken cancellationToken)
    {
        var ofQuery = Queries(was).Zip(rankings).DistinctBy(pair => pair.First, StringComparer.Ordinal).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal);
        var k = was.Origin?.K ?? rankings.Max(ranking => ranking.Count);
        List<IReadOnlyList<Documents.Passage>> result = [];
        foreach (var query in Queries(edited))
        {
            result.Add(ofQuery.TryGetValue(query, out var ranking)
                ? ranking
                : [.. (await retriever.RetrieveDistinctAsync(new RetrievalQuery(query, k), cancellationToken).ConfigureAwait(false)).Passages.Select(ranked => ranked.Passage)]);
        }

        return result;
    }

    private static IEnumerable<string> Queries(Demonstration demonstration) => demonstration.Steps.Select(step => step.SubQuery).Prepend(demonstration.Question);

    private static void AppendPassages(StringBuilder text, IReadOnlyList<IReadOnlyList<Documents.Passage>>? rankings, int place)
    {
        foreach (var passage in rankings is not null && place < rankings.Count ? rankings[place].Take(ShownPassages) : [])
        {
            var line = string.Join(' ', $"{passage.Title}: {passage.Text}".Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
            text.Append("    # ").Append(Printable(line.Length <= ExcerptCharacters ? line : $"{line[..ExcerptCharacters]} ...", isQuoted: false)).Append('\n');
        }
    }

    private static Dictionary<string, Entry> Read(string yaml, string path)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(yaml));
        }
        catch (YamlException e)
        {
            throw new AgentRagException($"{path}:{e.Start.Line}: not valid YAML: {e.Message}", e);
        }

        if (stream.Documents is not [{ RootNode: YamlMappingNode root }] || Child(root, "demonstrations") is not YamlSequenceNode list)
        {
            throw new AgentRagException($"{path}:1: not a review file; it is one mapping with formatVersion and demonstrations.");
        }

        if (Child(root, "formatVersion")?.ToString() is var version && version != $"{FormatVersion}")
        {
            throw new AgentRagException($"{path}:1: the review has format version {version ?? "none"}, this program reads version {FormatVersion}.");
        }

        Dictionary<string, Entry> entries = new(StringComparer.Ordinal);
        foreach (var node in list.Children)
        {
            var entry = ReadEntry(path, node);
            if (!entries.TryAdd(entry.Id, entry))
            {
                throw new AgentRagException($"{path}:{entry.Line}: the id \"{entry.Id}\" is taken by line {entries[entry.Id].Line}; ids must differ.");
            }
        }

        return entries;
    }

    private static Entry ReadEntry(string path, YamlNode node)
    {
        var mapping = node as YamlMappingNode ?? throw Problem(node, "a demonstration is a mapping with id, keep, question, answer and steps");
        var steps = Child(mapping, "steps") switch
        {
            YamlSequenceNode list => list.Children.Select(Step).ToList(),
            null => [],
            YamlScalarNode { Value: null or "" } => [],
            var other => throw Problem(other, "steps must be a list; write [] for none"),
        };
        return new Entry(
            Text(mapping, "id"),
            Text(mapping, "keep") switch
            {
                "true" or "yes" => true,
                "false" or "no" => false,
                var other => throw Problem(mapping, $"keep is '{other}', must be true or false"),
            },
            Text(mapping, "question"),
            Text(mapping, "answer"),
            steps,
            node.Start.Line);

        SelfAskStep Step(YamlNode step) => step is YamlMappingNode fields
            ? new SelfAskStep(Text(fields, "subQuery"), Text(fields, "intermediateAnswer"))
            : throw Problem(step, "a step is a mapping with subQuery and intermediateAnswer");

        string Text(YamlMappingNode fields, string key) => Child(fields, key) is YamlScalarNode { Value.Length: > 0 } scalar
            ? scalar.Value
            : throw Problem(fields, $"no '{key}', or it is empty");

        AgentRagException Problem(YamlNode at, string problem) => new($"{path}:{at.Start.Line}: {problem}.");
    }

    private static YamlNode? Child(YamlMappingNode node, string key) => node.Children.TryGetValue(new YamlScalarNode(key), out var child) ? child : null;

    private static string Quoted(string text) => $"\"{Printable(text, isQuoted: true)}\"";

    /// <summary>A text as it is read back: half a surrogate pair becomes U+FFFD.</summary>
    private static string Plain(string text) => string.Concat(text.EnumerateRunes());

    // YAML's double-quoted form; all that an editor or a YAML reader might change is written as an escape.
    private static string Printable(string text, bool isQuoted)
    {
        var result = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            var isPlain = rune.Value is >= ' ' and < 0x7F or >= 0xA0 and not (0x2028 or 0x2029 or 0xFEFF or 0xFFFE or 0xFFFF);
            result.Append(rune.Value switch
            {
                '"' or '\\' when isQuoted => $"\\{rune}",
                _ when isPlain => rune.ToString(),
                _ when !isQuoted => " ",
                > 0xFFFF => string.Create(CultureInfo.InvariantCulture, $"\\U{rune.Value:X8}"),
                _ => string.Create(CultureInfo.InvariantCulture, $"\\u{rune.Value:X4}"),
            });
        }

        return result.ToString();
    }

    private sealed record Entry(string Id, bool Keep, string Question, string Answer, IReadOnlyList<SelfAskStep> Steps, long Line);
}
