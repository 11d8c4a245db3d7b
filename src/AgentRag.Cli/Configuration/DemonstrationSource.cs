namespace AgentRag.Cli.Configuration;

/// <summary>Where worked examples come from: shipped with the program, a file of the user's, or nowhere.</summary>
/// <param name="File">A file of labelled questions about the indexed documents; null for the two others.</param>
internal sealed record DemonstrationSource(string? File)
{
    public const string None = "none";

    public static readonly DemonstrationSource Shipped = new((string?)null);

    private static readonly DemonstrationSource Nowhere = new((string?)null) { IsNone = true };

    public bool IsNone { get; private init; }

    public static DemonstrationSource Parse(string text) => text == None ? Nowhere : new DemonstrationSource(SettingText.Text(text));

    public override string ToString() => IsNone ? None : File ?? "shipped: demos/world";
}
