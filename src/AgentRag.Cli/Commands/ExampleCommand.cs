using System.CommandLine;

namespace AgentRag.Cli.Commands;

/// <summary>A command whose help ends in examples.</summary>
internal sealed class ExampleCommand(string name, string description, params string[] examples) : Command(name, description)
{
    /// <summary>Command lines that work as they stand, simplest first; length ≥ 1.</summary>
    public IReadOnlyList<string> Examples { get; } = examples;
}
