using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using AgentRag.Cli.Commands;
using AgentRag.Cli.Configuration;
using AgentRag.Cli.Output;

namespace AgentRag.Cli;

/// <summary>The command <c>agentrag</c>: parses, runs, and turns what went wrong into one line and an exit code.</summary>
internal sealed class CommandLine(Terminal terminal)
{
    private const string Description =
        """
        Answers hard, multi-hop questions over your own documents, under a hard token budget (DRAG and IterDRAG).
        Start with 'agentrag demo', then 'agentrag index FOLDER' and 'agentrag ask "QUESTION"'.
        Settings come from flags, then AGENTRAG_* variables, then agentrag.json in the working directory; 'agentrag doctor' shows them.
        """;

    private static readonly (string Name, Func<Terminal, Command> Create)[] Commands =
    [
        ("index", IndexCommand.Create),
        ("retrieve", RetrieveCommand.Create),
        ("ask", AskCommand.Create),
        ("decompose", DecomposeCommand.Create),
        ("allocate", AllocateCommand.Create),
        ("evaluate", EvaluateCommand.Create),
        ("report", ReportCommand.Create),
        ("trace", TraceCommand.Create),
        ("fit", FitCommand.Create),
        ("drift", DriftCommand.Create),
        ("simulate", SimulateCommand.Create),
        ("mcp", McpCommand.Create),
        ("init", InitCommand.Create),
        ("demos", DemosCommand.Create),
        ("cache", CacheCommand.Create),
        ("demo", DemoCommand.Create),
        ("tokenizer", TokenizerCommand.Create),
        ("serve-model", ServeModelCommand.Create),
        ("doctor", DoctorCommand.Create),
    ];

    private static readonly TimeSpan TimeToEnd = TimeSpan.FromSeconds(10);

    public async Task<int> RunAsync(string[] args)
    {
        var verbose = new Option<bool>("--verbose") { Description = "Show the stack of an unexpected fault.", Recursive = true };
        var parsed = Root(verbose, args.FirstOrDefault()).Parse(args);
        try
        {
            if (parsed.Action is ParseErrorAction || OptionTakenAsArgument(parsed) is not null)
            {
                return ReportParseErrors(parsed);
            }

            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeToEnd });
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Cancelled;
        }
        catch (OutputClosedException)
        {
            return ExitCode.Success;
        }
        catch (AgentRagException e)
        {
            terminal.WriteError($"error: {OneLine(e.Message)}");
            return ExitCode.User;
        }
        catch (Exception e)
        {
            terminal.WriteError(parsed.GetValue(verbose)
                ? $"error: {e}"
                : $"error: {e.GetType().Name}: {OneLine(e.Message)} This is a fault of agentrag; run it again with --verbose and report the stack.");
            return ExitCode.Internal;
        }
    }

    // A run needs one command: the others are made when help or a mistake asks for them.
    private RootCommand Root(Option<bool> verbose, string? name)
    {
        var root = new RootCommand(Description);
        var asked = Array.FindAll(Commands, command => command.Name == name);
        foreach (var (_, create) in asked.Length > 0 ? asked : Commands)
        {
            root.Subcommands.Add(create(terminal));
        }

        root.Options.Add(SettingKeys.Config);
        root.Options.Add(verbose);
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((SynchronousCommandLineAction)help.Action!);
        return root;
    }

    private int ReportParseErrors(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var (message, path) = command is RootCommand
            ? (parsed.UnmatchedTokens is [var token, ..]
                ? $"There is no command '{token}': use one of {string.Join(", ", command.Subcommands.Select(subcommand => subcommand.Name))}."
                : "No command was given.", "agentrag")
            : (OptionTakenAsArgument(parsed) is { } option
                ? $"There is no option '{option}'; write -- before a text that begins with a dash."
                : string.Join(" ", parsed.Errors.Select(error => error.Message).Distinct()), PathOf(command));
        terminal.WriteError($"error: {message}");
        terminal.WriteError($"hint: '{path} --help' lists what it takes, with examples.");
        return ExitCode.User;
    }

    // A misspelt option would be searched for, or asked, as if it were the text.
    private static string? OptionTakenAsArgument(ParseResult parsed) => parsed.Tokens.Any(token => token.Type == TokenType.DoubleDash)
        ? null
        : parsed.CommandResult.Children.OfType<ArgumentResult>()
            .SelectMany(argument => argument.Tokens)
            .FirstOrDefault(token => token.Value is ['-', not '\0', ..])?.Value;

    private static string PathOf(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent and not RootCommand ? $"{PathOf(parent)} {command.Name}" : $"agentrag {command.Name}";

    private static string OneLine(string message) => message.ReplaceLineEndings(" ");
}
