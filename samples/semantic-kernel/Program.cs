// AgentRag's tools as a Semantic Kernel plugin. First: agentrag index docs
using AgentRag.Allocation;
using AgentRag.Answering;
using AgentRag.Indexing;
using AgentRag.Models.Extractive;
using AgentRag.Plugin;
using AgentRag.Retrieval;
using AgentRag.Tokens;
using Microsoft.SemanticKernel;

var question = args is [var given, ..] ? given : "What do these documents say?";
var index = Bm25Index.Open(".agentrag");
var counter = new EstimatingTokenCounter();
using var model = new ExtractiveChatClient(counter);
using var plugin = new AgentRagPlugin(new PluginContext
{
    Answering = new AnsweringContext { Retriever = new Bm25Retriever(index), Model = model, TokenCounter = counter },
    PassageCount = index.PassageCount,
    Sizes = new TokenSizes { PassageTokens = index.MeanPassageTokens },
});

var builder = Kernel.CreateBuilder();
var key = Environment.GetEnvironmentVariable("OPENAI_API_KEY");
if (key is not null)
{
    builder.AddOpenAIChatCompletion("gpt-4.1-mini", key);
}

var kernel = builder.Build();

// typedResults: FunctionResult.GetValue gives AgentRag's records; without it, a JsonElement.
kernel.Plugins.AddFromFunctions("agentrag", plugin.AsAIFunctions(typedResults: true).Select(function => function.AsKernelFunction()));

// Called by the program:
var result = await kernel.InvokeAsync("agentrag", "answer", new KernelArguments { ["question"] = question, ["budget"] = 16_000 });
var answer = result.GetValue<AnswerResult>()!;
Console.WriteLine($"{answer.Answer} ({answer.EffectiveContextTokens:N0} input tokens)");
foreach (var citation in answer.Citations)
{
    Console.WriteLine($"  {citation.Title}, {citation.Source}");
}

// Called by a model, as it sees fit:
if (key is not null)
{
    var settings = new PromptExecutionSettings { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto() };
    Console.WriteLine(await kernel.InvokePromptAsync(question, new KernelArguments(settings)));
}
