using System.CommandLine;
using System.Text.Json;
using AgentRag.Cli;
using AgentRag.Cli.Configuration;
using AgentRag.Cli.Output;
using AgentRag.Retrieval;
using AgentRag.Tests.Retrieval.Qdrant;
using Spectre.Console;
using Xunit;

namespace AgentRag.Tests.Cli;

/// <summary>The command line with servers on this machine: embeddings, fusion, reranking, filters, Qdrant.</summary>
public sealed class RetrievalCommandLineTests : IDisposable
{
    private const string Question = "harbour lamp";

    private readonly TemporaryFolder _folder = new();

    public RetrievalCommandLineTests()
    {
        _folder.Write("docs/north/orm.md", "---\nauthor: Ada Venn\nyear: 1871\n---\n# Orm\n\nOrm is a harbour town. Its lamp was lit by Ada Venn in a stormy year of many wrecks.\n");
        _folder.Write("docs/north/lisk.md", "---\nauthor: Bo\nyear: 1872\n---\n# Lisk\n\nThe Lisk has a harbour.\n");
        _folder.Write("docs/south/tarrow.md", "---\nauthor: Ada Venn\nyear: 1873\n---\n# Tarrow\n\nTarrow has a lamp that burns all night long.\n");
        _folder.Write("docs/south/weavers.txt", "Weavers weave wool.\n");
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Passages_are_embedded_once_and_retrieval_fuses_links_and_vectors()
    {
        await using var server = new ModelServer();
        string[] embeddings = ["--embeddings", "openai:hash", "--embeddings-base-url", server.BaseUrl];

        var first = await RunAsync(["index", _folder["docs"], "--json", .. embeddings, "--passage-prefix", "passage: ", "--query-prefix", "query: "]);
        var again = await RunAsync(["index", "--json", .. embeddings]);
        var ranked = await RunAsync(["retrieve", Question, "--explain", "--json", .. embeddings]);

        Assert.Equal((4, 0), (Embedded(first), Reused(first)));
        Assert.Equal((0, 4), (Embedded(again), Reused(again)));
        Assert.Equal(5, server.EmbeddedTexts.Count());
        Assert.Equal($"query: {Question}", server.EmbeddedTexts.Last());
        Assert.All(server.EmbeddedTexts.SkipLast(1), text => Assert.StartsWith("passage: ", text, StringComparison.Ordinal));
        var explanation = ranked.Json[0].GetProperty("passages")[0].GetProperty("explanation");
        Assert.Equal("reciprocal rank fusion with k 60", explanation.GetProperty("description").GetString());
        Assert.Equal(["linked: rank", "dense: rank"], explanation.GetProperty("parts").EnumerateArray().Select(part => part.GetProperty("description").GetString()![..part.GetProperty("description").GetString()!.IndexOf(' ', 8)]));
        Assert.Equal("", ranked.Error);

        // The size that is told is that of all files, vectors and links among them.
        var bytes = new DirectoryInfo(_folder["index"]).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);
        Assert.Equal(bytes, again.Json[0].GetProperty("bytesOnDisk").GetInt64());

        static int Embedded(Run run) => run.Json[0].GetProperty("embeddings").GetProperty("embedded").GetInt32();

        static int Reused(Run run) => run.Json[0].GetProperty("embeddings").GetProperty("reused").GetInt32();
    }

    [Fact]
    public async Task The_automatic_retriever_is_called_by_what_the_index_has_before_it_is_opened_and_after()
    {
        await using var server = new ModelServer();
        string[] embeddings = ["--embeddings", "openai:hash", "--embeddings-base-url", server.BaseUrl];
        await RunAsync(["index", _folder["docs"]]);
        Assert.Equal(("linked", "linked"), await NamesAsync());
        Assert.Equal(("linked", "linked"), await NamesAsync(embeddings)); // a model alone makes no vectors

        await RunAsync(["index", .. embeddings]);
        Assert.Equal(("hybrid", "hybrid"), await NamesAsync(embeddings));
        Assert.Equal(("linked", "linked"), await NamesAsync());

        async Task<(string Before, string After)> NamesAsync(params string[] args)
        {
            var root = new RootCommand { SettingKeys.Config };
            SettingKeys.AddTo(root, SettingKeys.All);
            using var composition = new Composition(Settings.Read(root.Parse(["--index", _folder["index"], .. args]), new Dictionary<string, string>()));
            var before = composition.IndexRetriever.Name;
            await composition.IndexRetriever.RetrieveAsync(new RetrievalQuery(Question, 1), Cancellation);
            return (before, composition.IndexRetriever.Name);
        }
    }

