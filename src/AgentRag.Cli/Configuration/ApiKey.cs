namespace AgentRag.Cli.Configuration;

/// <summary>A key. Its text is asked for by name alone, so that no message, table or JSON line prints it by accident.</summary>
internal sealed class ApiKey(string secret, string variable)
{
    /// <summary>The variable it was read from.</summary>
    public string Variable { get; } = variable;

    public string Reveal() => secret;

    public override string ToString() => $"set (from {Variable})";
}
