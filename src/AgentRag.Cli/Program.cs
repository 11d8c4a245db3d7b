using AgentRag.Cli;
using AgentRag.Cli.Output;

return new CommandLine(new Terminal()).Run(args);
