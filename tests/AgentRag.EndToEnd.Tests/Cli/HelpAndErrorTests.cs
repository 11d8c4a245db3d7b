using Xunit;

namespace AgentRag.EndToEnd.Tests.Cli;

public sealed class HelpAndErrorTests
{
    [Theory]
    [InlineData("index"), InlineData("retrieve"), InlineData("ask"), InlineData("decompose"), InlineData("allocate")]
    [InlineData("evaluate"), InlineData("report"), InlineData("trace"), InlineData("mcp"), InlineData("init"), InlineData("demo"), InlineData("doctor")]
    public async Task Help_of_a_command_ends_in_examples_of_it(string command)
    {
        using var agentrag = new Agentrag();

        var finished = await agentrag.RunAsync(command, "--help");

        Assert.Equal((0, ""), (finished.ExitCode, finished.Error));
        var examples = finished.Lines.SkipWhile(line => line != "Examples:").Skip(1).ToList();
        Assert.NotEmpty(examples);
        Assert.All(examples, example => Assert.Contains($"agentrag {command}", example, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Help_on_everything_lists_the_exit_codes()
    {
        using var agentrag = new Agentrag();

        var finished = await agentrag.RunAsync("--help");

        Assert.Contains("  130  cancelled (Ctrl-C); an index is left as it was", finished.Lines);
    }

    [Theory]
    [InlineData("error: No command was given.\nhint: 'agentrag --help' lists what it takes, with examples.\n")]
    [InlineData(
        "error: There is no command 'retreive': use one of index, retrieve, ask, decompose, allocate, evaluate, report, trace, fit, drift, simulate, mcp, init, demos, cache, demo, tokenizer, serve-model, doctor.\n" +
        "hint: 'agentrag --help' lists what it takes, with examples.\n", "retreive")]
    [InlineData(
        "error: There is no option '--budgt'; write -- before a text that begins with a dash.\n" +
        "hint: 'agentrag ask --help' lists what it takes, with examples.\n", "ask", "--budgt", "4k", "Who?")]
    [InlineData(
        "error: --k: 'many' is not a whole number.\nhint: 'agentrag retrieve --help' lists what it takes, with examples.\n", "retrieve", "x", "--k", "many")]
    [InlineData("error: --k is 0, must be in [1, 1000].\n", "retrieve", "x", "--k", "0")]
    [InlineData("error: Give a question in quotation marks, or --questions FILE.\n", "ask")]
    [InlineData("error: Give a question or --questions FILE, not both.\n", "ask", "Who?", "--questions", "file")]
    [InlineData("error: There is no strategy 'guess': use one of zero-shot, many-shot, rag, cot, drag, decompose-parallel, keyword-expansion, iterdrag, auto, escalate.\n", "ask", "Who?", "--strategy", "guess")]
    [InlineData(
        "error: ',' names no strategy: use one of zero-shot, many-shot, rag, cot, drag, decompose-parallel, keyword-expansion, iterdrag, auto, escalate, iterdrag+sufficiency, iterdrag+drafts, several with commas, or all.\n",
        "evaluate", "--questions", "file", "--strategy", ",")]
    [InlineData(
        "error: There is no strategy 'guess': use one of zero-shot, many-shot, rag, cot, drag, decompose-parallel, keyword-expansion, iterdrag, auto, escalate, iterdrag+sufficiency, iterdrag+drafts, several with commas, or all.\n",
        "evaluate", "--questions", "file", "--strategy", "rag,guess")]
    [InlineData("error: --k: 'x' is not a whole number.\n", "evaluate", "--questions", "file", "--k", "1,x")]
    [InlineData("error: Inference parameters: k is 2000, must be in [0, 1000].\n", "evaluate", "--questions", "file", "--k", "1,2000")]
    [InlineData("error: There is no baseline 'silver': use zero-shot, no-retrieval, gold, several with commas, all, or none.\n", "evaluate", "--questions", "file", "--baselines", "silver")]
    [InlineData("error: --limit-cost 5 needs --price-input and --price-output, or --prices with the price of 'extractive': nothing else tells what a request costs.\n", "evaluate", "--questions", "file", "--limit-cost", "5")]
    [InlineData("error: Give the labelled questions with --questions FILE, or a recorded run with --replay RUN.\n", "evaluate")]
    [InlineData("error: There is no evaluation run in 'nowhere': name a folder that 'agentrag evaluate' wrote.\n", "report", "nowhere")]
    [InlineData("error: --output r.pdf: a report is written as .html or .md, not as '.pdf'.\n", "report", "nowhere", "--output", "r.pdf")]
    [InlineData("error: --budget: 'much' is not a number of tokens: write it as 4096, 4,096, 32k (32,000) or 1M (1,000,000).\n", "ask", "Who?", "--budget", "much")]
    [InlineData("error: Inference parameters: k is 2000, must be in [0, 1000].\n", "ask", "Who?", "--k", "2000")]
    [InlineData("error: Model 'anthropic:any' needs a key: set AGENTRAG_API_KEY or ANTHROPIC_API_KEY.\n", "ask", "Who?", "--model", "anthropic:any")]
    public async Task A_mistake_is_one_line_on_stderr_and_exit_code_2(string error, params string[] args)
    {
        using var agentrag = new Agentrag();

        Assert.Equal(new Finished(2, "", error), await agentrag.RunAsync(args));
    }

    [Fact]
    public async Task An_unknown_key_in_the_settings_file_is_named_with_the_allowed_ones()
    {
        using var agentrag = new Agentrag();
        agentrag.Write("agentrag.json", """{"modell": "extractive"}""");

        Assert.Equal(
            new Finished(
                2,
                "",
                "error: agentrag.json: there is no setting \"modell\"; the settings are model, baseUrl, apiKeyEnvironment, index, prompts, demonstrations, demonstrationSelection, demonstrationK, " +
                "demonstrationSeed, retriever, embeddings, embeddingsBaseUrl, fusion, fusionWeights, rrfK, rerank, rerankModel, rerankForm, qdrant, qdrantCollection, strategy, k, m, n, budget, contextWindow, reservedAnswerTokens, allocationModel, order, layout, questionPlace, rewriting, documentLanguage, assistant, " +
                "complexityByModel, qualityByModel, qualityThreshold, deadline, " +
                "maxCalls, maxCost, prices, stepControl, sufficiencyCheck, agreeingDrafts, predictedOutputs, draftModel, draftBaseUrl, draftTokens, cache, cacheReuse, cacheSimilarity, tokenizer, vocabularies, roots.\n"),
            await agentrag.RunAsync("doctor"));
    }

    [Fact]
    public async Task A_settings_file_that_lies_in_the_folder_cannot_choose_by_itself_where_the_key_is_sent()
    {
        using var agentrag = new Agentrag();
        agentrag.Write("agentrag.json", """{"model": "openai:any", "baseUrl": "https://collector.example.com/v1"}""");
        agentrag.Environment["OPENAI_API_KEY"] = "sk-do-not-send";

        Assert.Equal(
            new Finished(
                2,
                "",
                "error: agentrag.json in this folder would send your documents to collector.example.com: if that is right, say so with " +
                "--config agentrag.json, or set AGENTRAG_BASE_URL.\n"),
            await agentrag.RunAsync("ask", "Who?"));
    }

    [Fact]
    public async Task Nor_where_the_key_of_a_judge_is_sent_and_the_refusal_comes_before_any_question_is_asked()
    {
        using var agentrag = new Agentrag();
        agentrag.Write("agentrag.json", """{"baseUrl": "https://collector.example.com/v1"}""");
        agentrag.Environment["OPENAI_API_KEY"] = "sk-do-not-send";

        var refused = await agentrag.RunAsync("evaluate", "--questions", "questions.jsonl", "--judge", "openai:any");
        Assert.Equal(
            new Finished(
                2,
                "",
                "error: agentrag.json in this folder would send your documents to collector.example.com: if that is right, say so with " +
                "--config agentrag.json, or set AGENTRAG_BASE_URL.\n"),
            refused);

        // A server of its own is the user's word; then the next thing is missing: the questions.
        var own = await agentrag.RunAsync("evaluate", "--questions", "questions.jsonl", "--judge", "openai:any", "--judge-base-url", "https://judge.example.com/v1");
        Assert.Equal(2, own.ExitCode);
        Assert.Contains("questions.jsonl", own.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"qdrant": "https://collector.example.com"}""", "AGENTRAG_QDRANT")]
    [InlineData("""{"rerank": "https://collector.example.com/rerank"}""", "AGENTRAG_RERANK")]
    [InlineData("""{"embeddings": "openai:any", "embeddingsBaseUrl": "https://collector.example.com/v1"}""", "AGENTRAG_EMBEDDINGS_BASE_URL")]
    [InlineData("""{"embeddings": "openai:any", "model": "openai:any", "baseUrl": "https://collector.example.com/v1"}""", "AGENTRAG_BASE_URL")]
    [InlineData("""{"model": "openai:any", "baseUrl": "https://collector.example.com/v1"}""", "AGENTRAG_BASE_URL")]
    [InlineData("""{"model": "anthropic:any", "baseUrl": "https://collector.example.com"}""", "AGENTRAG_BASE_URL")]
    [InlineData("""{"draftModel": "openai:any", "draftBaseUrl": "https://collector.example.com/v1"}""", "AGENTRAG_DRAFT_BASE_URL")]
    public async Task Nor_where_the_documents_are_sent_with_a_key_or_without(string settings, string variable)
    {
        using var agentrag = Town.With(("agentrag.json", settings));

        Assert.Equal(
            new Finished(
                2,
                "",
                "error: agentrag.json in this folder would send your documents to collector.example.com: if that is right, say so with " +
                $"--config agentrag.json, or set {variable}.\n"),
            await agentrag.RunAsync("index", "docs"));
    }

    [Theory]
    [InlineData("openai:any", "http://127.0.0.1:1/v1"), InlineData("openai:any", "https://api.openai.com/v1"), InlineData("anthropic:any", "https://api.anthropic.com")]
    public async Task But_a_server_on_this_machine_and_the_providers_own_may_be_named_there(string model, string server)
    {
        using var agentrag = Town.With(("agentrag.json", $$"""{"model": "{{model}}", "baseUrl": "{{server}}"}"""));

        Assert.Equal(0, (await agentrag.RunAsync("index", "docs")).ExitCode);
    }
}
