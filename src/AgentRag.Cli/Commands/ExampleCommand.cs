using System.CommandLine;

namespace AgentRag.Cli.Commands;

/// <summary>A command whose help goes on with details and ends in examples.</summary>
internal sealed class ExampleCommand(string name, string summary, string details, params string[] examples) : Command(name, summary)
{
    /// <summary>What one sentence in the list of commands has no room for.</summary>
    public string Details { get; } = details;

    /// <summary>Command lines that work as they stand, simplest first; length ≥ 1.</summary>
    public IReadOnlyList<string> Examples { get; } = examples;
}
