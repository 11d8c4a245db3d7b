using AgentRag.Authoring;
using AgentRag.Demonstrations;
using AgentRag.Models;
using AgentRag.Tests.Fakes;
using Xunit;
using static AgentRag.Tests.Fakes.TestPassages;

namespace AgentRag.Tests.Authoring;

public sealed class DemonstrationReviewTests
{
    private static readonly Demonstration First = new()
    {
        Id = "d1",
        Question = "Where was the author of Salt born?",
        Answer = "Orm",
        Answers = ["Orm", "the town of Orm"],
        Steps = [new SelfAskStep("Who wrote Salt?", "Ida Ree"), new SelfAskStep("Where was Ida Ree born?", "Orm")],
        Supporting = ["salt"],
        Rankings = [[Passage("salt", "By Ida Ree.")], [Passage("ida", "z")], [Passage("orm", "A town:\n- small")]],
        Origin = new DemonstrationOrigin("iterdrag", "m", "list", 2, null, 5),
    };

    private readonly ListRetriever _retriever = new(Passage("new", "n"), Passage("newer", "m"), Passage("newest", "l"));

    [Fact]
    public async Task Unedited_it_gives_the_same_pool_byte_for_byte_whatever_stands_in_it()
    {
        var random = new Random(11);
        string[] hostile = ["yes", "null", "~", "- a", "a: b", "# c", "'", "\"", "\\", "{x}", "[1]", "|", ">", "&a", "*a", "!t", "%", "@", "true", "1.0", " lead", "trail ", "\t", "a\nb", "\u0000", "\u2028", "\ufeff", "\U0001F600", "\ud800", "\u0085", "...", "---"];
        List<Demonstration> pool = [First];
        for (var i = 0; i < 300; i++)
        {
            pool.Add(First with
            {
                Id = $"{Text()}{i}",
                Question = Text(),
                Answer = Text(),
                Steps = [.. Enumerable.Range(0, random.Next(4)).Select(_ => new SelfAskStep(Text(), Text()))],
                Rankings = random.Next(3) == 0 ? null : [[Passage("p", Text() + Text())]],
            });
        }

        var yaml = DemonstrationReview.Write(pool);
        var applied = await DemonstrationReview.ApplyAsync(pool, yaml, "review.yaml", _retriever);

        Assert.Equal(pool.Select(DemonstrationFile.ToJson), applied.Select(DemonstrationFile.ToJson));
        Assert.Equal(yaml, DemonstrationReview.Write(applied));
        Assert.Empty(_retriever.Queries);

        string Text() => random.Next(3) == 0 ? $"x{RandomText.Any(random, random.Next(4))}" : hostile[random.Next(hostile.Length)];
    }

    [Fact]
    public async Task What_is_marked_not_to_be_kept_or_deleted_from_the_file_is_dropped()
    {
        Demonstration[] pool = [First, First with { Id = "d2" }, First with { Id = "d3" }];
        var yaml = DemonstrationReview.Write(pool[..2]).Replace("- id: \"d1\"\n  keep: true", "- id: \"d1\"\n  keep: false", StringComparison.Ordinal);
        Assert.Equal(["d2"], (await DemonstrationReview.ApplyAsync(pool, yaml, "review.yaml", _retriever)).Select(kept => kept.Id));
    }

    [Fact]
    public async Task Edited_answers_are_taken_over_and_passages_kept()
    {
        var yaml = DemonstrationReview.Write([First]).Replace("answer: \"Orm\"\n", "answer: Ormsund\n", StringComparison.Ordinal).Replace("\"Ida Ree\"", "'Ida Ree-Holt'", StringComparison.Ordinal);
        var kept = Assert.Single(await DemonstrationReview.ApplyAsync([First], yaml, "review.yaml", _retriever));
        Assert.Equal(["Ormsund", "Orm", "the town of Orm"], kept.Answers);
        Assert.Equal("Ormsund", kept.Answer);
        Assert.Equal(new SelfAskStep("Who wrote Salt?", "Ida Ree-Holt"), kept.Steps[0]);
        Assert.Equal(First.Rankings, kept.Rankings);
        Assert.Empty(_retriever.Queries);
    }

    [Fact]
    public async Task An_edited_sub_query_is_retrieved_for_and_a_step_may_be_removed()
    {
        var yaml =
            """
            formatVersion: 1
            demonstrations:
            - id: d1
              keep: yes
              question: Where was the author of Salt born?
              steps:
              - {subQuery: In which town was Ida Ree born?, intermediateAnswer: Orm}
              answer: Orm
            """;
        var kept = Assert.Single(await DemonstrationReview.ApplyAsync([First], yaml, "review.yaml", _retriever));
        Assert.Equal([["salt#0"], ["new#0", "newer#0"]], kept.Rankings!.Select(ranking => ranking.Select(passage => passage.Id)));
        Assert.Equal(["In which town was Ida Ree born?"], _retriever.Queries.Select(query => query.Text));
    }

    [Theory]
    [InlineData("demonstrations: [", 2, "not valid YAML: ")]
    [InlineData("a: b", 1, "not a review file; it is one mapping with formatVersion and demonstrations.")]
    [InlineData("formatVersion: 2\ndemonstrations: []", 1, "the review has format version 2, this program reads version 1.")]
    [InlineData("formatVersion: 1\ndemonstrations:\n- id: d1", 3, "no 'keep', or it is empty.")]
    [InlineData("formatVersion: 1\ndemonstrations:\n- {id: d1, keep: maybe, question: q, answer: a}", 3, "keep is 'maybe', must be true or false.")]
    [InlineData("formatVersion: 1\ndemonstrations:\n- {id: d9, keep: true, question: q, answer: a}", 3, "the pool has no demonstration \"d9\": give the pool that this review was written for.")]
    [InlineData("formatVersion: 1\ndemonstrations:\n- {id: d1, keep: true, question: q, answer: a}\n- {id: d1, keep: true, question: q, answer: a}", 4, "the id \"d1\" is taken by line 3; ids must differ.")]
    [InlineData("formatVersion: 1\ndemonstrations:\n- {id: d1, keep: true, question: q, answer: a, steps: [x]}", 3, "a step is a mapping with subQuery and intermediateAnswer.")]
    public async Task A_broken_review_is_told_with_file_and_line(string yaml, int line, string expected)
    {
        var fault = await Assert.ThrowsAsync<AgentRagException>(() => DemonstrationReview.ApplyAsync([First], yaml, "review.yaml", _retriever));
        Assert.StartsWith($"review.yaml:{line}: {expected}", fault.Message, StringComparison.Ordinal);
    }
}
