using AgentRag.Caching;
using AgentRag.Models;
using AgentRag.Tests.Fakes;
using Microsoft.Extensions.AI;
using Xunit;

namespace AgentRag.Tests.Models;

public sealed class IntermediateAnswerClientTests
{
    private static readonly GroundedPassage[] Passages = [new(1, "salt#0", "Salt", "x"), new(2, "ida#0", "Ida Ree", "y"), new(3, "sea#0", "Sea", "z")];

    private readonly MemoryCache _store = new();
    private string _version = "v1";

    [Fact]
    public async Task The_same_sub_query_of_another_question_is_answered_as_before_under_the_numbers_of_its_own_prompt()
    {
        var model = new ScriptedChatClient("Intermediate answer: Ida Ree [2, 1]");
        Assert.Equal("Intermediate answer: Ida Ree [2, 1]", await AskAsync(model, "Who wrote Salt?", Passages));
        GroundedPassage[] others = [new(4, "other#0", "Other", "w"), new(7, "ida#0", "Ida Ree", "y"), new(12, "salt#0", "Salt", "x")];
        Assert.Equal("Intermediate answer: Ida Ree [7, 12]", await AskAsync(model, "who wrote SALT", others));
        Assert.Single(model.Sent);
    }

    [Fact]
    public async Task A_prompt_without_one_of_the_cited_passages_is_sent()
    {
        var model = new ScriptedChatClient("Intermediate answer: Ida Ree [2]", "Intermediate answer: somebody");
        await AskAsync(model, "Who wrote Salt?", Passages);
        Assert.Equal("Intermediate answer: somebody", await AskAsync(model, "Who wrote Salt?", Passages[..1]));
    }

    [Theory]
    [InlineData("Intermediate answer: Ida Ree")] // cites nothing
    [InlineData("Intermediate answer: Ida Ree [9]")] // cites what is not there
    [InlineData("Intermediate answer: not found [1]")]
    public async Task Answers_without_evidence_are_not_kept(string reply)
    {
        await AskAsync(new ScriptedChatClient(reply), "Who wrote Salt?", Passages);
        Assert.Empty(_store.Entries);
    }

    [Fact]
    public async Task Another_sub_query_index_instruction_or_temperature_asks_anew()
    {
        var model = new ScriptedChatClient(request => $"Intermediate answer: {request.Steps[^1].SubQuery} [1]");
        await AskAsync(model, "Who wrote Salt?", Passages);
        await AskAsync(model, "Who wrote Sand?", Passages);
        await AskAsync(model, "Who wrote Salt?", Passages, temperature: 0.5f);
        await AskAsync(model, "Who wrote Salt?", Passages, system: "Be long.");
        _version = "v2";
        await AskAsync(model, "Who wrote Salt?", Passages);
        Assert.Equal(5, model.Sent.Count);
        await AskAsync(model, "Who wrote Salt?", Passages);
        Assert.Equal(5, model.Sent.Count);
    }

    [Fact]
    public async Task Other_tasks_are_left_alone()
    {
        var model = new ScriptedChatClient(_ => "So the final answer is: Orm [1]");
        for (var round = 0; round < 2; round++)
        {
            await AskAsync(model, "Who wrote Salt?", Passages, GroundedTask.FinalAnswer);
        }

        Assert.Equal((2, 0), (model.Sent.Count, _store.Entries.Count));
    }

    [Fact]
    public async Task A_broken_entry_is_a_miss()
    {
        var model = new ScriptedChatClient("Intermediate answer: Ida Ree [2]", "Intermediate answer: Ida [2]");
        await AskAsync(model, "Who wrote Salt?", Passages);
        var key = Assert.Single(_store.Entries.Keys);
        await new DistributedHybridCache(_store).SetAsync(key, "{\"text\":\"Intermediate answer: x [5]\",\"passageIds\":[\"ida#0\"]}"u8.ToArray());
        Assert.Equal("Intermediate answer: Ida [2]", await AskAsync(model, "Who wrote Salt?", Passages));
    }

    private async Task<string> AskAsync(
        ScriptedChatClient model, string subQuery, GroundedPassage[] passages, GroundedTask task = GroundedTask.IntermediateAnswer, float temperature = 0, string system = "Be brief.")
    {
        var options = new ChatOptions { Temperature = temperature };
        new GroundedRequest { Task = task, Question = "Where?", Passages = passages, Steps = [new SelfAskStep(subQuery, null)] }.AttachTo(options);
        var client = new IntermediateAnswerClient(model, new ResultCache(_store), () => _version);
        return (await client.GetResponseAsync([new(ChatRole.System, system), new(ChatRole.User, $"A prompt with {passages.Length}.")], options)).Text;
    }
}
