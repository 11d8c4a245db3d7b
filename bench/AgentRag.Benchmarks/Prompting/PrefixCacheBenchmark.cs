using System.Runtime.CompilerServices;
using AgentRag.Answering;
using AgentRag.Demonstrations;
using AgentRag.Documents;
using AgentRag.Indexing;
using AgentRag.Models.Extractive;
using AgentRag.Prompting;
using AgentRag.Retrieval;
using AgentRag.Retrieval.Linked;
using AgentRag.Tokens;
using AgentRag.Tokens.Vocabularies;

namespace AgentRag.Benchmarks.Prompting;

/// <summary>Runs IterDRAG over questions under each layout and shows what part of its input an earlier request began with.</summary>
internal static class PrefixCacheBenchmark
{
    public static async Task<int> RunAsync(PrefixCacheArguments arguments)
    {
        ITokenCounter counter = arguments.Vocabulary is { } file ? TokenCounters.OpenFile(file) : new EstimatingTokenCounter();
        var world = await IndexAsync([Path.Combine(World(), "documents")], counter);
        var corpus = arguments.Corpus is { } path ? await IndexAsync([path], counter) : world;
        var questions = (await LabelledQuestionFile.LoadAsync(arguments.Questions ?? Path.Combine(World(), "test.jsonl"))).Take(arguments.Limit).ToList();
        var retriever = new LinkedRetriever(corpus, LinksGraph.Build(corpus));
        var pool = await LabelledQuestionFile.LoadAsync(Path.Combine(World(), "demonstrations.jsonl"));
        Console.WriteLine($"{questions.Count} questions over {corpus.PassageCount:N0} passages; k = {arguments.K}, m = {arguments.M}, n = {arguments.N}, budget {arguments.Budget:N0}; tokens by {counter.Name}");
        Console.WriteLine();
        Console.WriteLine("| layout | requests | tokens per question, mean (most) | cached, by the requests of the question | by those of all questions |");
        Console.WriteLine("| --- | --- | --- | --- | --- |");
        foreach (var layout in (BatchLayout[])[BatchLayout.AppendBatches, BatchLayout.ReverseRankGlobal])
        {
            var cache = new PrefixCache(new ExtractiveChatClient(counter), counter);
            var answerer = new IterDragAnswerer(new AnsweringContext
            {
                Retriever = retriever,
                Model = cache,
                TokenCounter = counter,
                Layout = new PromptLayout { Batches = layout },
                Demonstrations = DemonstrationStore.From(pool, new Bm25Retriever(world)),
            });
            List<long> tokens = [];
            foreach (var question in questions)
            {
                cache.NextQuestion();
                var answer = await answerer.AnswerAsync(new AnswerRequest(
                    question.Question,
                    new InferenceParameters(arguments.K, arguments.M, arguments.N),
                    new TokenBudgetOptions { MaxEffectiveContextTokens = arguments.Budget, ContextWindowTokens = (int)Math.Min(int.MaxValue, arguments.Budget + 512) }));
                tokens.Add(answer.EffectiveContextTokens);
            }

            Console.WriteLine($"| {PromptLayout.BatchNames[(int)layout]} | {cache.InQuestion.Requests:N0} | {tokens.Average():N0} ({tokens.Max():N0}) | {cache.InQuestion.Percent} | {cache.OverQuestions.Percent} |");
        }

        return 0;
    }

    private static string World([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "demos", "world");

    private static async Task<Bm25Index> IndexAsync(IReadOnlyList<string> roots, ITokenCounter counter)
    {
        var readers = new DocumentReaders();
        var splitter = new PassageSplitter(counter);
        List<Passage> passages = [];
        foreach (var file in DocumentIds.Assign(DocumentFolder.Find(roots, readers, CancellationToken.None).Files, _ => { }))
        {
            await foreach (var document in readers.For(file.FullPath)!.ReadAsync(file, _ => { }, CancellationToken.None))
            {
                passages.AddRange(splitter.Split(document));
            }
        }

        return Bm25Index.Build(passages);
    }
}
