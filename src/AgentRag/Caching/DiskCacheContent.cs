namespace AgentRag.Caching;

/// <summary>What a cache on disk holds.</summary>
/// <param name="Kinds">The entries of each kind, by name.</param>
/// <param name="Unreadable">Files that are no entries any more.</param>
public sealed record DiskCacheContent(IReadOnlyList<DiskCacheKind> Kinds, int Unreadable)
{
    /// <summary>Entries of all kinds.</summary>
    public int Entries => Kinds.Sum(kind => kind.Entries);

    /// <summary>Bytes of all entries.</summary>
    public long Bytes => Kinds.Sum(kind => kind.Bytes);
}

/// <summary>The entries of one kind.</summary>
/// <param name="Name">What is cached: <c>retrieval</c>, <c>response</c>, <c>demonstration</c>, <c>intermediate</c>, <c>answer</c>.</param>
/// <param name="Entries">How many.</param>
/// <param name="Bytes">Their size on disk.</param>
/// <param name="LastUsed">When one of them was last used.</param>
public sealed record DiskCacheKind(string Name, int Entries, long Bytes, DateTimeOffset LastUsed);
