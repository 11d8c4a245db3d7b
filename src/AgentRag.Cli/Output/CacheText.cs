using AgentRag.Caching;

namespace AgentRag.Cli.Output;

/// <summary>What a run found in the cache, for the person who waits.</summary>
internal static class CacheText
{
    public static void Write(Terminal terminal, ResultCache? cache)
    {
        if (cache?.Counts is { Count: > 0 } counts)
        {
            terminal.WriteError($"cache: {string.Join(", ", counts.Select(kind => $"{kind.Kind} {kind.Hits:N0} of {kind.Hits + kind.Misses:N0} found"))}");
        }
    }
}
