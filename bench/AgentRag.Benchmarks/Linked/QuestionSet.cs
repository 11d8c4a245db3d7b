using AgentRag.Documents;
using AgentRag.Indexing;
using AgentRag.Tokens;

namespace AgentRag.Benchmarks.Linked;

/// <summary>Questions with their corpus, cut into passages as the indexer cuts it.</summary>
/// <param name="Name">The set's name.</param>
/// <param name="Questions">Those that name their supporting documents.</param>
/// <param name="Documents">The corpus.</param>
internal sealed record QuestionSet(string Name, IReadOnlyList<LabelledQuestion> Questions, IReadOnlyList<Document> Documents)
{
    private const string Corpus = "corpus.jsonl";
    private const string Extra = "corpus_extra.jsonl";

    /// <summary>The sets below a folder, each once with its corpus alone, and once more with further passages where there are some.</summary>
    public static async Task<IReadOnlyList<QuestionSet>> LoadAsync(string data)
    {
        List<QuestionSet> sets = [];
        foreach (var folder in Directory.EnumerateDirectories(data).Order(StringComparer.Ordinal).Where(folder => File.Exists(Path.Combine(folder, Corpus))))
        {
            var questions = (await LabelledQuestionFile.LoadAsync(Path.Combine(folder, "questions.dev.jsonl"))).Where(question => question.Supporting.Count > 0).ToList();
            if (questions.Count == 0)
            {
                continue;
            }

            var (name, documents) = (Path.GetFileName(folder), await ReadAsync(folder, Corpus));
            sets.Add(new(name, questions, documents));
            if (File.Exists(Path.Combine(folder, Extra)))
            {
                sets.Add(new($"{name} + extra", questions, [.. documents, .. await ReadAsync(folder, Extra)]));
            }
        }

        return sets;
    }

    /// <summary>All sets as one: every passage in one index, every question once.</summary>
    public static QuestionSet Pooled(IReadOnlyList<QuestionSet> sets)
    {
        var largest = sets.GroupBy(set => set.Name.Split(' ')[0], StringComparer.Ordinal).Select(group => group.MaxBy(set => set.Documents.Count)!).ToList();
        return new(
            "pooled",
            [.. largest.SelectMany(set => set.Questions.Select(question => question with { Supporting = [.. question.Supporting.Select(id => $"{set.Name}/{id}")] }))],
            [.. largest.SelectMany(set => set.Documents.Select(document => document with { Id = $"{set.Name}/{document.Id}" }))]);
    }

    public QuestionSet WithoutTitles() => this with { Name = $"{Name}, no titles", Documents = [.. Documents.Select(document => document with { Title = "" })] };

    /// <summary>Indexes the corpus.</summary>
    public (Bm25Index Index, LinksGraph Graph) Index()
    {
        var splitter = new PassageSplitter(new EstimatingTokenCounter());
        var index = Bm25Index.Build(Documents.SelectMany(splitter.Split));
        return (index, LinksGraph.Build(index));
    }

    private static async Task<List<Document>> ReadAsync(string folder, string name)
    {
        var file = new DocumentFile(Path.Combine(folder, name), folder, name);
        List<Document> documents = [];
        await foreach (var document in new JsonLinesReader(new()).ReadAsync(file, skipped => Console.WriteLine($"skipped {skipped.Path}: {skipped.Reason}")))
        {
            documents.Add(document);
        }

        return documents;
    }
}
