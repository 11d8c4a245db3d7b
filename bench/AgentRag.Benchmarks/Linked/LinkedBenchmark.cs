using System.Diagnostics;
using AgentRag.Benchmarks.Lexical;
using AgentRag.Indexing;
using AgentRag.Retrieval;
using AgentRag.Retrieval.Fusion;
using AgentRag.Retrieval.Linked;

namespace AgentRag.Benchmarks.Linked;

/// <summary>Recall of linked retrieval beside BM25: its settings, its parts, its choice of parameters, and its cost.</summary>
internal static class LinkedBenchmark
{
    private static readonly (string Name, LinkedOptions Options)[] Ablation =
    [
        ("all of it", new()),
        ("without bridges", new() { SeedPassages = 0 }),
        ("without links back and shared names", new() { IndirectWeight = 0 }),
        ("without named titles", new() { NamedWeight = 0 }),
        ("without the walk", new() { WalkWeight = 0 }),
        ("without title weight and bigrams", new() { TitleWeight = 1, BigramWeight = 0 }),
    ];

    public static async Task<int> RunAsync(LinkedArguments arguments)
    {
        var sets = await QuestionSet.LoadAsync(arguments.Data);
        if (arguments.SizesAlone)
        {
            return await ScaleAsync(sets, arguments);
        }

        var opened = sets.ToDictionary(set => set, set => set.Index());
        Console.WriteLine("R@2 / 5 / 10 / 20, all found @5; in percent of the supporting documents, over the questions of each set");
        Console.WriteLine();
        Tables(sets, opened);
        if (arguments.LeaveOneOut)
        {
            LeaveOneOut(sets, opened);
        }

        return await ScaleAsync(sets, arguments);
    }

    private static async Task<int> ScaleAsync(IReadOnlyList<QuestionSet> sets, LinkedArguments arguments)
    {
        foreach (var size in arguments.Sizes)
        {
            await ScaledCorpus.MeasureAsync(sets, arguments.Work, size);
        }

        return 0;
    }

    private static void Tables(IReadOnlyList<QuestionSet> sets, Dictionary<QuestionSet, (Bm25Index Index, LinksGraph Graph)> opened)
    {
        QuestionSet[] all = [.. sets, QuestionSet.Pooled(sets)];
        foreach (var set in (QuestionSet?[])[null, .. all, null, .. all.Select(set => set.WithoutTitles())])
        {
            if (set is null)
            {
                Console.WriteLine();
                Console.WriteLine("| set | passages | questions | BM25 | linked | BM25 and linked fused by rank | ms per question (p50): BM25, linked |");
                Console.WriteLine("| --- | --- | --- | --- | --- | --- | --- |");
                continue;
            }

            var (index, graph) = opened.TryGetValue(set, out var known) ? known : set.Index();
            var (bm25, linked) = (new Bm25Retriever(index), new LinkedRetriever(index, graph));
            Console.WriteLine(FormattableString.Invariant(
                $"| {set.Name} | {index.PassageCount:N0} | {set.Questions.Count} | {Recall.Of(bm25, set)} | {Recall.Of(linked, set)} | {Recall.Of(new HybridRetriever([bm25, linked]), set)} | {Cost(bm25, set):F2}, {Cost(linked, set):F2} |"));
        }

        Console.WriteLine();
        Console.WriteLine($"| R@2 / 5, all found @5 | {string.Join(" | ", sets.Select(set => set.Name))} |");
        Console.WriteLine($"| --- |{string.Concat(sets.Select(_ => " --- |"))}");
        foreach (var (name, options) in Ablation)
        {
            var cells = sets.Select(set => Recall.Of(new LinkedRetriever(opened[set].Index, opened[set].Graph, options), set))
                .Select(recall => FormattableString.Invariant($"{recall.At2:F1} / {recall.At5:F1}, {recall.AllAt5:F1}"));
            Console.WriteLine($"| {name} | {string.Join(" | ", cells)} |");
        }

        Console.WriteLine();
    }

    /// <summary>Processor time of one question on one thread, in ms: the median, after one pass to warm up.</summary>
    private static double Cost(IRetriever retriever, QuestionSet set)
    {
        List<double> times = [];
        foreach (var question in set.Questions.Concat(set.Questions))
        {
            var start = ThreadTime.Now();
            retriever.RetrieveAsync(new(question.Question, 10)).GetAwaiter().GetResult();
            times.Add((ThreadTime.Now() - start) / 1e3);
        }

        return times.Skip(set.Questions.Count).Order().ElementAt(set.Questions.Count / 2);
    }

    /// <summary>For each set, the parameters that are best on the others, and what they give on it.</summary>
    private static void LeaveOneOut(IReadOnlyList<QuestionSet> sets, Dictionary<QuestionSet, (Bm25Index Index, LinksGraph Graph)> opened)
    {
        var clock = Stopwatch.StartNew();
        LinkedOptions[] grid =
        [
            .. from indirect in (double[])[0.15, 0.3, 0.6]
               from seeds in (int[])[3, 5, 8]
               from named in (double[])[0.5, 1, 2]
               from walk in (double[])[0, 0.5, 1, 2]
               select new LinkedOptions { IndirectWeight = indirect, SeedPassages = seeds, NamedWeight = named, WalkWeight = walk },
        ];
        var recalls = grid.Select(options => sets.ToDictionary(set => set, set => Recall.Of(new LinkedRetriever(opened[set].Index, opened[set].Graph, options), set))).ToList();
        var shipped = sets.ToDictionary(set => set, set => Recall.Of(new LinkedRetriever(opened[set].Index, opened[set].Graph), set));
        Console.WriteLine($"Parameters chosen by the mean R@5 of the other sets, out of {grid.Length} ({clock.Elapsed.TotalSeconds:F0} s):");
        Console.WriteLine();
        Console.WriteLine("| left out | chosen: indirect, seeds, named, walk | R@5 with them | with the defaults | best of the grid on the set itself |");
        Console.WriteLine("| --- | --- | --- | --- | --- |");
        foreach (var family in sets.GroupBy(set => set.Name.Split(' ')[0], StringComparer.Ordinal))
        {
            // Each family of sets counts once, however many corpora it has.
            var others = sets.Except(family).GroupBy(set => set.Name.Split(' ')[0], StringComparer.Ordinal).ToList();
            var best = Enumerable.Range(0, grid.Length).MaxBy(i => others.Average(other => other.Average(set => recalls[i][set].At5)));
            foreach (var set in family)
            {
                Console.WriteLine(FormattableString.Invariant(
                    $"| {set.Name} | {grid[best].IndirectWeight}, {grid[best].SeedPassages}, {grid[best].NamedWeight}, {grid[best].WalkWeight} | {recalls[best][set].At5:F1} | {shipped[set].At5:F1} | {recalls.Max(recall => recall[set].At5):F1} |"));
            }
        }

        Console.WriteLine();
    }
}
