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
    private const string Program = "agentrag";

    private const string Description =
        """
        Answers hard, multi-hop questions over your own documents, under a hard token budget (DRAG and IterDRAG).
        Start with 'agentrag demo', then 'agentrag index FOLDER' and 'agentrag ask "QUESTION"'.
        Settings come from flags, then AGENTRAG_* variables, then agentrag.json in the working directory; 'agentrag doctor' shows them.
        """;

    private static readonly string[] Names =
    [
        "index", "retrieve", "ask", "decompose", "allocate", "evaluate", "report", "trace", "fit", "drift", "simulate", "mcp", "init", "demos", "cache", "demo", "tokenizer",
        "serve-model", "doctor",
    ];

    private static readonly TimeSpan TimeToEnd = TimeSpan.FromSeconds(10);

    /// <summary>Runs what the arguments ask for, and waits for its end: the program has nothing else to do.</summary>
    /// <returns>The exit code.</returns>
    public int Run(string[] args)
    {
        var verbose = new Option<bool>("--verbose") { Description = "Show the stack of an unexpected fault.", Recursive = true };
        var root = Array.Exists(args, IsHelp) || args.Length == 0 || Array.IndexOf(Names, args[0]) < 0 ? Whole() : With(new Command(Program, Description), [args[0]]);
        root.Options.Add(SettingKeys.Config);
        root.Options.Add(verbose);
        var parsed = root.Parse(args);
        try
        {
            if (parsed.Action is ParseErrorAction || OptionTakenAsArgument(parsed) is not null)
            {
                return ReportParseErrors(parsed);
            }

            return parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeToEnd }).GetAwaiter().GetResult();
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

    private static bool IsHelp(string arg) => arg is "--help" or "-h" or "-?" or "/h" or "/?";

    // A run needs one command, and no more of the library than parses it: all commands, help and version are made when help or a mistake asks for them.
    private Command Whole()
    {
        var root = With(new RootCommand(Description), Names);
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((SynchronousCommandLineAction)help.Action!);
        return root;
    }

    private Command With(Command root, IReadOnlyList<string> names)
    {
        foreach (var name in names)
        {
            root.Subcommands.Add(Create(name));
        }

        return root;
    }

    // A switch rather than a table of delegates: what is not asked for is not even loaded.
    private Command Create(string name) => name switch
    {
        "index" => IndexCommand.Create(terminal),
        "retrieve" => RetrieveCommand.Create(terminal),
        "ask" => AskCommand.Create(terminal),
        "decompose" => DecomposeCommand.Create(terminal),
        "allocate" => AllocateCommand.Create(terminal),
        "evaluate" => EvaluateCommand.Create(terminal),
        "report" => ReportCommand.Create(terminal),
        "trace" => TraceCommand.Create(terminal),
        "fit" => FitCommand.Create(terminal),
        "drift" => DriftCommand.Create(terminal),
        "simulate" => SimulateCommand.Create(terminal),
        "mcp" => McpCommand.Create(terminal),
        "init" => InitCommand.Create(terminal),
        "demos" => DemosCommand.Create(terminal),
        "cache" => CacheCommand.Create(terminal),
        "demo" => DemoCommand.Create(terminal),
        "tokenizer" => TokenizerCommand.Create(terminal),
        "serve-model" => ServeModelCommand.Create(terminal),
        "doctor" => DoctorCommand.Create(terminal),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "There is no such command."),
    };

    private int ReportParseErrors(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var (message, path) = IsRoot(command)
            ? (parsed.UnmatchedTokens is [var token, ..]
                ? $"There is no command '{token}': use one of {string.Join(", ", command.Subcommands.Select(subcommand => subcommand.Name))}."
                : "No command was given.", Program)
            : (OptionTakenAsArgument(parsed) is { } option
                ? $"There is no option '{option}'; write -- before a text that begins with a dash."
                : string.Join(" ", parsed.Errors.Select(error => error.Message).Distinct()), PathOf(command));
        terminal.WriteError($"error: {message}");
        terminal.WriteError($"hint: '{path} --help' lists what it takes, with examples.");
        return ExitCode.User;
    }

    // A misspelt option would be searched for, or asked, as if it were the text.
    private static string? OptionTakenAsArgument(ParseResult parsed)
    {
        foreach (var token in parsed.Tokens)
        {
            if (token.Type == TokenType.DoubleDash)
            {
                return null;
            }
        }

        foreach (var child in parsed.CommandResult.Children)
        {
            if (child is not ArgumentResult argument)
            {
                continue;
            }

            foreach (var token in argument.Tokens)
            {
                if (token.Value is ['-', not '\0', ..])
                {
                    return token.Value;
                }
            }
        }

        return null;
    }

    private static bool IsRoot(Command command) => !command.Parents.OfType<Command>().Any();

    private static string PathOf(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent && !IsRoot(parent) ? $"{PathOf(parent)} {command.Name}" : $"{Program} {command.Name}";

    private static string OneLine(string message) => message.ReplaceLineEndings(" ");
}
