using AgentRag.Documents;
using AgentRag.Evaluation;
using AgentRag.Indexing;
using AgentRag.Retrieval;
using AgentRag.Tests.Architecture;
using AgentRag.Tokens;
using Xunit;

namespace AgentRag.Tests.Retrieval;

/// <summary>Retrieval over the demo world, whose documents are English, Chinese and Japanese side by side.</summary>
public sealed class MultilingualWorldTests
{
    private static readonly string World = Repository.PathOf("demos", "world");

    [Theory]
    [InlineData("望潮桥一共有多少个桥孔？", "zh/wangchao-bridge")]
    [InlineData("青漪江有多长？", "zh/qingyi-river")]
    [InlineData("灯ヶ島灯台が初めて点灯したのはいつですか。", "ja/akari-lighthouse")]
    [InlineData("月白丸は何年に進水しましたか。", "ja/tsukishiro-maru")]
    public async Task A_question_of_one_hop_finds_its_document_first(string question, string document) =>
        Assert.Equal(document, Documents(await RetrieverAsync(_ => true), question).First());

    [Fact]
    public async Task Multi_hop_questions_find_their_documents_among_the_first()
    {
        var retriever = await RetrieverAsync(_ => true);
        var questions = await LoadAsync("multilingual.jsonl");

        // One is led astray: the novel that is set on the bridge speaks of it more often than the bridge's own page.
        Assert.True(questions.Count(question => question.Supporting.Contains(Documents(retriever, question.Question).First())) >= 11);
        Assert.InRange(Recall(retriever, questions, 5), 0.9, 1);
    }

    [Fact]
    public async Task Chinese_and_Japanese_share_characters_but_the_first_documents_are_of_the_language_asked_in()
    {
        var retriever = await RetrieverAsync(_ => true);
        Assert.All(
            await LoadAsync("multilingual.jsonl"),
            question => Assert.All(Documents(retriever, question.Question).Take(5), id => Assert.StartsWith(question.Supporting[0][..3], id, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task English_questions_find_what_they_find_in_the_English_documents_alone()
    {
        var (all, english) = (await RetrieverAsync(_ => true), await RetrieverAsync(id => id[..3] is not ("zh/" or "ja/")));
        var questions = (await LoadAsync("test.jsonl")).Concat(await LoadAsync("demonstrations.jsonl")).Where(question => question.IsAnswerable).ToList();

        foreach (var k in (int[])[2, 5, 10])
        {
            Assert.Equal(Recall(english, questions, k), Recall(all, questions, k), 0.01);
        }

        Assert.All(questions, question => Assert.DoesNotContain(Documents(all, question.Question).Take(10), id => id[..3] is "zh/" or "ja/"));
    }

    private static double Recall(Bm25Retriever retriever, IReadOnlyList<LabelledQuestion> questions, int k) =>
        questions.Average(question => RetrievalMetrics.RecallAtK(Documents(retriever, question.Question), question.Supporting, k));

    private static IEnumerable<string> Documents(Bm25Retriever retriever, string question) =>
        retriever.RetrieveAsync(new RetrievalQuery(question, 50)).Result.Select(ranked => ranked.Passage.DocumentId);

    private static Task<IReadOnlyList<LabelledQuestion>> LoadAsync(string file) => LabelledQuestionFile.LoadAsync(Path.Combine(World, file));

    private static async Task<Bm25Retriever> RetrieverAsync(Func<string, bool> isWanted)
    {
        var readers = new DocumentReaders();
        var splitter = new PassageSplitter(new EstimatingTokenCounter());
        List<Passage> passages = [];
        foreach (var file in DocumentIds.Assign(DocumentFolder.Find([Path.Combine(World, "documents")], readers, default).Files, _ => { }))
        {
            await foreach (var document in readers.For(file.FullPath)!.ReadAsync(file, _ => { }, default))
            {
                passages.AddRange(isWanted(document.Id) ? splitter.Split(document) : []);
            }
        }

        return new(Bm25Index.Build(passages));
    }
}