    [Fact]
    public async Task Weighted_score_fusion_and_the_constant_of_ranks_are_settings()
    {
        await using var server = new ModelServer();
        string[] embeddings = ["--embeddings", "hash", "--embeddings-base-url", server.BaseUrl];
        await RunAsync(["index", _folder["docs"], .. embeddings]);

        var weighted = await RunAsync(["retrieve", Question, "--explain", "--fusion", "min-max", "--fusion-weights", "1,3", .. embeddings]);
        var ranks = await RunAsync(["retrieve", Question, "--explain", "--rrf-k", "5", "--retriever", "hybrid", .. embeddings]);

        Assert.Contains("weighted mean of scores, each ranking's brought to [0, 1]", weighted.Output, StringComparison.Ordinal);
        Assert.Contains("weight 0.75", weighted.Output, StringComparison.Ordinal);
        Assert.Contains("reciprocal rank fusion with k 5", ranks.Output, StringComparison.Ordinal);
        Assert.Equal(
            "error: --fusion-weights: '1;3' is no pair of weights: write two numbers above 0, that of the words first, such as 1,2.\n",
            (await RunAsync(["retrieve", Question, "--fusion-weights", "1;3"])).Error);
    }

    [Fact]
    public async Task Another_embedding_model_is_an_error_with_the_way_out_and_the_way_out_works()
    {
        await using var server = new ModelServer();
        string[] url = ["--embeddings-base-url", server.BaseUrl];
        await RunAsync(["index", _folder["docs"], "--embeddings", "openai:hash", .. url]);
        var message = $"error: The vectors of index '{_folder["index"]}' were made with embedding model hash (48 dimensions), this run uses other: " +
            "use that model again, or make them anew with 'agentrag index --embeddings NAME --force-embeddings'.\n";

        var retrieved = await RunAsync(["retrieve", Question, "--embeddings", "openai:other", .. url]);
        var indexed = await RunAsync(["index", "--embeddings", "openai:other", .. url]);
        var forced = await RunAsync(["index", "--json", "--embeddings", "other", "--force-embeddings", .. url]);

        Assert.Equal((2, message), (retrieved.Code, retrieved.Error));
        Assert.Equal((2, "hint: The index itself is up to date. Run the same command again to go on with what is left.\n" + message), (indexed.Code, indexed.Error));
        Assert.Equal(4, forced.Json[0].GetProperty("embeddings").GetProperty("embedded").GetInt32());
        Assert.Equal(0, (await RunAsync(["retrieve", Question, "--retriever", "dense", "--embeddings", "other", .. url])).Code);
    }

    [Fact]
    public async Task An_embedding_run_that_was_ended_goes_on_where_it_stopped()
    {
        for (var i = 0; i < 150; i++)
        {
            _folder.Write($"docs/many/{i}.txt", $"Text number{i}.\n");
        }

        await using var server = new ModelServer { Fault = (path, number) => path == "/v1/embeddings" && number == 2 ? 400 : null };
        string[] index = ["index", _folder["docs"], "--json", "--embeddings", "hash", "--embeddings-base-url", server.BaseUrl, "--embeddings-per-minute", "60000"];

        var broken = await RunAsync(index);
        var mended = await RunAsync(index);

        Assert.Equal(2, broken.Code);
        Assert.StartsWith("hint: The index itself is up to date.", broken.Error, StringComparison.Ordinal);
        var embeddings = mended.Json[0].GetProperty("embeddings");
        Assert.Equal(154, embeddings.GetProperty("embedded").GetInt32() + embeddings.GetProperty("reused").GetInt32());
        // Batches of 64, 64 and 26 are under way at once; whichever reached the server first is kept.
        Assert.InRange(embeddings.GetProperty("reused").GetInt32(), 26, 128);
        Assert.All(server.Requests("/v1/embeddings"), request => Assert.InRange(request["input"]!.AsArray().Count, 1, 64));
    }

