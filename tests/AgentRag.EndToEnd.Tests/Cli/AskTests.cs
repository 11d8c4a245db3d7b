using Xunit;

namespace AgentRag.EndToEnd.Tests.Cli;

public sealed class AskTests
{
    [Theory]
    [InlineData("zero-shot"), InlineData("many-shot"), InlineData("rag"), InlineData("drag"), InlineData("iterdrag")]
    [InlineData("cot"), InlineData("decompose-parallel"), InlineData("keyword-expansion"), InlineData("auto"), InlineData("escalate")]
    public async Task Questions_give_one_line_each_with_exactly_the_promised_fields(string strategy)
    {
        using var agentrag = await Town.IndexedAsync();

        var finished = await agentrag.RunAsync("ask", "--questions", "questions.jsonl", "--strategy", strategy, "--json");

        Assert.Equal((0, ""), (finished.ExitCode, finished.Error));
        Assert.Equal(["q2", "q1"], finished.Json.Select(line => line.GetProperty("id").GetString()!));
        Assert.All(finished.Json, line =>
        {
            Assert.Equal(["id", "answer", "effectiveContextTokens", "requests", "stopReason", "citations"], line.EnumerateObject().Select(field => field.Name));
            Assert.InRange(line.GetProperty("effectiveContextTokens").GetInt64(), 1, 65_536);
            Assert.InRange(line.GetProperty("requests").GetInt32(), 1, 32);
            Assert.Matches("^[a-z][a-zA-Z]+$", line.GetProperty("stopReason").GetString());
        });
    }

    [Fact]
    public async Task The_answer_rests_on_the_documents()
    {
        using var agentrag = await Town.IndexedAsync();

        var finished = await agentrag.RunAsync("ask", "Who built the lighthouse of Orm?", "--strategy", "rag", "--json");

        var answer = Assert.Single(finished.Json);
        Assert.Equal("Ada Venn", answer.GetProperty("answer").GetString());
        Assert.StartsWith("orm#", answer.GetProperty("citations")[0].GetString(), StringComparison.Ordinal);
        Assert.Equal("extractive", answer.GetProperty("model").GetString());
        Assert.Equal("docs/orm.md", answer.GetProperty("sources")[0].GetProperty("source").GetString());
    }

