using System.CommandLine;
using AgentRag.Cli;
using AgentRag.Cli.Commands;
using AgentRag.Cli.Configuration;
using AgentRag.Cli.Output;
using AgentRag.Indexing;
using AgentRag.Indexing.Vectors;
using AgentRag.Tokens;
using Spectre.Console;
using Xunit;

namespace AgentRag.Tests.Cli;

public sealed class ServedVectorsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly StringWriter _error = new() { NewLine = "\n" };

    public ServedVectorsTests() => _folder.Write("docs/orm.md", "# Orm\n\nOrm is a harbour town.\n");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task New_passages_get_vectors_and_those_there_are_stay()
    {
        await using var server = new ModelServer();
        Assert.Equal("1 new vector of hash.", await UpdateAsync(server));
        Assert.Equal("", await UpdateAsync(server));
        _folder.Write("docs/lisk.md", "# Lisk\n\nThe Lisk is a river.\n");
        Assert.Equal("1 new vector of hash.", await UpdateAsync(server));
        Assert.Equal(2, VectorStore.Open(_folder["index"]).Count);
        Assert.Equal("agentrag: 1 new vector of hash.\nagentrag: 1 new vector of hash.\n", _error.ToString());
    }

    [Fact]
    public async Task A_model_that_fails_is_said_and_leaves_the_index_as_it_is()
    {
        await using var server = new ModelServer { Fault = (_, _) => 400 };
        var remark = await UpdateAsync(server);
        Assert.StartsWith("New passages have no vectors yet, and are found by their words alone: ", remark, StringComparison.Ordinal);
        Assert.Equal($"agentrag: {remark}\n", _error.ToString());
        Assert.Equal(1, Bm25Index.Open(_folder["index"]).PassageCount);
    }

    [Fact]
    public async Task Without_the_model_of_the_vectors_there_are_it_is_named()
    {
        await using var server = new ModelServer();
        await UpdateAsync(server);
        Assert.Equal("", await UpdateAsync()); // nothing is new
        _folder.Write("docs/lisk.md", "# Lisk\n\nThe Lisk is a river.\n");
        Assert.Equal("New passages have no vectors: the index has some of hash; start the server with --embeddings hash to have them made.", await UpdateAsync());
    }

    private async Task<string> UpdateAsync(ModelServer? server = null)
    {
        var counter = new EstimatingTokenCounter();
        var result = await new Indexer(counter).RunAsync(new IndexRequest { Paths = [_folder["docs"]], IndexDirectory = _folder["index"] }, cancellationToken: Cancel);
        var command = new RootCommand();
        SettingKeys.AddTo(command, [SettingKeys.Index, .. SettingKeys.OfEmbeddings]);
        string[] embeddings = server is null ? [] : ["--embeddings", "openai:hash", "--embeddings-base-url", server.BaseUrl];
        var settings = Settings.Read(command.Parse(["--index", _folder["index"], .. embeddings]), new Dictionary<string, string>());
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Interactive = InteractionSupport.No, Out = new AnsiConsoleOutput(_error) });
        using var composition = new Composition(settings);
        var remarks = new Remarks();
        await new ServedVectors(new Terminal(TextWriter.Null, console), settings, composition).UpdateAsync(result, remarks, Cancel);
        Assert.All(remarks.Told.SkipLast(1), remark => Assert.StartsWith("Vectors are being made, ", remark, StringComparison.Ordinal));
        return remarks.Told[^1];
    }

    private sealed class Remarks : IProgress<string>
    {
        public List<string> Told { get; } = [];

        public void Report(string value) => Told.Add(value);
    }
}
