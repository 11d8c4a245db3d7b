using AgentRag.Cli.Commands;
using AgentRag.Cli.Output;
using AgentRag.Tests.Fakes;
using Spectre.Console;
using Xunit;

namespace AgentRag.Tests.Cli;

public sealed class RetrieveCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Each_question_is_retrieved_once_and_recall_looks_further_down_than_k()
    {
        var file = _folder.Write("questions.jsonl", """
            {"id":"q1","question":"Who?","supporting":["d2"]}
            {"id":"q2","question":"Where?"}
            """);
        var retriever = new ListRetriever(TestPassages.Passage("d1", "one"), TestPassages.Passage("d2", "two"));
        var output = new StringWriter { NewLine = "\n" };

        await RetrieveCommand.ManyAsync(new Terminal(output, AnsiConsole.Console), retriever, file, k: 1, filter: null, json: false, TestContext.Current.CancellationToken);

        Assert.Equal(["Who?", "Where?"], retriever.Queries.Select(query => query.Text));
        // One of one supporting document stands second.
        Assert.Equal(
            "q1\td1\nq2\td1\nRecallAtK of the question alone, over 1 question with supporting documents: @2 100.0, @5 100.0, @10 100.0, @20 100.0; all found @5 100.0\n", output.ToString());
    }
}