    [Theory]
    [InlineData("dense"), InlineData("hybrid")]
    public async Task What_a_retriever_needs_is_said(string retriever)
    {
        await using var server = new ModelServer();
        await RunAsync(["index", _folder["docs"]]);
        string[] retrieve = ["retrieve", Question, "--retriever", retriever];

        Assert.Equal(
            $"error: Retriever '{retriever}' needs an embedding model: set the one the index was embedded with, --embeddings openai:NAME.\n", (await RunAsync(retrieve)).Error);
        Assert.Equal(
            $"error: Index '{_folder["index"]}' has no vectors yet: make them with 'agentrag index --embeddings NAME'.\n",
            (await RunAsync([.. retrieve, "--embeddings", "hash", "--embeddings-base-url", server.BaseUrl])).Error);

        // Left to itself, retrieval does without and says so.
        var auto = await RunAsync(["retrieve", Question, "--embeddings", "hash", "--embeddings-base-url", server.BaseUrl]);
        Assert.Equal((0, "hint: linked alone: the index has no vectors yet, make them with 'agentrag index --embeddings NAME'.\n"), (auto.Code, auto.Error));
        Assert.Empty(server.Requests("/v1/embeddings"));
    }

    [Theory]
    [InlineData("--embeddings", "anthropic:x", "--embeddings: 'anthropic:x' makes no embeddings: use openai:NAME (an embedding model of an OpenAI-compatible server), gguf:FILE or bert:FOLDER (run in this process).")]
    [InlineData("--embeddings", "bert:", "--embeddings: 'bert:' names nothing behind the colon: use openai:NAME (an embedding model of an OpenAI-compatible server), gguf:FILE or bert:FOLDER (run in this process).")]
    [InlineData("--retriever", "best", "--retriever: there is no retriever 'best': use auto, linked, bm25, dense, hybrid or qdrant")]
    [InlineData("--rerank", "x@y", "--rerank: '(not shown)' is no reranker: use model (the chat model), the whole URL of a /rerank endpoint such as http://127.0.0.1:8080/rerank, or none.")]
    [InlineData("--rerank", "model", "The model 'extractive' cannot rerank: set a language model with --model openai:NAME, or the URL of a reranking server with --rerank URL.")]
    [InlineData("--filter", "author", "--filter 'author' is not understood: write it as FIELD=VALUE, such as author=\"Ada Venn\".")]
    [InlineData("--retriever", "qdrant", "No Qdrant server is configured: name it with --qdrant URL, such as --qdrant http://127.0.0.1:6333/")]
    public async Task What_cannot_be_meant_is_an_error(string flag, string value, string message)
    {
        await RunAsync(["index", _folder["docs"]]);

        Assert.Equal(new Run(2, "", $"error: {message}\n"), await RunAsync(["retrieve", Question, flag, value]));
    }

    [Fact]
    public async Task Flags_about_embeddings_without_a_model_are_refused() => Assert.Equal(
        new Run(2, "", "error: --keep-float32 needs an embedding model: name it with --embeddings openai:NAME.\n"), await RunAsync(["index", _folder["docs"], "--keep-float32"]));

