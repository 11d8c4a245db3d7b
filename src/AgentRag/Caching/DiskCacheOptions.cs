namespace AgentRag.Caching;

/// <summary>The bounds of a cache on disk.</summary>
public sealed record DiskCacheOptions
{
    /// <summary>Bytes of all entries together, ≥ 1,048,576. Default 1 GiB. An entry above a sixteenth of it is not kept.</summary>
    public long MaxBytes { get; init; } = 1L << 30;

    /// <summary>Returns these options if they are consistent.</summary>
    /// <exception cref="AgentRagException">The value is out of range.</exception>
    public DiskCacheOptions Validated() => MaxBytes >= 1 << 20 ? this : throw new AgentRagException($"Cache: MaxBytes is {MaxBytes:N0}, must be at least {1 << 20:N0}.");
}