    [Fact]
    public async Task An_assistant_takes_the_place_of_the_strategy()
    {
        using var agentrag = await Town.IndexedAsync();

        var answer = Assert.Single((await agentrag.RunAsync("ask", "Who built the lighthouse of Orm?", "--assistant", "arxiv", "--json")).Json);
        var both = await agentrag.RunAsync("ask", "Who?", "--assistant", "arxiv", "--strategy", "rag");
        var stranger = await agentrag.RunAsync("ask", "Who?", "--assistant", "doctor");

        Assert.StartsWith("Ada Venn [1]", answer.GetProperty("answer").GetString(), StringComparison.Ordinal);
        Assert.Equal("assistant", answer.GetProperty("strategy").GetString());
        Assert.Equal((2, "error: --assistant arxiv answers in its own way: leave out the strategy 'rag' (from --strategy).\n"), (both.ExitCode, both.Error));
        Assert.Equal(2, stranger.ExitCode);
        Assert.Contains("There is no assistant 'doctor': use one of arxiv, legal", stranger.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_conversation_costs_one_request_more_and_a_broken_line_of_it_is_named()
    {
        using var agentrag = await Town.IndexedAsync(
            ("before.jsonl", """{"question":"Where is Orm?","answer":"At the sea."}""" + "\n"),
            ("broken.jsonl", """{"question":"Where is Orm?","answer":"At the sea."}""" + "\n" + """{"question":"Where?"}"""));

        var alone = Assert.Single((await agentrag.RunAsync("ask", "Who built the lighthouse of Orm?", "--strategy", "rag", "--json")).Json);
        var after = Assert.Single((await agentrag.RunAsync("ask", "Who built the lighthouse of Orm?", "--strategy", "rag", "--history", "before.jsonl", "--json")).Json);
        var broken = await agentrag.RunAsync("ask", "Who?", "--history", "broken.jsonl");

        Assert.Equal((1, 2), (alone.GetProperty("requests").GetInt32(), after.GetProperty("requests").GetInt32()));
        Assert.Equal(
            (2, "error: broken.jsonl:2: expected {\"question\": \"...\", \"answer\": \"...\"}, the lines that 'agentrag ask --json' writes.\n"), (broken.ExitCode, broken.Error));
    }

    [Fact]
    public async Task For_a_person_the_answer_goes_to_stdout_and_the_steps_to_stderr()
    {
        using var agentrag = await Town.IndexedAsync();

        var finished = await agentrag.RunAsync("ask", "Who built the lighthouse of Orm?", "--strategy", "rag", "--trace");

        Assert.Equal("Answer: Ada Venn", finished.Lines[0]);
        Assert.Contains("Request 1: answer,", finished.Output, StringComparison.Ordinal);
        Assert.Contains("stopped: the model gave its final answer", finished.Output, StringComparison.Ordinal);
        Assert.Contains("for: Who built the lighthouse of Orm?", finished.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Answer:", finished.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_question_that_fails_gets_its_error_and_the_run_goes_on_to_exit_code_3()
    {
        var longQuestion = string.Concat(Enumerable.Repeat("why ", 2000));
        using var agentrag = await Town.IndexedAsync(
            ("mixed.jsonl", $$"""{"id":"long","question":"{{longQuestion}}"}""" + "\n" + """{"id":"short","question":"Who built the lighthouse of Orm?"}"""));

        var finished = await agentrag.RunAsync("ask", "--questions", "mixed.jsonl", "--strategy", "rag", "--budget", "1k", "--json");

        Assert.Equal((3, ""), (finished.ExitCode, finished.Error));
        Assert.Equal(["id", "error"], finished.Json[0].EnumerateObject().Select(field => field.Name));
        Assert.Matches("^The question alone takes [0-9,]+ tokens and the budget is 1,000: ", finished.Json[0].GetProperty("error").GetString());
        Assert.Equal("Ada Venn", finished.Json[1].GetProperty("answer").GetString());
    }

    [Theory]
    [InlineData("4096", 4096), InlineData("4,096", 4096), InlineData("32k", 32_000), InlineData("1.5M", 1_500_000)]
    public async Task Budgets_are_understood_as_people_write_them(string written, long tokens)
    {
        using var agentrag = Town.With();

        var finished = await agentrag.RunAsync("allocate", "--budget", written, "--json");

        Assert.Equal(tokens, finished.Json[0].GetProperty("budget").GetInt64());
    }

    [Fact]
    public async Task A_strategy_that_retrieves_nothing_needs_no_index()
    {
        using var agentrag = new Agentrag();

        Assert.Equal(0, (await agentrag.RunAsync("ask", "Who?", "--strategy", "zero-shot", "--json")).ExitCode);
    }

    [Fact]
    public async Task Own_demonstrations_replace_the_shipped_ones()
    {
        using var agentrag = await Town.IndexedAsync();

        var own = await agentrag.RunAsync("ask", "Where is Tarrow?", "--strategy", "drag", "--demonstrations", "questions.jsonl", "--trace", "--json");
        var none = await agentrag.RunAsync("ask", "Where is Tarrow?", "--strategy", "drag", "--demonstrations", "none", "--trace", "--json");

        Assert.Equal(["q2", "q1"], own.Json[0].GetProperty("trace")[0].GetProperty("demonstrationIds").EnumerateArray().Select(id => id.GetString()!));
        Assert.Empty(none.Json[0].GetProperty("trace")[0].GetProperty("demonstrationIds").EnumerateArray());
    }
}
