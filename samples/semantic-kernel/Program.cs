// AgentRag's tools as a Semantic Kernel plugin. First: agentrag index docs
using AgentRag.Models.Extractive;
using AgentRag.Plugin;
using AgentRag.Tokens;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.SemanticKernel;

var question = args is [var given, ..] ? given : "What do these documents say?";

// What answers AgentRag's own questions: the offline model here, any IChatClient in its place.
await using var services = new ServiceCollection()
    .AddSingleton<IChatClient>(provider => new ExtractiveChatClient(provider.GetRequiredService<ITokenCounter>()))
    .AddAgentRag(options => options.IndexDirectory = ".agentrag")
    .BuildServiceProvider();
var plugin = services.GetRequiredService<AgentRagPlugin>();

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
