using System.CommandLine;
using AgentRag.Cli.Output;

namespace AgentRag.Cli.Commands;

/// <summary><c>agentrag demos</c>: builds, checks and shows pools of worked examples.</summary>
internal static class DemosCommand
{
    public static readonly Argument<string> Pool = new("POOL") { Description = "A pool of worked examples: JSON Lines, built or labelled questions." };

    public static Command Create(Terminal terminal) => new("demos", "Build, check, review and show worked examples (demonstrations) over your own documents.")
    {
        DemosBuildCommand.Create(terminal),
        DemosCheckCommand.Create(terminal),
        DemosShowCommand.Create(terminal),
        DemosReviewCommand.Create(terminal),
        DemosApplyCommand.Create(terminal),
    };
}
