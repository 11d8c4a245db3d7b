using AgentRag.Demonstrations;
using AgentRag.Documents;
using AgentRag.Models;
using AgentRag.Tests.Architecture;
using AgentRag.Tests.Fakes;
using Xunit;
using static AgentRag.Tests.Fakes.TestPassages;

namespace AgentRag.Tests.Demonstrations;

public sealed class DemonstrationFileTests : IDisposable
{
    private static readonly Demonstration Built = new()
    {
        Id = "d1",
        Question = "Where was the author of \"Salt\" born?",
        Answer = "Orm",
        Answers = ["Orm", "the town of Orm"],
        Steps = [new SelfAskStep("Who wrote Salt?", "Ida Ree"), new SelfAskStep("Who is ranked #1?", "東京")],
        Supporting = ["salt", "ida"],
        Type = "bridge",
        Source = "tests",
        Rankings = [[Passage("salt", "x"), Passage("sea", "y")], [Passage("ida", "z"), Passage("salt", "x")], []],
        Origin = new DemonstrationOrigin("iterdrag", "scripted", "list", 2, "ab12", 345),
    };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_is_written_is_read_back_and_written_again_byte_for_byte()
    {
        await DemonstrationFile.SaveAsync(_folder["one.jsonl"], [Built]);
        var read = Assert.Single(await DemonstrationFile.LoadAsync(_folder["one.jsonl"]));
        await DemonstrationFile.SaveAsync(_folder["two.jsonl"], [read]);

        Assert.Equal(File.ReadAllText(_folder["one.jsonl"]), File.ReadAllText(_folder["two.jsonl"]));
        Assert.Equal((Built.Question, Built.Answer, Built.Type, Built.Source, Built.Origin), (read.Question, read.Answer, read.Type, read.Source, read.Origin));
        Assert.Equal(Built.Steps, read.Steps);
        Assert.Equal([["salt#0", "sea#0"], ["ida#0", "salt#0"], []], read.Rankings!.Select(ranking => ranking.Select(passage => passage.Id)));
        Assert.Equal(Built.Rankings![1][0] with { HeadingPath = [] }, read.Rankings![1][0] with { HeadingPath = Built.Rankings[1][0].HeadingPath });
    }

    [Fact]
    public async Task A_pool_that_carries_its_passages_shows_them_without_a_retriever_as_retrieving_them_would()
    {
        var retriever = new ListRetriever { ByQuery = { [Built.Question] = [.. Built.Rankings![0]], ["Who wrote Salt?"] = [.. Built.Rankings[1]], ["Who is ranked #1?"] = [] } };
        foreach (var (k, withSteps) in new[] { (0, true), (1, true), (2, true), (2, false) })
        {
            var stored = await DemonstrationStore.From([Built], retriever: null).SelectAsync("Other?", 1, k, withSteps);
            var live = await DemonstrationStore.From([Built with { Rankings = null }], retriever).SelectAsync("Other?", 1, k, withSteps);
            Assert.Equal(Ids(live[0]), Ids(stored[0]));
        }

        static IEnumerable<IEnumerable<string>> Ids(PreparedDemonstration prepared) => prepared.Passages.Select(batch => batch.Select(passage => passage.Id));
    }

    [Fact]
    public async Task Labelled_questions_and_built_demonstrations_may_stand_in_one_file_which_also_reads_as_labelled_questions()
    {
        var path = _folder.Write("pool.jsonl", "{\"id\":\"q\",\"question\":\"Who?\",\"answers\":[\"Ida\"],\"decomposition\":[{\"question\":\"Whose?\",\"answer\":\"hers\"}]}\n\n" + DemonstrationFile.ToJson(Built));

        var pool = await DemonstrationFile.LoadAsync(path);
        Assert.Equal(["q", "d1"], pool.Select(demonstration => demonstration.Id));
        Assert.Null(pool[0].Rankings);
        Assert.Equal([new SelfAskStep("Whose?", "hers")], pool[0].Steps);
        Assert.Equal(["q: Ida", "d1: Orm"], (await LabelledQuestionFile.LoadAsync(path)).Select(question => $"{question.Id}: {question.Answers[0]}"));
    }

