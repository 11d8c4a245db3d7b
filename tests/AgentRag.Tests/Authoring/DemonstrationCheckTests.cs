using AgentRag.Authoring;
using AgentRag.Demonstrations;
using AgentRag.Documents;
using AgentRag.Models;
using AgentRag.Prompting;
using AgentRag.Tests.Fakes;
using Xunit;
using static AgentRag.Tests.Fakes.TestPassages;

namespace AgentRag.Tests.Authoring;

public sealed class DemonstrationCheckTests
{
    private static readonly Demonstration Sound = new()
    {
        Id = "d1",
        Question = "Where was the author of the novel Salt born?",
        Answer = "Orm",
        Answers = ["Orm"],
        Steps = [new SelfAskStep("Who wrote Salt?", "Ida Ree")],
        Supporting = ["salt", "ida"],
        Rankings = [[Passage("salt", "Salt is by Ida Ree."), Passage("ida", "She came from Orm.")], [Passage("salt", "Salt is by Ida Ree.")]],
    };

    [Fact]
    public async Task A_sound_pool_has_no_findings() => Assert.Empty((await CheckAsync([Sound], Test("t", "Who painted the ceiling?", "ceiling"))).Findings);

    [Fact]
    public async Task An_answer_that_no_passage_holds_is_an_error() => Assert.Equal(
        [new DemonstrationFinding("d1", DemonstrationFault.AnswerNotInPassages, IsError: true, "no passage holds the answer \"Ormsund\"")],
        (await CheckAsync([Sound with { Answer = "Ormsund", Answers = ["Ormsund"] }])).Findings);

    [Theory]
    [InlineData("a part of Orm's", "Ida", false)] // one of two accepted answers is there, as a word of its own
    [InlineData("no", null, false)] // worked out, not read
    [InlineData("1924", null, true)] // may be worked out: for a person to judge
    public async Task Not_every_answer_need_be_there(string answer, string? other, bool isFound)
    {
        var report = await CheckAsync([Sound with { Answer = answer, Answers = other is null ? [answer] : [answer, other] }]);
        Assert.True(report.IsGood);
        Assert.Equal(isFound ? [DemonstrationFault.NumberNotInPassages] : [], report.Findings.Select(finding => finding.Fault));
    }

    [Fact]
    public async Task An_unanswerable_question_needs_no_answer_in_its_passages() =>
        Assert.Empty((await CheckAsync([Sound with { Answer = "not found", Answers = [], Steps = [new SelfAskStep("How tall was Ida Ree?", "not found")] }])).Findings);

    [Fact]
    public async Task A_step_that_no_passage_supports_is_to_be_looked_at() => Assert.Equal(
        [new DemonstrationFinding("d1", DemonstrationFault.StepNotInPassages, IsError: false, "no passage holds \"Oda Reh\", the answer to \"Who wrote Salt?\"")],
        (await CheckAsync([Sound with { Steps = [new SelfAskStep("Who wrote Salt?", "Oda Reh")] }])).Findings);

    [Fact]
    public async Task Only_the_passages_that_are_shown_count() =>
        Assert.Equal([DemonstrationFault.AnswerNotInPassages], (await new DemonstrationCheck(Template(), new WordCounter()).RunAsync(DemonstrationStore.From([Sound], null), k: 1, [])).Findings.Select(finding => finding.Fault));

    [Fact]
    public async Task An_example_without_passages_is_an_error() =>
        Assert.Equal([DemonstrationFault.NoPassages], (await CheckAsync([Sound with { Rankings = null }])).Findings.Select(finding => finding.Fault));

    [Fact]
    public async Task Japanese_answers_need_no_spaces_around_them() => Assert.Empty((await CheckAsync(
        [Sound with { Answer = "東京", Answers = ["東京"], Steps = [], Rankings = [[Passage("ja", "彼は東京都で生まれた。")]] }])).Findings);

    [Fact]
    public async Task Duplicates_are_found_by_what_they_ask()
    {
        var report = await CheckAsync(
        [
            Sound,
            Sound with { Id = "d2", Question = "where was the author of the NOVEL salt born" },
            Sound with { Id = "d3", Question = "Where was the authors of a novel Salt born in?" },
            Sound with { Id = "d4", Question = "Which ferry was lost at Orm?" },
        ]);
        Assert.Equal(
            [("d2", DemonstrationFault.DuplicateQuestion, true), ("d3", DemonstrationFault.NearDuplicateQuestion, false), ("d3", DemonstrationFault.NearDuplicateQuestion, false)],
            report.Findings.Select(finding => (finding.Id, finding.Fault, finding.IsError)));
        Assert.Equal("it asks the same as d1", report.Findings[0].Text);
    }

    [Fact]
    public async Task Leakage_is_found_by_question_by_nearly_the_same_question_and_by_evidence()
    {
        var report = await CheckAsync(
            [Sound],
            Test("same", "Where was the author of the novel Salt born"),
            Test("near", "Where was the author of the novel 'Salt' born in?", "other"),
            Test("chain", "Who taught the writer of Salt?", "ida", "salt"),
            Test("one", "How long is Salt?", "salt"),
            Test("more", "How long are Salt and Sand?", "salt", "sand"));
        Assert.Equal(
            [
                (DemonstrationFault.TestQuestion, true, "it asks the same as the test question same"),
                (DemonstrationFault.TestEvidence, true, "it rests on all supporting documents of the test question chain: ida, salt"),
                (DemonstrationFault.TestEvidence, false, "it rests on all supporting documents of the test question one: salt"),
            ],
            report.Findings.Where(finding => finding.Fault != DemonstrationFault.NearTestQuestion).Select(finding => (finding.Fault, finding.IsError, finding.Text)));
        var near = Assert.Single(report.Findings, finding => finding.Fault == DemonstrationFault.NearTestQuestion);
        Assert.True(near.IsError);
        Assert.StartsWith("it asks nearly the same as the test question near (cosine ", near.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sizes_are_what_the_examples_add_to_the_prompt()
    {
        // Least, median of an even number, most, sum.
        Assert.Equal(new DemonstrationTokens(2, 3, 9, 19), DemonstrationTokens.Of([9, 2, 5, 3]));
        var rendered = new RenderedDemonstrations(Template(), new WordCounter());
        var example = Assert.Single(await DemonstrationStore.From([Sound], null).SelectAsync("", 1, 1, withSteps: true));

        var shown = rendered.Of(example);
        Assert.StartsWith("<example number=\"1\">", shown.Text, StringComparison.Ordinal);
        Assert.EndsWith("So the final answer is: Orm\n</example>", shown.Text, StringComparison.Ordinal);
        Assert.Equal(new WordCounter().Count(shown.Text), shown.TokenCount);
    }

    private static PromptTemplate Template() => PromptLibrary.Default.Get(PromptName.IterDragStep);

    private static LabelledQuestion Test(string id, string question, params string[] supporting) => new() { Id = id, Question = question, Answers = ["x"], Supporting = supporting };

    private static Task<DemonstrationCheckReport> CheckAsync(IEnumerable<Demonstration> pool, params LabelledQuestion[] against) =>
        new DemonstrationCheck(Template(), new WordCounter()).RunAsync(DemonstrationStore.From(pool, null), k: 2, against);
}
