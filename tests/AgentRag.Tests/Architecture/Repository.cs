using System.Runtime.CompilerServices;

namespace AgentRag.Tests.Architecture;

/// <summary>Where the checkout is: some tests read sources, documents and the demo world.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    private static string Find([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", ".."));
}
