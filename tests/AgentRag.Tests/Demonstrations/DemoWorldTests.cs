using AgentRag.Documents;
using AgentRag.Evaluation;
using AgentRag.Tests.Architecture;
using Xunit;

namespace AgentRag.Tests.Demonstrations;

/// <summary>The demo world holds what its questions say it does.</summary>
public sealed class DemoWorldTests
{
    private static readonly string World = Repository.PathOf("demos", "world");

    [Fact]
    public async Task It_has_the_promised_size_and_split()
    {
        var (pool, test) = (await Load("demonstrations.jsonl"), await Load("test.jsonl"));
        Assert.True(Directory.EnumerateFiles(Path.Combine(World, "documents"), "*.md", SearchOption.AllDirectories).Count() >= 80);
        Assert.Equal((20, 40), (pool.Count, test.Count));
        var all = pool.Concat(test).ToList();
        Assert.True(all.Count(question => !question.IsAnswerable) >= 6);
        Assert.Equal(["bridge", "comparison", "compositional", "date_arithmetic", "single", "unanswerable", "yes_no"], all.Select(question => question.Type).Distinct().Order());
        Assert.Equal([1, 2, 3, 4], all.Select(question => question.Hops!.Value).Distinct().Order());
        Assert.Equal(60, all.Select(question => AnswerNormalizer.Normalize(question.Question)).Distinct().Count());
    }

    [Theory]
    [InlineData("demonstrations.jsonl"), InlineData("test.jsonl")]
    public async Task Every_supporting_document_exists(string file) => Assert.Empty((await Load(file))
        .SelectMany(question => question.Supporting.Concat(question.Decomposition.Select(step => step.Supporting).OfType<string>())
            .Where(id => !File.Exists(PathOf(id))).Select(id => $"{question.Id}: {id}")));

    [Theory]
    [InlineData("demonstrations.jsonl"), InlineData("test.jsonl")]
    public async Task Every_answer_occurs_in_a_supporting_document(string file) => Assert.Empty((await Load(file))
        .Where(question => question.IsAnswerable && question.Type != "yes_no") // a yes or no is worked out, not read
        .Where(question => !question.Supporting.Any(id => question.Answers.Any(answer => Holds(id, answer))))
        .Select(question => question.Id));

    [Theory]
    [InlineData("demonstrations.jsonl"), InlineData("test.jsonl")]
    public async Task Every_step_answer_occurs_in_the_document_of_its_step(string file) => Assert.Empty((await Load(file))
        .SelectMany(question => question.Decomposition.Where(step => step.Supporting is { } id && !Holds(id, step.Answer)).Select(step => $"{question.Id}: {step.Answer}")));

    [Theory]
    [InlineData("demonstrations.jsonl"), InlineData("test.jsonl")]
    public async Task An_unanswerable_question_claims_no_support(string file) =>
        Assert.All((await Load(file)).Where(question => !question.IsAnswerable), question => Assert.Empty(question.Supporting));

    [Fact]
    public async Task The_Chinese_and_Japanese_questions_have_documents_that_hold_their_answers()
    {
        var questions = await Load("multilingual.jsonl");
        foreach (var language in (string[])["zh", "ja"])
        {
            var asked = questions.Where(question => question.Supporting.All(id => id.StartsWith($"{language}/", StringComparison.Ordinal))).ToList();
            Assert.Equal(6, asked.Count);
            Assert.True(asked.Count(question => question.Hops == 2) >= 3);
        }

        Assert.Equal(12, questions.Select(question => question.Id).Distinct().Count());
        Assert.All(questions, question => Assert.Contains(question.Supporting, id => question.Answers.Any(answer => HoldsLiterally(id, answer))));
        Assert.All(
            questions.SelectMany(question => question.Decomposition).Where(step => step.Supporting is not null),
            step => Assert.True(HoldsLiterally(step.Supporting!, step.Answer), step.Question));
    }

    // Nothing stands between the words of these languages, so an answer need not be a whole word.
    private static bool HoldsLiterally(string id, string answer) => File.ReadAllText(PathOf(id)).Contains(answer, StringComparison.Ordinal);

    private static Task<IReadOnlyList<LabelledQuestion>> Load(string file) => LabelledQuestionFile.LoadAsync(Path.Combine(World, file));

    private static string PathOf(string id) => Path.Combine(World, "documents", $"{id}.md");

    private static bool Holds(string id, string answer) =>
        $" {AnswerNormalizer.Normalize(File.ReadAllText(PathOf(id)))} ".Contains($" {AnswerNormalizer.Normalize(answer)} ", StringComparison.Ordinal);
}
