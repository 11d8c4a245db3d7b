using AgentRag.Documents;
using Xunit;

namespace AgentRag.Tests.Documents;

public sealed class LabelledQuestionFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Rows_are_read_with_what_they_have()
    {
        var questions = await LoadAsync("""
            {"id":"1","question":"Q?","answers":["A","B"],"supporting":["d"],"hops":2,"type":"bridge","source":"s","level":"hard","decomposition":[{"question":"q","answer":"a","supporting":"d"},{"question":"r","answer":"b"}]}

            {"id":"2","question":"R?"}
            """);

        Assert.Equal(2, questions.Count);
        Assert.Equal(["A", "B"], questions[0].Answers);
        Assert.Equal(2, questions[0].Hops);
        Assert.Equal([new LabelledStep("q", "a", "d"), new LabelledStep("r", "b")], questions[0].Decomposition);
        Assert.False(questions[1].IsAnswerable);
        Assert.Empty(questions[1].Supporting);
    }

    [Theory]
    [InlineData("{\"question\":\"Q\"}", "1: no \"id\" field; a row needs id and question, and may have answers, supporting, hops, type, source and decomposition.")]
    [InlineData("{\"id\":\"1\"}", "1: no \"question\" field; a row needs id and question, and may have answers, supporting, hops, type, source and decomposition.")]
    [InlineData("{\"id\":\"1\",\"question\":\" \"}", "1: no \"question\" field; a row needs id and question, and may have answers, supporting, hops, type, source and decomposition.")]
    [InlineData("\n{\"id\":\"1\",\"question\":\"Q\"}\n{\"id\":\"1\",\"question\":\"R\"}", "3: the id \"1\" is taken by line 2; ids must differ.")]
    [InlineData("{\"id\":\"1\",\"question\":\"Q\",\"hops\":-1}", "1: \"hops\" is -1, must be at least 0.")]
    [InlineData("{\"id\":\"1\",\"question\":\"Q\",\"answers\":[null]}", "1: null inside \"answers\" or \"supporting\"; write texts.")]
    [InlineData("{\"id\":\"1\",\"question\":\"Q\",\"decomposition\":[{\"question\":\"q\"}]}", "1: a step of \"decomposition\" needs question and answer.")]
    public async Task A_bad_row_is_an_error_with_file_and_line(string content, string message)
    {
        var exception = await Assert.ThrowsAsync<AgentRagException>(() => LoadAsync(content));
        Assert.Equal($"{_folder["q.jsonl"]}:{message}", exception.Message);
    }

    [Fact]
    public async Task A_field_of_the_wrong_type_is_named()
    {
        var exception = await Assert.ThrowsAsync<AgentRagException>(() => LoadAsync("{\"id\":\"1\",\"question\":\"Q\",\"answers\":\"A\"}"));
        Assert.StartsWith($"{_folder["q.jsonl"]}:1: not a valid row at answers: ", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_file_is_named()
    {
        var exception = await Assert.ThrowsAsync<AgentRagException>(() => LabelledQuestionFile.LoadAsync(_folder["none.jsonl"], TestContext.Current.CancellationToken));
        Assert.StartsWith($"{_folder["none.jsonl"]}: the questions cannot be read: ", exception.Message, StringComparison.Ordinal);
    }

    private Task<IReadOnlyList<LabelledQuestion>> LoadAsync(string content) =>
        LabelledQuestionFile.LoadAsync(_folder.Write("q.jsonl", content), TestContext.Current.CancellationToken);
}
