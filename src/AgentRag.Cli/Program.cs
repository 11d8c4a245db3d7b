using AgentRag.Cli;
using AgentRag.Cli.Output;

return await new CommandLine(Terminal.OfProcess()).RunAsync(args);
