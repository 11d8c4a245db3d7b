namespace AgentRag.Cli.Configuration;

/// <summary>A value in effect, and where it came from: a flag, a variable, a file or <c>default</c>.</summary>
internal sealed record Setting<T>(T Value, string Source)
{
    public const string Default = "default";

    public bool IsDefault => Source == Default;
}
