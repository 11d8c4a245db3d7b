using System.CommandLine;
using System.CommandLine.Invocation;
using AgentRag.Cli.Commands;

namespace AgentRag.Cli;

/// <summary>The library's help, then the details and examples of the command, or the exit codes when it is help on everything.</summary>
internal sealed class HelpWithExamples(SynchronousCommandLineAction help) : SynchronousCommandLineAction
{
    private const string ExitCodes =
        """
        Exit codes:
          0    done
          1    a fault of the program itself (--verbose shows the stack)
          2    something you can mend: a flag, a file, a setting, an unreachable model
          3    the run ended, but some of its questions failed; each says so in its line
          130  cancelled (Ctrl-C); an index is left as it was
        """;

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var code = help.Invoke(parseResult);
        var output = parseResult.InvocationConfiguration.Output;
        if (parseResult.CommandResult.Command is ExampleCommand command)
        {
            output.WriteLine(command.Details);
            output.WriteLine();
            output.WriteLine("Examples:");
            foreach (var example in command.Examples)
            {
                output.WriteLine($"  {example}");
            }
        }
        else
        {
            output.WriteLine(ExitCodes);
        }

        return code;
    }
}