    [Fact]
    public async Task A_reranking_server_decides_the_order_and_one_that_fails_leaves_it_with_a_warning()
    {
        await using var server = new ModelServer();
        await RunAsync(["index", _folder["docs"]]);
        string[] retrieve = ["retrieve", Question, "--json", "--rerank", server.Url + "rerank", "--rerank-model", "m"];

        var reranked = await RunAsync(retrieve);

        // The shortest first, as the server wants it; unreranked, the passage with both words leads.
        Assert.Equal("north/orm", Documents(await RunAsync(["retrieve", Question, "--json"]))[0]);
        Assert.Equal(["north/lisk", "south/tarrow", "north/orm"], Documents(reranked));
        Assert.Equal("m", server.Requests("/rerank")[0]["model"]!.GetValue<string>());

        server.Fault = (_, _) => 404;
        var kept = await RunAsync(retrieve);
        Assert.Equal("north/orm", Documents(kept)[0]);
        Assert.StartsWith("warning: Reranking failed, the order of linked is kept. Reranker at http://127.0.0.1:", kept.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_chat_model_can_decide_the_order()
    {
        await using var server = new ModelServer { ChatReply = "[3] > [1] > [2]" };
        await RunAsync(["index", _folder["docs"]]);
        var before = Documents(await RunAsync(["retrieve", Question, "--json"]));

        var reranked = await RunAsync(["retrieve", Question, "--json", "--rerank", "model", "--model", "openai:m", "--base-url", server.BaseUrl]);

        Assert.Equal([before[2], before[0], before[1]], Documents(reranked));
        var messages = server.Requests("/v1/chat/completions")[0]["messages"]!.AsArray();
        Assert.Contains("Reply with the numbers of all passages", messages[0]!["content"]!.GetValue<string>(), StringComparison.Ordinal);
        var prompt = messages[1]!["content"]!.GetValue<string>();
        Assert.Equal([1, 2, 3], before.Select(document => Number(prompt, document)));
        Assert.True(prompt.IndexOf("number=\"1\"", StringComparison.Ordinal) < prompt.IndexOf("number=\"2\"", StringComparison.Ordinal));

        static int Number(string prompt, string document)
        {
            var tag = prompt[..prompt.IndexOf($"source=\"{document}\"", StringComparison.Ordinal)];
            return tag[tag.LastIndexOf("number=\"", StringComparison.Ordinal) + "number=\"".Length] - '0';
        }
    }

    [Fact]
    public async Task Filters_keep_to_paths_metadata_and_ids()
    {
        await RunAsync(["index", _folder["docs"]]);

        Assert.Equal(["north/orm", "north/lisk"], await FoundAsync("--filter-source", "docs/north"));
        Assert.Equal(["north/orm", "north/lisk"], await FoundAsync("--filter-source", "./docs/north/"));
        Assert.Equal(["north/orm", "south/tarrow"], await FoundAsync("--filter", "Author=Ada Venn"));
        Assert.Equal(["south/tarrow"], await FoundAsync("--filter", "author=Ada Venn", "--filter", "year=1872", "--filter", "year=1873"));
        Assert.Equal(["north/lisk"], await FoundAsync("--filter-id", "north/lisk", "--filter-id", "unknown"));
        Assert.Equal(["north/lisk"], await FoundAsync("--retriever", "bm25", "--filter-id", "north/lisk"));
        Assert.Equal("No passage that passes the filter holds a word of the query.\n", (await RunAsync(["retrieve", Question, "--filter", "year=1900"])).Output);

        _folder.Write("questions.jsonl", $$"""{"id":"q","question":"{{Question}}"}""");
        Assert.Equal("q\tnorth/lisk\n", (await RunAsync(["retrieve", "--questions", _folder["questions.jsonl"], "--filter", "author=Bo"])).Output);
        var metadata = (await RunAsync(["retrieve", Question, "--json"])).Json[0].GetProperty("passages")[0].GetProperty("metadata");
        Assert.Equal(("Ada Venn", "1871"), (metadata.GetProperty("author")[0].GetString(), metadata.GetProperty("year")[0].GetString()));

        async Task<IReadOnlyList<string>> FoundAsync(params string[] flags) => Documents(await RunAsync(["retrieve", Question, "--json", .. flags]));
    }

    [Fact]
    public async Task A_collection_in_Qdrant_holds_what_the_index_holds_and_is_searched_like_it()
    {
        await using var qdrant = new InProcessQdrant();
        string[] to = ["--qdrant", qdrant.Url.ToString(), "--qdrant-collection", "town"];

        var first = await RunAsync(["index", _folder["docs"], "--json", .. to]);
        _folder.Write("docs/north/lisk.md", "---\nauthor: Bo\n---\n# Lisk\n\nThe Lisk has two harbours and no lamp.\n");
        File.Delete(_folder["docs/south/weavers.txt"]);
        var second = await RunAsync(["index", "--json", .. to]);

        Assert.Equal((4, 0, 0), Uploaded(first));
        Assert.Equal((1, 2, 2), Uploaded(second)); // the new Lisk; Orm and Tarrow; the old Lisk and the weavers
        var local = await RunAsync(["retrieve", Question, "--json", "--retriever", "bm25"]);
        var remote = await RunAsync(["retrieve", Question, "--json", "--retriever", "qdrant", .. to]);
        Assert.Equal(Documents(local), Documents(remote));
        Assert.Equal(["north/lisk"], Documents(await RunAsync(["retrieve", Question, "--json", "--retriever", "qdrant", "--filter", "author=Bo", .. to])));

        // A machine without the index searches the collection all the same.
        var elsewhere = await RunAsync(["retrieve", Question, "--json", "--retriever", "qdrant", "--index", _folder["nowhere"], .. to]);
        Assert.Equal(Documents(local), Documents(elsewhere));

        static (int, int, int) Uploaded(Run run)
        {
            var qdrant = run.Json[0].GetProperty("qdrant");
            return (qdrant.GetProperty("sent").GetInt32(), qdrant.GetProperty("unchanged").GetInt32(), qdrant.GetProperty("deleted").GetInt32());
        }
    }

    [Fact]
    public async Task The_doctor_finds_a_collection_in_Qdrant_usable_without_an_index_on_this_machine()
    {
        await using var qdrant = new InProcessQdrant();
        string[] server = ["--qdrant", qdrant.Url.ToString(), "--qdrant-collection", "town"];
        await RunAsync(["index", _folder["docs"], .. server]);
        Directory.Delete(_folder["index"], recursive: true);

        var good = await RunAsync(["doctor", "--retriever", "qdrant", .. server]);
        Assert.Equal(0, good.Code);
        Assert.Contains(
            $"ok   index: none in '{_folder["index"]}'; collection 'town' in Qdrant holds 4 passages to search, but documents cannot be listed or read whole\n", good.Output, StringComparison.Ordinal);
        Assert.Matches(@"\n  rerankForm +documents +default\n", good.Output);

        var missing = await RunAsync(["doctor", "--retriever", "qdrant", "--qdrant", qdrant.Url.ToString(), "--qdrant-collection", "none"]);
        Assert.Equal(2, missing.Code);
        Assert.Contains("FAIL index: ", missing.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Passages_in_Qdrant_have_vectors_where_there_is_an_embedding_model()
    {
        await using var server = new ModelServer();
        await using var qdrant = new InProcessQdrant();
        string[] to = ["--qdrant", qdrant.Url.ToString(), "--embeddings", "hash", "--embeddings-base-url", server.BaseUrl];
        await RunAsync(["index", _folder["docs"], .. to]);

        var found = await RunAsync(["retrieve", Question, "--explain", "--retriever", "qdrant", .. to]);

        Assert.Equal(0, found.Code);
        Assert.Contains("reciprocal rank fusion by Qdrant, k 60", found.Output, StringComparison.Ordinal);
        Assert.Contains("BM25 rank 1", found.Output, StringComparison.Ordinal);
        Assert.Contains("dense rank 1", found.Output, StringComparison.Ordinal);
    }

    private static IReadOnlyList<string> Documents(Run run) =>
        [.. run.Json[0].GetProperty("passages").EnumerateArray().Select(passage => passage.GetProperty("documentId").GetString()!)];

    private async Task<Run> RunAsync(string[] args)
    {
        var (output, error) = (new StringWriter { NewLine = "\n" }, new StringWriter { NewLine = "\n" });
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Interactive = InteractionSupport.No, Out = new AnsiConsoleOutput(error) });
        string[] index = args.Contains("--index") ? [] : ["--index", _folder["index"]];
        var code = await Task.Run(() => new CommandLine(new Terminal(output, console)).Run([.. args, .. index]), Cancellation);
        Cancellation.ThrowIfCancellationRequested();
        return new(code, output.ToString(), error.ToString());
    }

    private sealed record Run(int Code, string Output, string Error)
    {
        public IReadOnlyList<JsonElement> Json => [.. Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }
}
