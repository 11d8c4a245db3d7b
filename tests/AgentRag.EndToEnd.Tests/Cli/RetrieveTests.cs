using Xunit;

namespace AgentRag.EndToEnd.Tests.Cli;

public sealed class RetrieveTests
{
    [Fact]
    public async Task Questions_give_one_line_each_in_order_with_exactly_the_promised_fields()
    {
        using var agentrag = await Town.IndexedAsync();

        var finished = await agentrag.RunAsync("retrieve", "--questions", "questions.jsonl", "--k", "2", "--json");

        Assert.Equal((0, ""), (finished.ExitCode, finished.Error));
        Assert.Equal(["q2", "q1"], finished.Json.Select(line => line.GetProperty("id").GetString()!));
        Assert.All(finished.Json, line => Assert.Equal(["id", "passages"], line.EnumerateObject().Select(field => field.Name)));
        var passages = finished.Json[0].GetProperty("passages").EnumerateArray().ToList();
        Assert.InRange(passages.Count, 1, 2);
        Assert.All(passages, passage => Assert.Equal(["documentId", "passageId", "score"], passage.EnumerateObject().Select(field => field.Name)));
        Assert.Equal("orm", passages[0].GetProperty("documentId").GetString());
        Assert.Equal("row-1", finished.Json[1].GetProperty("passages")[0].GetProperty("documentId").GetString());
    }

    [Fact]
    public async Task Questions_can_come_from_standard_input()
    {
        using var agentrag = await Town.IndexedAsync();

        var finished = await agentrag.RunAsync("""{"id":"x","question":"weavers"}""", ["retrieve", "--questions", "-", "--json"]);

        Assert.Equal("tarrow", Assert.Single(finished.Json).GetProperty("passages")[0].GetProperty("documentId").GetString());
    }

    [Fact]
    public async Task A_fault_in_standard_input_is_told_with_its_line()
    {
        using var agentrag = await Town.IndexedAsync();

        var finished = await agentrag.RunAsync("{\"id\":\"x\",\"question\":\"a\"}\n{\"id\":\"y\"}\n", ["retrieve", "--questions", "-", "--json"]);

        Assert.Equal((2, ""), (finished.ExitCode, finished.Output));
        Assert.StartsWith("error: stdin:2: no \"question\" field", finished.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Letters_of_all_scripts_stay_as_they_are()
    {
        using var agentrag = await Town.IndexedAsync();

        var finished = await agentrag.RunAsync("retrieve", "Ørn", "--json");

        Assert.Contains("The Café Ørn in Orm serves 夕食.", finished.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explain_takes_the_score_apart()
    {
        using var agentrag = await Town.IndexedAsync();

        var passage = (await agentrag.RunAsync("retrieve", "lighthouse Orm", "--explain", "--json")).Json[0].GetProperty("passages")[0];

        var parts = passage.GetProperty("explanation").GetProperty("parts").EnumerateArray().Sum(part => part.GetProperty("value").GetDouble());
        Assert.Equal(passage.GetProperty("score").GetDouble(), parts, precision: 9);
    }

    [Fact]
    public async Task Control_characters_of_a_document_never_reach_the_screen()
    {
        using var agentrag = await Town.IndexedAsync(("docs/evil.txt", "Escapes \u001b]0;title\u0007 and \u001b[2J colours.\n"));

        var finished = await agentrag.RunAsync("retrieve", "escapes");

        Assert.Contains("Escapes", finished.Output, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', finished.Output);
        Assert.DoesNotContain('\u0007', finished.Output);
    }

    [Fact]
    public async Task Labelled_questions_also_give_the_recall()
    {
        using var agentrag = await Town.IndexedAsync();

        var finished = await agentrag.RunAsync("retrieve", "--questions", "questions.jsonl");

        // Each question has one supporting document, and both are found among the first two.
        Assert.Equal("RecallAtK of the question alone, over 2 questions with supporting documents: @2 100.0, @5 100.0, @10 100.0, @20 100.0; all found @5 100.0", finished.Lines[^1]);
    }

    [Fact]
    public async Task Without_an_index_the_error_says_how_to_make_one()
    {
        using var agentrag = new Agentrag();

        Assert.Equal(
            new Finished(2, "", "error: There is no index at '.agentrag': make one with 'agentrag index PATH...'.\n"),
            await agentrag.RunAsync("retrieve", "anything"));
    }

    [Fact]
    public async Task A_reader_who_goes_ends_the_run_in_silence()
    {
        Assert.SkipUnless(Agentrag.CanInterrupt, "Windows reports a closed pipe as written.");
        var questions = string.Concat(Enumerable.Range(0, 3000).Select(i => $$"""{"id":"q{{i}}","question":"lighthouse of Orm"}""" + "\n"));
        using var agentrag = await Town.IndexedAsync(("many.jsonl", questions));
        using var child = agentrag.Start("retrieve", "--questions", "many.jsonl", "--json");
        var error = child.StandardError.ReadToEndAsync();

        Assert.NotNull(await child.StandardOutput.ReadLineAsync());
        child.StandardOutput.Close();
        await child.WaitForExitAsync();

        Assert.Equal((0, ""), (child.ExitCode, await error));
    }
}