    [Fact]
    public async Task The_shipped_pool_reads_as_before()
    {
        var path = Repository.PathOf("demos", "world", "demonstrations.jsonl");
        var labelled = await LabelledQuestionFile.LoadAsync(path);
        Assert.Equal(labelled.Select(question => (question.Id, question.Answers.FirstOrDefault("not found"))), (await DemonstrationFile.LoadAsync(path)).Select(shown => (shown.Id, shown.Answer)));
    }

    [Theory]
    [InlineData("{\"formatVersion\":2}", "the row has format version 2, this program reads version 1: update agentrag.")]
    [InlineData("{\"formatVersion\":1,\"question\":\"q\"}", "no \"id\" field; a demonstration needs id, question, answer and steps, and may have answers, supporting, type, source, passages, rankings and built.")]
    [InlineData("{\"formatVersion\":1,\"id\":\"a\",\"question\":\"q\",\"answer\":\"x\",\"steps\":[{\"subQuery\":\"s\"}]}", "a step of \"steps\" needs subQuery and intermediateAnswer.")]
    [InlineData("{\"formatVersion\":1,\"id\":\"a\",\"question\":\"q\",\"answer\":\"x\",\"rankings\":[[\"p\"]]}", "\"rankings\" names the passage \"p\", which is not in \"passages\".")]
    [InlineData("{\"formatVersion\":1,\"id\":\"a\",\"question\":\"q\",\"answer\":\"x\",\"rankings\":[],\"passages\":[{\"id\":\"p\"}]}", "a passage of \"passages\" needs id and text.")]
    [InlineData("{\"question\":\"q\"}", "no \"id\" field; a row needs id and question, and may have answers, supporting, hops, type, source and decomposition.")]
    public async Task A_broken_row_is_told_with_file_and_line(string row, string expected)
    {
        var path = _folder.Write("pool.jsonl", $"\n{row}\n");
        var fault = await Assert.ThrowsAsync<AgentRagException>(() => DemonstrationFile.LoadAsync(path));
        Assert.Equal($"{path}:2: {expected}", fault.Message);
    }

    [Fact]
    public async Task An_id_that_occurs_twice_is_an_error()
    {
        var path = _folder.Write("pool.jsonl", $"{DemonstrationFile.ToJson(Built)}\n{DemonstrationFile.ToJson(Built)}\n");
        var fault = await Assert.ThrowsAsync<AgentRagException>(() => DemonstrationFile.LoadAsync(path));
        Assert.Equal($"{path}:2: the id \"d1\" is taken by line 1; ids must differ.", fault.Message);
    }

    [Fact]
    public async Task Random_pools_survive_the_round_trip()
    {
        var random = new Random(20261120);
        for (var i = 0; i < 200; i++)
        {
            List<Passage> passages = [.. Enumerable.Range(0, random.Next(5)).Select(p => Passage($"p{p}", Text()) with { HeadingPath = random.Next(2) == 0 ? [] : [Text(), Text()] })];
            var demonstration = Built with
            {
                Question = $"q{Text()}",
                Answer = $"a{Text()}",
                Steps = [.. Enumerable.Range(0, random.Next(4)).Select(_ => new SelfAskStep($"s{Text()}", $"i{Text()}"))],
                Rankings = random.Next(4) == 0 ? null : [.. Enumerable.Range(0, random.Next(4)).Select(_ => passages.OrderBy(_ => random.Next()).Take(random.Next(5)).ToList())],
            };
            var row = DemonstrationFile.ToJson(demonstration);
            Assert.DoesNotContain('\n', row);
            Assert.Equal(row, DemonstrationFile.ToJson(DemonstrationFile.Parse(System.Text.Encoding.UTF8.GetBytes(row), problem => new AgentRagException(problem))));
        }

        string Text() => RandomText.Any(random, random.Next(12));
    }
}
